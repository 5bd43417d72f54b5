package com.vtsim.vtd;

import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.register.Field;
import com.vtsim.api.vtd.RemappingUnit.Step;
import java.util.List;

/**
 * The tables of legacy mode in memory: root and context.
 * Source: VT-d specification, Legacy Mode Address Translation, Root Entry, Context Entry.
 */
final class LegacyTables {
    static final int ENTRY = 16;
    static final Field P = Field.bit(0);
    static final Field FPD = Field.bit(1);
    static final Field TT = Field.bits(3, 2);
    /** Context entry, high half: address width. */
    static final Field AW = Field.bits(2, 0);
    /** Context entry, high half: domain id. */
    static final Field DID = Field.bits(23, 8);
    private static final long ROOT_RESERVED = 0xFFE;
    private static final long CONTEXT_LOW_RESERVED = 0xFF0;
    private static final long CONTEXT_HIGH_RESERVED = 0xFFFF_FFFF_FF00_0080L;
    private static final int TRANSLATED = 0;
    private static final int WITH_DEVICE_TLB = 1;
    private static final int PASS_THROUGH = 2;
    private static final long PAGE = ~0xFFFL;

    private final Capability capability;
    private final TableMemory memory;

    LegacyTables(Capability capability, TableMemory memory) {
        this.capability = capability;
        this.memory = memory;
    }

    /** Reads root and context entry; fills in the halves of the latter. @return false with the fault set */
    boolean context(long rootTable, int sourceId, Outcome out) {
        long at = rootTable + (sourceId >> 8 & 0xFF) * ENTRY;
        if (!memory.holds(at)) {
            return out.fail(FaultReason.ROOT_ACCESS);
        }
        long low = memory.read(at);
        long high = memory.read(at + 8);
        if (out.steps != null) {
            out.steps.add(new Step("root", at, List.of(low, high), P.isSet(low) ? String.format("context table at %x", low & PAGE) : "not present"));
        }
        if (!P.isSet(low)) {
            return out.fail(FaultReason.ROOT_NOT_PRESENT);
        }
        if ((low & (ROOT_RESERVED | memory.beyond())) != 0 || high != 0) {
            return out.fail(FaultReason.ROOT_RESERVED);
        }
        at = (low & PAGE) + (sourceId & 0xFF) * ENTRY;
        if (!memory.holds(at)) {
            return out.fail(FaultReason.CONTEXT_ACCESS);
        }
        out.low = memory.read(at);
        out.high = memory.read(at + 8);
        if (out.steps != null) {
            out.steps.add(new Step("context", at, List.of(out.low, out.high), meaning(sourceId, out.low, out.high)));
        }
        return true;
    }

    private static String meaning(int sourceId, long low, long high) {
        if (!P.isSet(low)) {
            return PciAddress.of(sourceId) + " not present" + (FPD.isSet(low) ? ", faults not recorded" : "");
        }
        String how = switch ((int) TT.of(low)) {
            case TRANSLATED -> String.format("%d levels from %x", AW.of(high) + 2, low & PAGE);
            case WITH_DEVICE_TLB -> String.format("%d levels from %x, translation requests permitted", AW.of(high) + 2, low & PAGE);
            case PASS_THROUGH -> "pass-through";
            default -> "reserved translation type";
        };
        return String.format("%s domain %d, %s%s", PciAddress.of(sourceId), DID.of(high), how, FPD.isSet(low) ? ", faults not recorded" : "");
    }

    /** Judges a context entry and fills in what it says. @return false with the fault set */
    boolean decode(Outcome out) {
        out.silent = FPD.isSet(out.low);
        if (!P.isSet(out.low)) {
            return out.fail(FaultReason.CONTEXT_NOT_PRESENT);
        }
        int type = (int) TT.of(out.low);
        long wide = -1L << capability.domainBits();
        boolean strayTable = type != PASS_THROUGH && (out.low & memory.beyond()) != 0;
        if ((out.low & CONTEXT_LOW_RESERVED) != 0 || (out.high & CONTEXT_HIGH_RESERVED) != 0 || (DID.of(out.high) & wide) != 0 || strayTable) {
            return out.fail(FaultReason.CONTEXT_RESERVED);
        }
        int aw = (int) AW.of(out.high);
        boolean known = type == TRANSLATED || type == WITH_DEVICE_TLB && capability.extended(Capability.DT) || type == PASS_THROUGH && capability.extended(Capability.PT);
        if (!known || !capability.supportsWidth(aw)) {
            return out.fail(FaultReason.CONTEXT_INVALID);
        }
        out.domain = (int) DID.of(out.high);
        out.passThrough = type == PASS_THROUGH;
        out.deviceTlb = type == WITH_DEVICE_TLB;
        out.table = out.low & PAGE;
        out.levels = aw + 2;
        out.width = Math.min(30 + 9 * aw, capability.guestAddressWidth());
        if (out.passThrough) {
            out.width = capability.hostAddressWidth();
            out.rights = Caches.READ | Caches.WRITE;
        }
        return true;
    }
}
