package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.shell.draw.Drawing;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** How far a machine has come, how fast it is, and what time it is there, in one line. */
final class Progress implements Supplier<String> {
    private final Machine machine;
    private final LongSupplier wall;
    private long instructionsThen;
    private long wallThen;

    Progress(Machine machine) {
        this(machine, System::nanoTime);
    }

    /** @param wall nanoseconds that pass in the world */
    Progress(Machine machine, LongSupplier wall) {
        this.machine = machine;
        this.wall = wall;
        instructionsThen = machine.status().instructions();
        wallThen = wall.getAsLong();
    }

    /** The rate is that since the last call. */
    @Override
    public String get() {
        Machine.Status status = machine.status();
        long now = wall.getAsLong();
        double mips = (status.instructions() - instructionsThen) * 1e3 / Math.max(1, now - wallThen);
        instructionsThen = status.instructions();
        wallThen = now;
        return String.format(Locale.ROOT, "%s: %,d instructions, %.0f MIPS, %s", machine.name(), status.instructions(), mips, Drawing.duration(Duration.ofNanos(status.time())));
    }
}
