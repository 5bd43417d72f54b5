package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.RunLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Recorded machines go back in time: by commands, and under the real gdb where it is installed. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PastIT extends AtTheShell {
    /** Echoes what comes over the serial port into memory at 10_0100h; counts turns in rcx meanwhile. */
    private static final String ECHO = """
            bits 64
            org 0x100000
            start: mov rbx, 0x100100
                mov edx, 0x3fd
            again: inc rcx
                in al, dx
                test al, 1
                jz again
                mov edx, 0x3f8
                in al, dx
                mov [rbx], al
                mov [rbx + 8], rcx
                inc rbx
                mov edx, 0x3fd
                jmp again
            """;
    /** No IDT: a page fault becomes a triple fault. */
    private static final String CRASH = """
            bits 64
            org 0x100000
            start: mov ecx, 1000
            again: dec ecx
                jnz again
                mov rax, 0x123456789000
            here: mov [rax], rcx
                jmp start
            """;

    private Machine machine(String source, String options) throws Exception {
        Path file = Files.writeString(folder.resolve("guest.asm"), source);
        session.execute("machine:create p --memory 16M " + options);
        session.execute("machine:load p asm " + file + " --mode long");
        return machines.machine("p");
    }

    private static void run(Machine machine, long instructions) throws InterruptedException {
        machine.run(RunLimits.instructions(instructions));
    }

    private long register(String name) {
        Machine machine = machines.machine("p");
        return machine.call(() -> machine.find(LogicalProcessor.class).orElseThrow().register(name));
    }

    @Test
    void whatWasTypedWhileItRanArrivesAtTheSameInstructionAgain() throws Exception {
        Machine machine = machine(ECHO, "");
        session.execute("machine:record p");
        machine.start(RunLimits.NONE);
        for (String each : List.of("a", "b", "c")) {
            session.execute("machine:send p " + each);
            long before = machine.status().instructions();
            while (machine.status().instructions() < before + 200_000) {
                Thread.onSpinWait();
            }
        }
        machine.pause();
        long end = machine.status().instructions();
        String digest = machine.digest();
        assertThat(machine.call(() -> machine.memory().read(0x10_0100, 4))).isEqualTo(0x636261);
        assertThat(session.execute("machine:past p").toString()).contains("inputs=3");
        session.execute("machine:back --to start p");
        assertThat(machine.call(() -> machine.memory().read(0x10_0100, 4))).isZero();
        session.execute("machine:go p " + end);
        assertThat(machine.digest()).isEqualTo(digest);
        session.execute("machine:go p 1000");
        run(machine, end - 1000);
        assertThat(machine.digest()).as("running on by itself").isEqualTo(digest);
    }

    @Test
    void severalProcessorsWithApicsAreRepeatedToTheBit() throws Exception {
        Machine machine = machine(COUNTER, "--cpus 4 --irq apic");
        session.execute("machine:record p");
        List<String> digests = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            run(machine, 123_457);
            digests.add(machine.digest());
        }
        for (int i : new int[] {2, 0, 4, 1, 3}) {
            session.execute("machine:go p " + (i + 1) * 123_457);
            assertThat(machine.digest()).isEqualTo(digests.get(i));
        }
    }

    @Test
    void aTripleFaultIsSteppedBackFrom() throws Exception {
        Machine machine = machine(CRASH, "--options shutdown=stop");
        session.execute("machine:record p");
        machine.run(RunLimits.instructions(100_000));
        assertThat(session.execute("machine:back --to fault p").toString()).contains("mov", "the next instruction faults");
        assertThat(register("rax")).isEqualTo(0x1234_5678_9000L);
        assertThat(register("rcx")).isZero();
        assertThat(session.execute("machine:back --count 3 p").toString()).contains("dec");
        assertThat(register("rcx")).isEqualTo(1);
    }

    @Test
    void theLatestWriteIsFound() throws Exception {
        Machine machine = machine(COUNTER, "");
        session.execute("machine:record p");
        run(machine, 10_000);
        long counted = machine.call(() -> machine.memory().read(0x10_0100, 8));
        session.execute("cpu:break p add 100100h --kind write --length 8");
        assertThat(session.execute("machine:back --to breakpoint p").toString()).contains("watchpoint 1");
        assertThat(register("rip")).isEqualTo(0x10_0013);
        assertThat(register("rax")).isEqualTo(counted);
        assertThat(machine.call(() -> machine.memory().read(0x10_0100, 8))).isEqualTo(counted - 1);
        session.execute("cpu:break p remove 1");
        assertThat(session.execute("machine:back --to breakpoint p").toString()).contains("no breakpoint was met");
        assertThat(machine.status().instructions()).isZero();
    }

    @Test
    void wrongRequestsAreRefusedAndTheMachineStaysWhereItIs() throws Exception {
        Machine machine = machine(COUNTER, "");
        assertThatThrownBy(() -> session.execute("machine:back p")).hasMessageContaining("machine:record");
        session.execute("machine:record p");
        run(machine, 1000);
        assertThatThrownBy(() -> session.execute("machine:go p 1001")).hasMessageContaining("0 to 1000");
        assertThatThrownBy(() -> session.execute("machine:back --count 2000 p")).hasMessageContaining("2,000");
        assertThatThrownBy(() -> session.execute("machine:back --count 0 p")).hasMessageContaining("1 or more");
        assertThatThrownBy(() -> session.execute("machine:back --to hell p")).hasMessageContaining("breakpoint, fault or start");
        assertThatThrownBy(() -> session.execute("machine:back --to fault p")).hasMessageContaining("no fault");
        assertThatThrownBy(() -> session.execute("machine:back --cpu 3 p")).hasMessageContaining("processor");
        assertThatThrownBy(() -> session.execute("machine:record --memory 1K p")).hasMessageContaining("1M or more");
        assertThat(machine.status().instructions()).isEqualTo(1000);
        machine.start(RunLimits.NONE);
        assertThatThrownBy(() -> session.execute("machine:back p")).hasMessageContaining("pause it first");
        machine.pause();
        session.execute("machine:record --off p");
        assertThatThrownBy(() -> session.execute("machine:past p")).hasMessageContaining("not recorded");
    }

    @Test
    void whatCannotBeTakenBackIsRefused() throws Exception {
        machine(COUNTER, "");
        session.execute("disk:create " + folder.resolve("d.img") + " 1M");
        session.execute("disk:attach p " + folder.resolve("d.img"));
        assertThatThrownBy(() -> session.execute("machine:record p")).hasMessageContaining("nvme0 writes to " + folder.resolve("d.img"));
        session.execute("disk:detach p nvme0");
        session.execute("disk:attach --read-only p " + folder.resolve("d.img"));
        session.execute("machine:record p");
        run(machines.machine("p"), 1000);
        session.execute("machine:back p");
        assertThat(machines.machine("p").status().instructions()).isEqualTo(999);
    }

    @Test
    void gdbGoesBack() throws Exception {
        machine(COUNTER, "");
        String said = gdb("reverse-stepi", "monitor machine:record $machine", "break *0x100080", "continue", "continue", "continue", "p $rax", "reverse-continue", "p $rax",
            "reverse-stepi", "p/x $pc", "stepi", "p/x $pc", "delete", "watch *(long*)0x100100", "reverse-continue", "p $rax", "p/x $pc", "reverse-continue", "reverse-continue", "p/x $pc");
        assertThat(said).contains("the past is not recorded", "$1 = 3", "$2 = 2", "$3 = 0x100016", "$4 = 0x100080",
            "Old value = 2", "New value = 1", "$5 = 2", "$6 = 0x100013", "New value = 0", "No more reverse-execution history", "$7 = 0x100000");
    }

    private String gdb(String... commands) throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/gdb")), "no gdb is installed at /usr/bin/gdb");
        int port;
        try {
            port = Integer.parseInt(session.execute("gdb:serve p --port 0").toString().replaceAll(".*port=(\\d+).*", "$1"));
        } catch (Exception e) {
            throw new IOException(e);
        }
        List<String> line = new ArrayList<>(List.of("/usr/bin/gdb", "-batch", "-nx", "-ex", "target remote 127.0.0.1:" + port));
        for (String command : commands) {
            line.addAll(List.of("-ex", command));
        }
        Path out = folder.resolve("gdb.out");
        Process gdb = new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(out.toFile()).redirectInput(Path.of("/dev/null").toFile()).start();
        try {
            assertThat(gdb.waitFor(60, TimeUnit.SECONDS)).as("gdb ends: %s", Files.readString(out)).isTrue();
        } finally {
            gdb.destroyForcibly();
        }
        return Files.readString(out);
    }
}
