package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.TraceEvent;
import com.vtsim.shell.Complete;
import com.vtsim.shell.Quantity;
import com.vtsim.shell.draw.Drawable;
import com.vtsim.shell.draw.Paint;
import com.vtsim.shell.draw.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code irq:trace}: each interrupt from pin or message to its end, under one number. */
@Component(service = IrqTraceCommands.class)
@GogoCommand(scope = "irq", function = "trace")
public final class IrqTraceCommands {
    private static final String KIND = "irq";
    private static final Pattern NUMBERED = Pattern.compile("#(\\d+) (.*)");

    private final Machines machines;

    /** Made by Declarative Services. */
    @Activate
    public IrqTraceCommands(@Reference Machines machines) {
        this.machines = machines;
    }

    /** The way of one interrupt: the latest event of each kind. */
    private static final class Way {
        private String source = "";
        private String taken = "";
        private long raised = -1;
        private long acknowledged = -1;
        private long ended = -1;
        private int times;
    }

    /**
     * Interrupts with what became of them.
     *
     * @param rows number, source, instruction count when raised, by whom it was taken and how many nanoseconds later, when it was ended, how often it was taken
     */
    public record Ways(List<Object[]> rows) implements Drawable {
        @Override
        public String line() {
            return rows.size() + " interrupts";
        }

        @Override
        public String full(Paint paint) {
            Table table = new Table(">ID", "SOURCE", ">RAISED", "TAKEN BY", ">AFTER ns", ">ENDED AFTER ns", ">TIMES");
            rows.forEach(table::row);
            return table.full(paint);
        }
    }

    /** Begins or ends the recording. */
    @Descriptor("begin to record interrupts, or end it")
    public Notice trace(@Complete(Names.MACHINE) @Descriptor("name of a machine") String machine, @Descriptor("on or off") String word) {
        if (!word.equals("on") && !word.equals("off")) {
            throw OperatorException.unknown("word", word, List.of("on", "off"));
        }
        machines.machine(machine).trace(word.equals("on") ? List.of(KIND) : List.of());
        return new Notice(machine, word.equals("on") ? "records interrupts" : "records no events");
    }

    /** The newest recorded interrupts. */
    @Descriptor("show the newest recorded interrupts: source, who took it, when it was ended, under one number that stays the same across swaps")
    public Ways trace(@Descriptor("how many") @Parameter(names = {"-n", "--count"}, absentValue = "20") int count,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine) {
        Quantity.check("--count", count, 1, Long.MAX_VALUE);
        Machine target = machines.machine(machine);
        Map<Long, Way> ways = new LinkedHashMap<>();
        Map<Long, Long> instructions = new LinkedHashMap<>();
        for (TraceEvent event : target.events()) {
            Matcher matcher = NUMBERED.matcher(event.text());
            if (event.kind().startsWith(KIND + ".") && matcher.matches()) {
                long number = Long.parseLong(matcher.group(1));
                instructions.putIfAbsent(number, event.instructions());
                note(ways.computeIfAbsent(number, absent -> new Way()), event, matcher.group(2));
            }
        }
        if (ways.isEmpty()) {
            throw new OperatorException("machine '" + machine + "' has recorded no interrupt; irq:trace " + machine + " on begins to");
        }
        List<Object[]> rows = new ArrayList<>();
        ways.forEach((number, way) -> rows.add(new Object[] {number, way.source.isEmpty() ? "before the recording" : way.source, instructions.get(number),
            way.taken.isEmpty() ? "nobody yet" : way.taken, between(way.raised, way.acknowledged), between(way.acknowledged, way.ended), way.times}));
        return new Ways(rows.subList(Math.max(0, rows.size() - count), rows.size()));
    }

    private static void note(Way way, TraceEvent event, String text) {
        switch (event.kind()) {
            case "irq.raise" -> {
                way.source = text;
                way.raised = event.time();
            }
            case "irq.ack" -> {
                way.taken = text;
                way.acknowledged = event.time();
                way.times++;
            }
            default -> way.ended = event.time();
        }
    }

    private static Object between(long from, long to) {
        return from < 0 || to < from ? "-" : to - from;
    }
}
