package com.vtsim.cpu.vmx;

import com.vtsim.api.irq.LocalApicPort;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.MessageTarget;
import com.vtsim.cpu.engine.Cpu;

/**
 * The virtual-APIC page of the VM that runs: what writes to its task priority, EOI and interrupt commands mean, which virtual
 * interrupt is pending, and how it reaches the guest.
 *
 * @sdm APIC Virtualization and Virtual Interrupts
 */
final class VirtualApic {
    /** Offsets of registers in the page; those of ISR, TMR and IRR are the first of eight, 16 bytes apart. */
    static final int TPR = 0x80, PPR = 0xA0, EOI = 0xB0, ISR = 0x100, IRR = 0x200, ICR_LOW = 0x300, ICR_HIGH = 0x310, SELF_IPI = 0x3F0;
    private static final VmcsField[] EOI_EXIT = {VmcsField.EOI_EXIT0, VmcsField.EOI_EXIT1, VmcsField.EOI_EXIT2, VmcsField.EOI_EXIT3};
    /** Of a posted-interrupt descriptor: the byte with the outstanding-notification bit. */
    private static final int NOTIFICATION = 32;
    private static final int OUTSTANDING = 1, SUPPRESSED = 2;
    private static final long X2APIC_MODE = 1 << 10;

    private final Vmx vmx;
    private final Cpu cpu;
    private long page;
    private boolean delivers;
    private boolean interruptsOthers;
    /** Requesting and servicing virtual interrupt. */
    private int requesting;
    private int servicing;

    VirtualApic(Vmx vmx) {
        this.vmx = vmx;
        this.cpu = vmx.cpu;
    }

    /** Takes the controls of the VM that runs. */
    void adopt() {
        page = vmx.image.get(VmcsField.VIRTUAL_APIC);
        delivers = vmx.has(Control.VIRTUAL_INTERRUPT_DELIVERY);
        interruptsOthers = Control.IPI_VIRTUALIZATION.in(vmx.image);
    }

    /** A VM entry ends: what was pending for the guest is so again. */
    void entered() {
        if (delivers) {
            status((int) vmx.image.get(VmcsField.GUEST_INTERRUPT_STATUS));
            virtualizeProcessorPriority();
            evaluate();
        } else if (vmx.has(Control.USE_TPR_SHADOW)) {
            checkThreshold();
        }
    }

    /** @return RVI in bits 7:0, SVI in bits 15:8 */
    int status() {
        return servicing << 8 | requesting;
    }

    void status(int value) {
        requesting = value & 0xFF;
        servicing = value >> 8 & 0xFF;
    }

    /** @return whether virtual interrupts are delivered without the monitor */
    boolean delivers() {
        return delivers;
    }

    /** @return whether interrupt commands reach other virtual processors without the monitor */
    boolean interruptsOthers() {
        return interruptsOthers;
    }

    private MemorySpace memory() {
        return cpu.memory.space();
    }

    /** @return {@code size} bytes of the page */
    long read(int offset, int size) {
        return memory().read(page + offset, size);
    }

    void write(int offset, int size, long value) {
        memory().write(page + offset, size, value);
    }

    // Virtualization of what the guest writes

    int taskPriority() {
        return (int) read(TPR, 1);
    }

    /** The task priority was written, bits 7:0 count. */
    void taskPriority(int value) {
        write(TPR, 4, value);
        virtualizeTaskPriority();
    }

    /** @sdm TPR Virtualization */
    private void virtualizeTaskPriority() {
        if (delivers) {
            virtualizeProcessorPriority();
            evaluate();
        } else {
            checkThreshold();
        }
    }

    /** An exit follows the instruction, or the entry, if the virtual task priority is below the threshold. */
    private void checkThreshold() {
        if (taskPriority() >> 4 < (vmx.image.get(VmcsField.TPR_THRESHOLD) & 0xF)) {
            vmx.boundary.attend(Boundary.THRESHOLD);
        }
    }

    /** @sdm PPR Virtualization */
    private void virtualizeProcessorPriority() {
        int task = taskPriority();
        write(PPR, 4, task >> 4 >= servicing >> 4 ? task : servicing & 0xF0);
    }

    /**
     * The guest has written its EOI register.
     *
     * @return whether that makes the VM exit
     * @sdm EOI Virtualization
     */
    private boolean endOfInterrupt() {
        int vector = servicing;
        set(ISR, vector, false);
        servicing = highest(ISR);
        virtualizeProcessorPriority();
        if ((vmx.image.get(EOI_EXIT[vector >> 6]) >> (vector & 63) & 1) != 0) {
            vmx.leave(ExitReason.VIRTUALIZED_EOI, vector);
            return true;
        }
        evaluate();
        return false;
    }

    /** @sdm Self-IPI Virtualization */
    private void interruptSelf(int vector) {
        set(IRR, vector, true);
        requesting = Math.max(requesting, vector);
        evaluate();
    }

    /**
     * A write to the page is complete, and so is the instruction that made it: now it takes effect.
     *
     * @param offset of the register
     * @param msr    whether it was written as a model-specific register
     * @return whether that makes the VM exit
     * @sdm APIC-Write Emulation; Virtualizing MSR-Based APIC Accesses
     */
    boolean emulateWrite(int offset, boolean msr) {
        switch (offset) {
            case TPR -> {
                write(TPR + 1, 1, 0);
                write(TPR + 2, 2, 0);
                virtualizeTaskPriority();
                return false;
            }
            case EOI -> {
                if (delivers) {
                    write(EOI, 4, 0);
                    return endOfInterrupt();
                }
            }
            case ICR_LOW -> {
                long command = read(ICR_LOW, 4);
                if (delivers && !msr && selfCommand(command)) {
                    interruptSelf((int) command & 0xFF);
                    return false;
                }
                long target = msr ? read(ICR_LOW + 4, 4) : read(ICR_HIGH + 3, 1);
                if (interruptsOthers && otherCommand(command) && interruptOther((int) command & 0xFF, target)) {
                    return false;
                }
            }
            case ICR_HIGH -> {
                write(ICR_HIGH, 2, 0);
                write(ICR_HIGH + 2, 1, 0);
                return false;
            }
            case SELF_IPI -> {
                int vector = (int) read(SELF_IPI, 1);
                if (msr && vector >= 16) {
                    interruptSelf(vector);
                    return false;
                }
            }
            default -> { }
        }
        vmx.leave(ExitReason.APIC_WRITE, offset);
        return true;
    }

    /** Fixed delivery, edge, to oneself by shorthand, a vector from 16 on, reserved bits and delivery status 0. */
    private static boolean selfCommand(long command) {
        return (command & 0xFFFF_B700L) == 0x0004_0000L && (command & 0xF0) != 0;
    }

    /** Fixed delivery, edge, to one physical destination, reserved bits and delivery status 0. */
    private static boolean otherCommand(long command) {
        return (command & 0xFFFF_BF00L) == 0;
    }

    /**
     * Posts an interrupt to another virtual processor, and notifies the processor it runs on.
     *
     * @return false if it is left to the monitor
     * @sdm IPI Virtualization
     */
    private boolean interruptOther(int vector, long target) {
        if (vector < 16 || target > vmx.image.get(VmcsField.LAST_PID_POINTER_INDEX)) {
            return false;
        }
        long pointer = memory().read(vmx.image.get(VmcsField.PID_POINTER_TABLE) + 8 * target, 8);
        if (!Capabilities.physical(pointer) || (pointer & 0x3F) != 1) {
            return false;
        }
        long descriptor = pointer & ~0x3FL;
        long requests = descriptor + (vector >> 3);
        memory().write(requests, 1, memory().read(requests, 1) | 1L << (vector & 7));
        long notification = memory().read(descriptor + NOTIFICATION, 8);
        // Without a local APIC, which may have been taken away meanwhile, nobody is notified.
        if ((notification & (OUTSTANDING | SUPPRESSED)) == 0 && cpu.system.localApic() != null && cpu.controller instanceof MessageTarget messages) {
            memory().write(descriptor + NOTIFICATION, 1, notification | OUTSTANDING);
            boolean x2apic = (cpu.system.localApic().base() & X2APIC_MODE) != 0;
            long destination = x2apic ? notification >>> 32 : notification >>> 40 & 0xFF;
            messages.message(0xFEE0_0000L | destination << 12, (int) (notification >> 16) & 0xFF);
        }
        return true;
    }

    // Virtual interrupts

    private void set(int registers, int vector, boolean value) {
        int at = registers + (vector >> 5) * 16 + (vector >> 3 & 3);
        long bit = 1L << (vector & 7);
        write(at, 1, value ? read(at, 1) | bit : read(at, 1) & ~bit);
    }

    /** @return the highest vector whose bit is set, or 0 */
    private int highest(int registers) {
        for (int i = 7; i >= 0; i--) {
            int bits = (int) read(registers + 16 * i, 4);
            if (bits != 0) {
                return 32 * i + 31 - Integer.numberOfLeadingZeros(bits);
            }
        }
        return 0;
    }

    /** @sdm Evaluation of Pending Virtual Interrupts */
    private void evaluate() {
        boolean pending = !vmx.has(Control.INTERRUPT_WINDOW_EXITING) && requesting >> 4 > read(PPR, 1) >> 4;
        if (pending) {
            vmx.boundary.attend(Boundary.VIRTUAL_INTERRUPT);
        } else {
            vmx.boundary.attended(Boundary.VIRTUAL_INTERRUPT);
        }
    }

    /**
     * The pending virtual interrupt is taken.
     *
     * @return its vector, which is now delivered through the guest's IDT
     * @sdm Virtual-Interrupt Delivery
     */
    int take() {
        int vector = requesting;
        set(ISR, vector, true);
        servicing = vector;
        write(PPR, 4, vector & 0xF0);
        set(IRR, vector, false);
        requesting = highest(IRR);
        return vector;
    }

    /**
     * A notification has arrived: what has been posted is requested.
     *
     * @sdm Posted-Interrupt Processing
     */
    void takePosted() {
        vmx.journal.notified();
        long descriptor = vmx.image.get(VmcsField.POSTED_INTERRUPT_DESCRIPTOR);
        memory().write(descriptor + NOTIFICATION, 1, memory().read(descriptor + NOTIFICATION, 1) & ~OUTSTANDING);
        endPhysicalInterrupt();
        int posted = 0;
        for (int i = 0; i < 8; i++) {
            int bits = (int) memory().read(descriptor + 4 * i, 4);
            if (bits != 0) {
                memory().write(descriptor + 4 * i, 4, 0);
                write(IRR + 16 * i, 4, read(IRR + 16 * i, 4) | bits);
                posted = 32 * i + 31 - Integer.numberOfLeadingZeros(bits);
            }
        }
        requesting = Math.max(requesting, posted);
        evaluate();
    }

    /** Writes the EOI register of the processor's own local APIC. */
    private void endPhysicalInterrupt() {
        LocalApicPort apic = cpu.system.localApic();
        if ((apic.base() & X2APIC_MODE) != 0) {
            apic.writeX2apic(0x80B, 0);
        } else {
            memory().write((apic.base() & -4096L) + EOI, 4, 0);
        }
    }
}
