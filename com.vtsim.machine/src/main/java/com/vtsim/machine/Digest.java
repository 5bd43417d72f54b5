package com.vtsim.machine;

import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.State;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** SHA-256 over a machine in one fixed order; a page of zeros counts the same whether it has been touched or not. */
final class Digest {
    private static final byte[] ZEROS = new byte[MemorySpace.PAGE];

    private final MessageDigest sha;
    private final DataOutputStream out;

    private Digest() {
        try {
            sha = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
        out = new DataOutputStream(new DigestOutputStream(OutputStream.nullOutputStream(), sha));
    }

    static String of(Snapshot snapshot) {
        try {
            return new Digest().all(snapshot);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String all(Snapshot s) throws IOException {
        for (long number : new long[] {s.memory(), s.low(), s.mips(), s.instructions(), s.skipped(), s.turn(), s.quantumLeft()}) {
            out.writeLong(number);
        }
        out.writeInt(s.lines().size());
        for (Wiring.Pin pin : s.lines()) {
            text(pin.part());
            out.writeInt(pin.line());
            text(pin.pin());
        }
        out.writeInt(s.parts().size());
        for (Map.Entry<String, State> part : s.parts().entrySet()) {
            text(part.getKey());
            text(part.getValue().model());
            out.writeInt(part.getValue().version());
            value(part.getValue().fields());
        }
        for (MemoryMap.Image rom : s.roms()) {
            out.writeLong(rom.base());
            value(rom.bytes());
        }
        ram(s.ram());
        return HexFormat.of().formatHex(sha.digest());
    }

    private void ram(Ram ram) throws IOException {
        for (long at = 0; at < ram.size(); at += MemorySpace.PAGE) {
            byte[] chunk = ram.touched(at);
            if (chunk == null) {
                at += Ram.CHUNK - MemorySpace.PAGE;
            } else if (!zero(chunk, Ram.in(at))) {
                out.writeLong(at);
                out.write(chunk, Ram.in(at), MemorySpace.PAGE);
            }
        }
        out.writeLong(-1);
        for (Map.Entry<Long, Long> line : ram.poison().lines().entrySet()) {
            out.writeLong(line.getKey());
            out.writeLong(line.getValue());
        }
    }

    /** Whether a page is all zeros. */
    static boolean zero(byte[] chunk, int at) {
        return Arrays.equals(chunk, at, at + MemorySpace.PAGE, ZEROS, 0, MemorySpace.PAGE);
    }

    private void text(String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private void value(Object value) throws IOException {
        if (value instanceof Boolean flag) {
            out.write(flag ? 2 : 1);
        } else if (value instanceof Long number) {
            out.write(3);
            out.writeLong(number);
        } else if (value instanceof String text) {
            out.write(4);
            text(text);
        } else if (value instanceof byte[] bytes) {
            out.write(5);
            out.writeInt(bytes.length);
            out.write(bytes);
        } else if (value instanceof long[] numbers) {
            out.write(6);
            out.writeInt(numbers.length);
            for (long number : numbers) {
                out.writeLong(number);
            }
        } else if (value instanceof List<?> list) {
            out.write(7);
            out.writeInt(list.size());
            for (Object element : list) {
                value(element);
            }
        } else if (value instanceof Map<?, ?> map) {
            TreeMap<String, Object> sorted = new TreeMap<>();
            map.forEach((key, element) -> sorted.put((String) key, element));
            out.write(8);
            out.writeInt(sorted.size());
            for (Map.Entry<String, Object> entry : sorted.entrySet()) {
                text(entry.getKey());
                value(entry.getValue());
            }
        } else {
            throw new IllegalStateException("a state cannot hold " + (value == null ? "null" : value.getClass()));
        }
    }
}
