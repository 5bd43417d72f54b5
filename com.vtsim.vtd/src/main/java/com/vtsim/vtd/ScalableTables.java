package com.vtsim.vtd;

import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.register.Field;
import com.vtsim.api.vtd.RemappingUnit.Step;
import java.util.ArrayList;
import java.util.List;

/**
 * The tables of scalable mode in memory: root, context, PASID directory, PASID table.
 * Source: VT-d specification, Scalable Mode Address Translation, Scalable-Mode Root Entry, Scalable-Mode Context Entry, PASID Directory Entry,
 * PASID Table Entry.
 */
final class ScalableTables {
    private static final Field P = Field.bit(0);
    private static final Field FPD = Field.bit(1);
    private static final Field DTE = Field.bit(2);
    private static final Field PASIDE = Field.bit(3);
    private static final Field PRE = Field.bit(4);
    private static final Field PDTS = Field.bits(11, 9);
    /** Second quarter of the context entry. */
    private static final Field RID_PASID = Field.bits(19, 0);
    private static final Field RID_PRIV = Field.bit(20);
    /** PASID table entry. */
    private static final Field AW = Field.bits(4, 2);
    private static final Field PGTT = Field.bits(8, 6);
    private static final Field SLADE = Field.bit(9);
    private static final Field DID = Field.bits(15, 0);
    private static final Field SRE = Field.bit(0);
    private static final Field ERE = Field.bit(1);
    private static final Field PWSNP = Field.bit(23);
    private static final Field PGSNP = Field.bit(24);
    private static final Field CD = Field.bit(25);
    private static final Field EMTE = Field.bit(26);
    private static final Field PAT = Field.bits(63, 32);
    private static final Field FLPM = Field.bits(3, 2);
    private static final Field WPE = Field.bit(4);
    private static final Field EAFE = Field.bit(7);

    /** Of {@link #present}. */
    static final int MOST = 4096;
    private static final int PASS_THROUGH = 4;
    private static final int CONTEXT = 32;
    private static final int DIRECTORY_ENTRY = 8;
    private static final int PASID_ENTRY = 64;
    private static final long PAGE = ~0xFFFL;
    private static final long ROOT_RESERVED = 0xFFE;
    private static final long CONTEXT_RESERVED = 0x1E0;
    private static final long CONTEXT_SECOND_RESERVED = ~0x1F_FFFFL;
    private static final long DIRECTORY_RESERVED = 0xFFC;
    private static final long ENTRY_RESERVED = 0xC20;
    private static final long ENTRY_SECOND_RESERVED = 0xF87F_0000L;
    private static final long ENTRY_THIRD_RESERVED = 0xF00;
    /** What only first-stage translation gives a meaning: table, write protection, levels. */
    private static final long FIRST_STAGE_FIELDS = ~0xFFFL | 0x1C;
    /** What only second-stage translation gives a meaning: table, address width, accessed and dirty bits. */
    private static final long SECOND_STAGE_FIELDS = ~0xFFFL | 0x21C;
    private static final String[] TYPES = {"reserved type", "first stage", "second stage", "nested", "pass-through", "reserved type", "reserved type", "reserved type"};

    private final Capability capability;
    private final TableMemory memory;

    ScalableTables(Capability capability, TableMemory memory) {
        this.capability = capability;
        this.memory = memory;
    }

    /** Reads root and context entry; fills in {@link Outcome#low} and {@link Outcome#high}. @return false with the fault set */
    boolean context(long rootTable, int sourceId, Outcome out) {
        boolean upper = (sourceId & 0x80) != 0;
        long at = rootTable + (sourceId >> 8 & 0xFF) * 16 + (upper ? 8 : 0);
        if (!memory.holds(at)) {
            return out.fail(FaultReason.SM_ROOT_ACCESS);
        }
        long root = memory.read(at);
        if (out.steps != null) {
            out.steps.add(new Step(upper ? "root, upper half" : "root, lower half", at, List.of(root), P.isSet(root) ? String.format("context table at %x", root & PAGE) : "not present"));
        }
        if (!P.isSet(root)) {
            return out.fail(FaultReason.SM_ROOT_NOT_PRESENT);
        }
        if ((root & (ROOT_RESERVED | memory.beyond())) != 0) {
            return out.fail(FaultReason.SM_ROOT_RESERVED);
        }
        at = (root & PAGE) + (sourceId & 0x7F) * CONTEXT;
        if (!memory.holds(at)) {
            return out.fail(FaultReason.SM_CONTEXT_ACCESS);
        }
        out.low = memory.read(at);
        out.high = memory.read(at + 8);
        if (out.steps != null) {
            out.steps.add(new Step("context", at, List.of(out.low, out.high), meaning(sourceId, out.low, out.high)));
        }
        // The upper half has no fields: what is there shows as a reserved bit of the second quarter.
        if (P.isSet(out.low) && (memory.read(at + 16) | memory.read(at + 24)) != 0) {
            out.high |= 1L << 63;
        }
        return true;
    }

    private static String meaning(int sourceId, long low, long high) {
        if (!P.isSet(low)) {
            return PciAddress.of(sourceId) + " not present" + (FPD.isSet(low) ? ", faults not recorded" : "");
        }
        return String.format("%s directory of %d PASIDs at %x, without PASID as %x%s%s%s%s", PciAddress.of(sourceId), processes(low), low & PAGE, RID_PASID.of(high),
                DTE.isSet(low) ? ", device-TLB" : "", PASIDE.isSet(low) ? ", PASIDs" : "", PRE.isSet(low) ? ", page requests" : "", FPD.isSet(low) ? ", faults not recorded" : "");
    }

    /** @return how many PASIDs the directory of a context entry is for */
    static int processes(long low) {
        return 1 << PDTS.of(low) + 7 + 6;
    }

    /** @return where the directory of a context entry is */
    static long directory(long low) {
        return low & PAGE;
    }

    /**
     * @param entries to look at, at most
     * @return PASIDs of a context entry whose table entries are present, at most {@link #MOST}; {@link Outcome#looked} says what was looked at
     */
    List<Integer> present(Outcome out, int entries) {
        List<Integer> found = new ArrayList<>();
        out.looked = 0;
        for (int index = 0; index < processes(out.low) >> 6 && found.size() < MOST && out.looked < entries; index++) {
            out.looked++;
            long at = directory(out.low) + index * DIRECTORY_ENTRY;
            long directory = memory.holds(at) ? memory.read(at) : 0;
            for (int each = 0; P.isSet(directory) && each < 64 && found.size() < MOST; each++) {
                long entry = (directory & PAGE) + each * PASID_ENTRY;
                out.looked++;
                if (memory.holds(entry) && P.isSet(memory.read(entry))) {
                    found.add(index << 6 | each);
                }
            }
        }
        return found;
    }

    /** @return PASID of requests without one */
    static int ridPasid(long high) {
        return (int) RID_PASID.of(high);
    }

    /** Judges a context entry. @return false with the fault set */
    boolean decode(Outcome out) {
        out.scalable = true;
        out.silent = FPD.isSet(out.low);
        if (!P.isSet(out.low)) {
            return out.fail(FaultReason.SM_CONTEXT_NOT_PRESENT);
        }
        long lowReserved = CONTEXT_RESERVED | memory.beyond() | unless(Capability.DT, DTE) | unless(Capability.PASID, PASIDE) | unless(Capability.PRS, PRE);
        long highReserved = CONTEXT_SECOND_RESERVED | unless(Capability.RPS, RID_PASID) | unless(Capability.RPRIVS, RID_PRIV);
        if ((out.low & lowReserved) != 0 || (out.high & highReserved) != 0) {
            return out.fail(FaultReason.SM_CONTEXT_RESERVED);
        }
        if (PRE.isSet(out.low) && !DTE.isSet(out.low) || ridPasid(out.high) >= processes(out.low)) {
            return out.fail(FaultReason.SM_CONTEXT_INVALID);
        }
        out.deviceTlb = DTE.isSet(out.low);
        return true;
    }

    /** @return bits that are reserved where a capability is not announced */
    private long unless(Field announced, Field field) {
        return capability.extended(announced) ? 0 : field.mask();
    }

    /** Whether the context entry permits page requests. @return false with the fault set */
    boolean pageRequests(Outcome out) {
        return PRE.isSet(out.low) || out.fail(FaultReason.PAGE_REQUEST_DISABLED);
    }

    /** Chooses the PASID of a request. @return false with the fault set */
    boolean process(int pasid, Outcome out) {
        if (pasid >= 0 && !PASIDE.isSet(out.low)) {
            return out.fail(FaultReason.PASID_DISABLED);
        }
        if (pasid >>> (int) Capability.PSS.of(capability.ecap()) + 1 != 0 && pasid >= 0) {
            return out.fail(FaultReason.PASID_TOO_WIDE);
        }
        if (pasid >= processes(out.low)) {
            return out.fail(FaultReason.PASID_BEYOND_DIRECTORY);
        }
        out.pasid = pasid >= 0 ? pasid : ridPasid(out.high);
        return pasid != ridPasid(out.high) || out.fail(FaultReason.RID_PASID_USED);
    }

    /** @return whether a request without PASID is privileged */
    static boolean isPrivileged(Outcome out) {
        return RID_PRIV.isSet(out.high);
    }

    /** Reads PASID directory and table; fills in the entry. Its FPD is set if the directory entry's is. @return false with the fault set */
    boolean entry(Outcome out) {
        long at = directory(out.low) + (out.pasid >> 6) * DIRECTORY_ENTRY;
        if (!memory.holds(at)) {
            return out.fail(FaultReason.DIRECTORY_ACCESS);
        }
        long directory = memory.read(at);
        if (out.steps != null) {
            out.steps.add(new Step("PASID directory", at, List.of(directory), P.isSet(directory) ? String.format("PASID table at %x", directory & PAGE) : "not present"));
        }
        out.silent |= FPD.isSet(directory);
        if (!P.isSet(directory)) {
            return out.fail(FaultReason.DIRECTORY_NOT_PRESENT);
        }
        if ((directory & (DIRECTORY_RESERVED | memory.beyond())) != 0) {
            return out.fail(FaultReason.DIRECTORY_RESERVED);
        }
        at = (directory & PAGE) + (out.pasid & 0x3F) * PASID_ENTRY;
        if (!memory.holds(at)) {
            return out.fail(FaultReason.PASID_ACCESS);
        }
        out.entry0 = memory.read(at) | directory & FPD.mask();
        out.entry1 = memory.read(at + 8);
        out.entry2 = memory.read(at + 16);
        if (out.steps != null) {
            out.steps.add(new Step("PASID table", at, List.of(out.entry0, out.entry1, out.entry2), meaning(out)));
        }
        long rest = 0;
        for (int quarter = 24; quarter < PASID_ENTRY; quarter += 8) {
            rest |= memory.read(at + quarter);
        }
        // The rest has no fields: what is there shows as a reserved bit.
        if (P.isSet(out.entry0) && rest != 0) {
            out.entry2 |= 1L << 8;
        }
        return true;
    }

    private static String meaning(Outcome out) {
        if (!P.isSet(out.entry0)) {
            return String.format("PASID %x not present", out.pasid);
        }
        int type = (int) PGTT.of(out.entry0);
        String first = (type & 1) != 0 ? String.format(", first stage %d levels from %x", FLPM.of(out.entry2) + 4, out.entry2 & PAGE) : "";
        String second = type == Outcome.SECOND || type == Outcome.NESTED ? String.format(", second stage %d levels from %x", AW.of(out.entry0) + 2, out.entry0 & PAGE) : "";
        return String.format("PASID %x domain %d, %s%s%s%s", out.pasid, DID.of(out.entry1), TYPES[type], first, second, FPD.isSet(out.entry0) ? ", faults not recorded" : "");
    }

    /** Judges a PASID table entry and fills in what it says. @return false with the fault set */
    boolean decodeEntry(Outcome out) {
        out.silent |= FPD.isSet(out.entry0);
        if (!P.isSet(out.entry0)) {
            return out.fail(FaultReason.PASID_NOT_PRESENT);
        }
        int type = (int) PGTT.of(out.entry0);
        boolean first = type == Outcome.FIRST || type == Outcome.NESTED;
        boolean second = type == Outcome.SECOND || type == Outcome.NESTED;
        if ((out.entry0 & reservedFirst()) != 0 || (out.entry1 & reservedSecond()) != 0 || (out.entry2 & reservedThird()) != 0) {
            return out.fail(FaultReason.PASID_RESERVED);
        }
        if (!isSupported(type) || second && !capability.supportsWidth((int) AW.of(out.entry0)) || first && FLPM.of(out.entry2) > (capability.has(Capability.FL5LP) ? 1 : 0)) {
            return out.fail(FaultReason.PASID_INVALID);
        }
        fill(type, first, out);
        return type != Outcome.NESTED || out.firstTable >>> out.width == 0 || out.fail(FaultReason.PASID_INVALID);
    }

    private long reservedFirst() {
        return ENTRY_RESERVED | memory.beyond() | unless(Capability.SLADS, SLADE) | (capability.extended(Capability.SLTS) ? 0 : SECOND_STAGE_FIELDS);
    }

    private long reservedSecond() {
        return ENTRY_SECOND_RESERVED | unless(Capability.SMPWCS, PWSNP) | unless(Capability.SC, PGSNP) | unless(Capability.MTS, CD) | unless(Capability.MTS, EMTE)
                | unless(Capability.MTS, PAT);
    }

    private long reservedThird() {
        return ENTRY_THIRD_RESERVED | memory.beyond() | unless(Capability.SRS, SRE) | unless(Capability.ERS, ERE) | unless(Capability.EAFS, EAFE)
                | (capability.extended(Capability.FLTS) ? 0 : FIRST_STAGE_FIELDS);
    }

    private boolean isSupported(int type) {
        return switch (type) {
            case Outcome.FIRST -> capability.extended(Capability.FLTS);
            case Outcome.SECOND -> capability.extended(Capability.SLTS);
            case Outcome.NESTED -> capability.extended(Capability.NEST);
            case PASS_THROUGH -> capability.extended(Capability.PT);
            default -> false;
        };
    }

    private void fill(int type, boolean first, Outcome out) {
        out.domain = (int) DID.of(out.entry1);
        out.passThrough = type == PASS_THROUGH;
        out.stage = out.passThrough ? Outcome.SECOND : type;
        out.tag = first ? out.pasid : Caches.NO_PASID;
        out.table = out.entry0 & PAGE;
        out.levels = (int) AW.of(out.entry0) + 2;
        out.width = out.passThrough ? capability.hostAddressWidth() : Math.min(12 + 9 * out.levels, capability.guestAddressWidth());
        out.marks = SLADE.isSet(out.entry0);
        out.firstTable = out.entry2 & PAGE;
        out.firstLevels = (int) FLPM.of(out.entry2) + 4;
        out.writeProtect = WPE.isSet(out.entry2);
        out.extendedAccessed = EAFE.isSet(out.entry2);
        out.snooped = PWSNP.isSet(out.entry1);
        out.pageSnooped = PGSNP.isSet(out.entry1);
        if (out.passThrough) {
            out.rights = Caches.READ | Caches.WRITE;
        }
    }

    /** Whether the PASID table entry permits such requests. @return false with the fault set */
    boolean permits(Access access, Outcome out) {
        if (access.execute && !(ERE.isSet(out.entry2) && capability.extended(Capability.ERS))) {
            return out.fail(FaultReason.EXECUTE_DISABLED);
        }
        return !access.privileged || SRE.isSet(out.entry2) && capability.extended(Capability.SRS) || out.fail(FaultReason.SUPERVISOR_DISABLED);
    }
}
