package com.vtsim.cpu.system;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.Interrupts.Source;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * Far transfers, software interrupts and interrupt returns.
 *
 * @sdm JMP—Jump; CALL—Call Procedure; RET—Return From Procedure; INT n/INTO/INT3/INT1; IRET/IRETD/IRETQ
 */
final class Transfers {
    private static final int DB = 1, BP = 3, OF = 4;

    private Transfers() { }

    static void define(Semantics s) {
        s.define("JMP", "Ap", (instruction, at) -> {
            Operand.FarPointer to = (Operand.FarPointer) instruction.operand(0);
            return Effect.last(cpu -> cpu.far.jump(to.selector(), to.offset()));
        });
        s.define("CALL", "Ap", (instruction, at) -> {
            Operand.FarPointer to = (Operand.FarPointer) instruction.operand(0);
            int size = instruction.operandSize();
            return Effect.last(cpu -> cpu.far.call(to.selector(), to.offset(), size));
        });
        s.define("JMP", "Mp", (instruction, at) -> indirect(instruction, at, false));
        s.define("CALL", "Mp", (instruction, at) -> indirect(instruction, at, true));
        s.define("RETF", Transfers::back);
        s.define("INT", (instruction, at) -> {
            int vector = (int) ((Operand.Immediate) instruction.operand(0)).value() & 0xFF;
            return software(vector, Source.SOFTWARE);
        });
        s.define("INT3", (instruction, at) -> software(BP, Source.SOFTWARE_EXCEPTION));
        s.define("INT1", (instruction, at) -> software(DB, Source.PRIVILEGED_SOFTWARE));
        s.define("INTO", (instruction, at) -> Effect.last(cpu -> {
            if (cpu.of()) {
                deliver(cpu, OF, Source.SOFTWARE_EXCEPTION);
            }
        }));
        for (String name : new String[] {"IRET", "IRETD", "IRETQ"}) {
            s.define(name, (instruction, at) -> {
                int size = instruction.operandSize();
                return Effect.last(cpu -> cpu.interruptReturn.execute(size));
            });
        }
    }

    private static Operation indirect(Instruction instruction, Translation at, boolean call) {
        int size = instruction.operandSize();
        MemoryRef offset = at.memory(instruction, 0);
        MemoryRef selector = offset.plus(size);
        return Effect.last(cpu -> {
            long ip = cpu.memory.load(offset.readable(cpu, size), offset.segment, size);
            int code = selector.load16(cpu);
            if (call) {
                cpu.far.call(code, ip, size);
            } else {
                cpu.far.jump(code, ip);
            }
        });
    }

    private static Operation back(Instruction instruction, Translation at) {
        int size = instruction.operandSize();
        int extra = instruction.operands().isEmpty() ? 0 : (int) ((Operand.Immediate) instruction.operand(0)).value() & 0xFFFF;
        return Effect.last(cpu -> cpu.far.back(size, extra));
    }

    private static Operation software(int vector, Source source) {
        return Effect.last(cpu -> deliver(cpu, vector, source));
    }

    private static void deliver(Cpu cpu, int vector, Source source) {
        boolean stepping = (cpu.systemFlags & Flags.TF) != 0;
        cpu.interrupts.software(vector, source);
        if (stepping) {
            cpu.execution.traps.suppressStep();
        }
    }
}
