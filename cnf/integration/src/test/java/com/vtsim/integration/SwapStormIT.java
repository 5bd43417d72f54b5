package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.vtsim.api.cpu.InstructionSet;
import com.vtsim.api.irq.InterruptController;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machine.PartInfo;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Hashtable;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

/**
 * The 8259A becomes an APIC and an 8259A again, at random instructions and in every way an operator has, under a guest that takes timer, serial
 * and message interrupts ({@code cnf/guests/messages.asm}). Environment variables {@code VTSIM_STORM_SWAPS} and {@code VTSIM_STORM_INTERRUPTS} set
 * the size; docs/benchmarks.md has the figures of the long run.
 */
@Timeout(value = 1200, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SwapStormIT {
    private static final Path GUEST = Path.of("..", "guests", "messages.asm");
    private static final String PIC = "com.vtsim.irq.pic";
    private static final String APIC = "com.vtsim.irq.apic";
    private static final int SWAPS = size("VTSIM_STORM_SWAPS", 60);
    private static final int INTERRUPTS = size("VTSIM_STORM_INTERRUPTS", 60_000);
    private static final Duration LIMIT = Duration.ofSeconds(120);
    private static final RunLimits WHOLE = RunLimits.instructions(2000L * INTERRUPTS);

    private final BundleContext context = FrameworkUtil.getBundle(SwapStormIT.class).getBundleContext();
    private final Machines machines = context.getService(context.getServiceReference(Machines.class));
    private final Installed pic = Installed.of(context, PIC);
    private final Installed apic = Installed.of(context, APIC);
    private InstructionSet.Program guest;
    private Configuration second;
    /** Of the run that nobody touched. */
    private long instructions;

    @TempDir
    Path folder;

    private static int size(String variable, int absent) {
        String text = System.getenv(variable);
        return text == null || text.isBlank() ? absent : Integer.parseInt(text);
    }

    /** What a run leaves. */
    private record Left(String memory, int timers, int serials, int messages) { }

    @BeforeEach
    void assemble() throws Exception {
        guest = context.getService(context.getServiceReference(InstructionSet.class)).assemble(Files.readString(GUEST), 0);
    }

    @AfterEach
    void leaveEverythingAsItWas() throws Exception {
        machines.machines().forEach(machine -> machines.destroy(machine.name()));
        pic.putBack();
        apic.putBack();
    }

    private Machine machine(String name, String irq) throws Exception {
        Machine machine = machines.create(name, "q35", Map.of("memory", "16M", "mips", "100", "edu", "true", "irq", irq));
        byte[] image = guest.bytes().clone();
        ByteBuffer limits = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
        int timers = Math.max(10, INTERRUPTS / 100);
        limits.putInt(at("timer_limit"), timers).putInt(at("serial_limit"), INTERRUPTS / 2 - timers).putInt(at("message_limit"), INTERRUPTS - INTERRUPTS / 2);
        Path file = Files.write(folder.resolve(name + ".bin"), image);
        machine.load("flat", file, Map.of("mode", "long", "address", Long.toString(guest.origin()), "entry", Long.toString(guest.symbols().get("start"))));
        return machine;
    }

    private int at(String label) {
        return (int) (guest.symbols().get(label) - guest.origin());
    }

    private int word(Machine machine, String label) {
        return machine.call(() -> (int) machine.memory().read(guest.symbols().get(label), 4));
    }

    private Left finish(Machine machine) throws Exception {
        Stop stop = machine.run(WHOLE);
        assertThat(stop.cause()).as("%s: %d timers, %d serials, %d of %d messages", stop, word(machine, "timers"), word(machine, "serials"),
            word(machine, "messages"), word(machine, "sent")).isEqualTo(Stop.Cause.POWER_OFF);
        return left(machine);
    }

    private Left left(Machine machine) throws Exception {
        assertThat(word(machine, "done")).isEqualTo(1);
        assertThat(word(machine, "wrong")).as("interrupts nobody asked for").isZero();
        assertThat(word(machine, "messages")).isEqualTo(word(machine, "message_limit")).isEqualTo(word(machine, "sent"));
        assertThat(word(machine, "serials")).isEqualTo(word(machine, "serial_limit"));
        assertThat(word(machine, "periods")).as("periods of the timer").isEqualTo(word(machine, "timers") - 1);
        assertThat(machine.status().reports()).isEmpty();
        byte[] memory = new byte[16 << 20];
        machine.call(() -> {
            machine.memory().read(0, memory, 0, memory.length);
            return null;
        });
        return new Left(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(memory)), word(machine, "timers"), word(machine, "serials"),
            word(machine, "messages"));
    }

    private Left untouched() throws Exception {
        Machine machine = machine("untouched", "apic");
        Left left = finish(machine);
        instructions = machine.status().instructions();
        machines.destroy("untouched");
        return left;
    }

    /** Swaps at the same instructions whatever the host does. */
    private interface Change {
        /** @param apic whether the APIC is to be there afterwards */
        void to(Machine machine, boolean apic) throws Exception;
    }

    private void storm(String how, Change change, boolean both, String... carried) throws Exception {
        Left expected = untouched();
        Machine machine = machine("storm", "apic");
        Random random = new Random(0x8259);
        long each = 80L * INTERRUPTS / SWAPS;
        Set<String> seen = new HashSet<>();
        long[] pauses = new long[SWAPS];
        boolean there = true;
        int done = 0;
        for (int i = 0; i < SWAPS; i++) {
            if (machine.run(RunLimits.instructions(1 + random.nextLong(2 * each))).cause() == Stop.Cause.POWER_OFF) {
                break;
            }
            long before = machine.status().instructions();
            long time = machine.status().time();
            there = both ? !there : there;
            long began = System.nanoTime();
            change.to(machine, there);
            pauses[done++] = System.nanoTime() - began;
            assertThat(machine.status().instructions()).as("instructions the guest has missed").isEqualTo(before);
            assertThat(machine.status().time()).as("virtual time").isEqualTo(time);
            PartInfo now = machine.part("irq").orElseThrow();
            assertThat(now.present()).isTrue();
            assertThat(now.model()).isEqualTo(there ? "apic" : "i8259a");
            seen.add(now.carried());
        }
        if (!there) {
            change.to(machine, true);
        }
        assertThat(finish(machine)).isEqualTo(expected);
        if (!both) {
            assertThat(machine.status().instructions()).as("instructions").isEqualTo(instructions);
        }
        assertThat(done).as("changes before the guest ended").isGreaterThan(SWAPS * 3 / 4);
        assertThat(seen).allMatch(text -> Arrays.stream(carried).anyMatch(text::startsWith));
        long[] sorted = Arrays.stream(pauses, 0, done).sorted().toArray();
        System.out.printf("%s: %d changes, %d interrupts, %d instructions; wall time of a change: median %.2f ms, worst %.2f ms%n", how, done,
            expected.timers + expected.serials + expected.messages, machine.status().instructions(), sorted[done / 2] / 1e6, sorted[done - 1] / 1e6);
    }

    @Test
    void swapsByCommandLoseAndDoubleNothing() throws Exception {
        storm("machine:swap", (machine, apicNext) -> machines.swap(machine.name(), InterruptController.PART, apicNext ? "apic" : "pic"), true,
            "neutral state");
    }

    @Test
    void updatesLoseAndDoubleNothing() throws Exception {
        byte[] jar = apic.as(apic.bundle().getVersion());
        storm("Bundle.update", (machine, apicNext) -> {
            apic.bundle().update(new ByteArrayInputStream(jar));
            awaitIrq(machine);
        }, false, "state");
    }

    /** A configuration for each of the two, of which one bundle is stopped. */
    @Test
    void stoppingOneBundleAndStartingTheOtherLosesAndDoublesNothing() throws Exception {
        ConfigurationAdmin admin = context.getService(context.getServiceReference(ConfigurationAdmin.class));
        pic.bundle().stop();
        storm("Bundle.stop and start", (machine, apicNext) -> {
            if (second == null) {
                second = admin.getFactoryConfiguration(PIC, "storm.second", "?");
                second.update(new Hashtable<>(Map.of(Part.MACHINE, "storm", Part.NAME, InterruptController.PART)));
            }
            (apicNext ? pic : apic).bundle().stop();
            (apicNext ? apic : pic).bundle().start();
            awaitIrq(machine);
        }, true, "neutral state");
    }

    private static void awaitIrq(Machine machine) {
        await().pollInterval(Duration.ofMillis(1)).atMost(LIMIT).until(() -> machine.parts().stream().allMatch(PartInfo::present));
    }
}
