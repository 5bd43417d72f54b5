package com.vtsim.cpu.vmx;

/**
 * What a processor saves of VMX operation; a VMCS is in memory.
 *
 * @param on            in VMX operation
 * @param nonRoot       in VMX non-root operation
 * @param vmxon         VMXON pointer, or {@link Vmx#NONE}
 * @param current       current-VMCS pointer, or {@link Vmx#NONE}
 * @param attention     what waits to be taken before the next instruction
 * @param timerDeadline when the preemption timer expires, in ticks of the time-stamp counter
 * @param interruptStatus RVI in bits 7:0, SVI in bits 15:8
 * @param written       the virtual-APIC register whose write is to take effect
 */
public record VmxState(boolean on, boolean nonRoot, long vmxon, long current, int attention, long timerDeadline,
    int interruptStatus, int written) { }
