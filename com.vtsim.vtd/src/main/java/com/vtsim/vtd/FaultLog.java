package com.vtsim.vtd;

import com.vtsim.api.machine.Reset;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.vtd.RemappingUnit.Tally;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Fault logging: primary, in the fault recording registers, or advanced, in memory; the status register and the fault event.
 * Source: VT-d specification, Fault Logging and Fault Recording Registers.
 */
final class FaultLog {
    /** Bytes of a record. */
    static final int RECORD = 16;
    /** High half: a fault is recorded. */
    static final long F = 1L << 63;
    /** High half: a read rather than a write. */
    static final long T = 1L << 62;
    /** High half: a translation request (address type 01b). */
    static final long TRANSLATION = 1L << 60;
    /** High half: a translated request (address type 10b). */
    static final long TRANSLATED = 2L << 60;
    /** High half: a page request (T2). */
    static final long PAGE_REQUEST = 1L << 28;
    /** High half: a process address space id is recorded. */
    private static final long PP = 1L << 31;
    private static final long EXE = 1L << 30;
    private static final long PRIV = 1L << 29;

    private static final long PAGE = ~0xFFFL;
    private static final int REQUESTERS = 0x1_0000;

    private final RegisterFile<VtdRegister> registers;
    private final TableMemory memory;
    private final EventMessage event;
    private final long[] low;
    private final long[] high;
    private int next;
    private long recorded;
    private long dropped;

    /** The log in memory, as AFLOG has it, and where its next record goes. */
    private long advanced;
    private int advancedNext;
    /** By requester; made with the first fault. */
    private long[] faults;

    /** What is carried over. */
    record LogState(long[] low, long[] high, int next, long recorded, long dropped, long advanced, int advancedNext) { }

    FaultLog(RegisterFile<VtdRegister> registers, TableMemory memory, EventMessage event, int records) {
        this.registers = registers;
        this.memory = memory;
        this.event = event;
        low = new long[records];
        high = new long[records];
    }

    /**
     * Records a fault of a DMA request.
     *
     * @param pasid 20 bits, or -1
     * @param kind  0, {@link #TRANSLATION}, {@link #TRANSLATED} or {@link #PAGE_REQUEST}
     */
    void dma(FaultReason reason, int sourceId, int pasid, long address, Access access, long kind) {
        long process = pasid < 0 ? 0 : PP | (long) pasid << 40 | (access.execute ? EXE : 0) | (access.privileged ? PRIV : 0);
        boolean reads = !access.write && kind != PAGE_REQUEST;
        record(address & ~0xFFFL, (reads ? T : 0) | kind | process | (long) reason.code() << 32 | sourceId & 0xFFFF);
    }

    /** Records a fault of an interrupt request. */
    void interrupt(FaultReason reason, int sourceId, int index) {
        record((long) index << 48, (long) reason.code() << 32 | sourceId & 0xFFFF);
    }

    private void record(long newLow, long newHigh) {
        count((int) newHigh & 0xFFFF);
        if (isAdvanced()) {
            recordInMemory(newLow, newHigh);
            return;
        }
        if (registers.isSet(VtdRegister.FSTS, VtdRegister.PFO)) {
            dropped++;
            return;
        }
        if ((high[next] & F) != 0) {
            dropped++;
            registers.raise(VtdRegister.FSTS, VtdRegister.PFO.mask());
            return;
        }
        low[next] = newLow;
        high[next] = newHigh | F;
        recorded++;
        if (!registers.isSet(VtdRegister.FSTS, VtdRegister.PPF)) {
            registers.set(VtdRegister.FSTS, VtdRegister.FRI, next);
            status(VtdRegister.PPF.mask());
        }
        next = (next + 1) % high.length;
    }

    /** Neither DMA nor interrupts are remapped: the next record is the first one. */
    void rewind() {
        next = 0;
    }

    private void count(int sourceId) {
        if (faults == null) {
            faults = new long[REQUESTERS];
        }
        faults[sourceId]++;
    }

    /** @return faults by requester */
    List<Tally> tallies() {
        List<Tally> tallies = new ArrayList<>();
        for (int sourceId = 0; faults != null && sourceId < REQUESTERS; sourceId++) {
            if (faults[sourceId] != 0) {
                tallies.add(new Tally(sourceId, faults[sourceId]));
            }
        }
        return tallies;
    }

    // Advanced fault logging

    /** Begins a log in memory. @param register as AFLOG has it */
    void advanced(long register) {
        advanced = register;
        advancedNext = 0;
    }

    /** @return whether faults are recorded in memory rather than in registers */
    boolean isAdvanced() {
        return registers.isSet(VtdRegister.GSTS, VtdRegister.EAFL);
    }

    /** @return records that the log in memory has room for */
    int advancedSize() {
        return (4096 << VtdRegister.FLS.of(advanced)) / RECORD;
    }

    /** @return where a record of the log in memory is; host-physical */
    long advancedRecord(int index) {
        return (advanced & PAGE) + (long) index * RECORD;
    }

    /** A record whose F software has not cleared is full. Source: VT-d specification, Advanced Fault Logging. */
    private void recordInMemory(long newLow, long newHigh) {
        long at = advancedRecord(advancedNext);
        boolean full = !memory.holds(at) || (memory.read(at + 8) & F) != 0;
        if (full || registers.isSet(VtdRegister.FSTS, VtdRegister.AFO)) {
            dropped++;
            if (!registers.isSet(VtdRegister.FSTS, VtdRegister.AFO)) {
                status(VtdRegister.AFO.mask());
            }
            return;
        }
        memory.write(at, newLow);
        memory.write(at + 8, newHigh | F);
        recorded++;
        advancedNext = (advancedNext + 1) % advancedSize();
        if (!registers.isSet(VtdRegister.FSTS, VtdRegister.APF)) {
            status(VtdRegister.APF.mask());
        }
    }

    /** Sets a status bit; if none was set, that is a new interrupt condition. */
    void status(long mask) {
        boolean quiet = (registers.get(VtdRegister.FSTS) & 0xFF) == 0;
        registers.raise(VtdRegister.FSTS, mask);
        if (quiet) {
            event.raise();
        }
    }

    /** Software has written the status register or a record. */
    void settle() {
        boolean any = false;
        for (long each : high) {
            any |= (each & F) != 0;
        }
        if (!any) {
            registers.clear(VtdRegister.FSTS, VtdRegister.PPF.mask());
        }
        if ((registers.get(VtdRegister.FSTS) & 0xFF) == 0) {
            event.settle();
        }
    }

    /** @param offset bytes from the first record; @param size 1, 2, 4 or 8, aligned */
    long read(int offset, int size) {
        int record = offset / RECORD;
        if (record >= high.length) {
            return 0;
        }
        long half = (offset & 8) == 0 ? low[record] : high[record];
        return half >>> 8 * (offset & 7) & -1L >>> 64 - 8 * size;
    }

    /** Writing 1 to F clears the record's F. */
    void write(int offset, int size, long value) {
        int record = offset / RECORD;
        int top = (offset & 7) + size;
        if (record < high.length && (offset & 8) != 0 && top == 8 && (value >>> 8 * size - 1 & 1) != 0) {
            high[record] &= ~F;
            settle();
        }
    }

    long low(int record) {
        return low[record];
    }

    long high(int record) {
        return high[record];
    }

    /** @return records there are */
    int size() {
        return high.length;
    }

    /** @return faults recorded since power-on */
    long recorded() {
        return recorded;
    }

    /** @return faults not recorded for want of a free record */
    long dropped() {
        return dropped;
    }

    void reset(Reset kind) {
        next = 0;
        advanced(0);
        if (kind == Reset.COLD) {
            Arrays.fill(low, 0);
            Arrays.fill(high, 0);
            recorded = 0;
            dropped = 0;
        }
    }

    LogState save() {
        return new LogState(low, high, next, recorded, dropped, advanced, advancedNext);
    }

    boolean fits(LogState state) {
        return state.low().length == low.length && state.high().length == high.length && state.next() >= 0 && state.next() < high.length;
    }

    void restore(LogState state) {
        System.arraycopy(state.low(), 0, low, 0, low.length);
        System.arraycopy(state.high(), 0, high, 0, high.length);
        next = state.next();
        recorded = state.recorded();
        dropped = state.dropped();
        advanced = state.advanced();
        advancedNext = Math.floorMod(state.advancedNext(), advancedSize());
    }
}
