package com.vtsim.cpu.system;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * Moves between segment registers and general registers, memory and the stack.
 *
 * @sdm MOV—Move; PUSH; POP; LDS/LES/LFS/LGS/LSS—Load Far Pointer
 */
final class SegmentLoads {
    private static final String[] NAMES = {"ES", "CS", "SS", "DS", "FS", "GS"};

    private SegmentLoads() { }

    static void define(Semantics s) {
        s.define("MOV", "Sw,Ew", SegmentLoads::load);
        s.define("MOV", "Rv/Mw,Sw", SegmentLoads::store);
        for (int i = Cpu.ES; i <= Cpu.GS; i++) {
            int segment = i;
            s.define("PUSH", NAMES[i], (instruction, at) -> push(segment, instruction.operandSize()));
            if (i != Cpu.CS) {
                s.define("POP", NAMES[i], (instruction, at) -> pop(segment, instruction.operandSize()));
            }
        }
        s.define("LES", (instruction, at) -> loadFar(Cpu.ES, instruction, at));
        s.define("LDS", (instruction, at) -> loadFar(Cpu.DS, instruction, at));
        s.define("LSS", (instruction, at) -> loadFar(Cpu.SS, instruction, at));
        s.define("LFS", (instruction, at) -> loadFar(Cpu.FS, instruction, at));
        s.define("LGS", (instruction, at) -> loadFar(Cpu.GS, instruction, at));
    }

    private static int segment(Instruction instruction, int index) {
        return ((Operand.Register) instruction.operand(index)).number();
    }

    private static Operation load(Instruction instruction, Translation at) {
        int segment = segment(instruction, 0);
        Slot from = Slot.of(instruction, 1, at);
        if (segment == Cpu.SS) {
            return Effect.last(cpu -> {
                cpu.segments.load(Cpu.SS, from.read16(cpu));
                cpu.execution.shadow(true);
            });
        }
        return Effect.plain(cpu -> cpu.segments.load(segment, from.read16(cpu)));
    }

    private static Operation store(Instruction instruction, Translation at) {
        Slot to = Slot.of(instruction, 0, at);
        int segment = segment(instruction, 1);
        return Effect.plain(cpu -> to.write(cpu, cpu.segments.selector[segment]));
    }

    private static Operation push(int segment, int size) {
        return Effect.plain(cpu -> pushSelector(cpu, segment, size));
    }

    /** Writes two bytes only, as processors do, wherever the operand size moves the stack pointer further. */
    private static void pushSelector(Cpu cpu, int segment, int size) {
        long pointer = cpu.r[Cpu.RSP] - size & cpu.stackMask;
        int selector = cpu.segments.selector[segment];
        if (size == 8) {
            cpu.memory.store(cpu.stackWritable(pointer, 8), Cpu.SS, selector, 8);
        } else {
            cpu.memory.store(cpu.stackWritable(pointer, 2), Cpu.SS, selector, 2);
        }
        cpu.setStackPointer(pointer);
    }

    private static Operation pop(int segment, int size) {
        Effect effect = cpu -> {
            int selector = (int) cpu.peek(0, 2);
            long pointer = cpu.r[Cpu.RSP] + size;
            cpu.segments.load(segment, selector);
            cpu.setStackPointer(pointer);
        };
        if (segment == Cpu.SS) {
            return Effect.last(cpu -> {
                long before = cpu.stackMask;
                int selector = (int) cpu.peek(0, 2);
                long pointer = cpu.r[Cpu.RSP] + size;
                cpu.segments.load(Cpu.SS, selector);
                // The old stack's width counts for the stack pointer.
                cpu.r[Cpu.RSP] = before == 0xFFFF ? cpu.r[Cpu.RSP] & ~0xFFFFL | pointer & 0xFFFF : pointer & before;
                cpu.execution.shadow(true);
            });
        }
        return Effect.plain(effect);
    }

    private static Operation loadFar(int segment, Instruction instruction, Translation at) {
        int size = instruction.operandSize();
        int register = ((Operand.Register) instruction.operand(0)).number();
        MemoryRef offset = at.memory(instruction, 1);
        MemoryRef selector = offset.plus(size);
        return Effect.plain(cpu -> {
            long value = cpu.memory.load(offset.readable(cpu, size), offset.segment, size);
            cpu.segments.load(segment, selector.load16(cpu));
            if (size == 2) {
                cpu.set16(register, (int) value);
            } else {
                cpu.r[register] = value;
            }
        });
    }
}
