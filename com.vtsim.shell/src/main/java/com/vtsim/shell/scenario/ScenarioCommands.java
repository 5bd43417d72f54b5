package com.vtsim.shell.scenario;

import com.vtsim.api.cpu.InstructionSet;
import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.shell.draw.Drawable;
import com.vtsim.shell.draw.Paint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The {@code scenario:} family: guests under a monitor of our own, each of which shows a behaviour of the platform. */
@Component(service = ScenarioCommands.class)
@GogoCommand(scope = "scenario", function = {"list", "run", "source"})
public final class ScenarioCommands {
    private static final String ALL = "all";
    private static final String MACHINE = "scenario";
    private static final long MOST = 2_000_000;

    private final Machines machines;
    private final InstructionSet instructions;

    /** Made by Declarative Services. */
    @Activate
    public ScenarioCommands(@Reference Machines machines, @Reference InstructionSet instructions) {
        this.machines = machines;
        this.instructions = instructions;
    }

    /** A claim of a scenario. */
    public record Listed(String behaviour, String scenario, String claim) { }

    /** What became of a claim. */
    public record Observed(String behaviour, String scenario, boolean holds, String observed) implements Drawable {
        @Override
        public String line() {
            return behaviour + (holds ? "  " : " DOES NOT HOLD ") + observed;
        }

        @Override
        public String full(Paint paint) {
            return line();
        }
    }

    /** The scenarios. */
    @Descriptor("list the scenarios and what each claims")
    public List<Listed> list() {
        List<Listed> all = new ArrayList<>();
        for (String name : Scenario.NAMES) {
            Scenario.of(name).claims().forEach(claim -> all.add(new Listed(claim.id(), name, claim.text())));
        }
        return all;
    }

    /** The source of a scenario. */
    @Descriptor("print the source of a scenario, the monitor first")
    public String source(@Descriptor("a scenario's name") String name) {
        return chosen(name).get(0).source();
    }

    /**
     * Runs scenarios, and prints a line for each claim.
     *
     * @throws OperatorException if one does not hold
     */
    @Descriptor("run scenarios and print what was observed; fails if a claim does not hold")
    public String run(CommandSession session, @Descriptor("all, a behaviour (S27) or a scenario's name") String which) {
        int held = 0;
        List<String> broken = new ArrayList<>();
        for (Scenario scenario : chosen(which)) {
            ToLongFunction<String> observed = observe(scenario);
            for (Scenario.Claim claim : scenario.claims()) {
                boolean holds = observed.applyAsLong("finished") == 1 && observed.applyAsLong("error") == 0
                        && claim.conditions().stream().allMatch(condition -> condition.holds(observed));
                session.getConsole().println(session.format(new Observed(claim.id(), scenario.name(), holds, claim.said(observed)), Converter.INSPECT));
                held += holds ? 1 : 0;
                if (!holds) {
                    broken.add(claim.id() + " (" + scenario.name() + ")");
                }
            }
        }
        if (!broken.isEmpty()) {
            throw new OperatorException(broken.size() + " of " + (held + broken.size()) + " claims do not hold: " + String.join(", ", broken));
        }
        return held + " claims hold";
    }

    private static List<Scenario> chosen(String which) {
        List<Scenario> all = Scenario.NAMES.stream().map(Scenario::of).toList();
        List<Scenario> chosen = all.stream().filter(scenario -> which.equals(ALL) || scenario.name().equals(which)
                || scenario.claims().stream().anyMatch(claim -> claim.id().equalsIgnoreCase(which))).toList();
        if (chosen.isEmpty()) {
            throw OperatorException.unknown("scenario or behaviour", which, Scenario.NAMES);
        }
        return chosen;
    }

    /** Runs a scenario on a machine of its own. @return quadwords by label */
    private ToLongFunction<String> observe(Scenario scenario) {
        InstructionSet.Program program = instructions.assemble(scenario.source(), 0);
        Map<String, String> options = new LinkedHashMap<>(Map.of("memory", "32M"));
        options.putAll(scenario.options());
        Machine machine = machines.create(MACHINE, scenario.profile(), options);
        try {
            scenario.parts().forEach(part -> machines.add(MACHINE, part.name(), part.pid(), part.properties()));
            load(machine, program);
            for (Scenario.Count count : scenario.counts()) {
                count(machine, program, count);
            }
            machine.run(RunLimits.instructions(MOST));
            byte[] image = new byte[program.bytes().length];
            machine.call(() -> {
                machine.memory().read(program.origin(), image, 0, image.length);
                return null;
            });
            return label -> quadword(image, program, label);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new OperatorException("interrupted", e);
        } finally {
            machines.destroy(MACHINE);
        }
    }

    /** Stops before an instruction of the guest, and counts what is read for it. */
    private static void count(Machine machine, InstructionSet.Program program, Scenario.Count count) throws InterruptedException {
        Map<String, Long> labels = program.symbols();
        long place = labels.get(count.place()) - labels.get("guest") + labels.get("G_CODE");
        int number = machine.call(() -> processor(machine).breakpoint(new LogicalProcessor.Breakpoint(LogicalProcessor.Breakpoint.Kind.EXECUTE, place, 1)));
        machine.run(RunLimits.instructions(MOST));
        long before = machine.call(() -> processor(machine).structureReads());
        machine.run(RunLimits.instructions(1));
        machine.call(() -> {
            machine.memory().write(labels.get(count.label()), 8, processor(machine).structureReads() - before);
            return processor(machine).removeBreakpoint(number);
        });
    }

    private static LogicalProcessor processor(Machine machine) {
        return machine.find(LogicalProcessor.class).orElseThrow(() -> new OperatorException("the scenario's machine has no processor"));
    }

    private static long quadword(byte[] image, InstructionSet.Program program, String label) {
        Long address = program.symbols().get(label);
        if (address == null) {
            throw new OperatorException("a claim speaks of '" + label + "', which the source does not have");
        }
        long value = 0;
        for (int i = 7; i >= 0; i--) {
            value = value << 8 | image[(int) (address - program.origin()) + i] & 0xFF;
        }
        return value;
    }

    private static void load(Machine machine, InstructionSet.Program program) {
        try {
            Path image = Files.createTempFile("vtsim", ".bin");
            try {
                Files.write(image, program.bytes());
                machine.load("flat", image, Map.of("mode", "long", "address", "0x" + Long.toHexString(program.origin()),
                        "entry", "0x" + Long.toHexString(program.symbols().get("start"))));
            } finally {
                Files.delete(image);
            }
        } catch (IOException e) {
            throw new OperatorException("the scenario cannot be loaded: " + e.getMessage(), e);
        }
    }
}
