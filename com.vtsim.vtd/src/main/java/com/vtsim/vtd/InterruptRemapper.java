package com.vtsim.vtd;

import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.MessageTarget;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.RequestTranslator.Message;
import com.vtsim.api.register.Field;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.vtd.RemappingUnit.Step;
import com.vtsim.api.vtd.RemappingUnit.Walk;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * Takes interrupt requests through the interrupt remapping table. Source: VT-d specification, Interrupt Remapping and Interrupt Posting.
 * <p>
 * A message to an APIC ID of more than 8 bits has bits 31:8 of it in address bits 63:40, as the unit's own events have in their upper address.
 */
final class InterruptRemapper {
    private static final int ENTRY = 16;
    private static final Field P = Field.bit(0);
    private static final Field FPD = Field.bit(1);
    private static final Field DM = Field.bit(2);
    private static final Field RH = Field.bit(3);
    private static final Field TM = Field.bit(4);
    private static final Field DLM = Field.bits(7, 5);
    private static final Field URG = Field.bit(14);
    private static final Field IM = Field.bit(15);
    private static final Field VECTOR = Field.bits(23, 16);
    private static final Field DST = Field.bits(63, 32);
    private static final Field SID = Field.bits(15, 0);
    private static final Field SQ = Field.bits(17, 16);
    private static final Field SVT = Field.bits(19, 18);
    private static final long REMAPPED_LOW_RESERVED = 0xFF00_7000L;
    private static final long REMAPPED_HIGH_RESERVED = 0xFFFF_FFFF_FFF0_0000L;
    private static final long XAPIC_DST_RESERVED = 0xFFFF_00FF_0000_0000L;
    private static final long POSTED_LOW_RESERVED = 0x0000_003F_FF00_30FCL;
    private static final long POSTED_HIGH_RESERVED = 0xFFF0_0000L;
    private static final long PDA_LOW = 0xFFFF_FFC0L;
    /** Posted-interrupt descriptor, third quarter: outstanding notification, suppress notification, vector, destination. */
    private static final Field ON = Field.bit(0);
    private static final Field SN = Field.bit(1);
    private static final Field NV = Field.bits(23, 16);
    private static final Field NDST = Field.bits(63, 32);
    private static final long DESCRIPTOR_RESERVED = 0xFF00_FFFCL;
    private static final int DESCRIPTOR_CONTROL = 32;
    private static final String[] MODES = {"fixed", "lowest priority", "SMI", "reserved mode", "NMI", "INIT", "reserved mode", "ExtINT"};
    private static final long INTERRUPTS = 0xFEE0_0000L;

    private final RegisterFile<VtdRegister> registers;
    private final Capability capability;
    private final TableMemory tables;
    private final Caches caches;
    private final FaultLog log;
    private final StaleWatch stale;
    private final long[] halves = new long[2];
    private MemorySpace memory;
    private MessageTarget target;
    private long table;
    private FaultReason fault;

    InterruptRemapper(RegisterFile<VtdRegister> registers, Capability capability, TableMemory tables, Caches caches, FaultLog log, StaleWatch stale) {
        this.registers = registers;
        this.capability = capability;
        this.tables = tables;
        this.caches = caches;
        this.log = log;
        this.stale = stale;
    }

    void attach(MemorySpace newMemory, MessageTarget newTarget) {
        memory = newMemory;
        target = newTarget;
    }

    /** @return the table pointer in force, as IRTA has it */
    long table() {
        return table;
    }

    void table(long value) {
        table = value;
    }

    private boolean isExtended() {
        return VtdRegister.EIME.isSet(table);
    }

    /** As {@code RequestTranslator.remap}. */
    boolean remap(Message message) {
        if (!registers.isSet(VtdRegister.GSTS, VtdRegister.IRE)) {
            return true;
        }
        if ((message.address & 1 << 4) == 0) {
            boolean passes = !isExtended() && registers.isSet(VtdRegister.GSTS, VtdRegister.CFI);
            if (!passes) {
                log.interrupt(FaultReason.COMPATIBILITY_BLOCKED, message.sourceId, 0);
            }
            return passes;
        }
        int index = (int) (message.address >> 5 & 0x7FFF | (message.address & 4) << 13);
        boolean subhandle = (message.address & 8) != 0;
        if (subhandle) {
            if ((message.data & 0xFFFF_0000) != 0) {
                log.interrupt(FaultReason.REQUEST_RESERVED, message.sourceId, index & 0xFFFF);
                return false;
            }
            index += message.data & 0xFFFF;
        }
        if (index >= 2 << VtdRegister.IRT_SIZE.of(table)) {
            log.interrupt(FaultReason.INDEX_BEYOND_TABLE, message.sourceId, index & 0xFFFF);
            return false;
        }
        fault = null;
        if (entry(index, message.sourceId) && deliver(message)) {
            return true;
        }
        if (fault != null && !(fault.isQualified() && FPD.isSet(halves[0]))) {
            log.interrupt(fault, message.sourceId, index);
        }
        return false;
    }

    private boolean fail(FaultReason reason) {
        fault = reason;
        return false;
    }

    /** Finds the entry and judges it. @return false with the fault set */
    private boolean entry(int index, int sourceId) {
        long at = (table & ~0xFFFL) + (long) index * ENTRY;
        int line = caches.interrupt.find(TranslationCache.ANY, Caches.NO_PASID, index);
        if (line >= 0) {
            halves[0] = caches.interrupt.first(line);
            halves[1] = caches.interrupt.second(line);
            if (stale.isOn() && tables.holds(at) && (tables.read(at) != halves[0] || tables.read(at + 8) != halves[1])) {
                stale.interrupt(sourceId, index, halves, tables.read(at), tables.read(at + 8));
            }
        } else {
            if (!tables.holds(at)) {
                halves[0] = 0;
                return fail((at & tables.beyond()) != 0 ? FaultReason.INDEX_BEYOND_TABLE : FaultReason.IRTE_ACCESS);
            }
            halves[0] = tables.read(at);
            halves[1] = tables.read(at + 8);
        }
        if (!judge(sourceId)) {
            if (line < 0 && capability.has(Capability.CM)) {
                caches.interrupt.insert(0, Caches.NO_PASID, index, halves[0], halves[1], 0);
            }
            return false;
        }
        if (line < 0) {
            caches.interrupt.insert(0, Caches.NO_PASID, index, halves[0], halves[1], 0);
        }
        return true;
    }

    private boolean judge(int sourceId) {
        if (!P.isSet(halves[0])) {
            return fail(FaultReason.IRTE_NOT_PRESENT);
        }
        if (SVT.of(halves[1]) == 3) {
            return fail(FaultReason.IRTE_RESERVED);
        }
        if (!isSource(sourceId)) {
            return fail(FaultReason.SOURCE_INVALID);
        }
        return !hasReserved() || fail(FaultReason.IRTE_RESERVED);
    }

    private boolean hasReserved() {
        if (IM.isSet(halves[0])) {
            return !capability.has(Capability.PI) || (halves[0] & POSTED_LOW_RESERVED) != 0 || (halves[1] & (POSTED_HIGH_RESERVED | tables.beyond())) != 0;
        }
        int mode = (int) DLM.of(halves[0]);
        return (halves[0] & REMAPPED_LOW_RESERVED) != 0 || (halves[1] & REMAPPED_HIGH_RESERVED) != 0
                || !isExtended() && (halves[0] & XAPIC_DST_RESERVED) != 0 || mode == 3 || mode == 6;
    }

    private boolean isSource(int sourceId) {
        int named = (int) SID.of(halves[1]);
        switch ((int) SVT.of(halves[1])) {
            case 1:
                int ignored = switch ((int) SQ.of(halves[1])) {
                    case 1 -> 4;
                    case 2 -> 6;
                    case 3 -> 7;
                    default -> 0;
                };
                return (named & ~ignored) == (sourceId & 0xFFFF & ~ignored);
            case 2:
                int bus = sourceId >> 8 & 0xFF;
                return bus >= named >> 8 && bus <= (named & 0xFF);
            default:
                return true;
        }
    }

    private boolean deliver(Message message) {
        long low = halves[0];
        if (IM.isSet(low)) {
            return post();
        }
        message.address = address(DST.of(low)) | RH.of(low) << 3 | DM.of(low) << 2;
        message.data = (int) (VECTOR.of(low) | DLM.of(low) << 8 | TM.of(low) << 15 | TM.of(low) << 14);
        return true;
    }

    private long address(long destination) {
        return isExtended() ? INTERRUPTS | (destination & 0xFF) << 12 | destination >>> 8 << 40 : INTERRUPTS | (destination >> 8 & 0xFF) << 12;
    }

    /** Notes the vector in the descriptor; the notification is sent past the table. */
    private boolean post() {
        long descriptor = halves[1] & 0xFFFF_FFFF_0000_0000L | halves[0] >>> 32 & PDA_LOW;
        if (!tables.holds(descriptor)) {
            return fail(FaultReason.DESCRIPTOR_ACCESS);
        }
        long control = memory.read(descriptor + DESCRIPTOR_CONTROL, 8);
        if ((control & DESCRIPTOR_RESERVED) != 0 || !isExtended() && (NDST.of(control) & 0xFFFF_00FFL) != 0) {
            return fail(FaultReason.DESCRIPTOR_RESERVED);
        }
        int vector = (int) VECTOR.of(halves[0]);
        long at = descriptor + (vector >> 6) * 8L;
        memory.write(at, 8, memory.read(at, 8) | 1L << (vector & 63));
        if (!ON.isSet(control) && (!SN.isSet(control) || URG.isSet(halves[0]))) {
            memory.write(descriptor + DESCRIPTOR_CONTROL, 8, control | ON.mask());
            if (target != null) {
                target.message(address(NDST.of(control)), (int) NV.of(control));
            }
        }
        return false;
    }

    /** @return entries of the table in force, 0 while interrupt remapping is off */
    int size() {
        return registers.isSet(VtdRegister.GSTS, VtdRegister.IRE) ? 2 << VtdRegister.IRT_SIZE.of(table) : 0;
    }

    /**
     * Says what becomes of a request, by the table alone and without a trace in the unit.
     *
     * @param sourceId requester, or -1 for one that the entry accepts
     */
    Walk walk(int index, int sourceId) {
        List<Step> steps = new ArrayList<>();
        long at = (table & ~0xFFFL) + (long) index * ENTRY;
        if (index >= size()) {
            return new Walk(steps, -1, size() == 0 ? "interrupt remapping is off" : FaultReason.INDEX_BEYOND_TABLE.words());
        }
        if (!tables.holds(at)) {
            return new Walk(steps, -1, FaultReason.IRTE_ACCESS.words());
        }
        halves[0] = tables.read(at);
        halves[1] = tables.read(at + 8);
        fault = null;
        boolean good = judge(sourceId < 0 ? (int) SID.of(halves[1]) : sourceId);
        steps.add(new Step("interrupt entry " + Integer.toHexString(index), at, List.of(halves[0], halves[1]), meaning()));
        if (good && IM.isSet(halves[0])) {
            good = descriptor(steps);
        }
        return new Walk(steps, good ? at : -1, good ? "" : fault.words());
    }

    private String meaning() {
        long low = halves[0];
        if (!P.isSet(low)) {
            return "not present";
        }
        String source = switch ((int) SVT.of(halves[1])) {
            case 0 -> "from anyone";
            case 1 -> "from " + PciAddress.of((int) SID.of(halves[1])) + (SQ.of(halves[1]) == 0 ? "" : " and its neighbours (SQ " + SQ.of(halves[1]) + ")");
            case 2 -> String.format("from buses %02x-%02x", SID.of(halves[1]) >> 8, SID.of(halves[1]) & 0xFF);
            default -> "reserved source validation";
        };
        String silent = FPD.isSet(low) ? ", faults not recorded" : "";
        if (IM.isSet(low)) {
            return String.format("%s, posted as vector %02xh%s%s", source, VECTOR.of(low), URG.isSet(low) ? ", urgent" : "", silent);
        }
        return String.format("%s to %s %x, vector %02xh, %s, %s%s%s", source, DM.isSet(low) ? "logical" : "physical", isExtended() ? DST.of(low) : DST.of(low) >> 8 & 0xFF, VECTOR.of(low),
                MODES[(int) DLM.of(low)], TM.isSet(low) ? "level" : "edge", RH.isSet(low) ? ", redirection hint" : "", silent);
    }

    private boolean descriptor(List<Step> steps) {
        long descriptor = halves[1] & 0xFFFF_FFFF_0000_0000L | halves[0] >>> 32 & PDA_LOW;
        if (!tables.holds(descriptor)) {
            return fail(FaultReason.DESCRIPTOR_ACCESS);
        }
        List<Long> words = new ArrayList<>();
        int waiting = 0;
        for (int quarter = 0; quarter < 5; quarter++) {
            words.add(tables.read(descriptor + quarter * 8L));
            waiting += quarter < 4 ? Long.bitCount(words.get(quarter)) : 0;
        }
        long control = words.get(4);
        steps.add(new Step("posted-interrupt descriptor", descriptor, words, String.format("%d vectors waiting, notification %02xh to %x%s%s", waiting, NV.of(control),
                isExtended() ? NDST.of(control) : NDST.of(control) >> 8 & 0xFF, ON.isSet(control) ? ", outstanding" : "", SN.isSet(control) ? ", suppressed" : "")));
        return (control & DESCRIPTOR_RESERVED) == 0 || fail(FaultReason.DESCRIPTOR_RESERVED);
    }

    /** Tells of mistakes in the table: where, and what. */
    void lint(BiConsumer<String, String> say) {
        for (int index = 0; index < size(); index++) {
            long at = (table & ~0xFFFL) + (long) index * ENTRY;
            if (!tables.holds(at)) {
                say.accept("interrupt remapping table", String.format("it is not in memory from entry %x on", index));
                return;
            }
            if (!P.isSet(tables.read(at))) {
                continue;
            }
            Walk walk = walk(index, -1);
            String who = "interrupt entry " + Integer.toHexString(index);
            if (!walk.fault().isEmpty()) {
                say.accept(who, walk.fault());
            } else if (SVT.of(halves[1]) == 0) {
                say.accept(who, "it takes requests of every device: source validation is off");
            }
        }
        if (size() > 0 && registers.isSet(VtdRegister.GSTS, VtdRegister.CFI) && !isExtended()) {
            say.accept("interrupt remapping", "requests in compatibility format pass: any device can send any vector");
        }
    }
}
