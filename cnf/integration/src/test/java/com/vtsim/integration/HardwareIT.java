package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.vtsim.api.cpu.InstructionSet;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machine.PartInfo;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceReference;

/**
 * Every bundle with parts of a machine: there, absent, stopped and started, and updated under a guest that counts the interrupts of a
 * timer and holds the count against another clock ({@code cnf/guests/ticks.asm}).
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HardwareIT {
    private static final Path GUEST = Path.of("..", "guests", "ticks.asm");
    /** As the demo has it, but with interrupts for four seconds: the 24 bits of the clock it compares with allow no more. */
    private static final String END = "cmp dword [next], 1000";
    private static final RunLimits WHOLE = new RunLimits(600_000_000, Long.MAX_VALUE, "None lost.");
    private static final String MACHINE = "com.vtsim.machine";
    private static final String CPU = "com.vtsim.cpu";
    private static final String PIC = "com.vtsim.irq.pic";
    private static final String BUS = "com.vtsim.pci.bus";
    private static final String LPC = "com.vtsim.pci.lpc";
    private static final String TESTDEV = "com.vtsim.pci.testdev";

    /** What a run leaves: nothing in it may tell whether a part was replaced. */
    private record Trace(long instructions, String digest, String said) {
        static Trace of(Machine machine) {
            assertThat(machine.status().reports()).isEmpty();
            return new Trace(machine.status().instructions(), machine.digest(), machine.transcripts().get("com1"));
        }
    }

    /** Of the first run that nobody touched; others are compared with it. */
    private static Trace expected;

    private final BundleContext context = FrameworkUtil.getBundle(HardwareIT.class).getBundleContext();
    private final List<Installed> touched = new ArrayList<>();

    @TempDir
    Path folder;

    @AfterEach
    void leaveEverythingAsItWas() throws Exception {
        machines().machines().forEach(machine -> machines().destroy(machine.name()));
        for (Installed bundle : touched) {
            bundle.putBack();
        }
    }

    /** Those of now: they come from a bundle that is replaced too. */
    private Machines machines() {
        ServiceReference<Machines> reference = context.getServiceReference(Machines.class);
        assertThat(reference).as("the backplane").isNotNull();
        return context.getService(reference);
    }

    private Installed installed(String name) {
        Installed bundle = Installed.of(context, name);
        touched.add(bundle);
        return bundle;
    }

    private Machine machine(String name) throws Exception {
        Machine machine = machines().create(name, "q35", Map.of("memory", "16M", "mips", "40", "test-devices", "true"));
        InstructionSet set = context.getService(context.getServiceReference(InstructionSet.class));
        String source = Files.readString(GUEST);
        assertThat(source).contains(END);
        InstructionSet.Program guest = set.assemble(source.replace(END, END.replace("1000", "4000")), 0);
        Path image = Files.write(folder.resolve("ticks.bin"), guest.bytes());
        machine.load("flat", image, Map.of("address", Long.toString(guest.origin()), "entry", Long.toString(guest.symbols().get("start"))));
        return machine;
    }

    private Trace expected() throws Exception {
        if (expected == null) {
            expected = untouched();
        }
        return expected;
    }

    private Trace untouched() throws Exception {
        Machine machine = machine("untouched");
        assertThat(machine.run(WHOLE).cause()).isEqualTo(Stop.Cause.TEXT);
        Trace trace = Trace.of(machine);
        machines().destroy("untouched");
        assertThat(trace.said()).contains("4000 interrupts");
        return trace;
    }

    private static void awaitThat(Callable<Boolean> condition) {
        await().pollInterval(Duration.ofMillis(1)).until(condition);
    }

    private static void awaitParts(Machine machine, String bundle) {
        awaitThat(() -> machine.parts().stream().allMatch(PartInfo::present));
        assertThat(machine.parts()).filteredOn(part -> part.bundle().startsWith(bundle + " ")).isNotEmpty().extracting(PartInfo::carried).containsOnly("state");
    }

    @Test
    void twoRunsAreTheSame() throws Exception {
        assertThat(untouched()).isEqualTo(expected());
    }

    @ParameterizedTest
    @ValueSource(strings = {CPU, PIC, BUS, LPC, TESTDEV})
    void updatesUnderARunningGuestLoseNothing(String name) throws Exception {
        Trace unswapped = expected();
        Machine machine = machine("a");
        Installed bundle = installed(name);
        machine.start(WHOLE);
        for (int i = 0; i < 8; i++) {
            long before = machine.status().instructions();
            awaitThat(() -> machine.status().instructions() > before);
            assertThat(machine.status().running()).as("the guest runs when %s is updated", name).isTrue();
            bundle.update();
            awaitParts(machine, name);
        }
        assertThat(machine.await().cause()).isEqualTo(Stop.Cause.TEXT);
        assertThat(Trace.of(machine)).isEqualTo(unswapped);
    }

    /** Memory, clock and lines are the backplane's own: its update takes the whole machine along, and the run that is on. */
    @Test
    void updatesOfTheBackplaneUnderARunningGuestLoseNothing() throws Exception {
        Trace unswapped = expected();
        machine("a").start(WHOLE);
        Installed bundle = installed(MACHINE);
        for (int i = 0; i < 5; i++) {
            Machine machine = machines().machine("a");
            long before = machine.status().instructions();
            awaitThat(() -> machine.status().instructions() > before);
            assertThat(machine.status().running()).as("the guest runs").isTrue();
            bundle.update();
            awaitThat(() -> context.getServiceReference(Machines.class) != null && machines().machines().size() == 1);
            assertThat(machine.await()).as("who waited is told").isEqualTo(Stop.of(Stop.Cause.PAUSED, "the machine's own bundle is being replaced; it goes on with the next"));
            assertThat(machines().machine("a").status().instructions()).isGreaterThan(before);
        }
        assertThat(machines().machine("a").await().cause()).isEqualTo(Stop.Cause.TEXT);
        assertThat(Trace.of(machines().machine("a"))).isEqualTo(unswapped);
    }

    @Test
    void aMachineAtRestSurvivesItsBackplane() throws Exception {
        Trace unswapped = expected();
        machine("a").run(RunLimits.instructions(unswapped.instructions() / 2));
        Installed bundle = installed(MACHINE);
        bundle.bundle().stop();
        assertThat(context.getServiceReference(Machines.class)).isNull();
        bundle.bundle().start();
        awaitThat(() -> context.getServiceReference(Machines.class) != null && machines().machines().size() == 1);
        Machine machine = machines().machine("a");
        assertThat(machine.status().running()).isFalse();
        assertThat(machine.status().stop().cause()).isEqualTo(Stop.Cause.INSTRUCTIONS);
        assertThat(machine.run(WHOLE).cause()).isEqualTo(Stop.Cause.TEXT);
        assertThat(Trace.of(machine)).isEqualTo(unswapped);
    }

    /** A machine that is destroyed leaves nothing for one of the same name. */
    @Test
    void aNewMachineIsNew() throws Exception {
        machine("a").run(RunLimits.instructions(1000));
        machines().destroy("a");
        assertThat(machine("a").status().instructions()).isZero();
    }

    /** Points in the midst of interrupt handlers, of programming the timer and of printing among them. */
    @Test
    void updatesAtRandomInstructionsLoseNothing() throws Exception {
        Trace unswapped = expected();
        Machine machine = machine("a");
        List<Installed> bundles = List.of(installed(CPU), installed(PIC), installed(BUS), installed(LPC), installed(TESTDEV));
        Random random = new Random(8259);
        long at = 0;
        for (long point : random.longs(40, 1, unswapped.instructions() - 1).sorted().distinct().toArray()) {
            machine.run(RunLimits.instructions(point - at));
            at = point;
            Installed bundle = bundles.get(random.nextInt(bundles.size()));
            bundle.update();
            awaitParts(machine, bundle.bundle().getSymbolicName());
        }
        machine.run(WHOLE);
        assertThat(Trace.of(machine)).isEqualTo(unswapped);
    }

    @ParameterizedTest
    @ValueSource(strings = {CPU, PIC, BUS, LPC, TESTDEV})
    void aStoppedAndStartedBundleGoesOnWhereItWas(String name) throws Exception {
        Trace unswapped = expected();
        Machine machine = machine("a");
        Installed bundle = installed(name);
        machine.run(RunLimits.instructions(unswapped.instructions() / 2));
        bundle.bundle().stop();
        awaitThat(() -> !machine.parts().stream().allMatch(PartInfo::present));
        bundle.bundle().start();
        awaitParts(machine, name);
        machine.run(WHOLE);
        assertThat(Trace.of(machine)).isEqualTo(unswapped);
    }

    @ParameterizedTest
    @CsvSource({CPU + ",cpu0", PIC + ",irq"})
    void withoutAnEssentialBundleTheMachineParks(String name, String part) throws Exception {
        Trace unswapped = expected();
        Machine machine = machine("a");
        Installed bundle = installed(name);
        machine.start(WHOLE);
        awaitThat(() -> machine.status().instructions() > 0);
        bundle.bundle().stop();
        awaitThat(() -> machine.status().stop() != null);
        assertThat(machine.status().stop()).isEqualTo(Stop.of(Stop.Cause.PARKED, part + " is missing"));
        bundle.bundle().start();
        assertThat(machine.await().cause()).isEqualTo(Stop.Cause.TEXT);
        assertThat(Trace.of(machine)).isEqualTo(unswapped);
    }

    @ParameterizedTest
    @CsvSource({CPU + ",cpu0", PIC + ",irq"})
    void aRunWithoutAnEssentialBundleSaysWhatIsMissing(String name, String part) throws Exception {
        Machine machine = machine("a");
        installed(name).bundle().stop();
        assertThat(machine.run(WHOLE)).isEqualTo(Stop.of(Stop.Cause.PARKED, part + " is missing"));
    }

    /** PCI data CFCh (of the host bridge), timer 40h, clock 71h, keyboard status 64h, serial line status 3FDh, latches E0h. */
    @ParameterizedTest
    @CsvSource({BUS + ",0cfc,4", LPC + ",0040,1", LPC + ",0071,1", LPC + ",0064,1", LPC + ",03fd,1", TESTDEV + ",00e0,4"})
    void anAbsentDeviceReadsAllOnes(String name, String port, int size) throws Exception {
        Machine machine = machine("a");
        machine.call(() -> {
            machine.ports().write(0xCF8, 4, 0x8000_0000);
            machine.ports().write(0xE0, 4, 0x1234_5678);
            return null;
        });
        int number = Integer.parseInt(port, 16);
        int ones = size == 4 ? -1 : (1 << 8 * size) - 1;
        int there = machine.call(() -> machine.ports().read(number, size));
        assertThat(there).isNotEqualTo(ones);
        Installed bundle = installed(name);
        bundle.bundle().stop();
        awaitThat(() -> !machine.parts().stream().allMatch(PartInfo::present));
        assertThat(machine.<Integer>call(() -> machine.ports().read(number, size))).isEqualTo(ones);
        bundle.bundle().start();
        awaitParts(machine, name);
        assertThat(machine.<Integer>call(() -> machine.ports().read(0xCFC, 4))).as("identity of the host bridge").isEqualTo(0x29C0_8086);
        assertThat(machine.<Integer>call(() -> machine.ports().read(0xE0, 4))).isEqualTo(0x1234_5678);
    }

    @ParameterizedTest
    @ValueSource(strings = {CPU, PIC, BUS, LPC, TESTDEV})
    void aMachineIsNotMadeWithoutItsParts(String name) throws Exception {
        installed(name).bundle().stop();
        assertThatThrownBy(() -> machines().create("a", "q35", Map.of("test-devices", "true"))).isInstanceOf(OperatorException.class)
                .hasMessageStartingWith("part '").hasMessageContaining("(" + name).hasMessageContaining("is not installed");
        assertThat(machines().machines()).isEmpty();
    }
}
