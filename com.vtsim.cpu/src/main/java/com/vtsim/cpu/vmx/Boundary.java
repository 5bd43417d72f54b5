package com.vtsim.cpu.vmx;

import com.vtsim.api.machine.Clock;
import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Cpuid;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.Interrupts.Source;

/**
 * What VMX operation has to say between two instructions of a guest: what it waits for, which exits come before which events, and what becomes of interrupts and NMIs.
 *
 * @sdm Event Injection; VM Exits: Priority; Interrupt-Window Exiting and Virtual-Interrupt Delivery; Monitor Trap Flag
 */
public final class Boundary {
    /** What waits to be taken before the next instruction; bits of {@link #attention()}. */
    static final int INJECT = 1, TRAP_FLAG = 1 << 1, TIMER = 1 << 2, NMI_WINDOW = 1 << 3, INTERRUPT_WINDOW = 1 << 4, THRESHOLD = 1 << 5,
        BUS_LOCK = 1 << 6, APIC_WRITE = 1 << 7, VIRTUAL_INTERRUPT = 1 << 8;
    /** In {@link #written}: the register was written as an MSR. */
    private static final int AS_MSR = 1;
    /** Cycles of the crystal clock that the processor adds to the notify window. */
    private static final int NOTIFY_THRESHOLD = 256;

    private final Vmx vmx;
    private final Cpu cpu;
    private final VmcsImage image;
    private int attention;
    /** Offset of the virtual-APIC register whose write is to take effect, and {@link #AS_MSR}. */
    private int written;
    /** Whether the next instruction boundary is one where the monitor trap flag exits. */
    private boolean trapReady;
    /** Instructions retired when the latest IRET ended the blocking of NMIs. */
    private long unblockedAt = -1;
    /** Time stamps of the latest PAUSE at privilege level 0, or {@link Vmx#NONE}, and of the first of its loop. */
    private long pausedAt;
    private long loopBegan;

    Boundary(Vmx vmx) {
        this.vmx = vmx;
        this.cpu = vmx.cpu;
        this.image = vmx.image;
    }

    /** Non-root operation begins. */
    void entered() {
        attention = 0;
        unblockedAt = -1;
        trapReady = false;
        pausedAt = Vmx.NONE;
        if (vmx.has(Control.NMI_WINDOW_EXITING)) {
            attend(NMI_WINDOW);
        }
        if (vmx.has(Control.INTERRUPT_WINDOW_EXITING)) {
            attend(INTERRUPT_WINDOW);
        }
        if (vmx.has(Control.MONITOR_TRAP_FLAG)) {
            attend(TRAP_FLAG);
        }
    }

    /** Non-root operation has ended. */
    void left() {
        attention = 0;
    }

    /** A register of the virtual-APIC page has been written: the write takes effect after the instruction. */
    void apicWritten(int offset, boolean msr) {
        written = offset | (msr ? AS_MSR : 0);
        attend(APIC_WRITE);
    }

    void attend(int what) {
        if (vmx.nonRoot) {
            attention |= what;
            cpu.execution.vmAttention(true);
        }
    }

    /** @return whether it was to be attended to, and is no longer */
    boolean attended(int what) {
        if ((attention & what) == 0) {
            return false;
        }
        attention &= ~what;
        cpu.execution.vmAttention(attention != 0);
        return true;
    }

    // What the engine asks

    /** @return whether INIT waits until VMX root operation ends, or the VM waits for a start-up message */
    public boolean blocksInit() {
        return vmx.on && (!vmx.nonRoot || cpu.execution.activity.waitsForStartup());
    }

    /** @return whether an external interrupt makes the VM exit, whatever RFLAGS.IF */
    public boolean interruptExits() {
        return vmx.nonRoot && vmx.has(Control.EXTERNAL_INTERRUPT_EXITING);
    }

    /** @return whether the NMI pin is heard although NMIs are blocked: what is blocked are virtual NMIs */
    public boolean virtualNmis() {
        return vmx.nonRoot && vmx.has(Control.VIRTUAL_NMIS);
    }

    /** @return whether IRET ends the blocking of NMIs */
    public boolean iretUnblocks(boolean blocked) {
        if (vmx.nonRoot && vmx.has(Control.NMI_EXITING) && !vmx.has(Control.VIRTUAL_NMIS)) {
            return false;
        }
        unblockedAt = blocked ? cpu.execution.retired() : -1;
        return true;
    }

    /** @return whether the instruction under execution is an IRET that has ended the blocking of NMIs */
    boolean unblockedByIret() {
        return unblockedAt == cpu.execution.retired();
    }

    /**
     * Takes what goes before debug traps: an event to inject, a write to the virtual APIC, the TPR threshold, the monitor trap flag.
     *
     * @return whether something was taken
     */
    public boolean beforeTraps() {
        if (attended(INJECT)) {
            trapReady = true;
            vmx.entry().inject();
            return true;
        }
        if (attended(APIC_WRITE) && vmx.apic.emulateWrite(written & ~AS_MSR, (written & AS_MSR) != 0)) {
            return true;
        }
        if (attended(BUS_LOCK)) {
            vmx.leave(ExitReason.BUS_LOCK, 0);
            return true;
        }
        if (attended(THRESHOLD)) {
            vmx.leave(ExitReason.TPR_BELOW_THRESHOLD, 0);
            return true;
        }
        if ((attention & TRAP_FLAG) != 0) {
            if (trapReady) {
                vmx.leave(ExitReason.MONITOR_TRAP_FLAG, 0);
                return true;
            }
            trapReady = true;
        }
        return false;
    }

    /** Takes what goes before NMIs: the preemption timer and the NMI window. @return whether something was taken */
    public boolean beforeNmi(boolean blocked) {
        if (attended(TIMER)) {
            vmx.leave(ExitReason.PREEMPTION_TIMER, 0);
            return true;
        }
        if ((attention & NMI_WINDOW) != 0 && !blocked) {
            vmx.leave(ExitReason.NMI_WINDOW, 0);
            return true;
        }
        return false;
    }

    /**
     * Exits if no event could be recognized for longer than the notify window, a number of cycles of the crystal clock, and the processor's own threshold.
     *
     * @param nanos virtual, for which none could be
     * @return whether it did
     * @sdm Notify VM Exits
     */
    public boolean notified(long nanos) {
        if (!vmx.has(Control.NOTIFY_EXITING) || nanos < Clock.nanosFor(image.get(VmcsField.NOTIFY_WINDOW) + NOTIFY_THRESHOLD, Cpuid.CRYSTAL)) {
            return false;
        }
        vmx.leave(ExitReason.NOTIFY, unblockedByIret() && vmx.events.delivering == 0 ? 1 << 12 : 0);
        return true;
    }

    /** Exits for an NMI if that is asked for. @return whether it did */
    public boolean nmi() {
        if (!vmx.has(Control.NMI_EXITING)) {
            return false;
        }
        vmx.exit().begin(ExitReason.EXCEPTION_OR_NMI, 0);
        vmx.exit().interruption(Vmx.VALID | 2 << 8 | 2, 0);
        vmx.exit().blockNmis();
        vmx.exit().perform();
        return true;
    }

    /** Exits if the guest can take interrupts and the monitor waits for that, or delivers a virtual interrupt. @return whether it did */
    public boolean interruptWindow(boolean open) {
        if (!open || (attention & (INTERRUPT_WINDOW | VIRTUAL_INTERRUPT)) == 0 || cpu.execution.activity.state() > 1) {
            return false;
        }
        if ((attention & INTERRUPT_WINDOW) != 0) {
            vmx.leave(ExitReason.INTERRUPT_WINDOW, 0);
            return true;
        }
        attended(VIRTUAL_INTERRUPT);
        cpu.execution.activity.state(0);
        int vector = vmx.apic.take();
        vmx.events.note(vector, GuestFault.NO_CODE, Source.EXTERNAL, 0);
        cpu.execution.deliveries.inject(vector, GuestFault.NO_CODE, Source.EXTERNAL, 0);
        return true;
    }

    /** Exits for an external interrupt, acknowledged here if the monitor wants that, unless it is the notification of posted ones. */
    public void externalInterrupt() {
        if (vmx.has(Control.PROCESS_POSTED_INTERRUPTS) && cpu.system.localApic() != null) {
            int vector = cpu.controller.acknowledge(cpu.index);
            if (vector == image.get(VmcsField.POSTED_INTERRUPT_VECTOR)) {
                vmx.apic.takePosted();
                return;
            }
            vmx.exit().begin(ExitReason.EXTERNAL_INTERRUPT, 0);
            vmx.exit().interruption(Vmx.VALID | vector, 0);
            vmx.exit().perform();
            return;
        }
        vmx.exit().begin(ExitReason.EXTERNAL_INTERRUPT, 0);
        if (Control.ACKNOWLEDGE_INTERRUPT_ON_EXIT.in(image)) {
            vmx.exit().interruption(Vmx.VALID | cpu.controller.acknowledge(cpu.index), 0);
        }
        vmx.exit().perform();
    }

    /** @return bit 26 of the exit reason, where a bus lock was asserted and another exit goes first */
    long busLock() {
        return (attention & BUS_LOCK) != 0 ? 1 << 26 : 0;
    }

    /** @return whether something of VMX operation ends the halt */
    public boolean endsHalt() {
        return (attention & ~(NMI_WINDOW | INTERRUPT_WINDOW | VIRTUAL_INTERRUPT)) != 0
            || (attention & (INTERRUPT_WINDOW | VIRTUAL_INTERRUPT)) != 0 && (cpu.systemFlags & Flags.IF) != 0 && cpu.execution.activity.state() <= 1
            || (attention & NMI_WINDOW) != 0 && !cpu.execution.pins.nmiBlocked();
    }

    /** @return whether the monitor trap flag lets instructions go one at a time only */
    public boolean stepping() {
        return vmx.nonRoot && (attention & TRAP_FLAG) != 0;
    }

    /** A PAUSE at privilege level 0. @return whether it is one too many of a loop; @sdm Instructions That Cause VM Exits: PAUSE */
    boolean pausedTooLong() {
        long now = cpu.msrs.timeStamp();
        boolean loop = pausedAt != Vmx.NONE && now - pausedAt <= image.get(VmcsField.PLE_GAP);
        loopBegan = loop ? loopBegan : now;
        pausedAt = now;
        return now - loopBegan > image.get(VmcsField.PLE_WINDOW);
    }

    // State

    /** @return what is to be attended to */
    int attention() {
        return attention;
    }

    /** @return the virtual-APIC register whose write is to take effect */
    int written() {
        return written;
    }

    /** Adopts what was saved. */
    void restore(int what, int apicRegister) {
        attention = what;
        written = apicRegister;
        cpu.execution.vmAttention(attention != 0);
    }
}
