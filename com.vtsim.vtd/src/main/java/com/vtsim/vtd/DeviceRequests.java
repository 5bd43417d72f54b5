package com.vtsim.vtd;

/** Invalidation requests under way to devices, by tag. Source: VT-d specification, Handling of Device-TLB Invalidations. */
final class DeviceRequests {
    /** Requests that can be under way at a time. */
    static final int TAGS = 32;
    private static final int MOST_COMPLETIONS = 8;

    private final int[] sourceIds = new int[TAGS];
    private final int[] physical = new int[TAGS];
    /** Completion messages received. */
    private final int[] completions = new int[TAGS];
    private final long[] deadlines = new long[TAGS];
    private int tags;

    /** What is carried over. */
    record RequestState(int tags, int[] sourceIds, int[] physical, int[] completions, long[] deadlines) { }

    /** @return the tags that are taken, a bit each */
    int tags() {
        return tags;
    }

    /** @return requests under way to a physical function and its virtual ones */
    int of(int physicalId) {
        int number = 0;
        for (int tag = 0; tag < TAGS; tag++) {
            number += (tags >>> tag & 1) != 0 && physical[tag] == physicalId ? 1 : 0;
        }
        return number;
    }

    /** @return a tag, or -1 if none is free */
    int take(int sourceId, int physicalId, long deadline) {
        int tag = Integer.numberOfTrailingZeros(~tags);
        if (tag >= TAGS) {
            return -1;
        }
        tags |= 1 << tag;
        sourceIds[tag] = sourceId;
        physical[tag] = physicalId;
        completions[tag] = 0;
        deadlines[tag] = deadline;
        return tag;
    }

    void free(int tag) {
        tags &= ~(1 << tag);
    }

    int sourceId(int tag) {
        return sourceIds[tag];
    }

    /**
     * Counts a completion message.
     *
     * @param count how many there are to be: 1 to 7, or 0 for 8
     * @return false if no such request is under way to that function
     */
    boolean answered(int tag, int sourceId, int count) {
        if ((tags >>> tag & 1) == 0 || sourceIds[tag] != sourceId) {
            return false;
        }
        completions[tag]++;
        if (completions[tag] == (count == 0 ? MOST_COMPLETIONS : count)) {
            free(tag);
        }
        return true;
    }

    /** @return when the first request is overdue; there is one under way */
    long earliest() {
        long first = Long.MAX_VALUE;
        for (int tag = 0; tag < TAGS; tag++) {
            first = (tags >>> tag & 1) != 0 ? Math.min(first, deadlines[tag]) : first;
        }
        return first;
    }

    /** @return a tag whose request is overdue, or -1 */
    int expired(long now) {
        for (int tag = 0; tag < TAGS; tag++) {
            if ((tags >>> tag & 1) != 0 && deadlines[tag] <= now) {
                return tag;
            }
        }
        return -1;
    }

    void clear() {
        tags = 0;
    }

    RequestState save() {
        return new RequestState(tags, sourceIds.clone(), physical.clone(), completions.clone(), deadlines.clone());
    }

    static boolean fits(RequestState state) {
        return state.sourceIds().length == TAGS && state.physical().length == TAGS && state.completions().length == TAGS && state.deadlines().length == TAGS;
    }

    void restore(RequestState state) {
        tags = state.tags();
        System.arraycopy(state.sourceIds(), 0, sourceIds, 0, TAGS);
        System.arraycopy(state.physical(), 0, physical, 0, TAGS);
        System.arraycopy(state.completions(), 0, completions, 0, TAGS);
        System.arraycopy(state.deadlines(), 0, deadlines, 0, TAGS);
    }
}
