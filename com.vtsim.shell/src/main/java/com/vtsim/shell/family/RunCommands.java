package com.vtsim.shell.family;

import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.api.machine.Console;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import com.vtsim.shell.Complete;
import com.vtsim.shell.Quantity;
import com.vtsim.shell.draw.Drawing;
import com.vtsim.shell.draw.DrawingConverter;
import com.vtsim.shell.session.Exit;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import org.apache.felix.gogo.jline.Shell;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.Process;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.jline.terminal.Terminal;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Those of the {@code machine:} family that let time pass. A guest's exit status becomes the session's. */
@Component(service = RunCommands.class, immediate = true)
@GogoCommand(scope = "machine", function = {"run", "start", "await", "step", "pause", "output"})
public final class RunCommands {
    private final Machines machines;
    /** Machine to the console whose line was left open when the machine stopped: its line end is still to come. */
    private final Map<Machine, String> open = Collections.synchronizedMap(new WeakHashMap<>());
    private final Map<Machine, Background> started = Collections.synchronizedMap(new WeakHashMap<>());

    /** Made by Declarative Services. */
    @Activate
    public RunCommands(@Reference Machines machines) {
        this.machines = machines;
    }

    /** Runs a machine in the foreground. */
    @Descriptor("run a machine and show what it says, until a limit or an interrupt (Ctrl-C) stops it")
    public Ended run(CommandSession session,
            @Descriptor("stop when this text appears on a console; it is an error if it does not") @Parameter(names = {"-u", "--until"}, absentValue = "") String until,
            @Descriptor("stop after so many instructions; 0 for no limit") @Parameter(names = {"-n", "--instructions"}, absentValue = "0") long instructions,
            @Descriptor("stop after so much virtual time, such as 10s; 0 for no limit") @Parameter(names = {"-d", "--deadline"}, absentValue = "0") Duration deadline,
            @Descriptor("show this console only") @Parameter(names = "--console", absentValue = "") String console,
            @Descriptor("show no console") @Parameter(names = {"-q", "--quiet"}, presentValue = "true", absentValue = "false") boolean quiet,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        RunLimits limits = limits(until, instructions, deadline);
        forget(machine);
        Background run = new Background(machine.status(), until, new ConsolePrinter(machine, open.getOrDefault(machine, "")));
        return foreground(session, machine, console, quiet, run, () -> machine.run(limits));
    }

    /** Starts a machine in the background. */
    @Descriptor("let a machine run in the background; machine:await waits for it")
    public Notice start(
            @Descriptor("stop when this text appears on a console") @Parameter(names = {"-u", "--until"}, absentValue = "") String until,
            @Descriptor("stop after so many instructions; 0 for no limit") @Parameter(names = {"-n", "--instructions"}, absentValue = "0") long instructions,
            @Descriptor("stop after so much virtual time, such as 10s; 0 for no limit") @Parameter(names = {"-d", "--deadline"}, absentValue = "0") Duration deadline,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        RunLimits limits = limits(until, instructions, deadline);
        forget(machine);
        Background run = new Background(machine.status(), until, new ConsolePrinter(machine, open.getOrDefault(machine, "")));
        started.put(machine, run);
        try {
            machine.start(limits);
        } catch (RuntimeException e) {
            forget(machine);
            throw e;
        }
        return new Notice(name, "runs in the background");
    }

    /** Waits for a machine in the background. */
    @Descriptor("show what a machine in the background says, until it stops")
    public Ended await(CommandSession session,
            @Descriptor("show this console only") @Parameter(names = "--console", absentValue = "") String console,
            @Descriptor("show no console") @Parameter(names = {"-q", "--quiet"}, presentValue = "true", absentValue = "false") boolean quiet,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        Background run = started.remove(machine);
        if (run == null) {
            run = new Background(machine.status(), "", new ConsolePrinter(machine, open.getOrDefault(machine, "")));
        }
        return foreground(session, machine, console, quiet, run, machine::await);
    }

    /** Executes instructions one by one. */
    @Descriptor("execute some instructions, then show the next one")
    public Stepped step(
            @Descriptor("the processor whose next instruction is shown") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Descriptor("how many") @Parameter(names = {"-n", "--count"}, absentValue = "1") long count,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name) throws InterruptedException {
        Quantity.check("--count", count, 1, Long.MAX_VALUE);
        Machine machine = machines.machine(name);
        long before = machine.status().instructions();
        Stop stop = machine.run(RunLimits.instructions(count));
        return new Stepped(name, machine.status().instructions() - before, stop, Targets.next(machine, cpu));
    }

    /** Stops a machine in the background. */
    @Descriptor("stop a machine after its current instruction")
    public Notice pause(@Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        machine.pause();
        Machine.Status status = machine.status();
        return new Notice(name, "%s, at %,d instructions, %s".formatted(MachineSummary.state(status), status.instructions(), Drawing.duration(Duration.ofNanos(status.time()))));
    }

    /** What a console has said so far. */
    @Descriptor("show what a console of a machine has said since power-on")
    public String output(
            @Descriptor("the console") @Parameter(names = "--console", absentValue = "com1") String console,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        Map<String, String> transcripts = machine.transcripts();
        if (!transcripts.containsKey(console)) {
            List<String> consoles = machine.call(() -> machine.findAll(Console.class).stream().map(Console::name).toList());
            if (!consoles.contains(console)) {
                throw OperatorException.unknown("console of machine " + name, console, consoles);
            }
        }
        return transcripts.getOrDefault(console, "");
    }

    private static RunLimits limits(String until, long instructions, Duration deadline) {
        if (instructions < 0) {
            throw new OperatorException("--instructions " + instructions + " is negative; it must be a count, or 0 for no limit");
        }
        return new RunLimits(instructions == 0 ? Long.MAX_VALUE : instructions, deadline.isZero() ? Long.MAX_VALUE : deadline.toNanos(), until.isEmpty() ? null : until);
    }

    /**
     * A run that somebody may wait for.
     *
     * @param before  what the machine did when it began
     * @param until   text that ends it, or empty
     * @param printer keeps what the consoles say
     */
    private record Background(Machine.Status before, String until, ConsolePrinter printer) { }

    private interface Running {
        Stop end() throws InterruptedException;
    }

    private Ended foreground(CommandSession session, Machine machine, String console, boolean quiet, Background run, Running running) {
        boolean interrupted = false;
        Stop stop;
        if (!quiet) {
            run.printer.to(out(session), console);
            if (screen() && Boolean.TRUE.equals(session.get(DrawingConverter.COLOUR))) {
                run.printer.progress(new Progress(machine));
            }
        }
        try (Interrupt interrupt = new Interrupt(session, machine)) {
            stop = running.end();
            interrupted = interrupt.seen();
        } catch (InterruptedException e) {
            machine.pause();
            stop = machine.status().stop();
            interrupted = true;
        } finally {
            open.put(machine, run.printer.close());
        }
        if (stop == null) {
            throw new OperatorException("machine '" + machine.name() + "' has not run yet; machine:run or machine:start lets it");
        }
        if (stop.cause() == Stop.Cause.TEXT && stop.text().isEmpty()) {
            stop = Stop.of(Stop.Cause.TEXT, run.until);
        }
        return ended(session, machine, run, stop, interrupted);
    }

    private static Ended ended(CommandSession session, Machine machine, Background run, Stop stop, boolean interrupted) {
        Machine.Status after = machine.status();
        Ended ended = Ended.between(machine.name(), stop, run.before, after);
        if (stop.exitStatus() >= 0) {
            session.put(Exit.STATUS, stop.exitStatus());
        }
        if (stop.cause() == Stop.Cause.FAILED || stop.cause() == Stop.Cause.PARKED) {
            throw new OperatorException(ended.line());
        }
        if (!run.until.isEmpty() && stop.cause() != Stop.Cause.TEXT && !interrupted) {
            throw new OperatorException("\"" + run.until + "\" did not appear: " + ended.line());
        }
        return ended;
    }

    /** Nobody will wait for an earlier run in the background. */
    private void forget(Machine machine) {
        Background run = started.remove(machine);
        if (run != null) {
            open.put(machine, run.printer.close());
        }
    }

    /** Whether the command's output reaches the screen. */
    private static boolean screen() {
        Process process = Process.Utils.current();
        return process == null || process.isTty(1);
    }

    /**
     * The stream of the command's pipe: what the machine's thread writes must end there too. A terminal is written to itself, since Gogo's
     * streams do not pass on that they are to be flushed.
     */
    private static PrintStream out(CommandSession session) {
        if (screen() && session.get(Shell.VAR_TERMINAL) instanceof Terminal terminal) {
            return new PrintStream(terminal.output(), false, StandardCharsets.UTF_8);
        }
        Process process = Process.Utils.current();
        return process == null ? session.getConsole() : process.out();
    }
}
