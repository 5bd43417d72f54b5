package com.vtsim.shell.family;

import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.api.cpu.Virtualization;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.shell.Complete;
import com.vtsim.shell.Quantity;
import com.vtsim.shell.draw.Drawable;
import com.vtsim.shell.draw.Drawing;
import com.vtsim.shell.draw.Hex;
import com.vtsim.shell.draw.Paint;
import com.vtsim.shell.draw.Table;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The {@code vmx:} family: virtual machines on a processor, their VMCS, and why an entry failed. */
@Component(service = VmxCommands.class, immediate = true)
@GogoCommand(scope = "vmx", function = {"show", "check", "why", "exits", "break", "trace"})
public final class VmxCommands {
    private final Machines machines;
    /** By name of the machine. */
    private final Map<String, TransitionTrace> traces = new ConcurrentHashMap<>();

    /** Made by Declarative Services. */
    @Activate
    public VmxCommands(@Reference Machines machines) {
        this.machines = machines;
    }

    /**
     * A processor's VMX operation.
     *
     * @param operation off, root or non-root
     * @param current   address of the current VMCS, or -1
     * @param launched  its launch state
     * @param fields    those that were asked for
     */
    public record Show(String operation, long current, boolean launched, List<Virtualization.Field> fields) implements Drawable {
        @Override
        public String line() {
            return operation + (current == -1 ? ", no current VMCS" : String.format(", current VMCS at %s, %s", Drawing.hexadecimal(current, 8),
                    launched ? "launched" : "clear"));
        }

        @Override
        public String full(Paint paint) {
            if (fields.isEmpty()) {
                return line();
            }
            Table table = new Table("FIELD", ">ENCODING", ">VALUE", "TYPE", "TITLE");
            for (Virtualization.Field field : fields) {
                table.row(field.name(), String.format("%04x", field.encoding()), String.format("%0" + field.bits() / 4 + "x", field.value()), field.type(), field.title());
            }
            return paint.as(Paint.Role.HEADING, line()) + "\n" + table.full(paint);
        }
    }

    /** The current VMCS. */
    @Descriptor("show VMX operation and the fields of the current VMCS")
    public Show show(
            @Descriptor("which processor") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Descriptor("only fields whose name or type contains this") @Parameter(names = {"-f", "--field"}, absentValue = "") String part,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        String wanted = part.toLowerCase(Locale.ROOT);
        return ask(name, cpu, v -> new Show(v.operation().name().toLowerCase(Locale.ROOT).replace('_', '-'), v.current(), v.launched(),
                v.fields().stream().filter(field -> field.name().toLowerCase(Locale.ROOT).contains(wanted) || field.type().contains(wanted)).toList()));
    }

    /**
     * A dry run of VM entry.
     *
     * @param broken each rule that does not hold
     */
    public record Check(List<Virtualization.Broken> broken) implements Drawable {
        @Override
        public String line() {
            return broken.isEmpty() ? "every rule holds" : broken.size() + (broken.size() == 1 ? " rule does not hold" : " rules do not hold");
        }

        @Override
        public String full(Paint paint) {
            StringBuilder text = new StringBuilder(line());
            for (Virtualization.Broken rule : broken) {
                text.append(String.format("%n%s = %xh: %s%n    allowed: %s (%s)", rule.field(), rule.value(), rule.rule(), rule.allowed(), rule.section()));
            }
            return text.toString();
        }
    }

    /** What an entry would say. */
    @Descriptor("try a VM entry with the current VMCS, and name every rule it would break; nothing is changed")
    public Check check(
            @Descriptor("which processor") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        return ask(name, cpu, v -> {
            if (v.current() == -1) {
                throw new OperatorException("processor " + cpu + " has no current VMCS");
            }
            return new Check(v.check());
        });
    }

    /** The latest failure and exit. */
    @Descriptor("say why the latest VM entry failed, and what the latest VM exit was")
    public String why(
            @Descriptor("which processor") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        return ask(name, cpu, v -> v.why().isEmpty() ? "no VM entry has failed and no VM has exited" : String.join("\n", v.why()));
    }

    /** Exits of one kind. */
    public record Exits(long count, int reason, String name, @Hex(16) long rip) { }

    /** Counts of exits. */
    @Descriptor("count VM exits by reason and guest instruction pointer, most frequent first")
    public List<Exits> exits(
            @Descriptor("which processor") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Descriptor("show so many") @Parameter(names = {"-n", "--count"}, absentValue = "20") int count,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Quantity.check("--count", count, 1, Long.MAX_VALUE);
        return ask(name, cpu, v -> v.exits().stream().limit(count).map(exit -> new Exits(exit.count(), exit.reason(), exit.name(), exit.rip())).toList());
    }

    /** A stop at exits or VMWRITEs. */
    @Descriptor("stop the machine at VM exits for a reason, or behind VMWRITEs of a field; cpu:break lists and removes")
    public Notice _break(
            @Descriptor("which processor") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name,
            @Descriptor("a basic exit reason by number or name (48, EPT_VIOLATION), or a field (GUEST_RIP)") String what) {
        return ask(name, cpu, v -> new Notice(name, "breakpoint " + v.breakAt(what) + " of processor " + cpu + ": " + what));
    }

    /** Starts a trace. */
    @Descriptor("write every VM entry and exit to a file that Perfetto's viewer opens; vmx:trace NAME stop ends it")
    public Notice trace(
            CommandSession session,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name,
            @Descriptor("start") String action,
            @Descriptor("file, written anew") Path file) {
        if (!action.equals("start")) {
            throw new OperatorException("vmx:trace " + name + " " + action + " takes no file; vmx:trace " + name + " start FILE begins a trace");
        }
        Machine machine = machines.machine(name);
        if (traces.containsKey(name)) {
            throw new OperatorException("machine '" + name + "' is traced already, to " + traces.get(name).file() + "; vmx:trace " + name + " stop ends that");
        }
        TransitionTrace trace = new TransitionTrace(machine.name(), session.currentDir().resolve(file));
        traces.put(name, trace);
        machine.call(() -> {
            for (LogicalProcessor processor : machine.findAll(LogicalProcessor.class)) {
                processor.virtualization().ifPresent(v -> v.listen(trace.processor(processor.index(), v, machine.clock().now())));
            }
            return null;
        });
        return new Notice(name, "entries and exits go to " + file);
    }

    /** Ends a trace. */
    @Descriptor("end a trace and close its file")
    public Notice trace(
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name,
            @Descriptor("stop") String action) {
        if (!action.equals("stop")) {
            throw new OperatorException(action.equals("start") ? "vmx:trace " + name + " start needs a file"
                    : "vmx:trace " + name + " " + action + ": start FILE or stop");
        }
        Machine machine = machines.machine(name);
        TransitionTrace trace = traces.remove(name);
        if (trace == null) {
            throw new OperatorException("machine '" + name + "' is not traced");
        }
        machine.call(() -> {
            machine.findAll(LogicalProcessor.class).forEach(processor -> processor.virtualization().ifPresent(v -> v.listen(null)));
            trace.end(machine.clock().now());
            return null;
        });
        return new Notice(name, trace.events() + " events in " + trace.file());
    }

    private <R> R ask(String name, int cpu, Function<Virtualization, R> question) {
        Machine machine = machines.machine(name);
        return machine.call(() -> question.apply(Targets.processor(machine, cpu).virtualization().orElseThrow(() ->
                new OperatorException("processor " + cpu + " of machine '" + name + "' has no VMX"))));
    }
}
