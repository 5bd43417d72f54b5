package com.vtsim.machine;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.State;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Takes snapshots of a machine and puts them back, all or nothing. Machine thread. */
final class Keeper {
    private final Chassis chassis;
    private final RunLoop loop;

    Keeper(Chassis chassis, RunLoop loop) {
        this.chassis = chassis;
        this.loop = loop;
    }

    /** The snapshot shares RAM with the machine: use it before the machine goes on. */
    Snapshot take() {
        Map<String, State> parts = new TreeMap<>(NaturalOrder.NAMES);
        for (Seat seat : chassis.seats.taken()) {
            try {
                parts.put(seat.name, seat.part.save());
            } catch (RuntimeException | Error e) {
                chassis.noted(seat.name, "save", e);
                throw new OperatorException(seat.name + " cannot save its state: " + e, e);
            }
        }
        Ram ram = chassis.memory.ram();
        return new Snapshot(ram.size(), ram.low(), chassis.settings.mips(), chassis.clock.instructions(), chassis.clock.skipped(), loop.turn(),
            loop.quantumLeft(), chassis.wiring.asserted(), parts, roms(), chassis.loads.all(), ram);
    }

    /** By address, so that the order in which they were mapped does not matter where they do not overlap. */
    private List<MemoryMap.Image> roms() {
        return chassis.memory.lastingImages().stream().sorted(Comparator.comparingLong(MemoryMap.Image::base)).toList();
    }

    /** @throws OperatorException if it does not fit this machine; nothing has changed then */
    void put(Snapshot snapshot) {
        check(snapshot);
        restoreParts(snapshot.parts());
        chassis.clock.set(snapshot.instructions(), snapshot.skipped());
        loop.turn(snapshot.turn(), snapshot.quantumLeft());
        chassis.loads.all(snapshot.loads());
        chassis.memory.lastingImages(snapshot.roms());
        chassis.memory.ram(snapshot.ram());
        chassis.wiring.assertOnly(snapshot.lines());
        chassis.attachNeeded();
        chassis.settle();
    }

    private void check(Snapshot snapshot) {
        Settings settings = chassis.settings;
        if (snapshot.memory() != settings.memory() || snapshot.low() != settings.low()) {
            throw new OperatorException("the snapshot is of a machine with " + snapshot.memory() + " bytes of RAM, " + snapshot.low()
                + " of them below 4 GiB; this one has " + settings.memory() + " and " + settings.low());
        }
        if (snapshot.mips() != settings.mips()) {
            throw new OperatorException("the snapshot is of a machine with mips " + snapshot.mips() + "; this one has " + settings.mips());
        }
        List<String> present = chassis.seats.present();
        List<String> inFile = List.copyOf(snapshot.parts().keySet());
        if (!present.equals(inFile)) {
            List<String> absent = new ArrayList<>(inFile);
            absent.removeAll(present);
            List<String> extra = new ArrayList<>(present);
            extra.removeAll(inFile);
            throw new OperatorException("the snapshot is of a machine with other parts:"
                + (absent.isEmpty() ? "" : " missing here " + String.join(", ", absent)) + (extra.isEmpty() ? "" : " only here " + String.join(", ", extra)));
        }
        for (Seat seat : chassis.seats.taken()) {
            String model = snapshot.parts().get(seat.name).model();
            if (!model.equals(seat.part.model())) {
                throw new OperatorException("the snapshot is of a machine whose " + seat.name + " is " + model + "; here it is " + seat.part.model());
            }
        }
    }

    private void restoreParts(Map<String, State> states) {
        Map<Seat, State> before = new java.util.LinkedHashMap<>();
        for (Seat seat : chassis.seats.taken()) {
            try {
                before.put(seat, seat.part.save());
            } catch (RuntimeException | Error e) {
                throw new OperatorException(seat.name + " cannot save its state, so nothing is restored: " + e, e);
            }
        }
        for (Seat seat : before.keySet()) {
            try {
                seat.part.restore(states.get(seat.name));
            } catch (RuntimeException | Error e) {
                before.forEach(this::rollBack);
                chassis.attachNeeded();
                throw new OperatorException(seat.name + " cannot adopt its state from the snapshot: " + e.getMessage(), e);
            }
        }
    }

    private void rollBack(Seat seat, State state) {
        try {
            seat.part.restore(state);
        } catch (RuntimeException | Error e) {
            chassis.noted(seat.name, "restore of its own state", e);
        }
    }
}
