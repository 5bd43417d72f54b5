package com.vtsim.machine;

import com.vtsim.api.machine.MmioDevice;

/** A mapped window of device registers: cuts accesses into aligned ones and keeps what the device throws away from the processor. */
final class Window {
    final Owner owner;
    final long base;
    final long length;
    /** The page entry of every page where reads and writes both reach this window. */
    final Place place = new Place(null, this, null, 0, this);
    private final MmioDevice device;
    private final Failures failures;
    private final Trace trace;

    Window(Owner owner, long base, long length, MmioDevice device, Failures failures, Trace trace) {
        this.owner = owner;
        this.base = base;
        this.length = length;
        this.device = device;
        this.failures = failures;
        this.trace = trace;
    }

    boolean covers(long hpa) {
        return hpa >= base && hpa - base < length;
    }

    long read(long hpa, int size) {
        int offset = (int) (hpa - base);
        if ((offset & size - 1) == 0) {
            return readAligned(offset, size);
        }
        long value = 0;
        for (int done = 0; done < size;) {
            int piece = Bytes.piece(offset + done, size - done);
            value |= readAligned(offset + done, piece) << 8 * done;
            done += piece;
        }
        return value;
    }

    void write(long hpa, int size, long value) {
        int offset = (int) (hpa - base);
        if ((offset & size - 1) == 0) {
            writeAligned(offset, size, value);
            return;
        }
        for (int done = 0; done < size;) {
            int piece = Bytes.piece(offset + done, size - done);
            writeAligned(offset + done, piece, value >>> 8 * done);
            done += piece;
        }
    }

    private long readAligned(int offset, int size) {
        long value = Bytes.ones(size);
        try {
            value &= device.read(offset, size);
        } catch (RuntimeException | Error e) {
            failures.failed(owner.name, "a read of its registers", e);
        }
        if (trace.accesses) {
            trace.access(owner.name, "mmio.read", base + offset, size, value);
        }
        return value;
    }

    private void writeAligned(int offset, int size, long value) {
        if (trace.accesses) {
            trace.access(owner.name, "mmio.write", base + offset, size, value & Bytes.ones(size));
        }
        try {
            device.write(offset, size, value & Bytes.ones(size));
        } catch (RuntimeException | Error e) {
            failures.failed(owner.name, "a write to its registers", e);
        }
    }
}
