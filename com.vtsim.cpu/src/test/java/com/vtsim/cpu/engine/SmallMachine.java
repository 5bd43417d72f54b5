package com.vtsim.cpu.engine;

import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.Processor.Outcome;
import com.vtsim.cpu.X86Processor;
import com.vtsim.cpu.isa.Assembler;
import com.vtsim.cpu.isa.Assembly;
import com.vtsim.machine.Backplane;
import java.util.HashMap;
import java.util.Map;

/**
 * A processor and 16 MiB of RAM, entered where a loader would leave them: guests are assembled, run, and looked at from
 * outside.
 */
final class SmallMachine implements AutoCloseable {
    /** Where guests are put. */
    static final long ORIGIN = 0x10000;
    private final Backplane board = Backplane.of("t", 16 << 20);
    final X86Processor cpu;
    Assembly program;

    private SmallMachine(CpuModel model) {
        cpu = new X86Processor("cpu0", 0, model);
        board.add(cpu);
        board.settle();
    }

    /** In real mode, CS = ORIGIN >> 4, stack at 9000h. */
    static SmallMachine real(String source) {
        return enter(EntryState.Mode.REAL, 0, "bits 16\norg 0\n" + source, Map.of("cs", ORIGIN >> 4, "rsp", 0x9000L));
    }

    /** In flat 32-bit protected mode, paging off. */
    static SmallMachine flat(String source) {
        return enter(EntryState.Mode.PROTECTED, ORIGIN, "bits 32\norg " + ORIGIN + "\n" + source, Map.of("rsp", 0x9000L));
    }

    /** In 64-bit mode; PML4 at 1000h, PDPT at 2000h, page directory at 3000h with 2 MiB pages, identity, for the first 16 MiB. */
    static SmallMachine wide(String source) {
        return wide(source, CpuModel.X86_64_V3);
    }

    /** The same on a processor of choice. */
    static SmallMachine wide(String source, CpuModel model) {
        SmallMachine machine = enter(model, EntryState.Mode.LONG, ORIGIN, "bits 64\norg " + ORIGIN + "\n" + source,
            Map.of("rsp", 0x9000L, "cr3", 0x1000L));
        machine.poke(0x1000, 8, 0x2003);
        machine.poke(0x2000, 8, 0x3003);
        for (int i = 0; i < 8; i++) {
            machine.poke(0x3000 + 8 * i, 8, (long) i << 21 | 0x83);
        }
        return machine;
    }

    private static SmallMachine enter(EntryState.Mode mode, long entry, String source, Map<String, Long> registers) {
        return enter(CpuModel.X86_64_V3, mode, entry, source, registers);
    }

    private static SmallMachine enter(CpuModel model, EntryState.Mode mode, long entry, String source, Map<String, Long> registers) {
        SmallMachine machine = new SmallMachine(model);
        machine.program = Assembler.assemble(source, 0);
        byte[] bytes = machine.program.bytes();
        machine.board.call(() -> {
            machine.memory().write(ORIGIN, bytes, 0, bytes.length);
            // As firmware leaves it: memory type ranges on, write-back by default.
            Map<String, Long> all = new HashMap<>(Map.of("msr:2ff", 0x806L));
            all.putAll(registers);
            machine.cpu.enter(new EntryState(mode, entry, all));
            return null;
        });
        return machine;
    }

    /** An empty machine, to be entered again and again. */
    static SmallMachine empty() {
        return new SmallMachine(CpuModel.X86_64_V3);
    }

    MemorySpace memory() {
        return board.memory();
    }

    long symbol(String label) {
        return program.symbols().get(label);
    }

    void poke(long address, int size, long value) {
        board.call(() -> {
            memory().write(address, size, value);
            return null;
        });
    }

    long peek(long address, int size) {
        return board.call(() -> memory().read(address, size));
    }

    Outcome run(long budget) {
        return board.call(() -> cpu.run(budget));
    }

    /** Runs until HLT, for at most a million instructions. */
    Outcome runToHalt() {
        return run(1_000_000);
    }

    long reg(String name) {
        return board.call(() -> cpu.register(name));
    }

    void reg(String name, long value) {
        board.call(() -> {
            cpu.register(name, value);
            return null;
        });
    }

    boolean lineLevel(int line) {
        return board.call(() -> board.lines().level(line));
    }

    long retired() {
        return board.call(cpu::retired);
    }

    Backplane board() {
        return board;
    }

    @Override
    public void close() {
        board.close();
    }
}
