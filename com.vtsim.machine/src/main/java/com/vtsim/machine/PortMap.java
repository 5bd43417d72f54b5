package com.vtsim.machine;

import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.PortSpace;
import com.vtsim.api.machine.Registration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The 64 KiB port space: a table of 65,536 entries, filled from the list of mappings, the later over the earlier. */
final class PortMap {
    private static final int PORTS = 0x10000;

    private final Mapping[] table = new Mapping[PORTS];
    private final List<Mapping> mappings = new ArrayList<>();
    private final Holes holes;
    private final Failures failures;
    private final Trace trace;

    private record Mapping(Owner owner, int base, int length, int width, PortDevice device) { }

    PortMap(Failures failures, Trace trace) {
        this.failures = failures;
        this.trace = trace;
        holes = new Holes(failures);
    }

    int read(int port, int size) {
        Mapping mapping = whole(port, size);
        if (mapping != null || size == 1) {
            return readAt(mapping, port & PORTS - 1, size);
        }
        int value = 0;
        for (int done = 0; done < size;) {
            int piece = piece(port + done, size - done);
            value |= readAt(at(port + done), port + done, piece) << 8 * done;
            done += piece;
        }
        return value;
    }

    void write(int port, int size, int value) {
        Mapping mapping = whole(port, size);
        if (mapping != null || size == 1) {
            writeAt(mapping, port & PORTS - 1, size, value);
            return;
        }
        for (int done = 0; done < size;) {
            int piece = piece(port + done, size - done);
            writeAt(at(port + done), port + done, piece, value >>> 8 * done);
            done += piece;
        }
    }

    /** Nothing answers above FFFFh: an access does not wrap around. */
    private Mapping at(int port) {
        return port < PORTS ? table[port] : null;
    }

    /** @return the mapping that takes the access in one piece, or null */
    private Mapping whole(int port, int size) {
        Mapping mapping = table[port & PORTS - 1];
        return mapping != null && size <= mapping.width && (port & size - 1) == 0 && (size == 1 || table[port + size - 1] == mapping
            && (size == 2 || table[port + 1] == mapping && table[port + 2] == mapping)) ? mapping : null;
    }

    /** @return how many bytes from {@code port} on go out as one access; 1 where nothing answers */
    private int piece(int port, int left) {
        int size = Bytes.piece(port, Math.min(left, 4));
        while (size > 1 && (port + size > PORTS || whole(port, size) == null)) {
            size >>= 1;
        }
        return size;
    }

    private int readAt(Mapping mapping, int port, int size) {
        int value = (int) Bytes.ones(size);
        if (mapping != null) {
            try {
                value &= mapping.device.read(port, size);
            } catch (RuntimeException | Error e) {
                failures.failed(mapping.owner.name, "a read of port %04x".formatted(port), e);
            }
        } else {
            holes.tell(port, size, false);
        }
        if (trace.accesses) {
            trace.access(mapping == null ? "" : mapping.owner.name, "port.read", port, size, value & Bytes.ones(size));
        }
        return value;
    }

    private void writeAt(Mapping mapping, int port, int size, int value) {
        int written = value & (int) Bytes.ones(size);
        if (trace.accesses) {
            trace.access(mapping == null ? "" : mapping.owner.name, "port.write", port, size, written & Bytes.ones(size));
        }
        if (mapping != null) {
            try {
                mapping.device.write(port, size, written);
            } catch (RuntimeException | Error e) {
                failures.failed(mapping.owner.name, "a write to port %04x".formatted(port), e);
            }
        } else {
            holes.tell(port, size, true);
        }
    }

    Registration map(Owner owner, int base, int length, int width, PortDevice device) {
        owner.check();
        if (base < 0 || length < 1 || base + length > PORTS || width != 1 && width != 2 && width != 4) {
            throw new IllegalArgumentException("%d ports at %x of width %d are not in the port space".formatted(length, base, width));
        }
        Mapping mapping = new Mapping(owner, base, length, width, device);
        mappings.add(mapping);
        Arrays.fill(table, base, base + length, mapping);
        return () -> {
            if (mappings.removeIf(m -> m == mapping)) {
                fill();
            }
        };
    }

    Registration unanswered(Owner owner, com.vtsim.api.machine.Unanswered listener) {
        return holes.add(owner, listener);
    }

    void withdrawParts() {
        holes.withdrawParts();
        mappings.removeIf(m -> !m.owner.lasts());
        fill();
    }

    void withdraw(Owner owner) {
        holes.withdraw(owner);
        mappings.removeIf(m -> m.owner == owner);
        fill();
    }

    private void fill() {
        Arrays.fill(table, null);
        for (Mapping m : mappings) {
            Arrays.fill(table, m.base, m.base + m.length, m);
        }
    }

    List<PortSpace.Range> ranges() {
        List<PortSpace.Range> ranges = new ArrayList<>();
        for (int port = 0; port < PORTS;) {
            Mapping mapping = table[port];
            int end = port + 1;
            while (end < PORTS && table[end] == mapping) {
                end++;
            }
            if (mapping != null) {
                ranges.add(new PortSpace.Range(port, end - port, mapping.owner.name));
            }
            port = end;
        }
        return ranges;
    }
}
