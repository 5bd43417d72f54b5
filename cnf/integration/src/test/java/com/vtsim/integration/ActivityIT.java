package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.TraceEvent;
import java.nio.file.Files;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The timeline of processors that start, halt and stop. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ActivityIT extends AtTheShell {
    /** The first processor sends INIT and two start-up messages to all others (MP Initialization Protocol), and halts; they halt at 1_0000h. */
    private static final String STARTER = """
            bits 64
            org 0x100000
            start: mov ebx, 0xfee00300
                mov dword [rbx], 0xc4500
                mov dword [rbx], 0xc4610
                mov ecx, 100000
            again: dec ecx
                jnz again
                mov dword [rbx], 0xc4610
                hlt
            """;

    private List<String> events(String part) {
        return machines.machine("t").events().stream().filter(each -> each.part().equals(part) && each.kind().equals("cpu.activity")).map(TraceEvent::text).toList();
    }

    @Test
    void theStartOfASecondProcessorIsATimeline() throws Exception {
        session.execute("machine:create t --memory 16M --cpus 2 --irq apic");
        session.execute("machine:load t asm " + Files.writeString(folder.resolve("starter.asm"), STARTER) + " --mode long");
        session.execute("mem:write t 10000h f4");
        session.execute("machine:trace t cpu.activity");
        Machine machine = machines.machine("t");
        machine.run(RunLimits.instructions(500_000));
        assertThat(events("cpu1")).containsExactly("INIT: waits for a start-up message", "start-up message 10h: begins at 10000h",
            "halted at 10000, interrupts disabled", "start-up message 10h has no effect: it does not wait for one");
        assertThat(events("cpu0")).hasSize(1).first().asString().isEqualTo("halted at 100020, interrupts disabled");
    }
}
