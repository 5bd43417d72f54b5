package com.vtsim.shell.family;

import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Recorder;
import com.vtsim.shell.Complete;
import com.vtsim.shell.Quantity;
import com.vtsim.shell.draw.Drawing;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Those of the {@code machine:} family that go back in time. */
@Component(service = PastCommands.class)
@GogoCommand(scope = "machine", function = {"record", "past", "back", "go"})
public final class PastCommands {
    private static final String BREAKPOINT = "breakpoint";
    private static final String FAULT = "fault";
    private static final String START = "start";
    private static final long LEAST = 1 << 20;

    private final Machines machines;

    /** Made by Declarative Services. */
    @Activate
    public PastCommands(@Reference Machines machines) {
        this.machines = machines;
    }

    /** What is recorded of a machine's past. */
    public record Past(String machine, long from, long present, long to, int checkpoints, int inputs, String memory) { }

    /** Begins to record. */
    @Descriptor("record a machine's past from now on, so that machine:back and gdb can go back in it; or end that")
    public Notice record(
            @Descriptor("host memory it may take beside a second copy of the guest's") @Parameter(names = {"-m", "--memory"}, absentValue = "512M") String memory,
            @Descriptor("end it, and forget what is recorded") @Parameter(names = "--off", presentValue = "true", absentValue = "false") boolean off,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine) {
        long bytes = Quantity.bytes(memory);
        if (bytes < LEAST) {
            throw new OperatorException("--memory " + memory + " is too little; it must be 1M or more");
        }
        Recorder recorder = machines.machine(machine).recorder();
        if (off) {
            recorder.end();
            return new Notice(machine, "its past is not recorded");
        }
        recorder.begin(bytes);
        return new Notice(machine, "its past is recorded from %,d instructions on".formatted(recorded(machine).from()));
    }

    /** What is recorded. */
    @Descriptor("show how far a machine's recorded past reaches, and what it takes")
    public Past past(@Complete(Names.MACHINE) @Descriptor("name of a machine") String machine) {
        Recorder.Recorded recorded = recorded(machine);
        return new Past(machine, recorded.from(), recorded.present(), recorded.to(), recorded.checkpoints(), recorded.inputs(), Drawing.bytes(recorded.bytes()));
    }

    private Recorder.Recorded recorded(String machine) {
        return machines.machine(machine).recorder().recorded()
            .orElseThrow(() -> new OperatorException("the past of machine " + machine + " is not recorded; machine:record begins it"));
    }

    /** Goes back. */
    @Descriptor("go back in a machine's recorded past: by instructions of a processor, or to where something happened last")
    public Returned back(CommandSession session,
            @Descriptor("the processor") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Descriptor("how many of its instructions") @Parameter(names = {"-n", "--count"}, absentValue = "1") long count,
            @Descriptor("instead: breakpoint (of cpu:break, met last), fault (the one cpu:why tells of) or start (of what is recorded)")
            @Parameter(names = {"-t", "--to"}, absentValue = "") String to,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine) {
        Machine travels = machines.machine(machine);
        recorded(machine);
        if (!List.of("", BREAKPOINT, FAULT, START).contains(to)) {
            throw new OperatorException("--to " + to + " is not known; it must be breakpoint, fault or start");
        }
        Quantity.check("--count", count, 1, Long.MAX_VALUE);
        return journey(session, travels, cpu, () -> switch (to) {
            case BREAKPOINT -> toBreakpoint(travels);
            case FAULT -> toFault(travels, cpu);
            case START -> {
                travels.recorder().go(recorded(machine).from());
                yield "";
            }
            default -> byCount(travels, cpu, count);
        });
    }

    private static String toBreakpoint(Machine machine) {
        Optional<Recorder.Hit> hit = machine.recorder().back();
        return hit.map(each -> each.processor() + ", " + each.text()).orElse("no breakpoint was met in what is recorded; this is its beginning");
    }

    private static String toFault(Machine machine, int cpu) {
        LogicalProcessor processor = machine.call(() -> Targets.processor(machine, cpu));
        long at = machine.call(processor::faultedAt);
        if (at < 0) {
            throw new OperatorException(processor.name() + " has had no fault");
        }
        if (!machine.recorder().before(processor.name(), at + 1)) {
            throw new OperatorException("the fault of %s, after %,d of its instructions, is not in what is recorded".formatted(processor.name(), at));
        }
        return "the next instruction faults";
    }

    private static String byCount(Machine machine, int cpu, long count) {
        LogicalProcessor processor = machine.call(() -> Targets.processor(machine, cpu));
        long retired = machine.call(processor::retired);
        if (!machine.recorder().before(processor.name(), retired - count + 1)) {
            throw new OperatorException("%s has not retired %,d instructions in what is recorded".formatted(processor.name(), count));
        }
        return "";
    }

    /** Goes to an instruction. */
    @Descriptor("be where a machine had retired so many instructions, in its recorded past or again later")
    public Returned go(CommandSession session,
            @Descriptor("the processor whose next instruction is shown") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine,
            @Descriptor("instructions since power-on, as machine:list counts them") long instructions) {
        Machine travels = machines.machine(machine);
        recorded(machine);
        return journey(session, travels, cpu, () -> {
            travels.recorder().go(instructions);
            return "";
        });
    }

    private static Returned journey(CommandSession session, Machine machine, int cpu, Supplier<String> way) {
        machine.call(() -> Targets.processor(machine, cpu));
        String met;
        Interrupt interrupt = new Interrupt(session, machine);
        try {
            met = way.get();
        } finally {
            interrupt.close();
        }
        return new Returned(machine.name(), machine.status().instructions(), met, Targets.next(machine, cpu));
    }
}
