package com.vtsim.machine.profile;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Part;
import com.vtsim.machine.Hibernation;
import com.vtsim.machine.profile.Profile.PartConfiguration;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Dictionary;
import java.util.HashMap;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.runtime.ServiceComponentRuntime;

/** Machines as sets of factory configurations. One operation at a time; any thread but a machine's. */
@Component
public final class ConfiguredMachines implements Machines {
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(5);
    private static final long POLL = TimeUnit.MILLISECONDS.toNanos(2);
    /** What {@link Machine.PartInfo#carried} says when an arrival went well. */
    private static final Set<String> ARRIVED = Set.of("new", "state", "neutral state");
    private static final String ARRIVED_WITHOUT = "neutral state without ";

    private final BundleContext context;
    private final ConfigurationAdmin configurations;
    private final PartCatalog catalog;

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    private volatile List<Machine> services = List.of();

    /** Made by Declarative Services. */
    @Activate
    public ConfiguredMachines(BundleContext context, @Reference ConfigurationAdmin configurations, @Reference ServiceComponentRuntime runtime) {
        this.context = context;
        this.configurations = configurations;
        this.catalog = new PartCatalog(runtime);
    }

    @Override
    public synchronized Machine create(String name, String profile, Map<String, String> options) {
        if (!name.matches("[A-Za-z0-9_-]+")) {
            throw new OperatorException("'" + name + "' is no name for a machine; it must be letters, digits, - and _");
        }
        if (find(name).isPresent() || !configurationsOf(name).isEmpty()) {
            throw new OperatorException("machine '" + name + "' exists already; choose another name or destroy it first");
        }
        Profile description = Profiles.find(profile);
        List<PartConfiguration> parts = description.configurations(name, CreateOptions.of(description, options));
        parts.forEach(part -> catalog.require(part.part(), part.pid()));
        Hibernation.forget(context, name);
        try {
            parts.forEach(part -> store(part.pid(), part.name(), complete(part, parts, profile)));
            for (PartConfiguration part : parts) {
                awaitPart(name, part.part(), part.pid());
            }
        } catch (RuntimeException e) {
            delete(name);
            throw e;
        }
        return machine(name);
    }

    /** The machine is told which parts to expect, so that it can say which one is absent. */
    private static Dictionary<String, Object> complete(PartConfiguration part, List<PartConfiguration> all, String profile) {
        Dictionary<String, Object> properties = part.dictionary();
        if (part.pid().equals(Profile.MACHINE_PID)) {
            properties.put("profile", profile);
            properties.put("expects", all.stream().filter(each -> each != part).map(each -> each.part() + "=" + each.pid()).toArray(String[]::new));
        }
        return properties;
    }

    @Override
    public Machine machine(String name) {
        return find(name).orElseThrow(() -> OperatorException.unknown("machine", name, machines().stream().map(Machine::name).toList()));
    }

    @Override
    public List<Machine> machines() {
        return services.stream().sorted(Comparator.comparing(Machine::name)).toList();
    }

    @Override
    public synchronized void destroy(String name) {
        machine(name).pause();
        delete(name);
    }

    @Override
    public synchronized String swap(String machine, String part, String model) {
        Machine owner = machine(machine);
        Configuration old = configurationOf(machine, part)
                .orElseThrow(() -> OperatorException.unknown("part of machine " + machine, part, owner.parts().stream().map(Machine.PartInfo::name).toList()));
        String oldPid = old.getFactoryPid();
        String newPid = replacement(part, oldPid, model);
        Dictionary<String, Object> properties = own(old);
        String name = machine + "." + part;
        try {
            replace(owner, old, newPid, name, properties, part);
        } catch (OperatorException e) {
            Optional<Configuration> failed = configurationsOf(machine).stream().filter(each -> part.equals(each.getProperties().get(Part.NAME))).findFirst();
            if (failed.isPresent()) {
                replace(owner, failed.get(), oldPid, name, properties, part);
            } else {
                store(oldPid, name, properties);
                awaitPart(machine, part, oldPid);
            }
            throw new OperatorException(e.getMessage() + "; " + PartCatalog.model(oldPid) + " is back in its place", e);
        }
        Machine.PartInfo now = owner.part(part).orElseThrow();
        return part + ": " + PartCatalog.model(oldPid) + " -> " + PartCatalog.model(newPid) + " (" + now.bundle() + "), carried over: " + now.carried();
    }

    @Override
    public synchronized void add(String machine, String part, String pid, Map<String, Object> properties) {
        Machine owner = machine(machine);
        if (!part.matches("[A-Za-z0-9_-]+")) {
            throw new OperatorException("'" + part + "' is no name for a part; it must be letters, digits, - and _");
        }
        if (configurationOf(machine, part).isPresent() || owner.part(part).filter(Machine.PartInfo::present).isPresent()) {
            throw new OperatorException("machine '" + machine + "' has a part '" + part + "' already");
        }
        catalog.require(part, pid);
        Map<String, Object> all = new HashMap<>(properties);
        all.put(Part.MACHINE, machine);
        all.put(Part.NAME, part);
        store(pid, machine + "." + part, new Hashtable<>(all));
        try {
            awaitPart(machine, part, pid);
        } catch (OperatorException e) {
            configurationOf(machine, part).ifPresent(this::delete);
            throw e;
        }
    }

    @Override
    public synchronized void configure(String machine, String part, Map<String, Object> changes) {
        Machine owner = machine(machine);
        Configuration configuration = configurationOf(machine, part)
                .orElseThrow(() -> OperatorException.unknown("part of machine " + machine, part, owner.parts().stream().map(Machine.PartInfo::name).toList()));
        String name = machine + "." + part;
        Dictionary<String, Object> before = own(configuration);
        Dictionary<String, Object> after = own(configuration);
        changes.forEach(after::put);
        Part old = present(owner, part);
        store(configuration.getFactoryPid(), name, after);
        try {
            awaitSuccessor(owner, part, configuration.getFactoryPid(), old);
        } catch (OperatorException e) {
            store(configuration.getFactoryPid(), name, before);
            awaitPart(machine, part, configuration.getFactoryPid());
            throw e;
        }
    }

    /** @return what somebody configured, without what Configuration Admin adds */
    private static Dictionary<String, Object> own(Configuration configuration) {
        Dictionary<String, Object> properties = configuration.getProperties();
        List.of(org.osgi.framework.Constants.SERVICE_PID, ConfigurationAdmin.SERVICE_FACTORYPID, ConfigurationAdmin.SERVICE_BUNDLELOCATION)
                .forEach(properties::remove);
        return properties;
    }

    /** @return the part, or null */
    private static Part present(Machine machine, String name) {
        return machine.call(() -> machine.findAll(Part.class).stream().filter(part -> part.name().equals(name)).findFirst().orElse(null));
    }

    private void awaitSuccessor(Machine machine, String part, String pid, Part old) {
        long deadline = System.nanoTime() + PATIENCE;
        Part now = present(machine, part);
        for (int polls = 1; now == null || now == old; polls++) {
            boolean late = System.nanoTime() > deadline || Thread.currentThread().isInterrupted();
            if (now == null && (late || polls % 16 == 0)) {
                catalog.failure(machine.name(), part, pid, late).ifPresent(failure -> {
                    throw new OperatorException("part '" + part + "' (" + pid + ") does not start: " + failure);
                });
            }
            if (late) {
                throw new OperatorException("part '" + part + "' (" + pid + ") was not made anew within 5 s; log:list may say why");
            }
            LockSupport.parkNanos(POLL);
            now = present(machine, part);
        }
    }

    @Override
    public synchronized void remove(String machine, String part) {
        Machine owner = machine(machine);
        Configuration configuration = configurationOf(machine, part)
                .orElseThrow(() -> OperatorException.unknown("part of machine " + machine, part, owner.parts().stream().map(Machine.PartInfo::name).toList()));
        owner.dismiss(part);
        delete(configuration);
        await(() -> owner.part(part).filter(Machine.PartInfo::present).isEmpty());
    }

    private Optional<Configuration> configurationOf(String machine, String part) {
        return configurationsOf(machine).stream().filter(each -> part.equals(each.getProperties().get(Part.NAME)) && !each.getFactoryPid().equals(Profile.MACHINE_PID)).findFirst();
    }

    @Override
    public Map<String, String> profiles() {
        return Profiles.descriptions();
    }

    private String replacement(String part, String pid, String model) {
        List<String> known = catalog.replacements(pid);
        return known.stream().filter(each -> each.equals(model) || PartCatalog.model(each).equals(model)).findFirst()
                .orElseThrow(() -> OperatorException.unknown("model installed for part '" + part + "'", model, known.stream().map(PartCatalog::model).toList()));
    }

    /** The leaving part must have gone before the other comes, or there would be two of that name. */
    private void replace(Machine owner, Configuration leaving, String pid, String name, Dictionary<String, Object> properties, String part) {
        delete(leaving);
        await(() -> owner.part(part).filter(Machine.PartInfo::present).isEmpty());
        store(pid, name, properties);
        awaitPart(owner.name(), part, pid);
        String carried = owner.part(part).orElseThrow().carried();
        if (!ARRIVED.contains(carried) && !carried.startsWith(ARRIVED_WITHOUT)) {
            throw new OperatorException("part '" + part + "' did not take over: " + carried);
        }
    }

    private Optional<Machine> find(String name) {
        return services.stream().filter(machine -> machine.name().equals(name)).findFirst();
    }

    private boolean isThere(String machine, String part, String pid) {
        return pid.equals(Profile.MACHINE_PID) ? find(machine).isPresent()
                : find(machine).flatMap(owner -> owner.part(part)).filter(Machine.PartInfo::present).isPresent();
    }

    private void awaitPart(String machine, String part, String pid) {
        long deadline = System.nanoTime() + PATIENCE;
        for (int polls = 1; !isThere(machine, part, pid); polls++) {
            boolean late = System.nanoTime() > deadline || Thread.currentThread().isInterrupted();
            if (late || polls % 16 == 0) {
                catalog.failure(machine, part, pid, late).ifPresent(failure -> {
                    throw new OperatorException("part '" + part + "' (" + pid + ") does not start: " + failure);
                });
            }
            if (late) {
                throw new OperatorException("part '" + part + "' (" + pid + ") did not appear within 5 s; log:list may say why");
            }
            LockSupport.parkNanos(POLL);
        }
    }

    /** @return whether it became true in time */
    private static boolean await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline || Thread.currentThread().isInterrupted()) {
                return false;
            }
            LockSupport.parkNanos(POLL);
        }
        return true;
    }

    private void store(String pid, String name, Dictionary<String, Object> properties) {
        try {
            configurations.getFactoryConfiguration(pid, name, "?").update(properties);
        } catch (IOException e) {
            throw new OperatorException("configuration " + pid + "~" + name + " cannot be stored: " + e.getMessage(), e);
        }
    }

    private List<Configuration> configurationsOf(String machine) {
        try {
            Configuration[] found = configurations.listConfigurations("(" + Part.MACHINE + "=" + machine + ")");
            return found == null ? List.of() : List.of(found);
        } catch (IOException | InvalidSyntaxException e) {
            throw new OperatorException("configurations of machine '" + machine + "' cannot be read: " + e.getMessage(), e);
        }
    }

    /** The machine goes first, so that it need not take leave of each part. */
    private void delete(String name) {
        List<Configuration> all = new ArrayList<>(configurationsOf(name));
        all.sort(Comparator.comparing(each -> !each.getFactoryPid().equals(Profile.MACHINE_PID)));
        all.forEach(this::delete);
        if (!await(() -> find(name).isEmpty())) {
            throw new OperatorException("machine '" + name + "' does not go; log:list may say why. Its configurations are deleted: "
                    + all.stream().map(Configuration::getPid).collect(Collectors.joining(", ")));
        }
    }

    private void delete(Configuration configuration) {
        try {
            configuration.delete();
        } catch (IOException e) {
            throw new OperatorException("configuration " + configuration.getPid() + " cannot be deleted: " + e.getMessage(), e);
        }
    }
}
