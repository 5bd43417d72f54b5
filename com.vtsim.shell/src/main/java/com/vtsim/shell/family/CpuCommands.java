package com.vtsim.shell.family;

import com.vtsim.api.cpu.LogicalProcessor.Breakpoint;
import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.shell.Complete;
import com.vtsim.shell.Quantity;
import com.vtsim.shell.draw.Hex;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The {@code cpu:} family: a processor seen from outside. Nothing here is visible to the guest. */
@Component(service = CpuCommands.class)
@GogoCommand(scope = "cpu", function = {"regs", "set", "disassemble", "break", "trace", "why", "mc", "pt"})
public final class CpuCommands {
    private static final int MOST_RECORDED = 1_000_000;
    private static final int MOST_LISTED = 1_000_000;
    /** Bytes of a breakpoint: the code of a large page. */
    private static final int MOST_WATCHED = 2 << 20;
    static final Map<String, Breakpoint.Kind> KINDS = kinds();
    static final List<String> ACTIONS = List.of("add", "remove", "list");

    private final Machines machines;

    /** Made by Declarative Services. */
    @Activate
    public CpuCommands(@Reference Machines machines) {
        this.machines = machines;
    }

    /** A breakpoint. */
    public record Point(int number, String kind, @Hex(8) long address, int length) { }

    private static Map<String, Breakpoint.Kind> kinds() {
        Map<String, Breakpoint.Kind> kinds = new LinkedHashMap<>();
        for (Breakpoint.Kind kind : List.of(Breakpoint.Kind.EXECUTE, Breakpoint.Kind.WRITE, Breakpoint.Kind.ACCESS, Breakpoint.Kind.PORT)) {
            kinds.put(kind.name().toLowerCase(Locale.ROOT), kind);
        }
        return kinds;
    }

    /** Registers. */
    @Descriptor("show the registers of a processor")
    public Registers regs(
            @Descriptor("which processor") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine) {
        return ask(machine, cpu, processor -> new Registers(processor.registers()));
    }

    /** Sets a register. */
    @Descriptor("set a register, without the checks an instruction makes")
    public Notice set(
            @Descriptor("which processor") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine,
            @Descriptor("register: rax, rip, cr3, cs, cs.base, rflags, msr:c0000080") String register,
            @Descriptor("new value") long value) {
        return ask(machine, cpu, processor -> {
            processor.register(register, value);
            return new Notice(machine, register + " = " + Long.toHexString(processor.register(register)) + "h");
        });
    }

    /** Disassembles memory. */
    @Descriptor("disassemble, from the next instruction on or from an address")
    public Listing disassemble(
            @Descriptor("which processor") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Descriptor("linear address, or a register's name, also with an offset: rip+10h") @Parameter(names = {"-a", "--at"}, absentValue = "") String at,
            @Descriptor("how many instructions") @Parameter(names = {"-n", "--count"}, absentValue = "10") int count,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Quantity.check("--count", count, 1, MOST_LISTED);
        Machine machine = machines.machine(name);
        return ask(name, cpu, processor -> {
            long from = at.isEmpty() ? processor.nextInstruction() : Targets.address(machine, cpu, at);
            List<LogicalProcessor.Line> lines = processor.disassemble(from, count);
            if (lines.isEmpty()) {
                throw new OperatorException("linear address " + Long.toHexString(from) + "h is not mapped; mem:walk says why");
            }
            return new Listing(lines);
        });
    }

    /** Lists breakpoints. */
    @Descriptor("list the breakpoints of a processor; see also its form with an action")
    public List<Point> _break(
            @Descriptor("which processor") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine) {
        return ask(machine, cpu, CpuCommands::points);
    }

    /** Adds, removes or lists breakpoints. */
    @Descriptor("add a breakpoint at an address, or remove one by its number")
    public List<Point> _break(
            @Descriptor("which processor") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Complete(Names.BREAKPOINT) @Descriptor("what it waits for: execute, write, access, port") @Parameter(names = {"-k", "--kind"}, absentValue = "execute") String kind,
            @Descriptor("bytes watched") @Parameter(names = "--length", absentValue = "1") int length,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name,
            @Complete(Names.ACTION) @Descriptor("add, remove or list") String action,
            @Descriptor("linear address or port to add, number to remove") String... which) {
        Quantity.check("--length", length, 1, MOST_WATCHED);
        Machine machine = machines.machine(name);
        if (!ACTIONS.contains(action)) {
            throw OperatorException.unknown("action", action, ACTIONS);
        }
        if (!KINDS.containsKey(kind)) {
            throw OperatorException.unknown("kind of breakpoint", kind, KINDS.keySet());
        }
        if (which.length == 0 && !action.equals("list")) {
            throw new OperatorException("cpu:break " + name + " " + action + " what? give " + (action.equals("add") ? "an address" : "a number that cpu:break lists"));
        }
        return ask(name, cpu, processor -> {
            for (String each : which) {
                if (action.equals("add")) {
                    processor.breakpoint(new Breakpoint(KINDS.get(kind), Targets.address(machine, cpu, each), length));
                } else if (!processor.removeBreakpoint((int) Quantity.number(each))) {
                    throw OperatorException.unknown("breakpoint", each, processor.breakpoints().keySet().stream().map(String::valueOf).toList());
                }
            }
            return points(processor);
        });
    }

    private static List<Point> points(LogicalProcessor processor) {
        List<Point> points = new ArrayList<>();
        processor.breakpoints().forEach((number, point) -> points.add(new Point(number, point.kind().name().toLowerCase(Locale.ROOT), point.address(), point.length())));
        return points;
    }

    /** Shows the recorded instructions. */
    @Descriptor("show the recorded instructions, oldest first")
    public Listing trace(
            @Descriptor("which processor") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine) {
        return ask(machine, cpu, processor -> new Listing(processor.history()));
    }

    /** Starts or ends recording; an entry takes some hundred bytes. */
    @Descriptor("record the last instructions executed; 0 ends it")
    public Notice trace(
            @Descriptor("which processor") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine,
            @Descriptor("how many to keep, at most 1,000,000") int keep) {
        Quantity.check("keep", keep, 0, MOST_RECORDED);
        return ask(machine, cpu, processor -> {
            processor.history(keep);
            return new Notice(machine, keep == 0 ? "records no instructions" : "records the last " + keep + " instructions");
        });
    }

    /** Explains the latest fault. */
    @Descriptor("explain the first fault of the latest chain of faults")
    public String why(
            @Descriptor("which processor") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine) {
        List<String> lines = ask(machine, cpu, LogicalProcessor::why);
        return lines.isEmpty() ? "no fault so far" : String.join("\n", lines);
    }

    /** Shows the machine-check banks. */
    @Descriptor("show the machine-check banks; with --status, log an error in one and signal it as its bits ask for")
    public String mc(
            @Descriptor("which processor") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Descriptor("which bank: 0 instruction fetch, 1 data cache, 2 and 3 without a cause of their own") @Parameter(names = {"-b", "--bank"}, absentValue = "2") int bank,
            @Descriptor("IA32_MCi_STATUS: bit 61 uncorrected, 59 MISC and 58 ADDR are valid, 57 context corrupt, 56 signalled, 55 action required, 15:0 error code") @Parameter(names = {"-s", "--status"}, absentValue = "0") long status,
            @Descriptor("IA32_MCi_ADDR") @Parameter(names = {"-a", "--addr"}, absentValue = "0") long address,
            @Descriptor("IA32_MCi_MISC") @Parameter(names = {"-m", "--misc"}, absentValue = "0x86") long misc,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine) {
        return ask(machine, cpu, processor -> {
            if (status != 0) {
                processor.machineCheck(bank, status, address, misc);
            }
            List<String> lines = processor.machineChecks();
            return lines.isEmpty() ? "this processor has no machine-check banks" : String.join("\n", lines);
        });
    }

    /** Shows the processor trace. */
    @Descriptor("show Intel Processor Trace as the guest uses it: how it is set up, and the latest packets in words")
    public String pt(
            @Descriptor("which processor") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Descriptor("how many packets") @Parameter(names = {"-n", "--count"}, absentValue = "20") int count,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine) {
        if (count < 0) {
            throw new OperatorException("--count " + count + ": give 0 or more packets");
        }
        List<String> lines = ask(machine, cpu, processor -> processor.processorTrace(count));
        return lines.isEmpty() ? "this processor has no processor trace" : String.join("\n", lines);
    }

    private <T> T ask(String name, int cpu, Function<LogicalProcessor, T> question) {
        Machine machine = machines.machine(name);
        return machine.call(() -> question.apply(Targets.processor(machine, cpu)));
    }
}
