package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.RunLimits;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Machines under the real gdb, where it is installed; and under debuggers that misbehave. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GdbIT extends AtTheShell {
    private static final String BOOT_SECTOR = """
            bits 16
            org 0x7c00
            start: mov ax, 0x1234
                mov ds, ax
                jmp 0x7b0:0x110
            times 0x10 - ($ - $$) db 0x90
            again: inc bx
                jmp again
            """;

    /** Creates the machine g with a guest, and lets debuggers in. @return the port */
    private int serve(String source, String mode, String options) throws Exception {
        Path file = Files.writeString(folder.resolve("guest.asm"), source);
        session.execute("machine:create g --memory 16M " + options);
        session.execute("machine:load g asm " + file + " --mode " + mode);
        String door = session.execute("gdb:serve g --port 0").toString();
        assertThat(door).contains("127.0.0.1");
        return Integer.parseInt(door.replaceAll(".*port=(\\d+).*", "$1"));
    }

    private Machine machine() {
        return machines.machine("g");
    }

    private Process start(int port, Path out, String... commands) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/gdb")), "no gdb is installed at /usr/bin/gdb");
        List<String> line = new ArrayList<>(List.of("/usr/bin/gdb", "-batch", "-nx", "-ex", "target remote 127.0.0.1:" + port));
        for (String command : commands) {
            line.add("-ex");
            line.add(command);
        }
        return new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(out.toFile()).redirectInput(Path.of("/dev/null").toFile()).start();
    }

    private String gdb(int port, String... commands) throws Exception {
        Path out = folder.resolve("gdb.out");
        Process gdb = start(port, out, commands);
        try {
            assertThat(gdb.waitFor(60, TimeUnit.SECONDS)).as("gdb ends: %s", Files.readString(out)).isTrue();
        } finally {
            gdb.destroyForcibly();
        }
        return Files.readString(out);
    }

    @Test
    void breaksAndStepsAndSeesRegisters() throws Exception {
        String said = gdb(serve(COUNTER, "long", ""), "stepi", "stepi", "p/x $rsp", "break *0x100080", "continue", "continue", "x/i $pc", "x/gx $rsp",
                "info registers rax rip cr0 efer", "p $mxcsr", "p $xmm0.uint128", "p $ymm1.v8_int32", "p $fctrl", "bt 1");
        assertThat(said).contains("0x000000000010000e in ??", "$1 = 0x200000", "Breakpoint 1, 0x0000000000100080", "=> 0x100080:\tmov    %rax,%rcx",
                "0x1ffff8:\t0x000000000010001b", "rax            0x2 ", "rip            0x100080 ", "efer           0x500 ",
                "$2 = [ IM DM ZM OM UM PM ]", "$3 = 0", "#0  0x0000000000100080");
    }

    @Test
    void aBreakpointIsUnseenByTheGuestAndAWatchpointStopsAfterTheAccess() throws Exception {
        String said = gdb(serve(COUNTER, "long", ""), "break *0x100010", "continue", "x/2bx 0x100010", "delete", "watch *(long*)0x100100", "continue", "continue", "p $pc");
        assertThat(said).contains("0x100010:\t0x48\t0xff", "Old value = 0", "New value = 1", "Old value = 1", "New value = 2");
        assertThat(said).doesNotContain("0xcc");
    }

    @Test
    void aStepThatMeetsAWatchpointSaysSo() throws Exception {
        String said = gdb(serve(COUNTER, "long", ""), "watch *(long*)0x100100", "stepi 5");
        assertThat(said).contains("Hardware watchpoint 1: *(long*)0x100100", "Old value = 0", "New value = 1");
    }

    @Test
    void writesReachRegistersAndCode() throws Exception {
        String said = gdb(serve(COUNTER, "long", ""), "break *0x100080", "continue", "set var $rax = 0x1000", "set var $xmm3.uint128 = 5", "p $xmm3.v2_int64",
                "set var *(unsigned char*)0x100086 = 0xaa", "stepi 2", "p/x $rcx", "p *(long*)0x5000000000");
        // XOR RCX, imm8 is 48 83 F1 ib: its immediate is the fourth byte, here AAh, sign-extended.
        assertThat(said).contains("$1 = {5, 0}", "$2 = 0xffffffffffffefaa", "Cannot access memory at address 0x5000000000");
    }

    @Test
    void anInterruptStopsTheGuestAndADetachedOneGoesOn() throws Exception {
        int port = serve(COUNTER, "long", "");
        Path out = folder.resolve("interrupted");
        Process gdb = start(port, out, "continue", "info threads", "detach");
        await().until(() -> !gdb.isAlive() || machine().status().instructions() > 100_000);
        assertThat(new ProcessBuilder("kill", "-INT", Long.toString(gdb.pid())).start().waitFor()).isZero();
        assertThat(gdb.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.readString(out)).contains("received signal SIGINT", "cpu0, long mode, CPL 0", "detached");
        long then = machine().status().instructions();
        await().until(() -> machine().status().instructions() > then);
        assertThat(session.execute("gdb:list").toString()).contains("client=]");
    }

    @Test
    void processorsAreThreads() throws Exception {
        int port = serve(COUNTER, "long", "--cpus 2");
        machine().call(() -> {
            LogicalProcessor second = machine().findAll(LogicalProcessor.class).get(1);
            machine().memory().write(0x8000, 4, 0xFDEB43); // INC BX; JMP to it
            second.init();
            second.startup(8);
            return null;
        });
        machine().run(RunLimits.instructions(50_000));
        String said = gdb(port, "info threads", "thread 2", "p $ebx > 1000", "p/x $cs_base", "stepi", "stepi", "p $pc == 0x8000 || $pc == 0x8001", "thread 1", "stepi", "p $pc > 0x100000");
        assertThat(said).contains("(cpu0, long mode, CPL 0)", "(cpu1, real mode, CPL 0)", "$1 = 1", "$2 = 0x8000", "$3 = 1", "$4 = 1");
    }

    @Test
    void realModeIsSeenByLinearAddresses() throws Exception {
        String said = gdb(serve(BOOT_SECTOR, "real", ""), "show architecture", "break *0x7c10", "continue", "stepi", "stepi", "x/2i $pc", "p/x $cs", "p $bx");
        assertThat(said).contains("i8086", "Breakpoint 1, 0x00007c10", "=> 0x7c10:\tinc    %bx", "$1 = 0x7b0", "$2 = 1");
    }

    @Test
    void protectedModeHas32BitRegisters() throws Exception {
        String source = "bits 32\norg 0x100000\nstart: mov esp, 0x200000\n mov ebx, 0x12345678\n push ebx\nhere: jmp here\n";
        String said = gdb(serve(source, "protected", ""), "show architecture", "stepi 3", "x/i $pc", "p/x $ebx", "x/wx $esp", "p $cr0 & 1", "p sizeof($eip)");
        assertThat(said).contains("\"i386\"", "=> 0x10000b:\tjmp    0x10000b", "$1 = 0x12345678", "0x1ffffc:\t0x12345678", "$2 = 1", "$3 = 4");
    }

    @Test
    void monitorReachesTheShell() throws Exception {
        String said = gdb(serve(COUNTER, "long", ""), "monitor cpu:regs $machine", "monitor machine:nonsense", "monitor machine:list");
        assertThat(said).contains("rip", "no such command: machine:nonsense", "not yet run");
    }

    @Test
    void aPowerOffEndsTheProgram() throws Exception {
        String said = gdb(serve("bits 64\norg 0x100000\nstart: mov al, 16\n mov dx, 0xf4\n out dx, al\nhere: jmp here\n", "long", "--test-devices"), "continue");
        assertThat(said).contains("exited with code 041"); // the exit port: twice the value and one, octal
    }

    @Test
    void garbageAndVanishedClientsDoNoHarm() throws Exception {
        int port = serve(COUNTER, "long", "");
        Random random = new Random(42);
        for (int i = 0; i < 20; i++) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                byte[] noise = new byte[1000];
                random.nextBytes(noise);
                socket.getOutputStream().write(noise);
                for (int j = 0; j < 50; j++) {
                    byte[] letters = new byte[1 + random.nextInt(12)];
                    for (int k = 0; k < letters.length; k++) {
                        letters[k] = (byte) "gGpPmMXZzHTvqQ?0123456789abcdef,;:=-".charAt(random.nextInt(36));
                    }
                    socket.getOutputStream().write(packet(new String(letters, StandardCharsets.US_ASCII)));
                }
            } catch (IOException e) {
                // The server may have closed its end already.
                assertThat(e.getMessage()).isNotBlank();
            }
        }
        assertThat(gdb(port, "p/x $cr0")).contains("$1 = 0x80");
    }

    @Test
    void aClientThatVanishesWhileTheGuestRunsLeavesItRunning() throws Exception {
        int port = serve(COUNTER, "long", "");
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(packet("Z0,100080,1"));
            socket.getOutputStream().write(packet("z0,100080,1"));
            socket.getOutputStream().write(packet("vCont;c"));
            await().until(() -> machine().status().instructions() > 10_000);
        }
        await().until(() -> session.execute("gdb:list").toString().contains("client=]") && machine().status().running());
        long then = machine().status().instructions();
        await().until(() -> machine().status().instructions() > then);
        assertThat(session.execute("cpu:break g")).asInstanceOf(InstanceOfAssertFactories.LIST).isEmpty();
    }

    @Test
    void aClientThatVanishesBeforeTheRunHasBegunHoldsNobodyUp() throws Exception {
        int port = serve(COUNTER, "long", "");
        for (int i = 0; i < 200; i++) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.getOutputStream().write(packet("c"));
            }
        }
        assertThat(gdb(port, "p/x $cr0")).contains("$1 = 0x80");
    }

    @Test
    void oneDoorAMachine() throws Exception {
        serve(COUNTER, "long", "");
        assertThatThrownBy(() -> session.execute("gdb:serve g --port 0")).hasMessageContaining("is served already");
        session.execute("gdb:stop g");
        assertThat(session.execute("gdb:list")).asInstanceOf(InstanceOfAssertFactories.LIST).isEmpty();
        assertThatThrownBy(() -> session.execute("gdb:stop g")).hasMessageContaining("no machine that is served 'g'");
        session.execute("gdb:serve g --port 0");
    }

    private static byte[] packet(String content) {
        int sum = content.chars().sum() & 0xFF;
        return ("$" + content + "#" + String.format("%02x", sum)).getBytes(StandardCharsets.US_ASCII);
    }
}
