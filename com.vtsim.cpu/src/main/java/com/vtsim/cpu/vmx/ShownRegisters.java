package com.vtsim.cpu.vmx;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.SystemState;

/**
 * Control registers and the time stamp as the VM that runs is shown them, and the values that VMX operation forbids.
 *
 * @sdm Guest/Host Masks and Read Shadows for CR0 and CR4; Restrictions on VMX Operation; RDTSC in VMX Non-Root Operation
 */
public final class ShownRegisters {
    private final Vmx vmx;
    private final Cpu cpu;
    private final VmcsImage image;
    private long cr0Mask;
    private long cr4Mask;

    ShownRegisters(Vmx vmx) {
        this.vmx = vmx;
        this.cpu = vmx.cpu;
        this.image = vmx.image;
    }

    /** Takes the controls of the VM that runs. */
    void adopt() {
        cr0Mask = image.get(VmcsField.CR0_MASK);
        cr4Mask = image.get(VmcsField.CR4_MASK);
    }

    /** @return CR0 as MOV from CR0 and SMSW show it */
    public long cr0() {
        return vmx.nonRoot ? cpu.system.cr0 & ~cr0Mask | image.get(VmcsField.CR0_SHADOW) & cr0Mask : cpu.system.cr0;
    }

    /** @return CR4 as MOV from CR4 shows it */
    public long cr4() {
        return vmx.nonRoot ? cpu.system.cr4 & ~cr4Mask | image.get(VmcsField.CR4_SHADOW) & cr4Mask : cpu.system.cr4;
    }

    long cr0Mask() {
        return cr0Mask;
    }

    long cr4Mask() {
        return cr4Mask;
    }

    /** @return whether VMX operation forbids a value of CR0: #GP(0) */
    public boolean forbidsCr0(long value) {
        return vmx.on && !vmx.capabilities.validCr0(value, vmx.nonRoot && vmx.has(Control.UNRESTRICTED_GUEST));
    }

    /** @return whether VMX operation forbids a value of CR4: #GP(0) */
    public boolean forbidsCr4(long value) {
        return vmx.on && (value & SystemState.CR4_VMXE) == 0;
    }

    /** @return whether UMONITOR, UMWAIT and TPAUSE are undefined because the monitor has not enabled them */
    public boolean forbidsUserWait() {
        return vmx.nonRoot && !vmx.has(Control.ENABLE_USER_WAIT);
    }

    /** @return the processor's own time stamp when the one that RDTSC shows has a value */
    public long ownTimeStamp(long visible) {
        long now = cpu.msrs.timeStamp();
        long left = visible - timeStamp(now);
        boolean scaled = vmx.nonRoot && vmx.has(Control.USE_TSC_OFFSETTING) && vmx.has(Control.USE_TSC_SCALING);
        double scale = scaled ? Math.scalb((double) (image.get(VmcsField.TSC_MULTIPLIER) >>> 1), -47) : 1;
        return scale == 1 || scale == 0 ? now + left : now + (long) (left / scale);
    }

    /** @return the time-stamp counter as RDTSC shows it, from the processor's own */
    public long timeStamp(long own) {
        if (!vmx.nonRoot || !vmx.has(Control.USE_TSC_OFFSETTING)) {
            return own;
        }
        long scaled = own;
        if (vmx.has(Control.USE_TSC_SCALING)) {
            long multiplier = image.get(VmcsField.TSC_MULTIPLIER);
            scaled = Math.multiplyHigh(own, multiplier) << 16 | own * multiplier >>> 48;
        }
        return scaled + image.get(VmcsField.TSC_OFFSET);
    }
}
