package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.LinearMemory;
import com.vtsim.cpu.engine.MemoryRef;
import java.util.Arrays;

/**
 * Upward repetitions of MOVS and STOS, a page at a time, byte for byte as if done one by one. Anything out of the ordinary
 * (downward, devices, watched pages, the end of a segment) is left to the single steps.
 */
final class StringRuns {
    private StringRuns() { }

    /** @return elements copied, 0 if it has to be done in single steps */
    static long copy(Cpu cpu, Strings.Step step, long most) {
        long elements = limit(cpu, step, Cpu.RDI, limit(cpu, step, Cpu.RSI, most));
        if (elements < 2) {
            return 0;
        }
        LinearMemory memory = cpu.memory;
        long from = step.source.readable(cpu, step.size);
        int readable = memory.run(from, step.source.segment, false);
        if (readable < step.size) {
            // The first element reaches into the next page, and its faults come before the destination's.
            return 0;
        }
        byte[] source = memory.runBytes;
        int sourceAt = memory.runOffset;
        long to = step.destination.writable(cpu, step.size);
        int writable = memory.run(to, Cpu.ES, true);
        elements = Math.min(elements, Math.min(readable, writable) / step.size);
        if (elements < 2 || !inside(cpu, step.source, elements * step.size, false)
            || !inside(cpu, step.destination, elements * step.size, true)) {
            return 0;
        }
        return copy(source, sourceAt, memory.runBytes, memory.runOffset, (int) elements, step.size);
    }

    private static long copy(byte[] source, int from, byte[] destination, int to, int elements, int size) {
        int length = elements * size;
        int distance = to - from;
        if (source != destination || distance <= 0 || distance >= length) {
            System.arraycopy(source, from, destination, to, length);
            return elements;
        }
        if (distance < size) {
            return 0;
        }
        // The destination overlaps what is still to be read: copies no longer than the distance repeat the pattern.
        int block = distance / size * size;
        for (int done = 0; done < length; done += block) {
            System.arraycopy(source, from + done, destination, to + done, Math.min(block, length - done));
        }
        return elements;
    }

    /** @return elements filled, 0 if it has to be done in single steps */
    static long fill(Cpu cpu, Strings.Step step, long most) {
        long elements = limit(cpu, step, Cpu.RDI, most);
        if (elements < 2) {
            return 0;
        }
        long to = step.destination.writable(cpu, step.size);
        int writable = cpu.memory.run(to, Cpu.ES, true);
        elements = Math.min(elements, writable / step.size);
        if (elements < 2 || !inside(cpu, step.destination, elements * step.size, true)) {
            return 0;
        }
        fill(cpu.memory.runBytes, cpu.memory.runOffset, (int) elements * step.size, cpu.r[Cpu.RAX], step.size);
        return elements;
    }

    private static void fill(byte[] bytes, int at, int length, long value, int size) {
        for (int i = 0; i < size; i++) {
            bytes[at + i] = (byte) (value >>> 8 * i);
        }
        if (size == 1) {
            Arrays.fill(bytes, at, at + length, (byte) value);
            return;
        }
        for (int done = size; done < length; done *= 2) {
            System.arraycopy(bytes, at, bytes, at + done, Math.min(done, length - done));
        }
    }

    /** @return at most {@code most} elements, so that the index register does not wrap; 0 when going down */
    private static long limit(Cpu cpu, Strings.Step step, int register, long most) {
        if ((cpu.systemFlags & Flags.DF) != 0) {
            return 0;
        }
        if (step.addressSize == 8) {
            return most;
        }
        long room = step.addressMask + 1 - (cpu.r[register] & step.addressMask);
        return Math.min(most, room / step.size);
    }

    /** @return whether the segment allows the whole range */
    private static boolean inside(Cpu cpu, MemoryRef memory, long bytes, boolean write) {
        try {
            if (write) {
                memory.writable(cpu, (int) bytes);
            } else {
                memory.readable(cpu, (int) bytes);
            }
            return true;
        } catch (GuestFault partly) {
            return false;
        }
    }
}
