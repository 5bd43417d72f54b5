package com.vtsim.machine;

import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** Who sits on the board: parts come, go and hand over their state here. */
final class Seats {
    /** How {@link Seat#carried} begins where the neutral state does not hold everything. */
    private static final String WITHOUT = "neutral state without ";

    private final NavigableMap<String, Seat> seats = new TreeMap<>(NaturalOrder.NAMES);
    private final Failures failures;
    private final Reports reports;

    Seats(Map<String, String> expects, Failures failures, Reports reports) {
        this.failures = failures;
        this.reports = reports;
        expects.forEach((name, pid) -> seats.put(name, new Seat(name, pid)));
    }

    Collection<Seat> all() {
        return seats.values();
    }

    Seat seat(String name) {
        return seats.get(name);
    }

    /** @return seats with a part, by name */
    List<Seat> taken() {
        return seats.values().stream().filter(s -> s.part != null).toList();
    }

    List<String> present() {
        return taken().stream().map(s -> s.name).toList();
    }

    <T> Optional<T> find(Class<T> type) {
        for (Seat seat : seats.values()) {
            if (type.isInstance(seat.part)) {
                return Optional.of(type.cast(seat.part));
            }
        }
        return Optional.empty();
    }

    <T> List<T> findAll(Class<T> type) {
        List<T> found = new ArrayList<>();
        for (Seat seat : seats.values()) {
            if (type.isInstance(seat.part)) {
                found.add(type.cast(seat.part));
            }
        }
        return found;
    }

    /** @return processors by index */
    List<Processor> processors() {
        List<Processor> processors = findAll(Processor.class);
        processors.sort(Comparator.comparingInt(Processor::index));
        return processors;
    }

    /** A part has come. @return whether the board has to be attached afresh */
    boolean arrive(Seat.Arrival arrival) {
        Part part = arrival.part();
        String name = part.name();
        if (name == null || name.isEmpty() || name.equals(Owner.OPERATOR)) {
            throw new IllegalArgumentException("a part of " + arrival.pid() + " has no name");
        }
        Seat seat = seats.computeIfAbsent(name, n -> new Seat(n, ""));
        if (seat.part != null) {
            seat.waiting.add(arrival);
            reports.add(name, "a second part of this name waits for the first to go");
            return false;
        }
        sit(seat, arrival);
        return true;
    }

    private void sit(Seat seat, Seat.Arrival arrival) {
        seat.part = arrival.part();
        seat.dismissed = false;
        seat.processor |= seat.part instanceof Processor;
        seat.pid = arrival.pid().isEmpty() ? seat.pid : arrival.pid();
        seat.bundle = arrival.bundle();
        seat.trouble = null;
        State left = seat.left;
        State neutral = seat.leftNeutral;
        seat.left = null;
        seat.leftNeutral = null;
        try {
            seat.carried = adopt(seat, left, neutral);
        } catch (RuntimeException | Error e) {
            seat.carried = "new: " + e;
            failures.noted(seat.name, "restore", e);
        }
    }

    private String adopt(Seat seat, State left, State neutral) {
        if (left == null) {
            return "new";
        }
        String why = "";
        if (left.model().equals(seat.part.model())) {
            try {
                seat.part.restore(left);
                return "state";
            } catch (StateException e) {
                why = ": " + e.getMessage();
                reports.add(seat.name, "cannot adopt the state left behind" + why);
            }
        }
        if (neutral == null) {
            return "new" + why;
        }
        try {
            seat.part.restore(neutral);
            return (seat.leftBehind.isEmpty() ? "neutral state" : WITHOUT + String.join("; ", seat.leftBehind)) + why;
        } catch (StateException e) {
            reports.add(seat.name, "cannot adopt the neutral state left behind: " + e.getMessage());
            return "new: " + e.getMessage();
        }
    }

    /** A part goes: its state stays, and a part that waited takes the seat. */
    void leave(Seat seat) {
        rise(seat);
        Seat.Arrival next = seat.waiting.poll();
        if (next != null) {
            sit(seat, next);
        }
    }

    /** A part goes that waited for a seat. */
    void forget(Part part) {
        seats.values().forEach(seat -> seat.waiting.removeIf(a -> a.part() == part));
    }

    private void rise(Seat seat) {
        Part part = seat.part;
        seat.trouble = null;
        try {
            seat.left = part.save();
            seat.leftNeutral = part.neutral().orElse(null);
            seat.leftBehind = part.leftBehind();
        } catch (RuntimeException | Error e) {
            failures.noted(seat.name, "save", e);
        }
        try {
            part.detach();
        } catch (RuntimeException | Error e) {
            failures.noted(seat.name, "detach", e);
        }
        seat.part = null;
    }

    /** @return the name of the part without which the machine cannot run, or null */
    String missing() {
        boolean processors = false;
        for (Seat seat : seats.values()) {
            if (seat.part == null && seat.essential()) {
                return seat.name;
            }
            processors |= seat.part instanceof Processor;
        }
        return processors ? null : "cpu0";
    }

    /** @return what is wrong with a part that could not be attached, or null */
    String trouble() {
        for (Seat seat : seats.values()) {
            if (seat.part != null && seat.trouble != null) {
                return seat.name + " " + seat.trouble;
            }
        }
        return null;
    }
}
