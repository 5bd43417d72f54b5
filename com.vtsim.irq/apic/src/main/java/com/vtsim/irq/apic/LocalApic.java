package com.vtsim.irq.apic;

import com.vtsim.api.irq.LocalApicPort;
import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.register.RegisterState;

/**
 * One local APIC: xAPIC and x2APIC mode. Machine thread only.
 *
 * @sdm Advanced Programmable Interrupt Controller (APIC); Extended XAPIC (x2APIC)
 */
final class LocalApic implements LocalApicPort {
    /** IA32_APIC_BASE bits. */
    static final long BSP = 1 << 8, EXTD = 1 << 10, EN = 1 << 11;
    /** Where the window lies after power-up. */
    static final long DEFAULT_BASE = 0xFEE0_0000L;

    /** Errors, bits of ESR. */
    static final int SEND_ILLEGAL_VECTOR = 1 << 5, RECEIVE_ILLEGAL_VECTOR = 1 << 6, ILLEGAL_REGISTER = 1 << 7;

    private static final long RESERVED_BASE = 0x2FF;
    private static final String ACK = "irq.ack";
    private static final String EOI = "irq.eoi";

    private final int id;
    private final Chips chips;
    private final MessageBus bus;
    private final X2apicRegisters wide;
    private final RegisterFile<ApicRegister> registers = new RegisterFile<>(ApicRegister.class, new Device());
    final LocalVectorTable lvt;
    final ApicTimer timer;
    private final LocalApicView view = new LocalApicView(this);
    final VectorSet irr = new VectorSet();
    final VectorSet isr = new VectorSet();
    final VectorSet tmr = new VectorSet();
    /** Numbers of the interrupts in IRR and ISR, for the trace. */
    private long[] numbers = new long[256];
    private long[] serving = new long[256];
    private Processor processor;
    private long base;
    int errors;
    /** An ExtINT message that waits for its acknowledge cycle. */
    private boolean external;
    boolean intr;
    long delivered;
    long merged;
    long spurious;

    /** What a local APIC needs of the rest. */
    interface Chips {
        /** An EOI message to the I/O APICs. */
        void ended(int vector);

        /** The acknowledge cycle that goes to the 8259As. */
        int acknowledgeExternal();

        /** INTR towards a processor. */
        void intr(Processor processor, boolean level);

        /** IA32_APIC_BASE has changed. */
        void moved();
    }

    /**
     * State of a local APIC.
     *
     * @param registers what the windows show, but for IRR, ISR and TMR
     * @param base      IA32_APIC_BASE
     * @param destination ICR bits 63:32 in x2APIC mode
     * @param irr       requested
     * @param isr       in service
     * @param tmr       level-triggered
     * @param errors    not yet in ESR
     * @param external  an ExtINT message waits
     * @param pins      LINT0 and LINT1
     * @param timer     timer
     */
    record LocalState(RegisterState registers, long base, int destination, long[] irr, long[] isr, long[] tmr, int errors, boolean external, boolean[] pins,
            ApicTimer.TimerState timer) {
        LocalState {
            if (irr.length != 4 || isr.length != 4 || tmr.length != 4 || pins.length != 2) {
                throw new IllegalArgumentException("a local APIC has 256 vectors and two LINT pins");
            }
        }
    }

    /** @param id of the processor and the APIC */
    LocalApic(int id, Chips chips, MessageBus bus) {
        this.id = id;
        this.chips = chips;
        this.bus = bus;
        wide = new X2apicRegisters(this, registers, bus);
        lvt = new LocalVectorTable(this, registers, bus);
        timer = lvt.timer;
        powerUp();
    }

    void attach(Board board, Processor wired) {
        processor = wired;
        numbers = board.tracer().numbers("pending of cpu" + id, 256);
        serving = board.tracer().numbers("serving of cpu" + id, 256);
        timer.attach(board, "timer " + id);
        intr = false;
        wired.intr(false);
        evaluate();
    }

    /** @sdm Local APIC State After Power-Up or Reset */
    void powerUp() {
        base = DEFAULT_BASE | EN | (id == 0 ? BSP : 0);
        clear();
    }

    private void clear() {
        registers.reset(Reset.COLD);
        irr.clear();
        isr.clear();
        tmr.clear();
        errors = 0;
        wide.destination(0);
        external = false;
        timer.reset();
        evaluate();
    }

    /** @sdm Local APIC State After It Receives an INIT Reset */
    @Override
    public void init() {
        clear();
    }

    /** What firmware leaves on the bootstrap processor: 8259A through LINT0, NMI through LINT1. @sdm Virtual Wire Mode, in the MultiProcessor Specification */
    void virtualWire() {
        registers.set(ApicRegister.SVR, 0x1FF);
        registers.set(ApicRegister.LVT_LINT0, Delivery.EXTINT << 8);
        registers.set(ApicRegister.LVT_LINT1, Delivery.NMI << 8);
        evaluate();
    }

    // Modes

    @Override
    public int id() {
        return id;
    }

    @Override
    public long base() {
        return base;
    }

    boolean on() {
        return (base & EN) != 0;
    }

    boolean x2apic() {
        return (base & EXTD) != 0;
    }

    /** @return where the xAPIC window of this processor is, or -1 */
    long window() {
        return on() && !x2apic() ? base & ~0xFFFL : -1;
    }

    /** @return whether it takes interrupts */
    boolean enabled() {
        return on() && registers.isSet(ApicRegister.SVR, ApicRegister.ENABLE);
    }

    /** @sdm x2APIC State Transitions; Enabling or Disabling the Local APIC */
    @Override
    public boolean base(long wanted) {
        boolean extended = (wanted & EXTD) != 0;
        boolean enable = (wanted & EN) != 0;
        boolean legal = (wanted & RESERVED_BASE) == 0 && (!extended || enable) && (!enable || extended == x2apic() || extended && on());
        if (!legal) {
            return false;
        }
        boolean off = on() && !enable;
        base = wanted;
        if (off) {
            clear();
        }
        chips.moved();
        evaluate();
        return true;
    }

    // Messages

    /** @sdm Logical Destination Mode; Logical Destination Mode in x2APIC Mode */
    boolean matches(int destination, boolean logical) {
        if (!logical) {
            return destination == id;
        }
        if (x2apic()) {
            int ldr = logicalId();
            return ldr >>> 16 == destination >>> 16 && (ldr & destination & 0xFFFF) != 0;
        }
        int mine = (int) (registers.get(ApicRegister.LDR) >>> 24);
        if (registers.get(ApicRegister.DFR) >>> 28 != 0) {
            return (mine & destination & 0xFF) != 0;
        }
        return mine >> 4 == (destination >> 4 & 0xF) && (mine & destination & 0xF) != 0;
    }

    int logicalId() {
        return id >> 4 << 16 | 1 << (id & 0xF);
    }

    /** @return whether it has the vector already and checks for that */
    boolean focus(int vector) {
        return (irr.has(vector) || isr.has(vector)) && !registers.isSet(ApicRegister.SVR, ApicRegister.NO_FOCUS);
    }

    /** A message for this APIC. @return whether it takes it */
    boolean accept(int mode, int vector, boolean level) {
        if (!on() || processor == null) {
            return false;
        }
        switch (mode) {
            case Delivery.FIXED -> {
                return enabled() && request(vector, level);
            }
            case Delivery.NMI -> processor.nmi();
            case Delivery.INIT -> processor.init();
            case Delivery.STARTUP -> processor.startup(vector);
            case Delivery.EXTINT -> {
                external = true;
                evaluate();
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    /** A fixed interrupt for this APIC, which is enabled. @return true */
    boolean request(int vector, boolean level) {
        if (vector < 16) {
            error(RECEIVE_ILLEGAL_VECTOR);
            return true;
        }
        if (irr.has(vector)) {
            merged++;
        } else {
            numbers[vector] = bus.id();
        }
        irr.set(vector);
        tmr.set(vector, level);
        evaluate();
        return true;
    }

    // Priorities

    static int priorityOf(int vector) {
        return vector == VectorSet.NONE ? 0 : vector & 0xF0;
    }

    /** @sdm Task and Processor Priorities */
    int processorPriority() {
        int task = (int) registers.get(ApicRegister.TPR);
        int service = priorityOf(isr.highest());
        return (task & 0xF0) >= service ? task : service;
    }

    /** @sdm Arbitration Priority, of the Pentium and P6 families */
    int arbitrationPriority() {
        int task = (int) registers.get(ApicRegister.TPR);
        int service = priorityOf(isr.highest());
        int requested = priorityOf(irr.highest());
        return (task & 0xF0) >= requested && (task & 0xF0) > service ? task : Math.max(Math.max(task & 0xF0, service), requested);
    }

    private boolean deliverable() {
        return on() && priorityOf(irr.highest()) > (processorPriority() & 0xF0);
    }

    private boolean externalWaits() {
        return external || lvt.external();
    }

    /** Drives INTR of the processor. */
    private void evaluate() {
        boolean now = externalWaits() || deliverable();
        if (now != intr && processor != null) {
            intr = now;
            chips.intr(processor, now);
        }
    }

    /** @return the vector the processor takes */
    int acknowledge() {
        if (externalWaits()) {
            external = false;
            int vector = chips.acknowledgeExternal();
            evaluate();
            return vector;
        }
        if (!deliverable()) {
            spurious++;
            int vector = (int) ApicRegister.VECTOR.of(registers.get(ApicRegister.SVR));
            bus.trace(ACK, this, 0, vector, " spurious");
            evaluate();
            return vector;
        }
        int vector = irr.highest();
        irr.clear(vector);
        isr.set(vector);
        delivered++;
        serving[vector] = numbers[vector];
        bus.trace(ACK, this, serving[vector], vector, "");
        evaluate();
        return vector;
    }

    /** @sdm Signaling Interrupt Servicing Completion */
    private void endOfInterrupt() {
        int vector = isr.highest();
        if (vector == VectorSet.NONE) {
            return;
        }
        isr.clear(vector);
        bus.trace(EOI, this, serving[vector], vector, "");
        if (tmr.has(vector)) {
            lvt.ended(vector);
            if (!registers.isSet(ApicRegister.SVR, ApicRegister.SUPPRESS_EOI)) {
                chips.ended(vector);
            }
        }
        evaluate();
    }

    // Local interrupts

    /** A LINT pin has this level. */
    void pin(int pin, boolean level) {
        lvt.pin(pin, level);
        evaluate();
    }

    void nmi() {
        if (processor != null) {
            processor.nmi();
        }
    }

    void error(int bit) {
        boolean fresh = (errors & bit) == 0;
        errors |= bit;
        // The entry itself may hold the illegal vector.
        if (fresh && ApicRegister.VECTOR.of(registers.get(ApicRegister.LVT_ERROR)) >= 16) {
            lvt.raise(ApicRegister.LVT_ERROR, "APIC error of");
        }
    }

    @Override
    public void performanceInterrupt() {
        lvt.performance();
    }

    @Override
    public boolean hasCorrectedErrors() {
        return true;
    }

    @Override
    public void correctedErrors() {
        lvt.corrected();
    }

    @Override
    public long tscDeadline() {
        return timer.deadline();
    }

    @Override
    public void tscDeadline(long wanted, long due) {
        if (lvt.deadlineMode()) {
            timer.deadline(wanted, due);
        }
    }

    @Override
    public int taskPriority() {
        return (int) registers.get(ApicRegister.TPR) >> 4;
    }

    @Override
    public void taskPriority(int priority) {
        registers.set(ApicRegister.TPR, (long) priority << 4);
        evaluate();
    }

    // Registers

    /** A read in the xAPIC window. */
    long load(int offset, int size) {
        if (registers.at(offset & ~0xF) == null) {
            error(ILLEGAL_REGISTER);
            return 0;
        }
        return registers.load(offset, size);
    }

    /** A write in the xAPIC window. */
    void store(int offset, int size, long written) {
        if (registers.at(offset & ~0xF) == null) {
            error(ILLEGAL_REGISTER);
            return;
        }
        registers.store(offset, size, written);
    }

    @Override
    public boolean readX2apic(int msr) {
        return wide.read(msr);
    }

    @Override
    public boolean writeX2apic(int msr, long written) {
        return wide.write(msr, written);
    }

    @Override
    public long value() {
        return wide.value();
    }

    /** @return ICR bits 63:32 in x2APIC mode, where they are all the destination */
    long wideDestination() {
        return wide.destination();
    }

    private void written(ApicRegister register, long old, long now) {
        switch (register) {
            case TPR -> evaluate();
            case EOI -> endOfInterrupt();
            case SVR -> {
                if (!ApicRegister.ENABLE.isSet(now)) {
                    lvt.mask();
                }
                evaluate();
            }
            case ESR -> {
                registers.set(ApicRegister.ESR, errors);
                errors = 0;
            }
            case ICR_LOW -> InterruptCommand.send(this, registers, bus, now);
            case LVT_CMCI, LVT_TIMER, LVT_THERMAL, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR -> {
                lvt.written(register, old, now);
                evaluate();
            }
            case INITIAL_COUNT -> {
                if (lvt.deadlineMode()) {
                    registers.set(register, old);
                } else {
                    timer.count(now);
                }
            }
            case DIVIDE -> timer.divisor(1 << ((int) (now & 3 | now >> 1 & 4) + 1 & 7));
            default -> { }
        }
    }

    /** Values that are computed when somebody looks. */
    private final class Device implements RegisterFile.Device<ApicRegister> {
        @Override
        public void written(ApicRegister register, long old, long now, long written) {
            LocalApic.this.written(register, old, now);
        }

        @Override
        public void refresh(ApicRegister register) {
            int word = register.layout().offset() >> 4 & 7;
            switch (register) {
                case ID -> registers.set(register, (long) id << 24);
                case PPR -> registers.set(register, processorPriority());
                case APR -> registers.set(register, arbitrationPriority());
                case CURRENT_COUNT -> registers.set(register, lvt.deadlineMode() ? 0 : timer.current());
                default -> {
                    int offset = register.layout().offset();
                    if (offset >= 0x100 && offset < 0x280) {
                        registers.set(register, (offset < 0x180 ? isr : offset < 0x200 ? tmr : irr).word(word));
                    }
                }
            }
        }
    }

    // State

    LocalState save() {
        for (ApicRegister register : ApicRegister.values()) {
            registers.peek(register.layout().offset(), 4);
        }
        return new LocalState(registers.save(), base, (int) wide.destination(), irr.save(), isr.save(), tmr.save(), errors, external, lvt.pins.clone(), timer.save());
    }

    void restore(LocalState state) {
        registers.restore(state.registers);
        base = state.base;
        wide.destination(state.destination & 0xFFFF_FFFFL);
        irr.restore(state.irr);
        isr.restore(state.isr);
        tmr.restore(state.tmr);
        errors = state.errors;
        external = state.external;
        System.arraycopy(state.pins, 0, lvt.pins, 0, lvt.pins.length);
        timer.restore(state.timer);
    }

    /** Drives INTR afresh after somebody else has. */
    void redrive() {
        intr = !externalWaits() && !deliverable();
        evaluate();
    }

    /** @return the number of the interrupt that waits, or waited last, with a vector */
    long number(int vector) {
        return numbers[vector];
    }

    boolean requests(int vector) {
        return irr.has(vector);
    }

    boolean serves(int vector) {
        return isr.has(vector);
    }

    LocalApicView view() {
        return view;
    }

    RegisterFile<ApicRegister> registers() {
        return registers;
    }
}
