package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machine.PartInfo;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Part;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

/** Machines as sets of configurations, with the bundles that are installed. */
class MachinesIT {

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final String PIC = "com.vtsim.irq.pic";
    /** Port of the master 8259A's mask. */
    private static final int IMR = 0x21;

    private final BundleContext context = FrameworkUtil.getBundle(MachinesIT.class).getBundleContext();
    private final Machines machines = context.getService(context.getServiceReference(Machines.class));
    private final ConfigurationAdmin configurations = context.getService(context.getServiceReference(ConfigurationAdmin.class));

    @TempDir
    Path folder;

    @AfterEach
    void destroyWhatIsLeft() {
        machines.machines().forEach(machine -> machines.destroy(machine.name()));
    }

    @Test
    void aCreatedMachineHasEveryPartOfItsProfile() {
        Machine machine = machines.create("a", "q35", Map.of("memory", "16777216", "cpus", "2", "test-devices", "true"));
        assertThat(machine.parts()).extracting(PartInfo::name)
                .containsExactlyInAnyOrder("cpu0", "cpu1", "irq", "host", "lpc", "pit", "rtc", "hpet", "i8042", "com1", "fwcfg", "debug", "ept", "test");
        assertThat(machine.parts()).allSatisfy(part -> {
            assertThat(part.present()).as(part.name()).isTrue();
            assertThat(part.bundle()).startsWith("com.vtsim.");
        });
        assertThat(machine.call(() -> machine.memory().ramSize())).isEqualTo(16 << 20);
        assertThat(machines.machines()).extracting(Machine::name).containsExactly("a");
    }

    @Test
    void theMobileChipsetIsAProfileOfItsOwn() {
        Machine machine = machines.create("a", "gm45", Map.of());
        assertThat(machine.part("host").orElseThrow().model()).contains("gm45");
    }

    @Test
    void machinesStandSideBySide() {
        machines.create("b", "q35", Map.of());
        machines.create("a", "q35", Map.of());
        assertThat(machines.machines()).extracting(Machine::name).containsExactly("a", "b");
        assertThatThrownBy(() -> machines.create("a", "q35", Map.of())).hasMessage("machine 'a' exists already; choose another name or destroy it first");
        assertThatThrownBy(() -> machines.machine("c")).hasMessage("no machine 'c'; did you mean 'a'? there are a, b");
    }

    @Test
    void aPartThatIsNotInstalledIsNamedAndNothingIsLeft() {
        assertThatThrownBy(() -> machines.create("a", "q35", Map.of("irq", "none"))).isInstanceOf(OperatorException.class)
                .hasMessageStartingWith("part 'irq' (com.vtsim.irq.none) is not installed; of this family there").hasMessageContaining(PIC);
        assertNothingIsLeft("a");
    }

    @Test
    void aPartThatDoesNotStartIsNamedAndNothingIsLeft() throws Exception {
        Path description = Files.writeString(folder.resolve("bad.json"), """
                {
                  "com.vtsim.machine~${machine}": { "vtsim.machine": "${machine}", "vtsim.name": "machine", "idle": "sleep" }
                }
                """);
        assertThatThrownBy(() -> machines.create("a", description.toString(), Map.of())).isInstanceOf(OperatorException.class)
                .hasMessage("part 'machine' (com.vtsim.machine) does not start: idle is stop or wait, not sleep");
        assertNothingIsLeft("a");
    }

    @Test
    void wrongOptionsLeaveNothing() {
        assertThatThrownBy(() -> machines.create("a", "q35", Map.of("memmory", "1"))).hasMessageContaining("did you mean 'memory'?");
        assertThatThrownBy(() -> machines.create("a", "q35", Map.of("cpus", "0"))).hasMessageContaining("cpus 0 is not possible");
        assertThatThrownBy(() -> machines.create("a b", "q35", Map.of())).hasMessageContaining("'a b' is no name for a machine");
        assertNothingIsLeft("a");
    }

    @Test
    void destroyLeavesNoConfigurationBehind() {
        machines.create("a", "q35", Map.of());
        machines.destroy("a");
        assertNothingIsLeft("a");
        assertThatThrownBy(() -> machines.destroy("a")).hasMessage("no machine 'a'; there is none at all");
        machines.create("a", "q35", Map.of());
    }

    @Test
    void aSwapToTheSameModelCarriesItsState() {
        Machine machine = prepared("a");
        assertThat(machines.swap("a", "irq", "pic")).startsWith("irq: pic -> pic").endsWith("carried over: state");
        assertThat(mask(machine)).isEqualTo(0x5A);
        assertThat(machine.part("irq").orElseThrow().carried()).isEqualTo("state");
    }

    @Test
    void aSwapThatCannotBeLeavesTheMachineAsItWas() {
        Machine machine = prepared("a");
        assertThatThrownBy(() -> machines.swap("a", "irq", "uart")).hasMessageStartingWith("no model installed for part 'irq' 'uart'");
        assertThatThrownBy(() -> machines.swap("a", "irk", "pic")).hasMessageContaining("no part of machine a 'irk'; did you mean 'irq'?");
        assertThatThrownBy(() -> machines.swap("b", "irq", "pic")).hasMessage("no machine 'b'; there is a");
        assertThat(mask(machine)).isEqualTo(0x5A);
        assertThat(machine.parts()).allMatch(PartInfo::present);
    }

    @Test
    void aStoppedBundlesPartIsAbsentAndComesBackWithItsState() throws Exception {
        Machine machine = prepared("a");
        Bundle bundle = Arrays.stream(context.getBundles()).filter(each -> PIC.equals(each.getSymbolicName())).findFirst().orElseThrow();
        bundle.stop();
        try {
            await().atMost(LIMIT).until(() -> !machine.part("irq").orElseThrow().present());
            assertThat(mask(machine)).as("nobody answers").isEqualTo(0xFF);
        } finally {
            bundle.start();
        }
        await().atMost(LIMIT).until(() -> machine.part("irq").orElseThrow().present());
        assertThat(mask(machine)).isEqualTo(0x5A);
    }

    @Test
    void configurationsFromElsewhereMakeAMachineToo() throws Exception {
        configure("com.vtsim.machine", Map.of(Part.MACHINE, "foreign", Part.NAME, "machine", "memory", 1L << 20));
        configure(PIC, Map.of(Part.MACHINE, "foreign", Part.NAME, "irq"));
        await().atMost(LIMIT).until(() -> machines.machines().size() == 1);
        await().atMost(LIMIT).until(() -> machines.machine("foreign").part("irq").filter(PartInfo::present).isPresent());
        machines.destroy("foreign");
        assertNothingIsLeft("foreign");
    }

    private void configure(String pid, Map<String, Object> properties) throws IOException {
        configurations.getFactoryConfiguration(pid, "foreign", "?").update(new Hashtable<>(properties));
    }

    /** A machine whose 8259A is programmed and masks 5Ah. */
    private Machine prepared(String name) {
        Machine machine = machines.create(name, "q35", Map.of());
        machine.call(() -> {
            int[][] writes = {{0x20, 0x11}, {IMR, 0x20}, {IMR, 4}, {IMR, 1}, {IMR, 0x5A}};
            for (int[] write : writes) {
                machine.ports().write(write[0], 1, write[1]);
            }
            return null;
        });
        return machine;
    }

    private static int mask(Machine machine) {
        return machine.call(() -> machine.ports().read(IMR, 1));
    }

    private void assertNothingIsLeft(String machine) {
        List<String> left = new ArrayList<>();
        try {
            Configuration[] found = configurations.listConfigurations("(" + Part.MACHINE + "=" + machine + ")");
            Arrays.stream(found == null ? new Configuration[0] : found).forEach(each -> left.add(each.getPid()));
        } catch (Exception e) {
            throw new AssertionError(e);
        }
        assertThat(left).isEmpty();
        assertThat(machines.machines()).extracting(Machine::name).doesNotContain(machine);
    }
}
