package com.vtsim.machine;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Guests' mistakes and parts' failures, counted by part and text; the newest thousand. */
final class Reports {
    private static final int MOST = 1000;
    private static final int LONGEST = 500;

    private final Map<String, Long> counts = new LinkedHashMap<>();
    private long dropped;
    private boolean muted;

    /** Takes nothing for a while. */
    void mute(boolean now) {
        muted = now;
    }

    void add(String part, String text) {
        if (muted) {
            return;
        }
        String line = part + ": " + text.replaceAll("\\R", " ");
        if (line.length() > LONGEST) {
            line = line.substring(0, LONGEST) + "…";
        }
        Long before = counts.remove(line);
        counts.put(line, before == null ? 1 : before + 1);
        if (counts.size() > MOST) {
            counts.remove(counts.keySet().iterator().next());
            dropped++;
        }
    }

    /** @return one line each, newest last */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        if (dropped > 0) {
            lines.add(dropped + " older reports dropped");
        }
        counts.forEach((line, count) -> lines.add(count == 1 ? line : line + " (" + count + " times)"));
        return lines;
    }
}
