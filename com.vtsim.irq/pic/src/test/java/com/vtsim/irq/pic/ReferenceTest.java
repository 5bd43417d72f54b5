package com.vtsim.irq.pic;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * The pair against a second model, written from the data sheet's text alone and in another way: priority cells in a ring,
 * each with its latches, asked one by one.
 */
class ReferenceTest {
    private static final int OPERATIONS = 300_000;

    /** One 8259A as eight cells. */
    private static final class Chip {
        private static final class Cell {
            boolean pin;
            boolean sensed;
            boolean level;
            boolean masked;
            boolean service;

            boolean requests() {
                return pin && (level || sensed);
            }
        }

        final Cell[] cells = new Cell[8];
        final boolean isMaster;
        int top;
        int base;
        int slaves;
        int stage;
        boolean single;
        boolean needs4;
        boolean auto;
        boolean nested;
        boolean special;
        boolean showService;
        boolean rotating;
        boolean ready;
        boolean polled;
        boolean[] frozen = new boolean[8];
        boolean interrupt;

        Chip(boolean isMaster) {
            this.isMaster = isMaster;
            for (int i = 0; i < 8; i++) {
                cells[i] = new Cell();
            }
        }

        /** Walks the ring from the top priority down. */
        int resolve(boolean[] requests) {
            for (int step = 0; step < 8; step++) {
                int n = (top + step) % 8;
                Cell cell = cells[n];
                boolean eligible = requests[n] && !cell.masked;
                boolean slaveInput = isMaster && !single && (slaves & 1 << n) != 0;
                if (eligible && (!cell.service || nested && slaveInput)) {
                    return n;
                }
                if (cell.service && !(special && cell.masked)) {
                    return -1;
                }
            }
            return -1;
        }

        boolean[] requests() {
            boolean[] r = new boolean[8];
            for (int i = 0; i < 8; i++) {
                r[i] = cells[i].requests();
            }
            return r;
        }

        boolean pending() {
            return ready && resolve(requests()) >= 0;
        }

        void pin(int n, boolean high) {
            Cell cell = cells[n];
            if (high && !cell.pin) {
                cell.sensed = true;
            }
            if (!high) {
                cell.sensed = false;
            }
            cell.pin = high;
            interrupt = pending();
        }

        int serve(int n) {
            cells[n].sensed = false;
            if (auto) {
                if (rotating) {
                    top = (n + 1) % 8;
                }
            } else {
                cells[n].service = true;
            }
            return n;
        }

        void write(int a0, int v) {
            if (a0 == 1) {
                if (stage == 2) {
                    base = v / 8 * 8;
                    stage = single ? needs4 ? 4 : 0 : 3;
                } else if (stage == 3) {
                    slaves = v;
                    stage = needs4 ? 4 : 0;
                } else if (stage == 4) {
                    auto = v / 2 % 2 == 1;
                    nested = v / 16 % 2 == 1;
                    stage = 0;
                } else {
                    for (int i = 0; i < 8; i++) {
                        cells[i].masked = (v & 1 << i) != 0;
                    }
                    interrupt = pending();
                    return;
                }
                if (stage == 0) {
                    ready = true;
                    interrupt = pending();
                }
            } else if (v / 16 % 2 == 1) {
                for (Cell cell : cells) {
                    cell.sensed = false;
                    cell.masked = false;
                    cell.service = false;
                }
                single = v / 2 % 2 == 1;
                needs4 = v % 2 == 1;
                top = 0;
                slaves = isMaster ? 0 : 7;
                auto = false;
                nested = false;
                special = false;
                showService = false;
                rotating = false;
                polled = false;
                ready = false;
                interrupt = false;
                stage = 2;
            } else if (v / 8 % 2 == 1) {
                if (v / 64 % 2 == 1) {
                    special = v / 32 % 2 == 1;
                }
                if (v / 4 % 2 == 1) {
                    polled = true;
                    frozen = requests();
                } else if (v / 2 % 2 == 1) {
                    showService = v % 2 == 1;
                }
                interrupt = pending();
            } else {
                command(v / 128 == 1, v / 64 % 2 == 1, v / 32 % 2 == 1, v % 8);
                interrupt = pending();
            }
        }

        void command(boolean r, boolean sl, boolean eoi, int n) {
            if (eoi && sl) {
                cells[n].service = false;
                top = r ? (n + 1) % 8 : top;
            } else if (eoi) {
                for (int step = 0; step < 8; step++) {
                    int m = (top + step) % 8;
                    if (cells[m].service && !(special && cells[m].masked)) {
                        cells[m].service = false;
                        top = r ? (m + 1) % 8 : top;
                        return;
                    }
                }
            } else if (sl) {
                top = r ? (n + 1) % 8 : top;
            } else {
                rotating = r;
            }
        }

        int bits(java.util.function.Predicate<Cell> which) {
            int v = 0;
            for (int i = 0; i < 8; i++) {
                v += which.test(cells[i]) ? 1 << i : 0;
            }
            return v;
        }
    }

    private final Chip master = new Chip(true);
    private final Chip slave = new Chip(false);

    private void cascade() {
        if (master.cells[2].pin != slave.interrupt) {
            master.pin(2, slave.interrupt);
        }
    }

    private int acknowledge() {
        int n = master.resolve(master.requests());
        master.interrupt = false;
        int vector;
        if (n >= 0) {
            master.serve(n);
        }
        int level = n >= 0 ? n : 7;
        if (!master.single && (master.slaves & 1 << level) != 0) {
            vector = 0xFF;
            if ((slave.slaves & 7) == level && slave.ready) {
                int m = slave.resolve(slave.requests());
                if (m >= 0) {
                    slave.serve(m);
                }
                vector = slave.base + (m >= 0 ? m : 7);
                slave.interrupt = false;
                cascade();
                slave.interrupt = slave.pending();
            }
        } else {
            vector = master.base + level;
        }
        master.interrupt = master.pending();
        cascade();
        return vector;
    }

    private int read(Chip chip, int a0) {
        if (chip.polled) {
            chip.polled = false;
            int n = chip.resolve(chip.frozen);
            if (n >= 0) {
                chip.serve(n);
            }
            chip.interrupt = false;
            cascade();
            chip.interrupt = chip.pending();
            cascade();
            return n >= 0 ? 128 + n : 0;
        }
        if (a0 == 1) {
            return chip.bits(c -> c.masked);
        }
        return chip.showService ? chip.bits(c -> c.service) : chip.bits(Chip.Cell::requests);
    }

    private void initialise(Bench bench, Random random) {
        for (int side = 0; side < 2; side++) {
            int port = side == 0 ? 0x20 : 0xA0;
            Chip chip = side == 0 ? master : slave;
            boolean single = side == 0 && random.nextInt(8) == 0;
            int[] words = {single ? 0x13 : 0x11, random.nextInt(32) * 8, side == 0 ? 4 : 2, 1 | random.nextInt(2) * 2 | random.nextInt(2) * 16};
            for (int i = 0; i < 4; i++) {
                if (i != 2 || !single) {
                    write(bench, chip, port, i == 0 ? 0 : 1, words[i]);
                }
            }
        }
    }

    private void write(Bench bench, Chip chip, int port, int a0, int value) {
        bench.out(port + a0, value);
        chip.write(a0, value);
        cascade();
    }

    /** Special mask mode, nesting, rotation, polls, edges, levels, requests that vanish; and the pair is replaced again and again. */
    @Test
    void agreesWithASecondModelOverRandomOperationsAndSwaps() {
        Random random = new Random(0x8259A);
        Bench bench = new Bench();
        InterruptPair pic = bench.attach(new InterruptPair("irq"));
        initialise(bench, random);
        int delivered = 0;
        for (int i = 0; i < OPERATIONS; i++) {
            int side = random.nextInt(2);
            int port = side == 0 ? 0x20 : 0xA0;
            Chip chip = side == 0 ? master : slave;
            String what;
            int kind = random.nextInt(100);
            if (kind < 40) {
                int line = random.nextInt(16);
                boolean high = random.nextInt(3) != 0;
                what = "line " + line + " " + high;
                bench.line(line, high);
                if (line != 2) {
                    (line < 8 ? master : slave).pin(line & 7, high);
                    cascade();
                }
            } else if (kind < 60) {
                what = "acknowledge";
                if (master.interrupt || random.nextInt(10) == 0) {
                    int expected = acknowledge();
                    assertThat(pic.acknowledge(0)).as("vector at %d", i).isEqualTo(expected);
                    delivered++;
                }
            } else if (kind < 78) {
                int value = new int[] {0x20, 0x20, 0x20, 0x60, 0xA0, 0xE0, 0xC0, 0x80, 0x00, 0x40}[random.nextInt(10)] | random.nextInt(8);
                what = "OCW2 " + Integer.toHexString(value);
                write(bench, chip, port, 0, value);
            } else if (kind < 84) {
                int value = random.nextInt(256) & random.nextInt(256) & random.nextInt(256);
                what = "OCW1 " + Integer.toHexString(value);
                write(bench, chip, port, 1, value);
            } else if (kind < 90) {
                int value = 0x08 | random.nextInt(8) | random.nextInt(4) << 5;
                what = "OCW3 " + Integer.toHexString(value);
                write(bench, chip, port, 0, value);
            } else if (kind < 98) {
                int a0 = random.nextInt(2);
                what = "read " + a0;
                int expected = read(chip, a0);
                assertThat(bench.in(port + a0)).as("read at %d", i).isEqualTo(expected);
            } else if (kind < 99) {
                int value = random.nextInt(256);
                what = "ELCR " + Integer.toHexString(value);
                bench.out(0x4D0 + side, value);
                for (int n = 0; n < 8; n++) {
                    boolean fixed = side == 0 ? n < 3 : n == 0 || n == 5;
                    chip.cells[n].level = !fixed && (value & 1 << n) != 0;
                }
                chip.interrupt = chip.pending();
                cascade();
            } else {
                what = "initialise";
                if (random.nextInt(20) == 0) {
                    initialise(bench, random);
                }
            }
            if (random.nextInt(50) == 0) {
                InterruptPair next = new InterruptPair("irq");
                next.restore(pic.save());
                pic = bench.attach(next);
            }
            assertThat(bench.cpu.intr).as("INTR after %d: %s", i, what).isEqualTo(master.interrupt);
        }
        assertThat(delivered).isGreaterThan(OPERATIONS / 20);
    }
}
