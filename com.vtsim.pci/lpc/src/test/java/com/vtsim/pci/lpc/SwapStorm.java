package com.vtsim.pci.lpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Console;
import com.vtsim.api.machine.Part;
import java.util.Random;
import java.util.function.Supplier;

/**
 * Random port accesses, spans of time and operator's input, the same on two boards: on one the part is replaced by a new
 * one again and again. Nothing may throw, every byte read and every change of a line must be the same.
 */
public final class SwapStorm {
    private static final int OPERATIONS = 60_000;
    private static final int REPLACE_EVERY = 40;

    private SwapStorm() { }

    /**
     * @param seed  of the random operations
     * @param parts makes the part
     * @param ports it answers at
     * @param span  longest time between two operations, nanoseconds
     */
    public static void run(long seed, Supplier<Part> parts, int[] ports, long span) {
        Random random = new Random(seed);
        Bench plain = new Bench();
        Bench stormy = new Bench();
        Part kept = plain.attach(parts.get());
        Part swapped = stormy.attach(parts.get());
        for (int i = 0; i < OPERATIONS; i++) {
            int port = ports[random.nextInt(ports.length)];
            switch (random.nextInt(5)) {
                case 0, 1 -> {
                    int value = random.nextInt(256);
                    plain.out(port, value);
                    stormy.out(port, value);
                }
                case 2, 3 -> assertThat(stormy.in(port)).as("operation %d, port %x", i, port).isEqualTo(plain.in(port));
                default -> {
                    long time = (long) (span * Math.pow(random.nextDouble(), 4));
                    plain.pass(time);
                    stormy.pass(time);
                }
            }
            if (kept instanceof Console console && swapped instanceof Console other && random.nextInt(20) == 0) {
                byte[] bytes = new byte[1 + random.nextInt(3)];
                random.nextBytes(bytes);
                console.input(bytes);
                other.input(bytes);
            }
            if (random.nextInt(REPLACE_EVERY) == 0) {
                swapped = stormy.replace(swapped, parts.get());
            }
            assertThat(stormy.changes).as("lines after operation %d", i).isEqualTo(plain.changes);
            assertThat(stormy.due()).as("next event after operation %d", i).isEqualTo(plain.due());
            plain.changes.clear();
            stormy.changes.clear();
        }
        assertThat(stormy.resets).isEqualTo(plain.resets);
    }
}
