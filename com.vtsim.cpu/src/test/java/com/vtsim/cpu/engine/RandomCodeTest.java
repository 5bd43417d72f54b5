package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.Processor.Outcome;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * A guest can do anything; the host must not fall over: random bytes are executed in every mode, with registers, tables and
 * control registers at random as well. {@code -Dvtsim.random.streams=N -Dvtsim.random.seed=N} for more.
 */
class RandomCodeTest {
    private static final int BYTES = 512;
    private static final int BUDGET = 400;
    private static final long TABLES = 0x1000;

    @Test void randomCodeEndsInNoJavaExceptionAndKeepsToItsBudget() {
        int streams = Integer.getInteger("vtsim.random.streams", 30_000);
        long seed = Long.getLong("vtsim.random.seed", 1);
        try (SmallMachine m = SmallMachine.empty()) {
            for (int i = 0; i < streams; i++) {
                Random random = new Random(seed * 1_000_003 + i);
                String at = "stream " + i + " of seed " + seed;
                m.board().call(() -> {
                    stream(m, random, at);
                    return null;
                });
            }
        }
    }

    /** Traces to anywhere, by tables or to a range. */
    private static void traced(SmallMachine m, Random random) {
        m.cpu.register("msr:560", (long) random.nextInt(1 << 13) << 12 | (random.nextInt(4) == 0 ? (long) random.nextInt(32) << 34 : 0));
        m.cpu.register("msr:561", random.nextInt(4) == 0 ? random.nextLong() : random.nextInt(4) << 7);
        m.cpu.register("msr:580", SmallMachine.ORIGIN + random.nextInt(BYTES));
        m.cpu.register("msr:581", SmallMachine.ORIGIN + random.nextInt(BYTES));
        m.cpu.register("msr:570", 1 | random.nextInt(1 << 14) & 0x2D8C | (long) random.nextInt(3) << 32);
    }

    /** Lines of code, tables and the stack have errors, and machine checks are on or not; one may be pending. */
    private static void poisoned(SmallMachine m, Random random) {
        for (int i = random.nextInt(6); i >= 0; i--) {
            long from = random.nextInt(3) == 0 ? SmallMachine.ORIGIN + 64 : random.nextBoolean() ? TABLES : 0x8000;
            m.memory().poison(from + random.nextInt(0x2000), 1 + random.nextInt(200));
        }
        if (random.nextBoolean()) {
            m.cpu.register("cr4", m.cpu.register("cr4") | SystemState.CR4_MCE);
        }
        if (random.nextInt(4) == 0) {
            m.cpu.machineCheck(random.nextInt(4), random.nextLong(), random.nextLong(), random.nextLong());
        }
    }

    private static void stream(SmallMachine m, Random random, String at) {
        MemorySpace memory = m.memory();
        memory.heal(0, Long.MAX_VALUE);
        byte[] code = new byte[BYTES];
        random.nextBytes(code);
        memory.write(SmallMachine.ORIGIN, code, 0, BYTES);
        byte[] tables = new byte[4 * 4096];
        if (random.nextInt(4) == 0) {
            random.nextBytes(tables);
        }
        memory.write(TABLES, tables, 0, tables.length);
        memory.write(TABLES, 8, TABLES + 0x1000 | 7);
        memory.write(TABLES + 0x1000, 8, TABLES + 0x2000 | 7);
        for (int i = 0; i < 8; i++) {
            memory.write(TABLES + 0x2000 + 8 * i, 8, (long) i << 21 | 0x87);
        }
        EntryState.Mode mode = EntryState.Mode.values()[random.nextInt(3)];
        Map<String, Long> registers = new HashMap<>(Map.of("rsp", 0x9000L + random.nextInt(16), "cs", SmallMachine.ORIGIN >> 4,
            "cr3", TABLES));
        for (String name : new String[] {"rax", "rcx", "rdx", "rbx", "rbp", "rsi", "rdi", "r8", "r12"}) {
            registers.put(name, random.nextBoolean() ? random.nextLong() : random.nextInt(1 << 20));
        }
        if (random.nextInt(3) == 0) {
            registers.put("idtr.base", (long) random.nextInt(0x8000));
            registers.put("gdtr.base", TABLES + 0x3000);
            registers.put("gdtr.limit", 0xFFFL);
        }
        m.cpu.enter(new EntryState(mode, mode == EntryState.Mode.REAL ? 0 : SmallMachine.ORIGIN, registers));
        if (random.nextInt(3) == 0) {
            m.cpu.register("cr4", m.cpu.register("cr4") | SystemState.CR4_OSFXSR | SystemState.CR4_OSXSAVE | random.nextInt(2));
        }
        if (random.nextInt(3) == 0) {
            m.cpu.register("rflags", random.nextInt(1 << 19) & ~Flags.VM);
        }
        if (mode != EntryState.Mode.REAL && random.nextInt(4) == 0) {
            m.cpu.register("cpl", 3);
        }
        if (random.nextInt(4) == 0) {
            traced(m, random);
        }
        if (random.nextInt(8) == 0) {
            poisoned(m, random);
        }
        long before = m.cpu.retired();
        long left = BUDGET;
        for (int piece = 0; left > 0 && piece < BUDGET; piece++) {
            Outcome outcome;
            try {
                outcome = m.cpu.run(left);
            } catch (RuntimeException | StackOverflowError e) {
                throw new AssertionError(at + " in " + mode + " at " + Long.toHexString(m.cpu.nextInstruction()), e);
            }
            assertThat(m.cpu.retired() - before).as(at).isBetween(0L, (long) BUDGET);
            left = BUDGET - (m.cpu.retired() - before);
            if (outcome == Outcome.IDLE || outcome == Outcome.SHUTDOWN) {
                return;
            }
        }
    }
}
