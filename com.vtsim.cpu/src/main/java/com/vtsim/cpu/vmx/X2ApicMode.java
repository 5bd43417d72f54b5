package com.vtsim.cpu.vmx;

import com.vtsim.cpu.engine.Cpu;

/**
 * RDMSR and WRMSR of 800h to 8FFh in a VM whose monitor virtualizes x2APIC mode. Whether they make the VM exit has been asked before.
 *
 * @sdm Virtualizing MSR-Based APIC Accesses
 */
final class X2ApicMode {
    private static final int FIRST = 0x800, LAST = 0x8FF, TPR = 0x808, EOI = 0x80B, ICR = 0x830, SELF_IPI = 0x83F;

    /** Bits 31:20, 17:16 and 13 of an interrupt command. */
    private static final int COMMAND_RESERVED = 0xFFF3_2000;

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
            || vmx.apic.delivers() && (address == EOI || address == SELF_IPI) || vmx.apic.interruptsOthers() && address == ICR);
        if (cpu.cpl != 0 || !virtual) {
            return false;
        }
        int value = cpu.get32(Cpu.RAX);
        int high = cpu.get32(Cpu.RDX);
        int reserved = switch (address) {
            case EOI -> -1;
            case ICR -> COMMAND_RESERVED;
            default -> ~0xFF;
        };
        if ((value & reserved) != 0 || high != 0 && address != ICR) {
            throw cpu.protection(0);
        }
        vmx.apic.write(offset(address), 8, (long) high << 32 | value & 0xFFFF_FFFFL);
        vmx.boundary.apicWritten(offset(address), true);
        return true;
    }
}
