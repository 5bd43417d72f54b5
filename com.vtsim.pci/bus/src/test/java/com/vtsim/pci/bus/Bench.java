package com.vtsim.pci.bus;

import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.register.RegisterRules;
import com.vtsim.machine.Backplane;

/** A small machine with a host bridge, worked as a guest works it: through CF8h and CFCh. */
final class Bench implements AutoCloseable {
    static final int HOST = 0;

    final Backplane machine;
    final HostBridge host;

    Bench(long memory, String chipset) {
        machine = Backplane.of("t", memory);
        host = new HostBridge("host", chipset, "1af4:1100");
        machine.add(host);
    }

    Bench() {
        this(16 << 20, "q35");
    }

    /** Lets virtual time pass; the bench needs a processor for that. */
    void pass(long nanos) {
        try {
            machine.run(new RunLimits(Long.MAX_VALUE, nanos, null));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    static int address(int bus, int device, int function) {
        return bus << 16 | device << 11 | function << 8;
    }

    int read(int function, int offset, int size) {
        machine.ports().write(0xCF8, 4, 0x8000_0000 | function | offset & 0xFC);
        return machine.ports().read(0xCFC + (offset & 3), size);
    }

    void write(int function, int offset, int size, int value) {
        machine.ports().write(0xCF8, 4, 0x8000_0000 | function | offset & 0xFC);
        machine.ports().write(0xCFC + (offset & 3), size, value);
    }

    /** The configuration space of a function; eight bytes are two double words. */
    RegisterRules.Door door(int function) {
        return new RegisterRules.Door() {
            @Override
            public long read(int offset, int size) {
                long low = Bench.this.read(function, offset, Math.min(size, 4)) & 0xFFFF_FFFFL;
                return size == 8 ? low | (long) Bench.this.read(function, offset + 4, 4) << 32 : low;
            }

            @Override
            public void write(int offset, int size, long value) {
                Bench.this.write(function, offset, Math.min(size, 4), (int) value);
                if (size == 8) {
                    Bench.this.write(function, offset + 4, 4, (int) (value >> 32));
                }
            }
        };
    }

    @Override
    public void close() {
        machine.close();
    }
}
