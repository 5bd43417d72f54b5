package com.vtsim.machine;

import com.vtsim.api.machine.MemorySpace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * RAM at several instants: one whole copy, which moves between them, and the pages in which neighbours differ. Indexes count the
 * instants from the earliest.
 */
final class PastRam {
    private static final byte[] ZEROS = new byte[MemorySpace.PAGE];

    /** Contents of a page at two neighbouring instants. */
    private record Change(byte[] before, byte[] after) {
        long bytes() {
            return (before == ZEROS ? 0 : MemorySpace.PAGE) + (after == ZEROS ? 0 : MemorySpace.PAGE);
        }
    }

    /** Element {@code i} has the pages, by number, in which instant {@code i + 1} differs from {@code i}. */
    private final List<Map<Integer, Change>> changes = new ArrayList<>();
    private final byte[][] copy;
    private int count;
    private int at;
    private long bytes;
    private long copied;

    PastRam(Ram shape) {
        copy = new byte[(int) ((shape.size() + Ram.CHUNK - 1) / Ram.CHUNK)][];
    }

    int count() {
        return count;
    }

    /** Bytes that the differences take. */
    long bytes() {
        return bytes;
    }

    /** Bytes that the whole copy takes. */
    long copied() {
        return copied;
    }

    /** Bytes that adding what a RAM holds now takes at least. */
    long growth(Ram now) {
        return now.held() - copied;
    }

    /** Adds the present content behind an instant, before the one that follows it if there is one. @param index -1 for the first */
    void add(int index, Ram ram) {
        if (count == 0) {
            differences(ram, new HashMap<>());
            count = 1;
            at = 0;
            return;
        }
        move(index);
        Map<Integer, Change> here = new HashMap<>();
        differences(ram, here);
        if (index + 1 < count) {
            Map<Integer, Change> there = changes.remove(index);
            account(there, -1);
            changes.add(index, rest(here, there));
            account(changes.get(index), 1);
        }
        changes.add(index, here);
        account(here, 1);
        count++;
        at = index + 1;
    }

    /** From an instant between two on to the later one. */
    private static Map<Integer, Change> rest(Map<Integer, Change> here, Map<Integer, Change> whole) {
        Map<Integer, Change> rest = new HashMap<>();
        whole.forEach((page, change) -> {
            Change half = here.get(page);
            put(rest, page, half == null ? change.before : half.after, change.after);
        });
        here.forEach((page, half) -> {
            if (!whole.containsKey(page)) {
                put(rest, page, half.after, half.before);
            }
        });
        return rest;
    }

    private static void put(Map<Integer, Change> into, Integer page, byte[] before, byte[] after) {
        if (!Arrays.equals(before, after)) {
            into.put(page, new Change(before, after));
        }
    }

    private void account(Map<Integer, Change> of, int sign) {
        for (Change change : of.values()) {
            bytes += sign * change.bytes();
        }
    }

    /** Brings the copy to what the machine has, and notes what was different. */
    private void differences(Ram ram, Map<Integer, Change> into) {
        for (int i = 0; i < copy.length; i++) {
            byte[] now = ram.touched((long) i * Ram.CHUNK);
            if (now == null && copy[i] == null) {
                continue;
            }
            if (now == null) {
                now = new byte[copy[i].length];
            }
            if (copy[i] == null) {
                copy[i] = new byte[now.length];
                copied += now.length;
            }
            for (int offset = Arrays.mismatch(copy[i], now); offset >= 0;) {
                int page = offset & -MemorySpace.PAGE;
                int end = page + MemorySpace.PAGE;
                into.put((int) (((long) i * Ram.CHUNK + page) / MemorySpace.PAGE), new Change(page(copy[i], page), page(now, page)));
                System.arraycopy(now, page, copy[i], page, MemorySpace.PAGE);
                int next = end == now.length ? -1 : Arrays.mismatch(copy[i], end, now.length, now, end, now.length);
                offset = next < 0 ? -1 : end + next;
            }
        }
    }

    private static byte[] page(byte[] chunk, int at) {
        return Digest.zero(chunk, at) ? ZEROS : Arrays.copyOfRange(chunk, at, at + MemorySpace.PAGE);
    }

    private void move(int index) {
        while (at < index) {
            changes.get(at++).forEach((page, change) -> store(page, change.after));
        }
        while (at > index) {
            changes.get(--at).forEach((page, change) -> store(page, change.before));
        }
    }

    private void store(int page, byte[] content) {
        long offset = (long) page * MemorySpace.PAGE;
        System.arraycopy(content, 0, copy[(int) (offset / Ram.CHUNK)], Ram.in(offset), MemorySpace.PAGE);
    }

    /** @param shape an untouched RAM of the machine's, which is filled; @return it, as it was at an instant */
    Ram at(int index, Ram shape) {
        move(index);
        for (int i = 0; i < copy.length; i++) {
            if (copy[i] != null) {
                System.arraycopy(copy[i], 0, shape.chunk((long) i * Ram.CHUNK), 0, copy[i].length);
            }
        }
        return shape;
    }

    /** Forgets one instant between others. */
    void merge(int index) {
        move(index - 1);
        Map<Integer, Change> first = changes.get(index - 1);
        Map<Integer, Change> second = changes.remove(index);
        account(first, -1);
        account(second, -1);
        second.forEach((page, change) -> {
            Change half = first.remove(page);
            put(first, page, half == null ? change.before : half.before, change.after);
        });
        account(first, 1);
        count--;
    }

    /** Forgets the earliest instant. */
    void dropFirst() {
        if (at == 0) {
            move(1);
        }
        account(changes.remove(0), -1);
        at--;
        count--;
    }

    /** Forgets what comes after an instant. */
    void dropAfter(int index) {
        if (at > index) {
            move(index);
        }
        while (count > index + 1) {
            account(changes.remove(changes.size() - 1), -1);
            count--;
        }
    }
}
