package com.vtsim.machine;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.PortSpace;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.Stop;
import com.vtsim.api.machine.Tracer;
import java.util.List;
import java.util.Optional;

/** The board as a part sees it from one attach to the next. */
final class PartBoard implements Board {
    private final Chassis chassis;
    private final Part part;
    private final Owner owner;
    private final MemorySpace memory;
    private final PortSpace ports;
    private final Clock clock;
    private final Lines lines;
    private final Tracer tracer = new PartTracer();

    PartBoard(Chassis chassis, Part part, Owner owner) {
        this.chassis = chassis;
        this.part = part;
        this.owner = owner;
        memory = new MemoryView(chassis.memory, owner);
        ports = new PortView(chassis.ports, owner);
        clock = new ClockView(chassis.clock, owner);
        lines = new LineView(chassis.wiring, owner);
    }

    @Override
    public String machine() {
        return chassis.settings.name();
    }

    @Override
    public MemorySpace memory() {
        return memory;
    }

    @Override
    public PortSpace ports() {
        return ports;
    }

    @Override
    public Clock clock() {
        return clock;
    }

    @Override
    public Lines lines() {
        return lines;
    }

    @Override
    public Tracer tracer() {
        return tracer;
    }

    @Override
    public <T> Optional<T> find(Class<T> type) {
        return chassis.seats.find(type);
    }

    @Override
    public <T> List<T> findAll(Class<T> type) {
        return chassis.seats.findAll(type);
    }

    @Override
    public Processor running() {
        return chassis.clock.running();
    }

    @Override
    public void post(Runnable action) {
        chassis.post(part, owner.name, action);
    }

    @Override
    public boolean repeating() {
        return chassis.repeating();
    }

    @Override
    public void reset(Reset kind) {
        chassis.askReset(kind);
    }

    @Override
    public void stop(Stop stop) {
        chassis.askStop(stop);
    }

    @Override
    public void report(String text) {
        chassis.reports.add(owner.name, text);
    }

    private final class PartTracer implements Tracer {
        @Override
        public boolean wants(String kind) {
            return chassis.trace.wants(kind);
        }

        @Override
        public void event(String kind, String text) {
            chassis.trace.event(owner.name, kind, text);
        }

        @Override
        public long[] numbers(String of, int length) {
            return chassis.trace.numbers(owner.name, of, length);
        }
    }
}
