package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.Machines;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;

/** The commands of the machine families as Gogo calls them, on a machine with a guest. */
class CommandsIT {
    private static final String GUEST = """
            bits 16
            org 0x7c00
            start:
                    mov ax, 0x1234
                    mov [0x6000], ax
            loop:   inc ax
                    mov dx, 0x402
                    out dx, al
                    jmp loop
            """;

    private final BundleContext context = FrameworkUtil.getBundle(CommandsIT.class).getBundleContext();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private CommandSession session;

    @TempDir
    Path folder;

    @BeforeEach
    void loadAGuest() throws Exception {
        session = context.getService(context.getServiceReference(CommandProcessor.class)).createSession(new ByteArrayInputStream(new byte[0]), out, out);
        session.currentDir(folder);
        Files.writeString(folder.resolve("guest.asm"), GUEST);
        run("machine:create a --memory 0x100000");
        assertThat(run("machine:load a asm guest.asm")).startsWith("a: guest.asm: ").contains("entry 7c00h in real mode");
    }

    @AfterEach
    void destroy() {
        Machines machines = context.getService(context.getServiceReference(Machines.class));
        machines.machines().forEach(machine -> machines.destroy(machine.name()));
        session.close();
    }

    @Test
    void everyCommandShowsWhatItDid() throws Exception {
        String[][] commands = {
            {"machine:list", "1M"},
            {"machine:show a", "ports  0020-0021"},
            {"machine:profiles", "gm45"},
            {"machine:digest a", "a"},
            {"machine:trace a irq port.write", "a: records irq, port.write"},
            {"machine:trace a", "a: records no events"},
            {"machine:output a --console debug", ""},
            {"machine:reset a", "a: reset"},
            {"machine:pause a", "a: not yet run"},
            {"machine:save a a.snapshot", "a: saved to a.snapshot"},
            {"machine:swap a irq pic", "carried over: state"},
            {"cpu:regs a", "0000_0000_0000_7c00"},
            {"cpu:set a rbx 0x55", "a: rbx = 55h"},
            {"cpu:disassemble a --count 2", "0000_7c03"},
            {"cpu:break a add 0x7c06", "execute"},
            {"cpu:break a add 0x402 --kind port", "port"},
            {"cpu:trace a 10", "a: records the last 10 instructions"},
            {"cpu:why a", "no fault so far"},
            {"cpu:pt a", "processor trace: off\noutput: physical range 0 to 7f, offset 0"},
            {"mem:map a", "ram"},
            {"mem:dump a rip --length 3", "b8 34 12"},
            {"mem:dump a 0x7c00 --linear --length 3", "b8 34 12"},
            {"mem:write a 0x1000 --size 4 0x11223344", "a: 4 bytes written at 0000_1000"},
            {"mem:find a 'b8 34 12'", "0000_7c00"},
            {"mem:walk a rip", "7c00"},
            // Without paging and with one default type, as behind the loader: write-back everywhere.
            {"mem:types a", "registers of a device are cached"},
            {"mem:poison a 0x2000 --length 65", "a: 2 lines poisoned from 0000_2000 on"},
            {"mem:poison a", "0000_2040"},
            {"mem:poison a --clear 0x2000 --length 65", "a: 2 lines healed"},
            {"cpu:mc a --bank 3 --status 0x8c00000000000090 --addr 0x1234", "bank 3: corrected error: MCA error code 0090 at physical 1234"},
            {"irq:show a", "i8259a"},
            {"irq:raise a 5", "a: asserts line 5"},
            {"irq:lower a 5", "a: releases line 5"},
            {"vmx:show a", "off, no current VMCS"},
            {"vmx:why a", "no VM entry has failed"},
            {"vmx:exits a", ""},
            {"ept:walk a 0x1000 --eptp 0x8001e", "not present"},
            {"scenario:list", "interrupt-model-a"},
            {"scenario:source memory", "guest_end"},
            {"pci:list a", "host bridge"},
            {"pci:config --hex a 00:1f.0", "86 80 18 29"}, {"pci:config a 00:1f.0", "ISA bridge"}, {"pci:tree a", "00:1f.0"},
            {"pci:slots a", ""},
            {"pci:dma --data 41 a 00:1f.0 write 0x9000 2", "write of 2 bytes to 9000: completed"},
            {"pci:dma a 00:1f.0 read 0x9000 2", "41 41"},
            {"clock:show a", "MIPS"},
            {"machine:destroy a", "a: destroyed"}};
        for (String[] command : commands) {
            assertThat(run(command[0])).as(command[0]).contains(command[1]);
        }
    }

    @Test
    void whatIsOutOfRangeIsRefusedAndChangesNothing() throws Exception {
        assertThatThrownBy(() -> run("cpu:break a add 0x9999 --length -1")).hasMessage("--length -1 is not possible; it must be 1 to 2097152");
        assertThat(run("cpu:break a")).isEmpty();
        assertThatThrownBy(() -> run("ept:walk a 0x1000 --eptp 0x3fff")).hasMessage("EPT pointer 3fffh asks for a walk of 8 levels in its bits 5:3; 4 and 5 are possible");
        assertThatThrownBy(() -> run("machine:events a --count -1")).hasMessage("--count -1 is not possible; it must be 1 or more");
        assertThatThrownBy(() -> run("cpu:disassemble a --count 0")).hasMessage("--count 0 is not possible; it must be 1 to 1000000");
        assertThatThrownBy(() -> run("machine:step a --count 0")).hasMessage("--count 0 is not possible; it must be 1 or more");
    }

    @Test
    void aStepShowsTheNextInstruction() throws Exception {
        assertThat(run("machine:step a")).startsWith("0000_7c03");
        assertThat(run("machine:step a --count 3")).startsWith("0000_7c0a").contains("(3 instructions)");
        assertThat(run("mem:dump a 0x6000 --length 2")).contains("34 12");
    }

    @Test
    void aRunPrintsItsConsolesAndStopsAtABreakpoint() throws Exception {
        assertThat(run("machine:run a --until 789")).startsWith("a said \"789\" after ");
        assertThat(out.toString(StandardCharsets.ISO_8859_1)).isEqualTo("56789\n");
        run("cpu:break a add 0x7c06");
        assertThat(run("machine:run a")).startsWith("a hit a breakpoint");
        run("cpu:break a remove 1");
        assertThat(run("cpu:break a")).isEmpty();
        assertThatThrownBy(() -> run("cpu:break a remove 1")).hasMessage("no breakpoint '1'; there is none at all");
    }

    @Test
    void aMachineInTheBackgroundIsWaitedFor() throws Exception {
        assertThat(run("machine:start a --until 789")).isEqualTo("a: runs in the background");
        assertThat(run("machine:await a")).startsWith("a said \"789\" after ");
        assertThat(out.toString(StandardCharsets.ISO_8859_1)).isEqualTo("56789\n");
    }

    @Test
    void aSavedMachineComesBack() throws Exception {
        run("machine:step a");
        run("machine:save a a.snapshot");
        String digest = run("machine:digest a");
        run("machine:run a --quiet --instructions 1000");
        assertThat(run("machine:digest a")).isNotEqualTo(digest);
        assertThat(run("machine:restore a a.snapshot")).startsWith("a: as saved in a.snapshot, at 1 instructions");
        assertThat(run("machine:digest a")).isEqualTo(digest);
    }

    private String run(String command) throws Exception {
        Object result = session.execute(command);
        CharSequence shown = result == null ? "" : session.format(result, Converter.INSPECT);
        return shown == null ? "" : shown.toString();
    }
}
