package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

/** The machine as a component: parts that come and go in a live framework, also while it runs. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MachineIT {
    private final BundleContext context = FrameworkUtil.getBundle(MachineIT.class).getBundleContext();
    private final ConfigurationAdmin configurations = context.getService(context.getServiceReference(ConfigurationAdmin.class));
    private Configuration configuration;
    private ServiceRegistration<Part> processor;

    @BeforeEach
    void create() throws Exception {
        configuration = configurations.getFactoryConfiguration("com.vtsim.machine", "it", "?");
        configuration.update(new Hashtable<>(Map.of(Part.MACHINE, "it", "memory", 1L << 20, "Parts.target", "(vtsim.machine=it)")));
        await().until(() -> machine() != null);
    }

    @AfterEach
    void destroy() throws Exception {
        if (processor != null) {
            processor.unregister();
        }
        configuration.delete();
        await().until(() -> machine() == null);
    }

    private Machine machine() throws InvalidSyntaxException {
        return context.getServiceReferences(Machine.class, "(vtsim.machine=it)").stream().findFirst().map(context::getService).orElse(null);
    }

    private void register(String machine) {
        Dictionary<String, Object> properties = new Hashtable<>(Map.of(Part.MACHINE, machine, Part.NAME, "cpu0", "service.factoryPid", "test.counting"));
        processor = context.registerService(Part.class, new CountingProcessor(), properties);
    }

    private void unregister() {
        processor.unregister();
        processor = null;
    }

    @Test
    void withoutAProcessorTheRunSaysWhatIsMissing() throws Exception {
        assertThat(machine().run(RunLimits.NONE)).isEqualTo(Stop.of(Stop.Cause.PARKED, "cpu0 is missing"));
    }

    @Test
    void partsOfAnotherMachineArePassedOver() throws Exception {
        register("other");
        assertThat(machine().parts()).isEmpty();
    }

    @Test
    void aPartIsThereOnceItIsRegistered() throws Exception {
        register("it");
        Bundle here = context.getBundle();
        assertThat(machine().parts()).containsExactly(new Machine.PartInfo("cpu0", "counting", "test.counting", here.getSymbolicName() + " " + here.getVersion(), true, "new"));
        assertThat(machine().run(RunLimits.instructions(1000)).cause()).isEqualTo(Stop.Cause.INSTRUCTIONS);
    }

    @Test
    void aProcessorIsReplacedTwentyTimesUnderARunningGuest() throws Exception {
        register("it");
        Machine machine = machine();
        machine.start(RunLimits.NONE);
        for (int i = 0; i < 20; i++) {
            long before = machine.status().instructions();
            await().until(() -> machine.status().instructions() > before);
            unregister();
            assertThat(machine.status().stop()).isEqualTo(Stop.of(Stop.Cause.PARKED, "cpu0 is missing"));
            register("it");
            assertThat(machine.part("cpu0").orElseThrow().carried()).isEqualTo("state");
        }
        machine.pause();
        assertThat(machine.await().cause()).isEqualTo(Stop.Cause.PAUSED);
        long counted = machine.call(() -> machine.memory().read(0x1000, 8));
        assertThat(counted).as("every instruction was executed once").isEqualTo(machine.status().instructions());
    }

    @Test
    void stoppingTheBundleEndsTheRunAndStartingItGoesOnWithIt() throws Exception {
        register("it");
        Machine machine = machine();
        machine.start(RunLimits.NONE);
        await().until(() -> machine.status().instructions() > 0);
        Bundle bundle = context.getServiceReferences(Machine.class, "(vtsim.machine=it)").iterator().next().getBundle();
        bundle.stop();
        assertThat(machine.await()).isEqualTo(Stop.of(Stop.Cause.PAUSED, "the machine's own bundle is being replaced; it goes on with the next"));
        long before = machine.status().instructions();
        assertThat(machine()).isNull();
        bundle.start();
        await().until(() -> machine() != null);
        await().until(() -> machine().status().instructions() > before);
        machine().pause();
        long counted = machine().call(() -> machine().memory().read(0x1000, 8));
        assertThat(counted).as("every instruction was executed once").isEqualTo(machine().status().instructions());
    }

    @Test
    void aConfigurationThatIsNotPossibleMakesNoMachine() throws Exception {
        Configuration bad = configurations.getFactoryConfiguration("com.vtsim.machine", "bad", "?");
        bad.update(new Hashtable<>(Map.of(Part.MACHINE, "bad", "memory", 5L)));
        Configuration good = configurations.getFactoryConfiguration("com.vtsim.machine", "good", "?");
        good.update(new Hashtable<>(Map.of(Part.MACHINE, "good")));
        await().until(() -> !context.getServiceReferences(Machine.class, "(vtsim.machine=good)").isEmpty());
        for (ServiceReference<Machine> reference : context.getServiceReferences(Machine.class, "(vtsim.machine=bad)")) {
            assertThat(context.getService(reference)).isNull();
        }
        bad.delete();
        good.delete();
    }
}
