package com.vtsim.machine;

/**
 * A place in a run.
 *
 * @param instructions retired since power-on
 * @param skipped      virtual nanoseconds skipped while all processors were halted
 */
record Moment(long instructions, long skipped) implements Comparable<Moment> {
    @Override
    public int compareTo(Moment other) {
        int order = Long.compare(instructions, other.instructions);
        return order != 0 ? order : Long.compare(skipped, other.skipped);
    }
}
