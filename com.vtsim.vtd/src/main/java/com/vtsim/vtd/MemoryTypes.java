package com.vtsim.vtd;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.vtd.RemappingUnit.Step;
import java.util.List;

/**
 * Which memory type a request to a page has. Memory here is coherent and has no caches, so that the type shows in walks and nowhere else; on silicon too it counts
 * for devices within the processors' coherency domain only. Source: VT-d specification, Memory Type.
 */
final class MemoryTypes {
    private static final int UC = 0;
    private static final int WC = 1;
    private static final int WT = 4;
    private static final int WP = 5;
    private static final int WB = 6;
    /** UC-, in a page attribute table. */
    private static final int UC_MINUS = 7;
    private static final String[] NAMES = {"UC", "WC", "reserved type 2", "reserved type 3", "WT", "WP", "WB", "UC-"};
    /** Effective types: by range register's type, then by page attribute UC, UC-, WC, WT, WB, WP. */
    private static final int[] OF_UC = {UC, UC, WC, UC, UC, UC};
    private static final int[] OF_WC = {UC, WC, WC, UC, WC, UC};
    private static final int[] OF_WT = {UC, UC, WC, WT, WT, WP};
    private static final int[] OF_WB = {UC, UC, WC, WT, WB, WP};
    private static final int[] OF_WP = {UC, WC, WC, WT, WP, WP};
    private static final int VARIABLE = 8;
    private static final Field E = Field.bit(11);
    private static final Field FE = Field.bit(10);
    private static final Field TYPE = Field.bits(7, 0);
    private static final Field V = Field.bit(11);
    private static final Field CD = Field.bit(25);
    private static final Field EMTE = Field.bit(26);
    private static final Field EMT = Field.bits(5, 3);
    private static final Field IPAT = Field.bit(6);
    private static final Field PWT = Field.bit(3);
    private static final Field PCD = Field.bit(4);
    private static final Field PAT_4K = Field.bit(7);
    private static final Field PAT_LARGE = Field.bit(12);

    private final Capability capability;
    private final RegisterFile<MemoryTypeRegister> registers = new RegisterFile<>(MemoryTypeRegister.class, (register, old, now, written) -> { });

    MemoryTypes(Capability capability) {
        this.capability = capability;
    }

    RegisterFile<MemoryTypeRegister> registers() {
        return registers;
    }

    /** @return whether a register of these is at an offset of the window */
    boolean has(int offset) {
        return capability.extended(Capability.MTS) && offset >= MemoryTypeRegister.FROM && offset < MemoryTypeRegister.TO;
    }

    /** @param found a walk in scalable mode that led to a page */
    Step step(Outcome found, long hostPhysical) {
        return new Step("memory type", hostPhysical, List.of(), meaning(found, hostPhysical));
    }

    private String meaning(Outcome found, long hostPhysical) {
        if (CD.isSet(found.entry1)) {
            return "UC: the PASID table entry disables caching";
        }
        if (found.passThrough) {
            return "WB: pass-through";
        }
        boolean extended = EMTE.isSet(found.entry1);
        int second = (int) EMT.of(found.secondLeaf);
        if (found.stage == Outcome.SECOND) {
            return extended ? name(second) + ": of the second stage" : "WB: second stage without extended memory types";
        }
        if (found.stage == Outcome.NESTED && extended && IPAT.isSet(found.secondLeaf)) {
            return name(second) + ": of the second stage, which ignores the page attribute table";
        }
        int index = (found.firstLeafLevel == 1 ? PAT_4K : PAT_LARGE).isSet(found.leaf) ? 4 : 0;
        index += (PCD.isSet(found.leaf) ? 2 : 0) + (PWT.isSet(found.leaf) ? 1 : 0);
        int attribute = (int) (found.entry1 >>> 32 + 4 * index) & 0xF;
        boolean nested = found.stage == Outcome.NESTED && extended;
        int range = nested ? second : range(hostPhysical);
        return String.format("%s: PA%d %s, %s %s", name(effective(range, attribute)), index, name(attribute), nested ? "second stage" : "MTRR", name(range));
    }

    private static String name(int type) {
        return type < NAMES.length ? NAMES[type] : "reserved type " + type;
    }

    /** Source: VT-d specification, Effective Memory Types. */
    static int effective(int range, int attribute) {
        int column = switch (attribute) {
            case UC -> 0;
            case UC_MINUS -> 1;
            case WC -> 2;
            case WT -> 3;
            case WB -> 4;
            case WP -> 5;
            default -> 0;
        };
        return switch (range) {
            case WC -> OF_WC[column];
            case WT -> OF_WT[column];
            case WB -> OF_WB[column];
            case WP -> OF_WP[column];
            default -> OF_UC[column];
        };
    }

    /** @return what the range registers say of an address */
    int range(long hostPhysical) {
        long control = registers.get(MemoryTypeRegister.MTRRDEF);
        if (!E.isSet(control)) {
            return UC;
        }
        if (FE.isSet(control) && hostPhysical >>> 20 == 0) {
            return fixed((int) hostPhysical);
        }
        int found = -1;
        for (int i = 0; i < VARIABLE; i++) {
            long base = registers.get(MemoryTypeRegister.values()[MemoryTypeRegister.PHYSBASE0.ordinal() + 2 * i]);
            long mask = registers.get(MemoryTypeRegister.values()[MemoryTypeRegister.PHYSMASK0.ordinal() + 2 * i]);
            if (V.isSet(mask) && ((hostPhysical ^ base) & mask & ~0xFFFL) == 0) {
                found = found < 0 ? (int) TYPE.of(base) : overlap(found, (int) TYPE.of(base));
            }
        }
        return found >= 0 ? found : (int) TYPE.of(control);
    }

    /** Of two ranges UC wins, and WT over WB; the specification leaves the rest undefined. */
    private static int overlap(int a, int b) {
        return a == UC || b == UC ? UC : Math.min(a, b);
    }

    private int fixed(int address) {
        int field;
        MemoryTypeRegister register;
        if (address < 0x8_0000) {
            register = MemoryTypeRegister.FIX64K_00000;
            field = address >> 16;
        } else if (address < 0xC_0000) {
            register = address < 0xA_0000 ? MemoryTypeRegister.FIX16K_80000 : MemoryTypeRegister.FIX16K_A0000;
            field = address >> 14 & 7;
        } else {
            register = MemoryTypeRegister.values()[MemoryTypeRegister.FIX4K_C0000.ordinal() + (address - 0xC_0000 >> 15)];
            field = address >> 12 & 7;
        }
        return (int) (registers.get(register) >>> 8 * field) & 0xFF;
    }
}
