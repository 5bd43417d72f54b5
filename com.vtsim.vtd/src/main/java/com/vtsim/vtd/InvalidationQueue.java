package com.vtsim.vtd;

import static com.vtsim.vtd.VtdRegister.IQA;
import static com.vtsim.vtd.VtdRegister.IQH;
import static com.vtsim.vtd.VtdRegister.IQT;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.pci.DeviceTlb;
import com.vtsim.api.register.Field;
import com.vtsim.api.register.RegisterFile;
import java.util.Arrays;

/**
 * Queued invalidation. Source: VT-d specification, Queued Invalidation Interface; Handling of Device-TLB Invalidations.
 * <p>
 * Descriptors are carried out in order. One for a device-TLB is done when the device has answered, at once or later; wait descriptors behind it wait for that,
 * other descriptors do not, unless the wait descriptor has a fence. A device that does not answer in time stops the queue until software has cleared the time-out.
 */
final class InvalidationQueue {
    /** Microseconds that a device has to answer, unless configured otherwise. */
    static final int TIMEOUT = 50_000;

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
    private static final Field FENCE = Field.bit(6);
    private static final Field PAGE_REQUEST_DRAIN = Field.bit(7);
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
    /** Which physical function's requests are counted together (PFSID), and how many it takes; the fields lie alike in both kinds of descriptor but for the latter. */
    private static final Field PHYSICAL_HIGH = Field.bits(63, 52);
    private static final Field PHYSICAL_LOW = Field.bits(15, 12);
    private static final long PHYSICAL = PHYSICAL_HIGH.mask() | PHYSICAL_LOW.mask();
    private static final Field MOST_PENDING = Field.bits(20, 16);
    private static final Field PROCESS_MOST_PENDING = Field.bits(8, 4);
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
    private static final int MOST_WAITS = 32;
    /** {@link #carryOut}: it has to wait, and is looked at again. */
    private static final int NOT_YET = -1;
    private static final long MICROSECOND = 1000;

    private final RegisterFile<VtdRegister> registers;
    private final TableMemory tables;
    private final Capability capability;
    private final Caches caches;
    private final FaultLog log;
    private final EventMessage completion;
    private final DmaRemapper dma;
    private final DeviceTlbs devices;
    private final DeviceRequests pending = new DeviceRequests();
    /** Wait descriptors that are not complete: halves, and the tags that each waits for. */
    private final long[] waitsLow = new long[MOST_WAITS];
    private final long[] waitsHigh = new long[MOST_WAITS];
    private final int[] waitsFor = new int[MOST_WAITS];
    private int waits;
    private long timeout = TIMEOUT * MICROSECOND;
    private MemorySpace memory;
    private Clock clock;
    private Clock.Timer timer;
    private boolean running;

    /** What is carried over. */
    record QueueState(DeviceRequests.RequestState pending, long[] waitsLow, long[] waitsHigh, int[] waitsFor) { }

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

    void attach(Board board) {
        memory = board.memory();
        clock = board.clock();
        timer = clock.timer("invalidation", this::expired);
        arm();
    }

    /** @param micros of virtual time that a device has to answer, 1 to 60,000,000 */
    void timeout(int micros) {
        if (micros < 1 || micros > 60_000_000) {
            throw new IllegalArgumentException("invalidation.timeout is 1 to 60000000 microseconds, not " + micros);
        }
        timeout = micros * MICROSECOND;
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
                && registers.get(IQH) != registers.get(IQT) && !isFenced();
    }

    /** @return whether the latest wait descriptor holds back what follows */
    private boolean isFenced() {
        return waits > 0 && (FENCE.isSet(waitsLow[waits - 1]) || waits == MOST_WAITS);
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
        if (error == NOT_YET) {
            return false;
        }
        if (error != 0) {
            registers.set(VtdRegister.IQERCD, VtdRegister.IQEI, error);
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
        if (!dma.isModeValid()) {
            return BAD_MODE;
        }
        boolean widthKnown = capability.extended(Capability.SMTS) || capability.extended(Capability.ADMS);
        if (wide ? !widthKnown : !dma.isLegacy()) {
            return BAD_WIDTH;
        }
        if (wide && (registers.get(IQT) & 0x10) != 0) {
            return BAD_ALIGNMENT;
        }
        return tables.holds(at) ? 0 : BAD_FETCH;
    }

    /** @return 0, {@link #NOT_YET}, or what is wrong with the descriptor */
    private int carryOut(long low, long high) {
        int type = (int) TYPE.of(low);
        boolean process = type == PROCESS_IOTLB || type == PROCESS_CACHE || type == PROCESS_DEVICE_TLB || type == GROUP_RESPONSE;
        if (TYPE_HIGH.of(low) != 0 || process && dma.isLegacy()) {
            return BAD_TYPE;
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
                if (!capability.has(Capability.PSI)) {
                    return BAD_RESERVED;
                }
                caches.dropPages(domain, high & PAGE, pages, VtdRegister.IH.isSet(high));
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
        long drain = capability.extended(Capability.PDS) ? 0 : PAGE_REQUEST_DRAIN.mask();
        if ((low & (WAIT_RESERVED | drain)) != 0 || (high & 3) != 0) {
            return BAD_RESERVED;
        }
        if (pending.tags() == 0) {
            signal(low, high);
            return 0;
        }
        waitsLow[waits] = low;
        waitsHigh[waits] = high;
        waitsFor[waits++] = pending.tags();
        return 0;
    }

    /** A wait descriptor is complete. */
    private void signal(long low, long high) {
        // Elsewhere than in memory the specification leaves it undefined; a status written to IQT could keep the queue busy for ever.
        long at = high & ~tables.beyond();
        if (STATUS_WRITE.isSet(low) && tables.holds(at)) {
            memory.write(at, 4, STATUS_DATA.of(low));
        }
        if (INTERRUPT_FLAG.isSet(low) && !registers.isSet(VtdRegister.ICS, VtdRegister.IWC)) {
            registers.raise(VtdRegister.ICS, VtdRegister.IWC.mask());
            completion.raise();
        }
    }

    /** Completes the wait descriptors, in order, that wait for nothing any more. */
    private void settle() {
        int done = 0;
        while (done < waits && (waitsFor[done] & pending.tags()) == 0) {
            signal(waitsLow[done], waitsHigh[done]);
            done++;
        }
        System.arraycopy(waitsLow, done, waitsLow, 0, waits - done);
        System.arraycopy(waitsHigh, done, waitsHigh, 0, waits - done);
        System.arraycopy(waitsFor, done, waitsFor, 0, waits - done);
        waits -= done;
    }

    private int deviceTlb(long low, long high) {
        if (!capability.extended(Capability.DT)) {
            return BAD_TYPE;
        }
        if ((low & (DEVICE_TLB_RESERVED | physicalReserved())) != 0 || (high & DEVICE_TLB_HIGH_RESERVED) != 0) {
            return BAD_RESERVED;
        }
        return invalidate((int) SID.of(low), Caches.NO_PASID, high & PAGE, SIZE.isSet(high), false, physical(low), (int) MOST_PENDING.of(low));
    }

    private long physicalReserved() {
        return capability.extended(Capability.DIT) ? 0 : PHYSICAL;
    }

    private static int physical(long low) {
        return (int) (PHYSICAL_HIGH.of(low) << 4 | PHYSICAL_LOW.of(low));
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
                if ((high & IOTLB_HIGH_RESERVED) != 0) {
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
        if (!capability.extended(Capability.DT)) {
            return BAD_TYPE;
        }
        if ((low & (PROCESS_DEVICE_TLB_RESERVED | physicalReserved())) != 0 || (high & PROCESS_DEVICE_TLB_HIGH_RESERVED) != 0) {
            return BAD_RESERVED;
        }
        return invalidate((int) REQUESTER.of(low), (int) PASID.of(low), high & PAGE, PROCESS_SIZE.isSet(high), GLOBAL.isSet(high), physical(low),
                (int) PROCESS_MOST_PENDING.of(low));
    }

    /**
     * Asks a device to drop translations. It has answered at once, or will; nobody answers for a device that is not there.
     *
     * @param sized    whether the range is given by the lowest address bit from 12 up that is 0, else it is 4 KiB
     * @param physical function whose requests are counted together
     * @param most     how many of them it is to have at a time; 0 for 32
     * @return 0, or {@link #NOT_YET} while there is no tag, or the function has as many as it takes
     */
    private int invalidate(int sourceId, int process, long address, boolean sized, boolean global, int physical, int most) {
        boolean throttles = capability.extended(Capability.DIT) && most != 0;
        int tag = throttles && pending.of(physical) >= most ? -1 : pending.take(sourceId, physical, clock.now() + timeout);
        if (tag < 0) {
            return NOT_YET;
        }
        int bits = 12 + (sized ? 1 + Long.numberOfTrailingZeros(~(address >>> 12)) : 0);
        long length = bits >= 63 ? ALL : 1L << bits;
        DeviceTlb device = devices.at(sourceId);
        if (device != null && device.invalidate(tag, process, length == ALL ? 0 : address & -length, length, global)) {
            pending.free(tag);
        }
        arm();
        return 0;
    }

    /**
     * A device has sent an invalidation completion message.
     *
     * @param tags  bit by tag
     * @param count completions that it sends for each of them: 1 to 7, or 0 for 8
     */
    void completed(int sourceId, int tags, int count) {
        boolean stray = false;
        for (int tag = 0; tag < DeviceRequests.TAGS; tag++) {
            if ((tags >>> tag & 1) != 0) {
                stray |= !pending.answered(tag, sourceId, count);
            }
        }
        if (stray) {
            if (!registers.isSet(VtdRegister.FSTS, VtdRegister.ICE)) {
                registers.set(VtdRegister.IQERCD, VtdRegister.ICESID, sourceId);
            }
            log.status(VtdRegister.ICE.mask());
        }
        settle();
        arm();
        run();
    }

    /** The time of a request may have come. */
    private void expired() {
        for (int tag = pending.expired(clock.now()); tag >= 0; tag = pending.expired(clock.now())) {
            if (!registers.isSet(VtdRegister.FSTS, VtdRegister.ITE)) {
                registers.set(VtdRegister.IQERCD, VtdRegister.ITESID, pending.sourceId(tag));
            }
            pending.free(tag);
            waits = 0;
            log.status(VtdRegister.ITE.mask());
        }
        arm();
    }

    private void arm() {
        if (pending.tags() == 0) {
            timer.cancel();
        } else {
            timer.at(pending.earliest());
        }
    }

    /** The queue is switched off or on: what waits in it is forgotten, devices still answer. */
    void stop() {
        waits = 0;
    }

    void reset() {
        waits = 0;
        pending.clear();
        if (timer != null) {
            timer.cancel();
        }
    }

    QueueState save() {
        return new QueueState(pending.save(), Arrays.copyOf(waitsLow, waits), Arrays.copyOf(waitsHigh, waits), Arrays.copyOf(waitsFor, waits));
    }

    void check(QueueState state) {
        int number = state.waitsLow().length;
        if (number > MOST_WAITS || state.waitsHigh().length != number || state.waitsFor().length != number || !DeviceRequests.fits(state.pending())) {
            throw new StateException("state of an invalidation queue has " + number + " wait descriptors, at most " + MOST_WAITS + " of three parts each fit");
        }
    }

    void restore(QueueState state) {
        waits = state.waitsLow().length;
        System.arraycopy(state.waitsLow(), 0, waitsLow, 0, waits);
        System.arraycopy(state.waitsHigh(), 0, waitsHigh, 0, waits);
        System.arraycopy(state.waitsFor(), 0, waitsFor, 0, waits);
        pending.restore(state.pending());
        if (timer != null) {
            arm();
        }
    }

    private int groupResponse(long low, long high) {
        if (!capability.extended(Capability.PRS)) {
            return BAD_TYPE;
        }
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
