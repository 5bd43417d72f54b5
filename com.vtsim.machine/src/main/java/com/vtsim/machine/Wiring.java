package com.vtsim.machine;

import com.vtsim.api.machine.Lines;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The interrupt lines. An output is known by part name, line and pin and keeps its level while its part is attached afresh
 * or replaced. An output of a part that is gone holds until the machine resumes without the part; one that a successor no
 * longer has, until the successor is attached.
 */
final class Wiring {
    private final Map<Pin, Output> outputs = new LinkedHashMap<>();
    private final List<Input> inputs = new ArrayList<>();
    private final int[] asserting = new int[Lines.COUNT];
    private final Failures failures;
    private final Trace trace;
    private boolean attaching;
    private boolean orphans;

    /** Which output. */
    record Pin(String part, int line, String pin) { }

    private record Input(Owner owner, Lines.Sink sink) { }

    Wiring(Failures failures, Trace trace) {
        this.failures = failures;
        this.trace = trace;
    }

    Output driver(Owner owner, int line, String pin) {
        owner.check();
        if (line < 0 || line >= Lines.COUNT) {
            throw new IllegalArgumentException("there is no line " + line);
        }
        Output output = outputs.computeIfAbsent(new Pin(owner.name, line, pin), Output::new);
        output.claimed = true;
        return output;
    }

    void listen(Owner owner, Lines.Sink sink) {
        owner.check();
        inputs.removeIf(i -> i.owner == owner && i.sink == sink);
        inputs.add(new Input(owner, sink));
    }

    boolean level(int line) {
        return asserting[line] > 0;
    }

    /** Takes the sinks away and remembers which outputs the parts claim again. */
    void beginAttach() {
        attaching = true;
        inputs.removeIf(i -> !i.owner.lasts());
        outputs.values().forEach(o -> o.claimed = false);
    }

    /** Withdraws outputs that parts which are present no longer have, then tells every sink the level of every line, low ones first. */
    void endAttach(Collection<String> present) {
        drop(o -> !o.claimed && present.contains(o.pin.part));
        orphans = outputs.keySet().stream().anyMatch(p -> !present.contains(p.part) && !p.part.equals(Owner.OPERATOR));
        attaching = false;
        for (Input input : List.copyOf(inputs)) {
            for (int i = 0; i < 2 * Lines.COUNT; i++) {
                boolean high = i >= Lines.COUNT;
                if (level(i % Lines.COUNT) == high) {
                    tell(input, i % Lines.COUNT, high);
                }
            }
        }
    }

    /** The machine resumes: what parts drove that are gone falls. */
    void dropOrphans(Supplier<List<String>> present) {
        if (orphans) {
            orphans = false;
            List<String> names = present.get();
            drop(o -> !names.contains(o.pin.part) && !o.pin.part.equals(Owner.OPERATOR));
        }
    }

    void withdraw(Owner owner) {
        inputs.removeIf(i -> i.owner == owner);
    }

    private void drop(java.util.function.Predicate<Output> which) {
        for (Output output : List.copyOf(outputs.values())) {
            if (which.test(output)) {
                output.set(false);
                outputs.remove(output.pin);
            }
        }
    }

    /** @return the outputs that are asserted, sorted */
    List<Pin> asserted() {
        return outputs.values().stream().filter(o -> o.level).map(o -> o.pin)
            .sorted(java.util.Comparator.comparing(Pin::part, NaturalOrder.NAMES).thenComparing(Pin::line).thenComparing(Pin::pin)).toList();
    }

    /** Sets every output as a snapshot has it; sinks hear of it when the parts are attached afresh. */
    void assertOnly(Collection<Pin> pins) {
        attaching = true;
        outputs.values().forEach(o -> o.set(false));
        pins.forEach(p -> outputs.computeIfAbsent(p, Output::new).set(true));
    }

    private void changed(int line, boolean level, String part) {
        if (trace.wants("irq.line")) {
            trace.event(part, "irq.line", "line " + line + (level ? " asserted" : " released"));
        }
        if (!attaching) {
            for (int i = 0; i < inputs.size(); i++) {
                tell(inputs.get(i), line, level);
            }
        }
    }

    private void tell(Input input, int line, boolean level) {
        try {
            input.sink.line(line, level);
        } catch (RuntimeException | Error e) {
            failures.failed(input.owner.name, "a change of line " + line, e);
        }
    }

    /** A driver. */
    final class Output implements Lines.Driver {
        private final Pin pin;
        private boolean level;
        private boolean claimed;

        private Output(Pin pin) {
            this.pin = pin;
        }

        @Override
        public void set(boolean asserted) {
            if (level == asserted) {
                return;
            }
            level = asserted;
            asserting[pin.line] += asserted ? 1 : -1;
            if (asserting[pin.line] == (asserted ? 1 : 0)) {
                changed(pin.line, asserted, pin.part);
            }
        }

        @Override
        public boolean level() {
            return level;
        }
    }
}
