package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.TraceEvent;
import com.vtsim.shell.Complete;
import com.vtsim.shell.Quantity;
import com.vtsim.shell.draw.Drawing;
import com.vtsim.shell.draw.Tree;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The {@code machine:} family: machines as a whole, and their parts. Running them is {@link RunCommands}, loading {@link LoadCommands}. */
@Component(service = MachineCommands.class)
@GogoCommand(scope = "machine", function = {"create", "list", "show", "reset", "save", "restore", "swap", "destroy", "profiles", "digest", "trace", "events"})
public final class MachineCommands {
    private final Machines machines;

    /** Made by Declarative Services. */
    @Activate
    public MachineCommands(@Reference Machines machines) {
        this.machines = machines;
    }

    /** A profile. */
    public record Profile(String profile, String description) { }

    /** An event of a trace. */
    public record Event(long instructions, Duration time, String part, String kind, String text) { }

    /** Creates a machine. */
    @Descriptor("create a machine from a profile, and wait until all its parts are there")
    public Notice create(
            @Descriptor("RAM: 1M to 64G") @Parameter(names = {"-m", "--memory"}, absentValue = "") String memory,
            @Descriptor("number of processors") @Parameter(names = {"-c", "--cpus"}, absentValue = "") String cpus,
            @Descriptor("model of the interrupt controller: pic, apic") @Parameter(names = {"-i", "--irq"}, absentValue = "") String irq,
            @Descriptor("million instructions in a second of virtual time") @Parameter(names = "--mips", absentValue = "") String mips,
            @Descriptor("where the serial port leads: console, file:PATH or tcp:PORT") @Parameter(names = "--serial", absentValue = "") String serial,
            @Descriptor("with the devices that test suites expect (exit port f4h and others)")
            @Parameter(names = "--test-devices", presentValue = "true", absentValue = "") String testDevices,
            @Descriptor("further options of the profile (realtime=true, shutdown=stop, your own): NAME=VALUE,...") @Parameter(names = {"-o", "--options"}, absentValue = "") String options,
            @Complete(Names.PROFILE) @Descriptor("q35, gm45 or the path of a machine description") @Parameter(names = {"-p", "--profile"}, absentValue = "q35") String profile,
            @Descriptor("name of the new machine") String name) {
        Map<String, String> chosen = new LinkedHashMap<>();
        put(chosen, "memory", memory.isEmpty() ? "" : Long.toString(Quantity.bytes(memory)));
        put(chosen, "cpus", cpus);
        put(chosen, "irq", irq);
        put(chosen, "mips", mips);
        put(chosen, "serial", serial);
        put(chosen, "test-devices", testDevices);
        further(chosen, options);
        MachineSummary made = MachineSummary.of(machines.create(name, profile, chosen));
        return new Notice(name, "%s of RAM, %d processor%s, %d parts (%s)".formatted(made.memory(), made.processors(), made.processors() == 1 ? "" : "s", made.parts(), profile));
    }

    private static void put(Map<String, String> options, String name, String value) {
        if (!value.isEmpty()) {
            options.put(name, value);
        }
    }

    private static void further(Map<String, String> options, String text) {
        for (String option : text.isEmpty() ? new String[0] : text.split(",")) {
            int equals = option.indexOf('=');
            if (equals < 1) {
                throw new OperatorException("'" + option + "' is no option; write --options NAME=VALUE,...");
            }
            options.put(option.substring(0, equals).strip(), option.substring(equals + 1).strip());
        }
    }

    /** All machines. */
    @Descriptor("list the machines")
    public List<MachineSummary> list() {
        return machines.machines().stream().map(MachineSummary::of).toList();
    }

    /** A machine's wiring. */
    @Descriptor("show what a machine is made of and what it does, as a tree")
    public Tree show(@Complete(Names.MACHINE) @Descriptor("name of a machine") String machine) {
        return Wiring.of(machines.machine(machine));
    }

    /** Resets a machine. */
    @Descriptor("reset a machine as its reset button does; what is loaded stays")
    public Notice reset(
            @Descriptor("switch it off and on instead: memory is lost") @Parameter(names = "--cold", presentValue = "true", absentValue = "false") boolean cold,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine) {
        machines.machine(machine).reset(cold ? Reset.COLD : Reset.WARM);
        return new Notice(machine, cold ? "switched off and on" : "reset");
    }

    /** Saves a machine to a file. */
    @Descriptor("write a whole machine to a file")
    public Notice save(CommandSession session, @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine, @Descriptor("the snapshot to write") Path file) {
        machines.machine(machine).save(session.currentDir().resolve(file));
        return new Notice(machine, "saved to " + file);
    }

    /** Restores a machine from a file. */
    @Descriptor("replace the state of a machine by a saved one; it must have the same parts")
    public Notice restore(CommandSession session, @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine, @Descriptor("a snapshot") Path file) {
        Machine restored = machines.machine(machine);
        restored.restore(session.currentDir().resolve(file));
        Machine.Status status = restored.status();
        return new Notice(machine, "as saved in %s, at %,d instructions, %s".formatted(file, status.instructions(), Drawing.duration(Duration.ofNanos(status.time()))));
    }

    /** Swaps a part's model. */
    @Descriptor("replace a part by another model of its family, while the machine runs")
    public Notice swap(
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine,
            @Complete(Names.PART) @Descriptor("name of a part, such as irq") String part,
            @Descriptor("the model to put there, such as pic or apic") String model) {
        return new Notice(machine, machines.swap(machine, part, model));
    }

    /** Destroys a machine. */
    @Descriptor("stop a machine and remove it with all its parts")
    public Notice destroy(@Complete(Names.MACHINE) @Descriptor("name of a machine") String machine) {
        machines.destroy(machine);
        return new Notice(machine, "destroyed");
    }

    /** What machine:create knows by name. */
    @Descriptor("list the profiles that machine:create knows by name")
    public List<Profile> profiles() {
        return machines.profiles().entrySet().stream().map(entry -> new Profile(entry.getKey(), entry.getValue())).toList();
    }

    /** A machine's digest. */
    public record Digest(String machine, long instructions, Duration time, String digest) { }

    /** Digests of everything machines hold. */
    @Descriptor("compute the SHA-256 of a machine's memory and the state of its parts")
    public List<Digest> digest(
            @Descriptor("it is an error if they are not all the same") @Parameter(names = {"-s", "--same"}, presentValue = "true", absentValue = "false") boolean same,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine,
            @Complete(Names.MACHINE) @Descriptor("names of more") String... more) {
        List<Digest> digests = Stream.concat(Stream.of(machine), Arrays.stream(more)).map(machines::machine).map(each -> {
            Machine.Status status = each.status();
            return new Digest(each.name(), status.instructions(), Duration.ofNanos(status.time()), each.digest());
        }).toList();
        if (same && digests.stream().map(Digest::digest).distinct().count() > 1) {
            throw new OperatorException("not the same: " + digests.stream().map(each -> each.machine() + " " + each.digest().substring(0, 16)).collect(Collectors.joining(", ")));
        }
        return digests;
    }

    /** Starts or ends the recording of events. */
    @Descriptor("record events of these kinds, for machine:events to show; without kinds, end it")
    public Notice trace(@Complete(Names.MACHINE) @Descriptor("name of a machine") String machine,
            @Descriptor("families or kinds of event, such as irq or port.write") String... kinds) {
        machines.machine(machine).trace(List.of(kinds));
        return new Notice(machine, kinds.length == 0 ? "records no events" : "records " + String.join(", ", kinds));
    }

    /** The newest recorded events. */
    @Descriptor("show the newest recorded events, oldest first")
    public List<Event> events(
            @Descriptor("how many") @Parameter(names = {"-n", "--count"}, absentValue = "40") int count,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine) {
        Quantity.check("--count", count, 1, Long.MAX_VALUE);
        List<TraceEvent> events = machines.machine(machine).events();
        return events.subList(Math.max(0, events.size() - count), events.size()).stream()
                .map(event -> new Event(event.instructions(), Duration.ofNanos(event.time()), event.part(), event.kind(), event.text())).toList();
    }
}
