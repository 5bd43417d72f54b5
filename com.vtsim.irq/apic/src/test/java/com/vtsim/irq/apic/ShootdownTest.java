package com.vtsim.irq.apic;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import com.vtsim.cpu.X86Processor;
import com.vtsim.cpu.isa.Assembler;
import com.vtsim.cpu.isa.Assembly;
import com.vtsim.machine.Backplane;
import com.vtsim.machine.Settings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Translations of other processors, dropped by interrupts between them. @sdm Propagation of Paging-Structure Changes to Multiple Processors */
class ShootdownTest {
    private static final int PROCESSORS = 4, ROUNDS = 300, CODE = 0x8000;

    private record Outcome(long changes, long stale, Stop.Cause cause) { }

    private static Outcome run(long quantum, boolean lazy) throws InterruptedException, IOException {
        Assembly program;
        try (var in = ShootdownTest.class.getResourceAsStream("shootdown.asm")) {
            program = Assembler.assemble(new String(in.readAllBytes(), StandardCharsets.UTF_8), 0);
        }
        try (Backplane machine = new Backplane(Settings.of("shootdown", 8 << 20).quantum(quantum))) {
            List<X86Processor> all = new ArrayList<>();
            for (int i = 0; i < PROCESSORS; i++) {
                all.add(new X86Processor("cpu" + i, i));
                machine.add(all.get(i));
            }
            machine.add(new ApicController("irq", false));
            machine.settle();
            machine.call(() -> {
                machine.memory().write(CODE, program.bytes(), 0, program.bytes().length);
                machine.memory().write(program.symbols().get("rounds"), 4, ROUNDS);
                machine.memory().write(program.symbols().get("lazy"), 4, lazy ? 1 : 0);
                all.get(0).enter(new EntryState(EntryState.Mode.PROTECTED, program.symbols().get("first"), Map.of("rsp", 0x9000L)));
                return null;
            });
            Stop stop = machine.run(RunLimits.instructions(50_000_000));
            return machine.call(() -> new Outcome(machine.memory().read(program.symbols().get("changes"), 4),
                machine.memory().read(program.symbols().get("stale"), 4), stop.cause()));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {100, 1000, 7777})
    void nobodyReadsThroughATranslationThatWasShotDown(long quantum) throws Exception {
        Outcome outcome = run(quantum, false);
        assertThat(outcome.cause()).isEqualTo(Stop.Cause.IDLE);
        assertThat(outcome.changes()).isEqualTo((long) PROCESSORS * ROUNDS);
        assertThat(outcome.stale()).isZero();
        assertThat(run(quantum, false)).as("again").isEqualTo(outcome);
    }

    /** Without INVLPG in the handler the processors go on with what they have: the test can fail. */
    @Test
    void whoDoesNotInvalidateReadsWhatIsStale() throws Exception {
        assertThat(run(1000, true).stale()).isPositive();
    }
}
