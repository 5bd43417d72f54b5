package com.vtsim.shell.family;

import com.vtsim.api.irq.InterruptController;
import com.vtsim.api.irq.InterruptState;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.vtd.RemappingUnit;
import com.vtsim.shell.Complete;
import com.vtsim.shell.Quantity;
import com.vtsim.shell.draw.Drawable;
import com.vtsim.shell.draw.Paint;
import com.vtsim.shell.draw.Table;
import com.vtsim.shell.draw.Tree;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The {@code irq:} family: the interrupt controller and the lines it hears. */
@Component(service = IrqCommands.class)
@GogoCommand(scope = "irq", function = {"show", "why", "carries", "raise", "lower", "nmi", "walk"})
public final class IrqCommands {
    private static final String PIN = "operator";
    private static final String ALL = "all";

    private final Machines machines;

    /** Made by Declarative Services. */
    @Activate
    public IrqCommands(@Reference Machines machines) {
        this.machines = machines;
    }

    /**
     * An interrupt controller.
     *
     * @param model     what it is
     * @param inputs    one per line
     * @param picture   of the priorities
     * @param registers name = value
     * @param counts    of interrupts
     */
    public record Controller(String model, List<InterruptController.Input> inputs, List<String> picture, List<String> registers, List<String> counts) implements Drawable {
        @Override
        public String line() {
            return model;
        }

        @Override
        public String full(Paint paint) {
            Table table = new Table(">LINE", "VECTOR", "TRIGGER", "LEVEL", "STATE");
            for (InterruptController.Input input : inputs) {
                String state = (input.masked() ? "masked " : "") + (input.requested() ? "requested " : "") + (input.inService() ? "in service" : "");
                table.row(input.line(), input.vector() < 0 ? "-" : String.format("%02x", input.vector()), input.level() ? "level" : "edge",
                        input.asserted() ? "high" : "low", state.strip());
            }
            return paint.as(Paint.Role.HEADING, model) + "\n" + table.full(paint) + section(picture) + section(registers) + section(counts);
        }

        private static String section(List<String> lines) {
            return lines.isEmpty() ? "" : "\n" + String.join("\n", lines);
        }
    }

    /** The interrupt controller. */
    @Descriptor("show the interrupt controller: each line with its vector and state, and the registers")
    public Controller show(@Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            InterruptController controller = Targets.part(machine, InterruptController.class, "interrupt controller; machine:show says why");
            return new Controller(controller.model(), controller.inputs(), controller.picture(), controller.registers(), controller.counts());
        });
    }

    /**
     * Where a vector stands.
     *
     * @param vector 0–255
     * @param lines  one for each place
     */
    public record Why(int vector, List<String> lines) implements Drawable {
        @Override
        public String line() {
            return lines.isEmpty() ? "vector " + Integer.toHexString(vector) + "h is neither pending nor in service anywhere" : String.join("\n", lines);
        }

        @Override
        public String full(Paint paint) {
            return line();
        }
    }

    /** Where a vector stands. */
    @Descriptor("say where an interrupt vector is pending or in service, and what holds it back")
    public Why why(@Complete(Names.MACHINE) @Descriptor("name of a machine") String name, @Descriptor("0 to 255") int vector) {
        if (vector < 0 || vector > 255) {
            throw new OperatorException("no vector " + vector + "; there are 0 to 255");
        }
        Machine machine = machines.machine(name);
        return machine.call(() -> new Why(vector,
            Targets.part(machine, InterruptController.class, "interrupt controller; machine:show says why").why(vector)));
    }

    /**
     * What a swap would hand over.
     *
     * @param model   the present controller
     * @param carried what another model of the family takes over, one line each
     * @param left    what it cannot
     */
    public record Carries(String model, List<String> carried, List<String> left) implements Drawable {
        @Override
        public String line() {
            return model + ": " + (left.isEmpty() ? "another model takes over everything" : "another model does not take over " + String.join("; ", left));
        }

        @Override
        public String full(Paint paint) {
            return paint.as(Paint.Role.HEADING, model) + "\ncarried over to another model:\n  " + String.join("\n  ", carried)
                + "\nleft behind:\n  " + (left.isEmpty() ? "nothing" : String.join("\n  ", left));
        }
    }

    /** What a swap would hand over. */
    @Descriptor("say what of the interrupt controller's state machine:swap would carry over to another model, and what it could not")
    public Carries carries(@Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            InterruptController controller = Targets.part(machine, InterruptController.class, "interrupt controller; machine:show says why");
            return new Carries(controller.model(), controller.neutral().map(state -> carried(state.as(InterruptState.class, InterruptController.FAMILY,
                InterruptState.VERSION))).orElse(List.of("nothing")), controller.leftBehind());
        });
    }

    private static List<String> carried(InterruptState state) {
        List<String> lines = new ArrayList<>();
        lines.add("open: " + lines(state.masked(), false));
        lines.add("requested: " + lines(state.requested(), true));
        lines.add("in service: " + lines(state.inService(), true));
        lines.add("level-triggered: " + lines(state.level(), true));
        lines.add("messages: " + (state.messages().length == 0 ? "none" : LongStream.of(state.messages())
            .mapToObj(message -> String.format("vector %02x to %02x", message & 0xFF, message >>> 44 & 0xFF)).collect(Collectors.joining(", "))));
        lines.add("registers of the 8259A pair: " + (state.pair().length == 0 ? "none" : "all"));
        return lines;
    }

    private static String lines(boolean[] of, boolean wanted) {
        String numbers = IntStream.range(0, of.length).filter(line -> of[line] == wanted).mapToObj(Integer::toString).collect(Collectors.joining(" "));
        return numbers.isEmpty() ? "no line" : "lines " + numbers;
    }

    /** An NMI. */
    @Descriptor("pull the platform's NMI wire once: LINT1 of every local APIC")
    public Notice nmi(@Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        machine.call(() -> {
            Targets.part(machine, InterruptController.class, "interrupt controller; machine:show says why").nmi();
            return null;
        });
        return new Notice(name, "pulled NMI");
    }

    /** An interrupt through the remapping table. */
    @Descriptor("say what the interrupt remapping table makes of a request: entry, destination and vector, posted-interrupt descriptor")
    public Tree walk(
            @Descriptor("remapping unit, vtd0; without it the first that remaps interrupts") @Parameter(names = {"-u", "--unit"}, absentValue = "") String unit,
            @Descriptor("bus:device.function of the requester, to check that the entry takes its requests") @Parameter(names = {"-s", "--source"}, absentValue = "") String source,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name,
            @Descriptor("index of an entry, or all for those present") String index) {
        int requester = source.isEmpty() ? -1 : VtdCommands.place(source).sourceId();
        long chosen = index.equals(ALL) ? -1 : Quantity.number(index);
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            RemappingUnit found = unit(machine, unit);
            int entries = found.interruptEntries();
            if (entries == 0) {
                throw new OperatorException(found.name() + " does not remap interrupts now; the guest has not enabled it");
            }
            if (!index.equals(ALL) && (chosen < 0 || chosen >= entries)) {
                throw new OperatorException("no entry " + index + "; the table of " + found.name() + " has 0 to 0x" + Integer.toHexString(entries - 1));
            }
            Tree tree = new Tree(found.name(), String.format("interrupt remapping table of %x entries", entries));
            for (int i = Math.max(0, (int) chosen); i < (chosen < 0 ? entries : chosen + 1); i++) {
                RemappingUnit.Walk walk = found.walkInterrupt(i, requester);
                boolean absent = walk.steps().stream().anyMatch(step -> step.meaning().equals("not present"));
                if (chosen >= 0 || !absent) {
                    add(tree, walk);
                }
            }
            return tree;
        });
    }

    private static RemappingUnit unit(Machine machine, String unit) {
        List<RemappingUnit> units = VtdCommands.units(machine);
        if (unit.isEmpty()) {
            return units.stream().filter(each -> each.interruptEntries() > 0).findFirst().orElse(units.get(0));
        }
        return units.stream().filter(each -> each.name().equals(unit)).findFirst()
            .orElseThrow(() -> OperatorException.unknown("remapping unit", unit, units.stream().map(RemappingUnit::name).toList()));
    }

    private static void add(Tree tree, RemappingUnit.Walk walk) {
        Tree at = tree;
        for (RemappingUnit.Step step : walk.steps()) {
            String entry = step.entry().stream().map(half -> String.format("%016x", half)).collect(Collectors.joining(" "));
            at = at.add(step.table(), String.format("%x: %s  %s", step.address(), entry, step.meaning()));
        }
        if (!walk.fault().isEmpty()) {
            at.add("blocked", walk.fault());
        }
    }

    /** Asserts a line. */
    @Descriptor("assert an interrupt line, as one more device on it would, until irq:lower")
    public Notice raise(@Complete(Names.MACHINE) @Descriptor("name of a machine") String machine, @Descriptor("0 to 23") int line) {
        return drive(machine, line, true);
    }

    /** Releases a line. */
    @Descriptor("release an interrupt line that irq:raise asserted")
    public Notice lower(@Complete(Names.MACHINE) @Descriptor("name of a machine") String machine, @Descriptor("0 to 23") int line) {
        return drive(machine, line, false);
    }

    private Notice drive(String name, int line, boolean asserted) {
        if (line < 0 || line >= Lines.COUNT) {
            throw new OperatorException("no interrupt line " + line + "; there are 0 to " + (Lines.COUNT - 1));
        }
        Machine machine = machines.machine(name);
        boolean level = machine.call(() -> {
            machine.lines().driver(line, PIN).set(asserted);
            return machine.lines().level(line);
        });
        String still = level && !asserted ? ", which another device keeps high" : "";
        return new Notice(name, (asserted ? "asserts" : "releases") + " line " + line + still);
    }
}
