package com.vtsim.cpu.vmx;

import com.vtsim.api.ept.Ept;
import com.vtsim.api.machine.MessageTarget;
import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Feature;
import com.vtsim.cpu.engine.Paging;
import com.vtsim.cpu.engine.SystemState;

/**
 * What IA32_VMX_* registers announce, computed from {@link Control}: a control that has no effect here, or none on this machine
 * (EPT without its part), is not announced.
 *
 * @sdm VMX Capability Reporting Facility
 */
public final class Capabilities {
    /** Content of a VMCS region's first doubleword. It names the layout {@link Vmcs} gives a region. */
    public static final int REVISION = 0x0056_5406;
    /** First and last of the registers: IA32_VMX_BASIC and IA32_VMX_PROCBASED_CTLS3. */
    public static final int FIRST_MSR = 0x480, LAST_MSR = 0x492;
    /** CR3-target values a VMCS may have. */
    static final int CR3_TARGETS = 4;
    /** Revision identifier: the region holds a shadow VMCS. */
    static final int SHADOW = 1 << 31;
    /** The only VM function: EPTP switching. */
    static final long VM_FUNCTIONS = 1;
    /** CR0 bits that are 1 in VMX operation. */
    static final long CR0_FIXED0 = SystemState.CR0_PE | SystemState.CR0_NE | SystemState.CR0_PG;
    private static final long CR0_FIXED1 = 0xFFFF_FFFFL;
    /** Bits that are reserved and 1, in the order of the control fields: pin-based, primary, secondary, exit, entry. */
    private static final long PIN_ONES = 0x16, PRIMARY_ONES = 0x0400_6172, EXIT_ONES = 0x0003_6DFB, ENTRY_ONES = 0x0000_11FB;
    /** Default1 controls that may be 0, as the TRUE registers tell. */
    private static final long PRIMARY_RELAXED = 1 << 15 | 1 << 16, DEBUG_RELAXED = 1 << 2;
    private static final long WRITE_BACK = 6;
    /** INVVPID with its four types. */
    private static final long VPID_CAPABILITIES = 1L << 32 | 0xFL << 40;
    /** Largest HLAT prefix: bit 63. */
    private static final long HLAT_PREFIX = 1L << 48;

    private final Cpu cpu;
    private Ept ept;

    Capabilities(Cpu cpu) {
        this.cpu = cpu;
    }

    void attach(Ept part) {
        ept = part;
    }

    /** @return the machine's EPT mechanism, or null */
    Ept ept() {
        return ept;
    }

    /** @return whether software may set the control */
    public boolean has(Control control) {
        return switch (control) {
            case ENABLE_EPT, UNRESTRICTED_GUEST, ENABLE_PML, EPT_VIOLATION_VE, MODE_BASED_EXECUTE, SUB_PAGE_WRITE, ENABLE_VM_FUNCTIONS, ENABLE_HLAT, PAGING_WRITE_CONTROL,
                GUEST_PAGING_VERIFICATION -> ept != null;
            // An interrupt that posts others is acknowledged and ended in the local APIC.
            case PROCESS_POSTED_INTERRUPTS -> cpu.system.localApic() != null;
            case TERTIARY_CONTROLS -> ept != null || has(Control.IPI_VIRTUALIZATION) || has(Control.LOADIWKEY_EXITING);
            case LOADIWKEY_EXITING -> cpu.cpuid.has(Feature.KL);
            case IPI_VIRTUALIZATION -> cpu.system.localApic() != null && cpu.controller instanceof MessageTarget;
            case MWAIT_EXITING, MONITOR_EXITING -> cpu.cpuid.has(Feature.MONITOR);
            case ENABLE_RDTSCP -> cpu.cpuid.has(Feature.RDTSCP);
            case ENABLE_INVPCID -> cpu.cpuid.has(Feature.INVPCID);
            case ENABLE_USER_WAIT -> cpu.cpuid.has(Feature.WAITPKG);
            case ENABLE_XSAVES -> cpu.cpuid.has(Feature.XSAVES);
            case CONCEAL_VMX_FROM_PT, EXIT_CONCEAL_VMX_FROM_PT, CLEAR_RTIT_CTL, ENTRY_CONCEAL_VMX_FROM_PT, LOAD_RTIT_CTL -> cpu.cpuid.has(Feature.INTEL_PT);
            case PT_USES_GUEST_PHYSICAL -> ept != null && cpu.cpuid.has(Feature.INTEL_PT);
            case RDRAND_EXITING -> cpu.cpuid.has(Feature.RDRAND);
            case RDSEED_EXITING -> cpu.cpuid.has(Feature.RDSEED);
            default -> true;
        };
    }

    /** @return the bits of a field of controls that may be 1 */
    long allowed1(VmcsField field) {
        long bits = ones(field);
        for (Control control : Control.of(field)) {
            if (has(control)) {
                bits |= control.mask();
            }
        }
        return bits;
    }

    /** @return the bits that must be 1 */
    long ones(VmcsField field) {
        return switch (field) {
            case PINBASED_CTLS -> PIN_ONES;
            case PROCBASED_CTLS -> PRIMARY_ONES;
            case EXIT_CTLS -> EXIT_ONES;
            case ENTRY_CTLS -> ENTRY_ONES;
            default -> 0;
        };
    }

    private long pair(VmcsField field, long relaxed) {
        return allowed1(field) << 32 | ones(field) | relaxed;
    }

    /** @return the physical-address bits a VMCS may use */
    static boolean physical(long address) {
        return address >>> Paging.PHYSICAL_BITS == 0;
    }

    /** @return whether VM entry would take it for an EPT pointer */
    boolean validPointer(long eptp) {
        long announced = eptVpid();
        long type = eptp & 7;
        long levels = eptp >> 3 & 7;
        boolean typed = type == 6 && (announced & 1 << 14) != 0 || type == 0 && (announced & 1 << 8) != 0;
        boolean walked = levels == 3 && (announced & 1 << 6) != 0 || levels == 4 && (announced & 1 << 7) != 0;
        return typed && walked && ((eptp & 1 << 6) == 0 || (announced & 1 << 21) != 0) && (eptp & 0xF80) == 0 && physical(eptp);
    }

    /** @return the bits of EPT_VPID_CAP */
    long eptVpid() {
        return (ept == null ? 0 : ept.capabilities() & 0xFFFF_FFFFL | HLAT_PREFIX) | VPID_CAPABILITIES;
    }

    /** @return the value of a register from {@link #FIRST_MSR} to {@link #LAST_MSR} */
    public long msr(int address) {
        return switch (address) {
            // 4 KiB regions, write-back, instruction information for string I/O, TRUE registers.
            case 0x480 -> REVISION | 0x1000L << 32 | WRITE_BACK << 50 | 1L << 54 | 1L << 55;
            case 0x481, 0x48D -> pair(VmcsField.PINBASED_CTLS, 0);
            case 0x482 -> pair(VmcsField.PROCBASED_CTLS, PRIMARY_RELAXED);
            case 0x48E -> pair(VmcsField.PROCBASED_CTLS, 0);
            case 0x483 -> pair(VmcsField.EXIT_CTLS, DEBUG_RELAXED);
            case 0x48F -> pair(VmcsField.EXIT_CTLS, 0);
            case 0x484 -> pair(VmcsField.ENTRY_CTLS, DEBUG_RELAXED);
            case 0x490 -> pair(VmcsField.ENTRY_CTLS, 0);
            // EFER.LMA stored to the entry controls, all activity states, processor trace in VMX operation, VMWRITE to any field, injection with instruction length 0.
            case 0x485 -> PreemptionTimer.SHIFT | 1 << 5 | 7 << 6 | (cpu.cpuid.has(Feature.INTEL_PT) ? 1 << 14 : 0) | CR3_TARGETS << 16 | 1 << 29 | 1 << 30;
            case 0x486 -> CR0_FIXED0;
            case 0x487 -> CR0_FIXED1;
            case 0x488 -> SystemState.CR4_VMXE;
            case 0x489 -> cpu.cpuid.controlBits4();
            case 0x48A -> VmcsField.highestIndex() << 1;
            case 0x48B -> pair(VmcsField.PROCBASED_CTLS2, 0);
            case 0x48C -> eptVpid();
            case 0x491 -> ept == null ? 0 : VM_FUNCTIONS;
            case 0x492 -> allowed1(VmcsField.PROCBASED_CTLS3);
            default -> 0;
        };
    }

    /** @return whether a value of CR0 is one for VMX operation; an unrestricted guest may run without paging and protection */
    boolean validCr0(long value, boolean unrestricted) {
        long ones = unrestricted ? SystemState.CR0_NE : CR0_FIXED0;
        return (value & ones) == ones && value >>> 32 == 0;
    }

    /** @return whether a value of CR4 is one for VMX operation */
    boolean validCr4(long value) {
        return (value & SystemState.CR4_VMXE) != 0 && (value & ~cpu.cpuid.controlBits4()) == 0;
    }
}
