package com.vtsim.cpu.engine;

/** The linear addresses of the last instructions executed, while someone asks for them. */
public final class InstructionHistory {
    private long[] addresses = new long[0];
    private int[] modes = new int[0];
    private long count;

    boolean recording() {
        return addresses.length != 0;
    }

    void keep(int most) {
        addresses = new long[most];
        modes = new int[most];
        count = 0;
    }

    void record(long linear, int mode) {
        int i = (int) (count++ % addresses.length);
        addresses[i] = linear;
        modes[i] = mode;
    }

    /** @return how many instructions are recorded */
    public int size() {
        return (int) Math.min(count, addresses.length);
    }

    /** @param index 0 is the oldest */
    public long address(int index) {
        return addresses[slot(index)];
    }

    /** @return code size in bits at the time */
    public int codeSize(int index) {
        return Mode.codeSize(modes[slot(index)]);
    }

    private int slot(int index) {
        return (int) ((count - size() + index) % addresses.length);
    }
}
