package com.vtsim.irq.apic;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.irq.InterruptController;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import com.vtsim.cpu.X86Processor;
import com.vtsim.cpu.isa.Assembler;
import com.vtsim.irq.pic.InterruptPair;
import com.vtsim.machine.Backplane;
import com.vtsim.machine.Settings;
import com.vtsim.pci.lpc.pit.IntervalTimer;
import com.vtsim.pci.lpc.serial.Uart;
import com.vtsim.pci.testdev.TestDevices;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The 8259A becomes an APIC and an 8259A again at random instructions, under a guest that counts timer, serial and test-device interrupts.
 * {@code -Dvtsim.storm.swaps=1000 -Dvtsim.storm.interrupts=1000000} is the long run.
 */
class SwapStormTest {
    private static final int SWAPS = Integer.getInteger("vtsim.storm.swaps", 400);
    private static final int INTERRUPTS = Integer.getInteger("vtsim.storm.interrupts", 100_000);
    private static final String PIC = "com.vtsim.irq.pic";
    private static final int EXIT_STATUS = 0x21;

    @TempDir
    static Path folder;
    private static Path image;

    @BeforeAll
    static void assemble() throws IOException {
        String source;
        try (var in = SwapStormTest.class.getResourceAsStream("storm.asm")) {
            source = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        image = Files.write(folder.resolve("storm.bin"), Assembler.assemble(source, 0x7C00, 16).bytes());
    }

    private static Backplane machine(InterruptController controller) {
        Backplane machine = new Backplane(Settings.of("storm", 1 << 20).mips(20));
        machine.add(new X86Processor("cpu0", 0));
        machine.add(controller, PIC, "");
        machine.add(new IntervalTimer("pit"));
        machine.add(new Uart("com1", 0x3F8, 4, "console", 184_320_000));
        machine.add(new TestDevices("test"));
        machine.load("flat", image, Map.of("mode", "real", "address", "0x7c00"));
        machine.memory().write(0x6024, 4, INTERRUPTS);
        return machine;
    }

    private static long count(Backplane machine, int address) {
        return machine.call(() -> machine.memory().read(address, 4));
    }

    private static void nothingLostOrDoubled(Backplane machine) {
        assertThat(count(machine, 0x6018)).as("interrupts nobody asked for").isZero();
        assertThat(count(machine, 0x6008)).as("edges").isEqualTo(count(machine, 0x6010)).isPositive();
        assertThat(count(machine, 0x600C)).as("levels").isEqualTo(count(machine, 0x6014)).isPositive();
        assertThat(count(machine, 0x6004)).as("serial").isGreaterThan(1000);
        assertThat(count(machine, 0x601C)).isGreaterThanOrEqualTo(INTERRUPTS);
        assertThat(machine.status().reports()).isEmpty();
    }

    private static Stop finish(Backplane machine) throws InterruptedException {
        return machine.run(RunLimits.NONE);
    }

    @Test
    void swapsAtRandomInstructionsLoseAndDoubleNothing() throws InterruptedException {
        String expected;
        long instructions;
        try (Backplane machine = machine(new InterruptPair("irq"))) {
            assertThat(finish(machine).exitStatus()).isEqualTo(EXIT_STATUS);
            nothingLostOrDoubled(machine);
            instructions = machine.status().instructions();
            expected = machine.digest();
        }
        Random random = new Random(0x8259);
        InterruptController present = new InterruptPair("irq");
        try (Backplane machine = machine(present)) {
            long[] points = random.longs(SWAPS, 1, instructions).distinct().sorted().toArray();
            long at = 0;
            for (long point : points) {
                machine.run(RunLimits.instructions(point - at));
                at = point;
                boolean update = random.nextInt(4) == 0;
                boolean apic = present instanceof ApicController;
                InterruptController next = apic == update ? new ApicController("irq", false) : new InterruptPair("irq");
                machine.remove(present);
                machine.add(next, PIC, "");
                assertThat(machine.part("irq").orElseThrow().carried()).isEqualTo(update ? "state" : "neutral state");
                present = next;
            }
            assertThat(finish(machine).exitStatus()).isEqualTo(EXIT_STATUS);
            if (present instanceof ApicController) {
                machine.remove(present);
                machine.add(new InterruptPair("irq"), PIC, "");
            }
            nothingLostOrDoubled(machine);
            assertThat(machine.status().instructions()).isEqualTo(instructions);
            assertThat(machine.digest()).isEqualTo(expected);
        }
    }

    /** The guest cannot tell a machine with APICs from one without, if it knows only the 8259A. */
    @Test
    void aGuestOfThe8259RunsTheSameInVirtualWireMode() throws InterruptedException {
        try (Backplane plain = machine(new InterruptPair("irq")); Backplane wire = machine(new ApicController("irq", false))) {
            finish(plain);
            finish(wire);
            nothingLostOrDoubled(wire);
            assertThat(wire.status().instructions()).isEqualTo(plain.status().instructions());
            assertThat(count(wire, 0x6000)).isEqualTo(count(plain, 0x6000));
        }
    }
}
