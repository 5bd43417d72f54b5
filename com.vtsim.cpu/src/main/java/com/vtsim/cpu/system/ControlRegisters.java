package com.vtsim.cpu.system;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.SystemState;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * Moves to and from control and debug registers, and the old ways to CR0.
 *
 * @sdm MOV—Move to/from Control Registers; MOV—Move to/from Debug Registers; LMSW; SMSW; CLTS
 */
final class ControlRegisters {
    private static final long DR6_FIXED = 0xFFFF_0FF0L, DR6_WRITABLE = 0xE00FL;
    private static final long DR7_FIXED = 0x400L, DR7_WRITABLE = 0xFFFF_23FFL;

    private ControlRegisters() { }

    static void define(Semantics s) {
        s.define("MOV", "Ry,Cy", ControlRegisters::readControl);
        s.define("MOV", "Cy,Ry", ControlRegisters::writeControl);
        s.define("MOV", "Ry,Dy", ControlRegisters::readDebug);
        s.define("MOV", "Dy,Ry", ControlRegisters::writeDebug);
        s.define("CLTS", (instruction, at) -> Effect.last(Effect.privileged(cpu ->
            cpu.system.writeCr0(cpu.system.cr0 & ~SystemState.CR0_TS))));
        s.define("LMSW", (instruction, at) -> {
            Slot from = Slot.of(instruction, 0, at);
            return Effect.last(Effect.privileged(cpu -> {
                // PE can be set but not cleared.
                long value = from.read16(cpu) & 0xF;
                cpu.system.writeCr0(cpu.system.cr0 & ~0xEL | value);
            }));
        });
        s.define("SMSW", (instruction, at) -> {
            Slot to = Slot.of(instruction, 0, at);
            return Effect.plain(cpu -> {
                DescriptorTables.checkUserPrevention(cpu);
                to.write(cpu, cpu.vmx.shown.cr0());
            });
        });
    }

    private static int number(Instruction instruction, int index) {
        return ((Operand.Register) instruction.operand(index)).number();
    }

    private static Operation readControl(Instruction instruction, Translation at) {
        int to = number(instruction, 0);
        int from = number(instruction, 1);
        long mask = at.code64() ? -1L : 0xFFFF_FFFFL;
        return Effect.plain(Effect.privileged(cpu -> cpu.r[to] = mask & switch (from) {
            case 0 -> cpu.vmx.shown.cr0();
            case 2 -> cpu.system.cr2;
            case 3 -> cpu.system.cr3;
            case 4 -> cpu.vmx.shown.cr4();
            default -> cpu.system.readCr8();
        }));
    }

    private static Operation writeControl(Instruction instruction, Translation at) {
        int to = number(instruction, 0);
        int from = number(instruction, 1);
        long mask = at.code64() ? -1L : 0xFFFF_FFFFL;
        return Effect.last(Effect.privileged(cpu -> {
            long value = cpu.r[from] & mask;
            switch (to) {
                case 0 -> cpu.system.writeCr0(value);
                case 2 -> cpu.system.cr2 = value;
                case 3 -> cpu.system.writeCr3(value);
                case 4 -> cpu.system.writeCr4(value);
                default -> cpu.system.writeCr8(value);
            }
        }));
    }

    /** @return the register meant: DR4 and DR5 are DR6 and DR7 unless CR4.DE makes them undefined */
    private static int checkDebug(Cpu cpu, int number) {
        boolean alias = number == 4 || number == 5;
        if (alias && (cpu.system.cr4 & SystemState.CR4_DE) != 0) {
            throw cpu.undefined();
        }
        if (cpu.cpl != 0) {
            throw cpu.protection(0);
        }
        if ((cpu.system.dr[7] & SystemState.DR7_GD) != 0) {
            GuestFault fault = cpu.fault(1, GuestFault.NO_CODE);
            fault.information = SystemState.DR6_BD;
            throw fault;
        }
        return alias ? number + 2 : number;
    }

    private static Operation readDebug(Instruction instruction, Translation at) {
        int to = number(instruction, 0);
        int from = number(instruction, 1);
        long mask = at.code64() ? -1L : 0xFFFF_FFFFL;
        return Effect.plain(cpu -> {
            int number = checkDebug(cpu, from);
            cpu.r[to] = cpu.system.dr[number] & mask;
        });
    }

    private static Operation writeDebug(Instruction instruction, Translation at) {
        int to = number(instruction, 0);
        int from = number(instruction, 1);
        long mask = at.code64() ? -1L : 0xFFFF_FFFFL;
        return Effect.last(cpu -> {
            int number = checkDebug(cpu, to);
            long value = cpu.r[from] & mask;
            if (number >= 6 && value >>> 32 != 0) {
                throw cpu.protection(0);
            }
            cpu.system.dr[number] = switch (number) {
                case 6 -> value & DR6_WRITABLE | DR6_FIXED;
                case 7 -> value & DR7_WRITABLE | DR7_FIXED;
                default -> value;
            };
            if (number != 6) {
                cpu.execution.traps.registersChanged();
            }
        });
    }
}
