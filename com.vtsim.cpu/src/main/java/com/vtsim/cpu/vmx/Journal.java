package com.vtsim.cpu.vmx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** What VM entries and exits did so far, for the operator: counts by reason and address, the latest exit, the latest failure. */
public final class Journal {
    private static final int PLACES = 1024, TRIES = 8;

    /**
     * How often a VM left from one place for one reason.
     *
     * @param reason basic exit reason
     * @param rip    guest's instruction pointer
     * @param count  times
     */
    public record Count(int reason, long rip, long count) { }

    private final long[] counts = new long[PLACES];
    private final long[] addresses = new long[PLACES];
    private final int[] reasons = new int[PLACES];
    private long entries;
    private long exits;
    private long notifications;
    private String latest = "";
    private List<EntryRule.Failure> failures = List.of();
    private int lastReason = -1;
    private long lastQualification;
    private long lastRip;

    void entered() {
        entries++;
    }

    void exited(int reason, long qualification, long rip) {
        exits++;
        lastReason = reason;
        lastQualification = qualification;
        lastRip = rip;
        int place = (int) ((rip * 31 + reason) * 0x9E37_79B9_7F4A_7C15L >>> 54);
        for (int i = 0; i < TRIES; i++) {
            int slot = place + i & PLACES - 1;
            if (counts[slot] == 0 || addresses[slot] == rip && reasons[slot] == reason) {
                addresses[slot] = rip;
                reasons[slot] = reason;
                counts[slot]++;
                return;
            }
        }
    }

    void notified() {
        notifications++;
    }

    void failed(String what, List<EntryRule.Failure> rules) {
        latest = what;
        failures = rules;
    }

    void clear() {
        Arrays.fill(counts, 0);
        entries = 0;
        exits = 0;
        notifications = 0;
        latest = "";
        failures = List.of();
        lastReason = -1;
    }

    /** @return successful VM entries */
    public long entries() {
        return entries;
    }

    /** @return VM exits, failed entries included that end as one */
    public long exits() {
        return exits;
    }

    /** @return counts by reason and address (of some 1,000 places), most frequent first */
    public List<Count> counts() {
        List<Count> all = new ArrayList<>();
        for (int i = 0; i < PLACES; i++) {
            if (counts[i] != 0) {
                all.add(new Count(reasons[i], addresses[i], counts[i]));
            }
        }
        all.sort(Comparator.comparingLong(Count::count).reversed().thenComparingInt(Count::reason));
        return all;
    }

    /** @return the latest failure, and the latest exit, in words */
    public List<String> why() {
        List<String> lines = new ArrayList<>();
        if (!latest.isEmpty()) {
            lines.add("latest failure: " + latest);
            failures.forEach(failure -> lines.add("  " + failure.text()));
        }
        if (lastReason != -1) {
            ExitReason reason = ExitReason.of(lastReason & 0xFFFF);
            lines.add(String.format("latest exit: %s (reason %d%s) at rip %016x, qualification %x", reason == null ? "unknown" : reason.title,
                lastReason & 0xFFFF, lastReason < 0 ? ", VM-entry failure" : "", lastRip, lastQualification));
        }
        if (notifications != 0) {
            lines.add("posted interrupts taken without an exit: " + notifications + (notifications == 1 ? " notification" : " notifications"));
        }
        return lines;
    }
}
