package com.vtsim.machine;

import com.vtsim.api.machine.MemorySpace;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/** The lines of RAM that have an uncorrectable error, by offset in the RAM, each with the bytes that have been written since: all 64 of them heal it. */
final class Poison {
    private static final int LINE = MemorySpace.LINE;
    private static final long WHOLE = -1L;

    private final TreeMap<Long, Long> lines = new TreeMap<>();

    boolean isEmpty() {
        return lines.isEmpty();
    }

    /** Whether a line between two offsets is poisoned. */
    boolean isIn(long from, long to) {
        Long line = lines.ceilingKey(from & -LINE);
        return line != null && line < to;
    }

    void add(long offset, long written) {
        lines.put(offset & -LINE, written);
    }

    /** @return whether the line was poisoned */
    boolean heal(long offset) {
        return lines.remove(offset & -LINE) != null;
    }

    /** Tells of each poisoned line that a read touches. */
    void met(long offset, int length, LongConsumer who) {
        for (long line = offset & -LINE; line < offset + length; line += LINE) {
            if (lines.containsKey(line)) {
                who.accept(line);
            }
        }
    }

    /** Takes note of a write. @return whether it has healed a line */
    boolean written(long offset, int length) {
        boolean healed = false;
        for (long line = offset & -LINE; line < offset + length; line += LINE) {
            Long before = lines.get(line);
            if (before != null) {
                int from = (int) Math.max(0, offset - line);
                int to = (int) Math.min(LINE, offset + length - line);
                long now = before | WHOLE >>> LINE - (to - from) << from;
                if (now == WHOLE) {
                    lines.remove(line);
                    healed = true;
                } else {
                    lines.put(line, now);
                }
            }
        }
        return healed;
    }

    /** @return offset of each line, and the bytes written since, a bit each */
    Map<Long, Long> lines() {
        return lines;
    }
}
