package com.vtsim.cpu.vmx;

import com.vtsim.cpu.engine.Cpu;

/**
 * RDMSR and WRMSR of 800h to 8FFh in a VM whose monitor virtualizes x2APIC mode. Whether they make the VM exit has been asked before.
 *
 * @sdm Virtualizing MSR-Based APIC Accesses
 */
final class X2ApicMode {
    private static final int FIRST = 0x800, LAST = 0x8FF, TPR = 0x808, EOI = 0x80B, SELF_IPI = 0x83F;

    private X2ApicMode() { }

    private static int offset(int address) {
        return (address & 0xFF) << 4;
    }

    /** @return whether RDMSR has been done */
    static boolean read(Cpu cpu, Vmx vmx) {
        int address = cpu.get32(Cpu.RCX);
        boolean virtual = vmx.has(Control.VIRTUALIZE_X2APIC_MODE) && (address == TPR
            || vmx.has(Control.APIC_REGISTER_VIRTUALIZATION) && address >= FIRST && address <= LAST);
        if (cpu.cpl != 0 || !virtual) {
            return false;
        }
        cpu.set32(Cpu.RAX, (int) vmx.apic.read(offset(address), 4));
        cpu.set32(Cpu.RDX, (int) vmx.apic.read(offset(address) + 4, 4));
        return true;
    }

    /** @return whether WRMSR has been done */
    static boolean write(Cpu cpu, Vmx vmx) {
        int address = cpu.get32(Cpu.RCX);
        boolean virtual = vmx.has(Control.VIRTUALIZE_X2APIC_MODE) && (address == TPR
            || vmx.apic.delivers() && (address == EOI || address == SELF_IPI));
        if (cpu.cpl != 0 || !virtual) {
            return false;
        }
        int value = cpu.get32(Cpu.RAX);
        if (cpu.get32(Cpu.RDX) != 0 || (address == EOI ? value : value & ~0xFF) != 0) {
            throw cpu.protection(0);
        }
        vmx.apic.write(offset(address), 8, value);
        vmx.apicWritten(offset(address), true);
        return true;
    }
}
