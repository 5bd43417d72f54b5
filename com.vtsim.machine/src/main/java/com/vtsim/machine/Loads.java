package com.vtsim.machine;

import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Processor;
import com.vtsim.machine.load.Image;
import com.vtsim.machine.load.Image.Segment;
import java.util.ArrayList;
import java.util.List;

/** The images that were loaded: ROMs stay mapped, the rest is placed and entered again after every reset. */
final class Loads {
    private final Chassis chassis;
    private final List<Loaded> loaded = new ArrayList<>();

    /**
     * What a reset puts back.
     *
     * @param entry how the bootstrap processor starts, or null
     */
    record Loaded(List<Segment> segments, EntryState entry) { }

    Loads(Chassis chassis) {
        this.chassis = chassis;
    }

    void load(Image image) {
        if (image.entry() != null && chassis.processors().isEmpty()) {
            throw new OperatorException("machine " + chassis.settings.name() + " has no processor that could start the image");
        }
        for (Segment rom : image.roms()) {
            byte[] content = java.util.Arrays.copyOf(rom.content(), (int) rom.length());
            chassis.memory.dropImages(chassis.operator, rom.address(), rom.length());
            chassis.memory.mapImage(chassis.operator, rom.address(), content, true);
        }
        Loaded here = new Loaded(image.segments(), image.entry());
        loaded.removeIf(l -> l.segments.stream().map(Segment::address).toList().equals(here.segments.stream().map(Segment::address).toList()));
        if (!here.segments.isEmpty() || here.entry != null) {
            loaded.add(here);
        }
        place(here);
    }

    /** After a reset. */
    void again() {
        loaded.forEach(this::place);
    }

    private void place(Loaded image) {
        List<Processor> processors = chassis.processors();
        boolean entered = image.entry != null && !processors.isEmpty();
        if (entered) {
            // First, because a host bridge then lets writes through to the RAM below 1 MiB.
            chassis.asFirmwareLeaves();
        }
        new Image("", List.of(), image.segments, null).place(chassis.operatorMemory());
        if (entered) {
            placeTables(image);
            processors.get(0).enter(image.entry);
        }
    }

    private void placeTables(Loaded image) {
        byte[] tables = {};
        for (Segment segment : image.segments) {
            if (segment.what().equals(Image.TABLES)) {
                tables = chassis.acpi().at(segment.address());
                chassis.operatorMemory().write(segment.address(), tables, 0, tables.length);
            } else if (segment.what().equals(Image.ROOT_POINTER)) {
                chassis.operatorMemory().write(segment.address(), tables, 0, (int) Math.min(segment.length(), tables.length));
            }
        }
    }

    List<Loaded> all() {
        return List.copyOf(loaded);
    }

    void all(List<Loaded> others) {
        loaded.clear();
        loaded.addAll(others);
    }
}
