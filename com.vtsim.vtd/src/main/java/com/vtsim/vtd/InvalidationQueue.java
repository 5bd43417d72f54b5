package com.vtsim.vtd;

import static com.vtsim.vtd.VtdRegister.IQA;
import static com.vtsim.vtd.VtdRegister.IQH;
import static com.vtsim.vtd.VtdRegister.IQT;

import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.pci.DeviceTlb;
import com.vtsim.api.register.Field;
import com.vtsim.api.register.RegisterFile;

/**
 * Queued invalidation. Source: VT-d specification, Queued Invalidation Interface.
 * <p>
 * A device answers an invalidation before the next descriptor is looked at, so that a wait descriptor finds everything before it done. A device that does not
 * answer stops the queue until software has cleared the time-out.
 */
final class InvalidationQueue {
    private static final int BAD_TAIL = 1;
    private static final int BAD_FETCH = 2;
    private static final int BAD_TYPE = 3;
    private static final int BAD_RESERVED = 4;
    private static final int BAD_WIDTH = 5;
    private static final int BAD_ALIGNMENT = 6;
    private static final int BAD_MODE = 7;

    private static final int CONTEXT = 1;
    private static final int IOTLB = 2;
    private static final int DEVICE_TLB = 3;
    private static final int INTERRUPT_ENTRY = 4;
    private static final int WAIT = 5;
    private static final int PROCESS_IOTLB = 6;
    private static final int PROCESS_CACHE = 7;
    private static final int PROCESS_DEVICE_TLB = 8;
    private static final int GROUP_RESPONSE = 9;
    private static final Field TYPE = Field.bits(3, 0);
    private static final Field TYPE_HIGH = Field.bits(11, 9);
    private static final Field GRANULARITY = Field.bits(5, 4);
    private static final Field DID = Field.bits(31, 16);
    private static final Field SID = Field.bits(47, 32);
    private static final Field FM = Field.bits(49, 48);
    private static final Field INDEX_MASK = Field.bits(31, 27);
    private static final Field INDEX = Field.bits(47, 32);
    private static final Field INTERRUPT_FLAG = Field.bit(4);
    private static final Field STATUS_WRITE = Field.bit(5);
    private static final Field STATUS_DATA = Field.bits(63, 32);
    private static final Field PASID = Field.bits(51, 32);
    /** Requester of descriptors that have the PASID where others have theirs. */
    private static final Field REQUESTER = Field.bits(31, 16);
    private static final Field PASID_PRESENT = Field.bit(4);
    private static final Field RESPONSE = Field.bits(15, 12);
    private static final Field GROUP = Field.bits(11, 3);
    private static final Field GLOBAL = Field.bit(0);
    private static final Field SIZE = Field.bit(0);
    private static final Field PROCESS_SIZE = Field.bit(11);
    private static final long CONTEXT_RESERVED = 0xFFFC_0000_0000_FFC0L;
    private static final long IOTLB_RESERVED = 0xFFFF_FFFF_0000_FF00L;
    private static final long IOTLB_HIGH_RESERVED = 0xF80;
    private static final long INTERRUPT_ENTRY_RESERVED = 0xFFFF_0000_07FF_FFE0L;
    private static final long WAIT_RESERVED = 0xFFFF_FF00L;
    /** The physical function's number, in 63:52 and 15:12, is not needed here; nor is the queue's depth. */
    private static final long DEVICE_TLB_RESERVED = 0x000F_0000_FFE0_0FF0L;
    private static final long DEVICE_TLB_HIGH_RESERVED = 0xFFE;
    private static final long PROCESS_IOTLB_RESERVED = 0xFFF0_0000_0000_FFC0L;
    private static final long PROCESS_CACHE_RESERVED = 0xFFF0_0000_0000_FFC0L;
    private static final long PROCESS_DEVICE_TLB_RESERVED = 0x0000_0000_0000_0E00L;
    private static final long PROCESS_DEVICE_TLB_HIGH_RESERVED = 0x7FE;
    private static final long RESPONSE_RESERVED = 0xFFF0_0000_0000_0FE0L;
    private static final long RESPONSE_HIGH_RESERVED = ~0xFFCL;
    private static final long PAGE = ~0xFFFL;
    private static final long ALL = Long.MIN_VALUE;

    private final RegisterFile<VtdRegister> registers;
    private final TableMemory tables;
    private final Capability capability;
    private final Caches caches;
    private final FaultLog log;
    private final EventMessage completion;
    private final DmaRemapper dma;
    private final DeviceTlbs devices;
    private MemorySpace memory;
    private boolean running;

    InvalidationQueue(RegisterFile<VtdRegister> registers, TableMemory tables, Capability capability, Caches caches, FaultLog log, EventMessage completion,
            DmaRemapper dma, DeviceTlbs devices) {
        this.registers = registers;
        this.tables = tables;
        this.capability = capability;
        this.caches = caches;
        this.log = log;
        this.completion = completion;
        this.dma = dma;
        this.devices = devices;
    }

    void attach(MemorySpace newMemory) {
        memory = newMemory;
    }

    /** Carries out what is between head and tail, up to an error. */
    void run() {
        if (running) {
            return;
        }
        running = true;
        try {
            while (isDue() && step()) { }
        } finally {
            running = false;
        }
    }

    private boolean isDue() {
        return registers.isSet(VtdRegister.GSTS, VtdRegister.QIE) && (registers.get(VtdRegister.FSTS) & (VtdRegister.IQE.mask() | VtdRegister.ITE.mask())) == 0
                && registers.get(IQH) != registers.get(IQT);
    }

    /** @return false if the queue has to stop */
    private boolean step() {
        boolean wide = registers.isSet(IQA, VtdRegister.DW);
        long bytes = 4096L << registers.get(IQA, VtdRegister.QS);
        long head = registers.get(IQH);
        long at = (registers.get(IQA) & PAGE) + head;
        int error = queueError(wide, bytes, at);
        if (error == 0) {
            boolean stray = wide && (tables.read(at + 16) | tables.read(at + 24)) != 0;
            error = stray ? BAD_RESERVED : carryOut(tables.read(at), tables.read(at + 8));
        }
        if (error != 0) {
            registers.set(VtdRegister.IQER, VtdRegister.IQEI, error);
            log.status(VtdRegister.IQE.mask());
            return false;
        }
        registers.set(IQH, (head + (wide ? 32 : 16)) % bytes);
        return true;
    }

    private int queueError(boolean wide, long bytes, long at) {
        if (registers.get(IQT) >= bytes) {
            return BAD_TAIL;
        }
        if (!wide && dma.isScalable()) {
            return BAD_WIDTH;
        }
        if (wide && (registers.get(IQT) & 0x10) != 0) {
            return BAD_ALIGNMENT;
        }
        return tables.holds(at) ? 0 : BAD_FETCH;
    }

    /** @return 0, or what is wrong with the descriptor */
    private int carryOut(long low, long high) {
        int type = (int) TYPE.of(low);
        boolean process = type == PROCESS_IOTLB || type == PROCESS_CACHE || type == PROCESS_DEVICE_TLB || type == GROUP_RESPONSE;
        if (TYPE_HIGH.of(low) != 0 || process && !capability.extended(Capability.SMTS)) {
            return TYPE_HIGH.of(low) != 0 && !process && type >= CONTEXT && type <= WAIT ? BAD_RESERVED : BAD_TYPE;
        }
        if (process && type != GROUP_RESPONSE && !dma.isScalable()) {
            return BAD_MODE;
        }
        switch (type) {
            case CONTEXT:
                return context(low, high);
            case IOTLB:
                return iotlb(low, high);
            case DEVICE_TLB:
                return deviceTlb(low, high);
            case INTERRUPT_ENTRY:
                return interruptEntry(low, high);
            case WAIT:
                return await(low, high);
            case PROCESS_IOTLB:
                return processIotlb(low, high);
            case PROCESS_CACHE:
                return processCache(low, high);
            case PROCESS_DEVICE_TLB:
                return processDeviceTlb(low, high);
            case GROUP_RESPONSE:
                return groupResponse(low, high);
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

    private int deviceTlb(long low, long high) {
        if (!capability.extended(Capability.DT)) {
            return BAD_TYPE;
        }
        if ((low & DEVICE_TLB_RESERVED) != 0 || (high & DEVICE_TLB_HIGH_RESERVED) != 0) {
            return BAD_RESERVED;
        }
        invalidate((int) SID.of(low), Caches.NO_PASID, high & PAGE, SIZE.isSet(high), false);
        return 0;
    }

    private int processIotlb(long low, long high) {
        if ((low & PROCESS_IOTLB_RESERVED) != 0) {
            return BAD_RESERVED;
        }
        int domain = (int) DID.of(low);
        int process = (int) PASID.of(low);
        switch ((int) GRANULARITY.of(low)) {
            case 2:
                caches.dropProcess(domain, process);
                return 0;
            case 3:
                int pages = (int) VtdRegister.AM.of(high);
                if ((high & IOTLB_HIGH_RESERVED) != 0 || pages > Capability.MAMV.of(capability.cap())) {
                    return BAD_RESERVED;
                }
                caches.dropProcessPages(domain, process, high & PAGE, pages, VtdRegister.IH.isSet(high));
                return 0;
            default:
                return BAD_RESERVED;
        }
    }

    private int processCache(long low, long high) {
        if ((low & PROCESS_CACHE_RESERVED) != 0 || high != 0) {
            return BAD_RESERVED;
        }
        switch ((int) GRANULARITY.of(low)) {
            case 0:
                caches.dropProcesses((int) DID.of(low));
                return 0;
            case 1:
                caches.dropProcesses((int) DID.of(low), (int) PASID.of(low));
                return 0;
            case 3:
                caches.pasid.clear();
                return 0;
            default:
                return BAD_RESERVED;
        }
    }

    private int processDeviceTlb(long low, long high) {
        if ((low & PROCESS_DEVICE_TLB_RESERVED) != 0 || (high & PROCESS_DEVICE_TLB_HIGH_RESERVED) != 0) {
            return BAD_RESERVED;
        }
        invalidate((int) REQUESTER.of(low), (int) PASID.of(low), high & PAGE, PROCESS_SIZE.isSet(high), GLOBAL.isSet(high));
        return 0;
    }

    /**
     * Asks a device to drop translations, and waits for its answer.
     *
     * @param sized whether the range is given by the lowest address bit from 12 up that is 0, else it is 4 KiB
     */
    private void invalidate(int sourceId, int process, long address, boolean sized, boolean global) {
        int bits = 12 + (sized ? 1 + Long.numberOfTrailingZeros(~(address >>> 12)) : 0);
        long length = bits >= 63 ? ALL : 1L << bits;
        DeviceTlb device = devices.at(sourceId);
        if (device == null || !device.invalidate(process, length == ALL ? 0 : address & -length, length, global)) {
            registers.set(VtdRegister.IQER, VtdRegister.ITESID, sourceId);
            log.status(VtdRegister.ITE.mask());
        }
    }

    private int groupResponse(long low, long high) {
        if ((low & RESPONSE_RESERVED) != 0 || (high & RESPONSE_HIGH_RESERVED) != 0) {
            return BAD_RESERVED;
        }
        DeviceTlb device = devices.at((int) REQUESTER.of(low));
        if (device != null) {
            device.pageResponse(PASID_PRESENT.isSet(low) ? (int) PASID.of(low) : Caches.NO_PASID, (int) GROUP.of(high), (int) RESPONSE.of(low));
        }
        return 0;
    }
}
