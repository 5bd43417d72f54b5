package com.vtsim.pci.lpc.pit;

/**
 * One counter of an 8254, exact to the CLK pulse: "counting element", count register, output latch, status latch, GATE and
 * OUT as in Intel's data sheet "8254 Programmable Interval Timer". Time comes in as a count of CLK pulses; what happens
 * between two of them (a write, a change of GATE) acts on the next pulse, as there.
 * <p>
 * The counting element is kept as a plain number, 1 to 65536 (10000 in BCD) when loaded; only what software sees is coded.
 */
final class Counter {
    /** {@link #quiet}: no pulse will ever change anything but the count. */
    static final long FOREVER = Long.MAX_VALUE;

    private int control;
    private int register;
    private boolean nullCount;
    private boolean loaded;
    private boolean half;
    private int low;
    private boolean highNext;
    private boolean readHigh;
    private int element;
    private int period;
    private boolean running;
    private boolean load;
    private boolean armed;
    private boolean gate;
    private boolean out;
    private int latch;
    private boolean latched;
    private int status;
    private long pulse;

    Counter() {
        reset(false);
    }

    /**
     * Undefined until programmed, says the data sheet; here mode 3, never loaded, OUT high: as firmware leaves it, so that
     * the control word of a kernel that is loaded without firmware makes no edge.
     */
    void reset(boolean gate) {
        control = 0x36;
        register = 0;
        nullCount = true;
        loaded = false;
        half = false;
        low = 0;
        highNext = false;
        readHigh = false;
        element = 0;
        period = 0;
        running = false;
        load = false;
        armed = false;
        this.gate = gate;
        out = true;
        latch = 0;
        latched = false;
        status = -1;
        pulse = 0;
    }

    /** @return OUT */
    boolean out() {
        return out;
    }

    /** @return the CLK pulse the counter stands at */
    long pulse() {
        return pulse;
    }

    /** Lets CLK run to its pulse number {@code now}. An earlier one means that time began anew. */
    void advance(long now) {
        long pulses = now - pulse;
        pulse = now;
        if (pulses <= 0) {
            return;
        }
        if (periodic() && pulses > 4L * cycle() && quiet() != FOREVER) {
            // After two whole periods what was pending is done, and from there the waveform repeats.
            pulses = settle(pulses) % cycle();
        }
        while (pulses > 0) {
            long quiet = Math.min(quiet(), pulses);
            if (quiet > 0) {
                count(quiet);
                pulses -= quiet;
            } else {
                clock();
                pulses--;
            }
        }
    }

    /** Runs until nothing is pending. @return pulses left */
    private long settle(long pulses) {
        long left = pulses;
        while (left > 0 && (load || nullCount)) {
            long quiet = Math.min(quiet(), left);
            if (quiet > 0) {
                count(quiet);
                left -= quiet;
            } else {
                clock();
                left--;
            }
        }
        return left;
    }

    private boolean periodic() {
        return (mode() == 2 || mode() == 3) && gate && loaded;
    }

    private long cycle() {
        return Math.max(2, Math.max(period, whole(register)));
    }

    /** @return mode 0–5 */
    int mode() {
        int mode = control >> 1 & 7;
        return mode > 5 ? mode - 4 : mode;
    }

    private int modulus() {
        return (control & 1) != 0 ? 10_000 : 65_536;
    }

    /**
     * @return how many of the coming pulses do nothing but count (or nothing at all): the pulse after them loads, ends or
     *         changes OUT; {@link #FOREVER} if none does as long as software and GATE leave the counter alone
     */
    long quiet() {
        if (load) {
            return 0;
        }
        if (!counting()) {
            return FOREVER;
        }
        return switch (mode()) {
            case 2 -> Math.max(0, element - 2);
            case 3 -> Math.max(0, (element - 1) / 2);
            case 0, 1 -> armed ? element - 1 : FOREVER;
            default -> !out ? 0 : armed ? element - 1 : FOREVER;
        };
    }

    private boolean counting() {
        if (!running || half && mode() == 0) {
            return false;
        }
        return gate || mode() == 1 || mode() == 5 || !out && mode() == 4;
    }

    /** A number of pulses that only count. */
    private void count(long pulses) {
        if (!counting()) {
            return;
        }
        if (mode() == 3) {
            element -= (int) (2 * pulses);
        } else if (mode() == 2) {
            element -= (int) pulses;
        } else {
            element = (int) Math.floorMod(element - pulses, (long) modulus());
            if (element == 0) {
                element = modulus();
            }
        }
    }

    /** One pulse. */
    private void clock() {
        if (load) {
            load();
            return;
        }
        switch (mode()) {
            case 0, 1 -> {
                down();
                if (element == modulus()) {
                    out = true;
                    armed = false;
                }
            }
            case 2 -> rate();
            case 3 -> square();
            default -> strobe();
        }
    }

    private void down() {
        element = element == 1 ? modulus() : element - 1;
    }

    private void rate() {
        if (element <= 1) {
            transfer();
            out = true;
        } else {
            element--;
            if (element == 1) {
                out = false;
            }
        }
    }

    private void square() {
        boolean odd = (period & 1) != 0;
        if (element == 2 && odd && out) {
            element = 0;
        } else if (element <= 2) {
            out = !out;
            transfer();
        } else {
            element -= 2;
        }
    }

    private void strobe() {
        boolean ends = !out;
        if (gate || mode() == 5) {
            down();
        }
        if (ends) {
            out = true;
        } else if (armed && element == modulus()) {
            out = false;
            armed = false;
        }
    }

    /** The pulse that loads the counting element. */
    private void load() {
        load = false;
        transfer();
        running = true;
        armed = true;
        switch (mode()) {
            case 0, 1 -> out = false;
            default -> out = true;
        }
    }

    private void transfer() {
        period = whole(register);
        element = mode() == 3 && (period & 1) != 0 ? period - 1 : period;
        nullCount = false;
    }

    /** A count register's meaning: 0 stands for the modulus. Digits above 9 carry, for what the data sheet leaves open. */
    private int whole(int coded) {
        int value = coded;
        if ((control & 1) != 0) {
            value = ((coded >> 12) * 1000 + (coded >> 8 & 15) * 100 + (coded >> 4 & 15) * 10 + (coded & 15)) % modulus();
        }
        return value == 0 ? modulus() : value;
    }

    /** What software reads of the counting element. */
    private int coded() {
        int value = element % modulus();
        if ((control & 1) == 0) {
            return value;
        }
        return value / 1000 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 | value % 10;
    }

    /** A control word for this counter that is not the latch command. */
    void control(int word) {
        control = word & 0x3F;
        register = 0;
        nullCount = true;
        loaded = false;
        running = false;
        load = false;
        armed = false;
        half = false;
        highNext = false;
        readHigh = false;
        latched = false;
        status = -1;
        out = mode() != 0;
    }

    /** The counter latch command; ignored while an earlier latch has not been read. */
    void latch() {
        if (!latched) {
            latch = coded();
            latched = true;
        }
    }

    /** The read-back command's status; ignored while an earlier one has not been read. */
    void latchStatus() {
        if (status < 0) {
            status = (out ? 0x80 : 0) | (nullCount ? 0x40 : 0) | control;
        }
    }

    /** RW1, RW0: 1 low byte, 2 high byte, 3 low then high. */
    private int access() {
        return control >> 4 & 3;
    }

    /** @return the next byte a read gives */
    int read() {
        if (status >= 0) {
            int value = status;
            status = -1;
            return value;
        }
        int value = latched ? latch : coded();
        boolean high = access() == 2 || access() == 3 && readHigh;
        if (access() == 3) {
            readHigh = !readHigh;
        }
        if (high || access() != 3) {
            latched = false;
        }
        return high ? value >> 8 : value & 0xFF;
    }

    /** A byte of the count. */
    void write(int value) {
        if (access() == 3 && !highNext) {
            highNext = true;
            low = value;
            if (mode() == 0) {
                half = true;
                out = false;
            }
            return;
        }
        register = switch (access()) {
            case 1 -> value;
            case 2 -> value << 8;
            default -> value << 8 | low;
        };
        highNext = false;
        half = false;
        nullCount = true;
        switch (mode()) {
            case 0 -> {
                out = false;
                load = true;
            }
            case 4 -> load = true;
            case 2, 3 -> load |= !loaded;
            default -> { }
        }
        loaded = true;
    }

    /** The GATE input. */
    void gate(boolean level) {
        boolean rises = level && !gate;
        gate = level;
        int mode = mode();
        if (rises && loaded && mode != 0 && mode != 4) {
            load = true;
        }
        if (!level && (mode == 2 || mode == 3)) {
            out = true;
        }
    }

    boolean gate() {
        return gate;
    }

    /** @return the state in words, for the operator */
    String describe() {
        return "mode %d%s count=%d element=%d gate=%d out=%d%s".formatted(mode(), (control & 1) != 0 ? " BCD" : "",
                whole(register), element, gate ? 1 : 0, out ? 1 : 0, nullCount ? " null-count" : "");
    }

    Saved save() {
        return new Saved(control, register, nullCount, loaded, half, low, highNext, readHigh, element, period, running, load,
                armed, gate, out, latch, latched, status, pulse);
    }

    void restore(Saved saved) {
        control = saved.control;
        register = saved.register;
        nullCount = saved.nullCount;
        loaded = saved.loaded;
        half = saved.half;
        low = saved.low;
        highNext = saved.highNext;
        readHigh = saved.readHigh;
        element = saved.element;
        period = saved.period;
        running = saved.running;
        load = saved.load;
        armed = saved.armed;
        gate = saved.gate;
        out = saved.out;
        latch = saved.latch;
        latched = saved.latched;
        status = saved.status;
        pulse = saved.pulse;
    }

    /**
     * State of a counter.
     *
     * @param control   RW, mode and BCD bits as written
     * @param register  CR, the count as written
     * @param loaded    whether a whole count has been written since the control word
     * @param half      whether mode 0 waits for the second byte of a count
     * @param low       the first byte of a count
     * @param highNext  whether the next write is the second byte
     * @param readHigh  whether the next read is the second byte
     * @param element   CE
     * @param period    the count CE was loaded from
     * @param running   whether CE has been loaded since the control word
     * @param load      whether the next pulse loads CE
     * @param armed     whether the end of the count will act on OUT
     * @param latch     OL
     * @param latched   whether OL holds a count that has not been read
     * @param status    the status latch, -1 if empty
     * @param pulse     CLK pulses since time 0
     */
    record Saved(int control, int register, boolean nullCount, boolean loaded, boolean half, int low, boolean highNext,
            boolean readHigh, int element, int period, boolean running, boolean load, boolean armed, boolean gate,
            boolean out, int latch, boolean latched, int status, long pulse) {
        Saved {
            if ((control & ~0x3F) != 0 || (register & ~0xFFFF) != 0 || element < 0 || element > 65_536 || pulse < 0) {
                throw new IllegalArgumentException("an 8254 register is out of range");
            }
        }
    }
}
