package com.vtsim.vtd;

import static com.vtsim.vtd.VtdRegister.IQA;
import static com.vtsim.vtd.VtdRegister.IQH;
import static com.vtsim.vtd.VtdRegister.IQT;

import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.register.Field;
import com.vtsim.api.register.RegisterFile;

/** Queued invalidation. Source: VT-d specification, Queued Invalidation Interface. */
final class InvalidationQueue {
    private static final int BAD_TAIL = 1;
    private static final int BAD_FETCH = 2;
    private static final int BAD_TYPE = 3;
    private static final int BAD_RESERVED = 4;

    private static final int CONTEXT = 1;
    private static final int IOTLB = 2;
    private static final int INTERRUPT_ENTRY = 4;
    private static final int WAIT = 5;
    private static final Field TYPE = Field.bits(3, 0);
    private static final Field GRANULARITY = Field.bits(5, 4);
    private static final Field DID = Field.bits(31, 16);
    private static final Field SID = Field.bits(47, 32);
    private static final Field FM = Field.bits(49, 48);
    private static final Field INDEX_MASK = Field.bits(31, 27);
    private static final Field INDEX = Field.bits(47, 32);
    private static final Field INTERRUPT_FLAG = Field.bit(4);
    private static final Field STATUS_WRITE = Field.bit(5);
    private static final Field STATUS_DATA = Field.bits(63, 32);
    private static final long CONTEXT_RESERVED = 0xFFFC_0000_0000_FFC0L;
    private static final long IOTLB_RESERVED = 0xFFFF_FFFF_0000_FF00L;
    private static final long IOTLB_HIGH_RESERVED = 0xF80;
    private static final long INTERRUPT_ENTRY_RESERVED = 0xFFFF_0000_07FF_FFE0L;
    private static final long WAIT_RESERVED = 0xFFFF_FF00L;
    private static final long PAGE = ~0xFFFL;

    private final RegisterFile<VtdRegister> registers;
    private final LegacyTables tables;
    private final Capability capability;
    private final Caches caches;
    private final FaultLog log;
    private final EventMessage completion;
    private MemorySpace memory;

    InvalidationQueue(RegisterFile<VtdRegister> registers, LegacyTables tables, Capability capability, Caches caches, FaultLog log, EventMessage completion) {
        this.registers = registers;
        this.tables = tables;
        this.capability = capability;
        this.caches = caches;
        this.log = log;
        this.completion = completion;
    }

    void attach(MemorySpace newMemory) {
        memory = newMemory;
    }

    /** Carries out what is between head and tail, up to an error. */
    void run() {
        long bytes = 4096L << registers.get(IQA, VtdRegister.QS);
        while (registers.isSet(VtdRegister.GSTS, VtdRegister.QIE) && !registers.isSet(VtdRegister.FSTS, VtdRegister.IQE)
                && registers.get(IQH) != registers.get(IQT)) {
            long head = registers.get(IQH);
            long at = (registers.get(IQA) & PAGE) + head;
            int error = registers.get(IQT) >= bytes ? BAD_TAIL : tables.isMemory(at) ? carryOut(tables.read(at), tables.read(at + 8)) : BAD_FETCH;
            if (error != 0) {
                registers.set(VtdRegister.IQER, VtdRegister.IQEI, error);
                log.status(VtdRegister.IQE.mask());
                return;
            }
            registers.set(IQH, (head + 16) % bytes);
        }
    }

    /** @return 0, or what is wrong with the descriptor */
    private int carryOut(long low, long high) {
        switch ((int) TYPE.of(low)) {
            case CONTEXT:
                return context(low, high);
            case IOTLB:
                return iotlb(low, high);
            case INTERRUPT_ENTRY:
                return interruptEntry(low, high);
            case WAIT:
                return await(low, high);
            default:
                return BAD_TYPE;
        }
    }

    private int context(long low, long high) {
        if ((low & CONTEXT_RESERVED) != 0 || high != 0) {
            return BAD_RESERVED;
        }
        switch ((int) GRANULARITY.of(low)) {
            case 1:
                caches.context.clear();
                return 0;
            case 2:
                caches.dropContexts((int) DID.of(low));
                return 0;
            case 3:
                caches.dropContexts((int) DID.of(low), (int) SID.of(low), (int) FM.of(low));
                return 0;
            default:
                return BAD_RESERVED;
        }
    }

    private int iotlb(long low, long high) {
        if ((low & IOTLB_RESERVED) != 0) {
            return BAD_RESERVED;
        }
        int domain = (int) DID.of(low);
        switch ((int) GRANULARITY.of(low)) {
            case 1:
                caches.clearTranslations();
                return 0;
            case 2:
                caches.dropDomain(domain);
                return 0;
            case 3:
                int pages = (int) VtdRegister.AM.of(high);
                if ((high & IOTLB_HIGH_RESERVED) != 0 || pages > Capability.MAMV.of(capability.cap())) {
                    return BAD_RESERVED;
                }
                if (capability.has(Capability.PSI)) {
                    caches.dropPages(domain, high & PAGE, pages, VtdRegister.IH.isSet(high));
                } else {
                    caches.dropDomain(domain);
                }
                return 0;
            default:
                return BAD_RESERVED;
        }
    }

    private int interruptEntry(long low, long high) {
        int mask = (int) INDEX_MASK.of(low);
        if (!capability.extended(Capability.IR)) {
            return BAD_TYPE;
        }
        if ((low & INTERRUPT_ENTRY_RESERVED) != 0 || high != 0 || mask > Capability.MHMV.of(capability.ecap())) {
            return BAD_RESERVED;
        }
        if (INTERRUPT_FLAG.isSet(low)) {
            caches.dropInterrupts((int) INDEX.of(low), mask);
        } else {
            caches.interrupt.clear();
        }
        return 0;
    }

    private int await(long low, long high) {
        if ((low & WAIT_RESERVED) != 0 || (high & 3) != 0) {
            return BAD_RESERVED;
        }
        if (STATUS_WRITE.isSet(low)) {
            memory.write(high, 4, STATUS_DATA.of(low));
        }
        if (INTERRUPT_FLAG.isSet(low) && !registers.isSet(VtdRegister.ICS, VtdRegister.IWC)) {
            registers.raise(VtdRegister.ICS, VtdRegister.IWC.mask());
            completion.raise();
        }
        return 0;
    }
}
