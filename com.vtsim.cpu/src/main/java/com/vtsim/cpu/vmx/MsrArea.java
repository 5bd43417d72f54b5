package com.vtsim.cpu.vmx;

import com.vtsim.api.machine.MemorySpace;
import com.vtsim.cpu.engine.Cpu;

/**
 * The MSR areas: 16 bytes an entry, index, reserved, value.
 *
 * @sdm VM-Exit Controls for MSRs; Loading MSRs
 */
final class MsrArea {
    private static final int ENTRY = 16;

    private MsrArea() { }

    /** @return the number, from 1, of the entry that could not be loaded; 0 if all were */
    static long load(Cpu cpu, long address, long count) {
        MemorySpace space = cpu.memory.space();
        for (long i = 0; i < count; i++) {
            long at = address + i * ENTRY;
            int msr = (int) space.read(at, 4);
            if (forbidden(msr) || space.read(at + 4, 4) != 0 || !cpu.msrs.write(msr, space.read(at + 8, 8))) {
                return i + 1;
            }
        }
        return 0;
    }

    /** Bases of FS and GS come from their fields, those of the system-management range are not for here; a local APIC's registers in x2APIC mode are not loaded. */
    private static boolean forbidden(int msr) {
        return msr == 0xC000_0100 || msr == 0xC000_0101 || msr >= 0x800 && msr < 0x900;
    }

    /** @return whether all could be stored */
    static boolean store(Cpu cpu, long address, long count) {
        MemorySpace space = cpu.memory.space();
        for (long i = 0; i < count; i++) {
            long at = address + i * ENTRY;
            int msr = (int) space.read(at, 4);
            if (msr >= 0x800 && msr < 0x900 || space.read(at + 4, 4) != 0 || !cpu.msrs.read(msr)) {
                return false;
            }
            space.write(at + 8, 8, cpu.msrs.value);
        }
        return true;
    }
}
