package com.vtsim.machine;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Registration;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** What the consoles put out: transcripts, listeners, and the text a run waits for. */
final class Consoles {
    private static final int MOST = 1 << 20;

    private final Map<String, Tape> tapes = new TreeMap<>(NaturalOrder.NAMES);
    private final List<Machine.ConsoleListener> listeners = new CopyOnWriteArrayList<>();
    private final Runnable onMatch;
    private byte[] until;
    private int[] fallback;
    /** Whether what comes has been put out before. */
    private boolean muted;

    /** @param onMatch called when the awaited text has appeared */
    Consoles(Runnable onMatch) {
        this.onMatch = onMatch;
    }

    /** Waits for a text from now on; null for none. */
    void await(String text) {
        until = text == null ? null : text.getBytes(StandardCharsets.UTF_8);
        fallback = text == null ? null : fallbacks(until);
        tapes.values().forEach(t -> t.matched = 0);
    }

    /** For each length of a match, the length of the longest shorter one that is its end too (Knuth, Morris and Pratt). */
    private static int[] fallbacks(byte[] text) {
        int[] fallback = new int[text.length + 1];
        for (int i = 1, length = 0; i < text.length; i++) {
            while (length > 0 && text[i] != text[length]) {
                length = fallback[length];
            }
            if (text[i] == text[length]) {
                length++;
            }
            fallback[i + 1] = length;
        }
        return fallback;
    }

    /** Whether what comes has been put out before: it is written down only. */
    void mute(boolean now) {
        muted = now;
    }

    void output(String part, int value) {
        Tape tape = tapes.computeIfAbsent(part, p -> new Tape());
        tape.add((byte) value);
        if (muted) {
            return;
        }
        for (Machine.ConsoleListener listener : listeners) {
            hear(listener, part, value & 0xFF);
        }
        if (until != null && tape.matches((byte) value, until, fallback)) {
            until = null;
            onMatch.run();
        }
    }

    /** A listener is the operator's: one that throws is let go, and the machine runs on. */
    private void hear(Machine.ConsoleListener listener, String part, int value) {
        try {
            listener.output(part, value);
        } catch (RuntimeException e) {
            listeners.remove(listener);
        }
    }

    /**
     * A console's past.
     *
     * @param bytes   the last it has put out
     * @param matched how much of the awaited text they end with
     */
    record Said(byte[] bytes, int matched) { }

    /** What has been said, for a successor. */
    Map<String, Said> said() {
        Map<String, Said> said = new TreeMap<>();
        tapes.forEach((part, tape) -> said.put(part, new Said(tape.bytes(), tape.matched)));
        return said;
    }

    /** Takes over what has been said, and how much of the text that is awaited now. */
    void said(Map<String, Said> said) {
        said.forEach((part, past) -> {
            Tape tape = tapes.computeIfAbsent(part, p -> new Tape());
            for (byte value : past.bytes()) {
                tape.add(value);
            }
            tape.matched = until == null ? 0 : Math.min(past.matched(), until.length - 1);
        });
    }

    /** Has said this and nothing else. */
    void only(Map<String, Said> said) {
        tapes.clear();
        said(said);
    }

    Registration listen(Machine.ConsoleListener listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    Map<String, String> transcripts() {
        Map<String, String> texts = new TreeMap<>(NaturalOrder.NAMES);
        tapes.forEach((part, tape) -> texts.put(part, text(tape.bytes())));
        return texts;
    }

    /** UTF-8 if it is that, else a character a byte, so that nothing is lost. */
    private static String text(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            return new String(bytes, StandardCharsets.ISO_8859_1);
        }
    }

    /** The last mebibyte of one console. */
    private static final class Tape {
        private byte[] ring = new byte[256];
        private long written;
        private int matched;

        void add(byte value) {
            if (written == ring.length && ring.length < MOST) {
                ring = java.util.Arrays.copyOf(ring, 2 * ring.length);
            }
            ring[(int) (written++ % ring.length)] = value;
        }

        boolean matches(byte value, byte[] text, int[] fallback) {
            while (matched > 0 && value != text[matched]) {
                matched = fallback[matched];
            }
            if (value == text[matched]) {
                matched++;
            }
            return matched == text.length;
        }

        byte[] bytes() {
            int kept = (int) Math.min(written, ring.length);
            int first = (int) ((written - kept) % ring.length);
            while (written > MOST && kept > MOST - 3 && (ring[first] & 0xC0) == 0x80) {
                first = (first + 1) % ring.length; // the rest of a character whose beginning is gone
                kept--;
            }
            ByteArrayOutputStream bytes = new ByteArrayOutputStream(kept);
            int head = Math.min(kept, ring.length - first);
            bytes.write(ring, first, head);
            bytes.write(ring, 0, kept - head);
            return bytes.toByteArray();
        }
    }
}
