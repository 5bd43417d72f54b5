package com.vtsim.machine;

import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.PortSpace;
import com.vtsim.api.machine.Recorder;
import com.vtsim.api.machine.Registration;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import com.vtsim.api.machine.TraceEvent;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.ComponentConstants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/**
 * A machine as a component: a configuration of {@code com.vtsim.machine} makes one. It binds the parts that carry its name
 * as they come and lets them go as they leave; a part that leaves has handed over its state when {@link #unbindPart} returns.
 * <p>
 * The configuration should set {@code Parts.target} to {@code (vtsim.machine=NAME)}, so that the framework offers the machine
 * its own parts only; others are passed over in any case. A changed configuration makes a new machine.
 */
@Component(configurationPid = "com.vtsim.machine", configurationPolicy = ConfigurationPolicy.REQUIRE, service = Machine.class, immediate = true)
public final class MachineComponent implements Machine {
    private final Backplane machine;
    private final BundleContext context;
    /** What a predecessor from an earlier version of this bundle left, until all its parts are back. */
    private Hibernation left;

    /** Configuration. */
    @interface Config {
        /** Name of the machine: letters, digits, - and _. */
        String vtsim_machine();

        /** Bytes of RAM, a multiple of 4096, at most 64 GiB. */
        long memory() default 256 << 20;

        /** Bytes of it below 4 GiB; 0: as QEMU's q35 has it. */
        long memory_low() default 0;

        /** Instructions in a virtual microsecond. */
        long mips() default 1000;

        /** Instructions of a processor's turn. */
        long quantum() default 10_000;

        /** What the machine was created from. */
        String profile() default "";

        /** Parts it should have, {@code name=factoryPid} each: absent ones are listed, and an absent processor or {@code irq} parks the machine. */
        String[] expects() default {};

        /** Whether virtual time keeps to the wall clock. */
        boolean realtime() default false;

        /** At a triple fault: {@code reset} the platform or {@code stop} the run. */
        String shutdown() default "reset";

        /** When everything is halted and nothing scheduled: {@code stop} the run or {@code wait} for input. */
        String idle() default "stop";

        /**
         * Wall milliseconds for which a run, its time standing still, waits for the successor of a part that leaves it. A bundle's update then
         * goes unseen by the guest. After that, a missing device is missing hardware; a missing processor or {@code irq} parks the machine for as long as it takes.
         */
        long grace() default 3000;
    }

    /** Made by Declarative Services. @throws OperatorException if a value is not possible */
    @Activate
    public MachineComponent(Config config, BundleContext context) {
        this.context = context;
        Map<String, String> expects = new LinkedHashMap<>();
        for (String expected : config.expects()) {
            int equals = expected.indexOf('=');
            if (equals < 1) {
                throw new OperatorException("expects has name=factoryPid, not " + expected);
            }
            expects.put(expected.substring(0, equals), expected.substring(equals + 1));
        }
        machine = new Backplane(new Settings(config.vtsim_machine(), config.memory(), config.memory_low(), config.mips(), config.quantum(), config.profile(),
            expects, config.realtime(), oneOf("shutdown", config.shutdown(), "reset", "stop"), oneOf("idle", config.idle(), "stop", "wait"), config.grace()));
        left = Hibernation.read(context, machine.name());
    }

    /** @return whether it is the second */
    private static boolean oneOf(String key, String value, String first, String second) {
        if (!value.equals(first) && !value.equals(second)) {
            throw new OperatorException(key + " is " + first + " or " + second + ", not " + value);
        }
        return value.equals(second);
    }

    @Reference(name = "Parts", cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void bindPart(Part part, ServiceReference<Part> reference) {
        if (!machine.name().equals(reference.getProperty(Part.MACHINE))) {
            return;
        }
        Bundle bundle = reference.getBundle();
        String from = bundle == null ? "" : bundle.getSymbolicName() + " " + bundle.getVersion();
        Object pid = reference.getProperty("service.factoryPid");
        machine.add(part, pid == null ? "" : pid.toString(), from);
        awaken();
    }

    /** Parts may come on several threads. */
    private synchronized void awaken() {
        if (left == null) {
            return;
        }
        boolean over = true;
        try {
            over = machine.awaken(left);
        } finally {
            if (over) {
                left = null;
                Hibernation.forget(context, machine.name());
            }
        }
    }

    void unbindPart(Part part) {
        machine.remove(part);
    }

    /** An update of this bundle finds the machine as it was; so does its stop and start. */
    @Deactivate
    void deactivate(int reason) {
        boolean frameworkEnds = context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION).getState() == Bundle.STOPPING;
        if (reason != ComponentConstants.DEACTIVATION_REASON_BUNDLE_STOPPED || frameworkEnds || left != null) {
            machine.close();
            return;
        }
        try {
            machine.hibernate(Hibernation.snapshot(context, machine.name()).toPath()).write(context, machine.name());
        } finally {
            machine.close();
        }
    }

    @Override
    public String name() {
        return machine.name();
    }

    @Override
    public Status status() {
        return machine.status();
    }

    @Override
    public List<PartInfo> parts() {
        return machine.parts();
    }

    @Override
    public Optional<PartInfo> part(String name) {
        return machine.part(name);
    }

    @Override
    public Stop run(RunLimits limits) throws InterruptedException {
        return machine.run(limits);
    }

    @Override
    public void start(RunLimits limits) {
        machine.start(limits);
    }

    @Override
    public Stop await() throws InterruptedException {
        return machine.await();
    }

    @Override
    public void pause() {
        machine.pause();
    }

    @Override
    public void reset(Reset kind) {
        machine.reset(kind);
    }

    @Override
    public String load(String kind, Path file, Map<String, String> options) {
        return machine.load(kind, file, options);
    }

    @Override
    public void save(Path file) {
        machine.save(file);
    }

    @Override
    public void restore(Path file) {
        machine.restore(file);
    }

    @Override
    public String digest() {
        return machine.digest();
    }

    @Override
    public <T> T call(Callable<T> action) {
        return machine.call(action);
    }

    @Override
    public <T> Optional<T> find(Class<T> type) {
        return machine.find(type);
    }

    @Override
    public <T> List<T> findAll(Class<T> type) {
        return machine.findAll(type);
    }

    @Override
    public void input(String console, byte[] bytes) {
        machine.input(console, bytes);
    }

    @Override
    public Recorder recorder() {
        return machine.recorder();
    }

    @Override
    public MemorySpace memory() {
        return machine.memory();
    }

    @Override
    public PortSpace ports() {
        return machine.ports();
    }

    @Override
    public Clock clock() {
        return machine.clock();
    }

    @Override
    public Lines lines() {
        return machine.lines();
    }

    @Override
    public Map<String, String> transcripts() {
        return machine.transcripts();
    }

    @Override
    public Registration listen(ConsoleListener listener) {
        return machine.listen(listener);
    }

    @Override
    public void dismiss(String part) {
        machine.dismiss(part);
    }

    @Override
    public void trace(List<String> kinds) {
        machine.trace(kinds);
    }

    @Override
    public List<TraceEvent> events() {
        return machine.events();
    }
}
