package com.vtsim.machine;

import com.vtsim.api.machine.MemoryPage;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Registration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Host-physical memory. What is mapped stands in lists, the later over the earlier; a directory of pages, filled on demand,
 * remembers what the lists say, so that an access costs three loads whatever is mapped.
 */
final class MemoryMap {
    private static final int PAGE = MemorySpace.PAGE;
    /** A table of the directory spans 1 GiB, a leaf 2 MiB. */
    private static final int GIB = 30;
    private static final int LEAF = 21;
    private static final int ENTRIES = 512;
    /** Host-physical addresses have 52 bits at most (SDM, 4-Level Paging). */
    private static final long END = 1L << 52;

    private final List<Window> windows = new ArrayList<>();
    private final List<Image> images = new ArrayList<>();
    private final List<Route> routes = new ArrayList<>();
    private final List<Observer> observers = new ArrayList<>();
    private final Holes holes;
    private final Failures failures;
    private final Trace trace;
    private Ram ram;
    private Place[][][] directory;
    private boolean written;

    /** Bytes that lie over the RAM: ROM, or a device's own memory. */
    record Image(Owner owner, long base, byte[] bytes, boolean rom) {
        boolean covers(long hpa) {
            return hpa >= base && hpa - base < bytes.length;
        }
    }

    private record Route(Owner owner, long base, long length, boolean readsRam, boolean writesRam) {
        boolean covers(long hpa) {
            return hpa >= base && hpa - base < length;
        }
    }

    private record Observer(Owner owner, MemorySpace.MapObserver observer) { }

    MemoryMap(Ram ram, Failures failures, Trace trace) {
        this.ram = ram;
        this.failures = failures;
        this.trace = trace;
        holes = new Holes(failures);
        directory = emptyDirectory();
    }

    /** The operator has written. */
    void operatorWrote() {
        written = true;
    }

    /** @return whether the operator has written since this was asked last */
    boolean takeWritten() {
        boolean result = written;
        written = false;
        return result;
    }

    private Place[][][] emptyDirectory() {
        return new Place[Math.max(4, (int) (ram.address(ram.size() - 1) >>> GIB) + 1)][][];
    }

    Ram ram() {
        return ram;
    }

    /** Puts other content behind the RAM. */
    void ram(Ram content) {
        ram = content;
        forget();
    }

    /** @return what answers at an address; RAM is allocated */
    Place place(long hpa) {
        long gib = hpa >>> GIB;
        if (gib < directory.length) {
            Place[][] table = directory[(int) gib];
            if (table != null) {
                Place[] leaf = table[(int) (hpa >>> LEAF) & ENTRIES - 1];
                if (leaf != null) {
                    Place place = leaf[(int) (hpa >>> 12) & ENTRIES - 1];
                    if (place != null) {
                        return place;
                    }
                }
            }
        }
        return resolved(hpa);
    }

    private Place resolved(long hpa) {
        if (hpa < 0 || hpa >= END) {
            return Place.HOLE;
        }
        int gib = (int) (hpa >>> GIB);
        Place place = resolve(hpa & -PAGE);
        if (gib >= directory.length) {
            if (place == Place.HOLE) {
                return place;
            }
            directory = Arrays.copyOf(directory, gib + 1);
        }
        Place[][] table = directory[gib];
        if (table == null) {
            table = new Place[ENTRIES][];
            directory[gib] = table;
        }
        int index = (int) (hpa >>> LEAF) & ENTRIES - 1;
        if (table[index] == null) {
            table[index] = new Place[ENTRIES];
        }
        table[index][(int) (hpa >>> 12) & ENTRIES - 1] = place;
        return place;
    }

    private Place resolve(long page) {
        Place place = unpoisoned(page);
        long offset = ram.offset(page);
        boolean ours = offset >= 0 && !ram.poison().isEmpty() && place.page != null && place.page.bytes == ram.touched(offset);
        return ours && ram.poison().isIn(offset, offset + PAGE) ? new Place(place) : place;
    }

    private Place unpoisoned(long page) {
        Route route = last(routes, r -> r.covers(page));
        long offset = ram.offset(page);
        boolean ramRead = offset >= 0 && (route == null || route.readsRam);
        boolean ramWritten = offset >= 0 && (route == null || route.writesRam);
        boolean routedRead = ramRead && route != null;
        boolean routedWrite = ramWritten && route != null;
        Window window = routedRead && routedWrite ? null : last(windows, w -> w.covers(page));
        Image image = window != null || routedRead && routedWrite ? null : last(images, i -> i.covers(page));
        if (window != null && !routedRead && !routedWrite) {
            return window.place;
        }
        byte[] written = null;
        int at = 0;
        Window writes = null;
        if (routedWrite || window == null && image == null && ramWritten) {
            written = ram.chunk(offset);
            at = Ram.in(offset);
        } else if (window != null) {
            writes = window;
        } else if (image != null && !image.rom) {
            written = image.bytes;
            at = (int) (page - image.base);
        }
        if (routedRead || window == null && image == null && ramRead) {
            byte[] chunk = ram.chunk(offset);
            return new Place(new MemoryPage(page, chunk, Ram.in(offset), written == chunk), null, written, at, writes);
        }
        if (window == null && image != null) {
            return new Place(new MemoryPage(page, image.bytes, (int) (page - image.base), written == image.bytes), null, written, at, writes);
        }
        return window == null && written == null && writes == null ? Place.HOLE : new Place(null, window, written, at, writes);
    }

    private static <T> T last(List<T> list, Predicate<T> covers) {
        for (int i = list.size() - 1; i >= 0; i--) {
            if (covers.test(list.get(i))) {
                return list.get(i);
            }
        }
        return null;
    }

    /** Whether a page is RAM that nobody has touched: it reads zero and need not be allocated for that. */
    boolean untouched(long hpa) {
        long offset = ram.offset(hpa);
        return offset >= 0 && ram.touched(offset) == null && kind(hpa & -PAGE).equals("ram");
    }

    /** @param poison hears of poison that is met; null for nobody */
    long read(long hpa, int size, MemorySpace.PoisonListener poison) {
        int in = (int) hpa & PAGE - 1;
        if (in + size > PAGE) {
            return readAcross(hpa, size, poison);
        }
        Place place = place(hpa);
        MemoryPage page = place.page;
        if (page != null) {
            return Bytes.load(page.bytes, page.offset + in, size);
        }
        if (place.poisoned != null) {
            met(hpa, size, poison);
            page = place.poisoned.page;
            return Bytes.load(page.bytes, page.offset + in, size);
        }
        return place.reads != null ? place.reads.read(hpa, size) : missed(hpa, size);
    }

    private long missed(long hpa, int size) {
        holes.tell(hpa, size, false);
        return Bytes.ones(size);
    }

    private long readAcross(long hpa, int size, MemorySpace.PoisonListener poison) {
        long value = 0;
        for (int done = 0; done < size;) {
            int piece = Bytes.piece(hpa + done, size - done);
            value |= read(hpa + done, piece, poison) << 8 * done;
            done += piece;
        }
        return value;
    }

    void write(long hpa, int size, long value) {
        int in = (int) hpa & PAGE - 1;
        if (in + size > PAGE) {
            writeAcross(hpa, size, value);
            return;
        }
        Place place = place(hpa);
        if (place.written != null) {
            Bytes.store(place.written, place.offset + in, size, value);
            told(place, in, size);
        } else if (place.writes != null) {
            place.writes.write(hpa, size, value);
        } else if (place == Place.HOLE) {
            holes.tell(hpa, size, true);
        } else if (place.poisoned != null) {
            Place real = place.poisoned;
            Bytes.store(real.written, real.offset + in, size, value);
            told(real, in, size);
            overwritten(hpa, size);
        }
    }

    private void writeAcross(long hpa, int size, long value) {
        for (int done = 0; done < size;) {
            int piece = Bytes.piece(hpa + done, size - done);
            write(hpa + done, piece, value >>> 8 * done);
            done += piece;
        }
    }

    private static void told(Place place, int in, int length) {
        MemoryPage page = place.page;
        if (page != null && page.isWatched() && page.writable) {
            page.written(in, length);
        }
    }

    void read(long hpa, byte[] into, int offset, int length, MemorySpace.PoisonListener poison) {
        java.util.Objects.checkFromIndexSize(offset, length, into.length);
        for (int done = 0; done < length;) {
            long at = hpa + done;
            int in = (int) at & PAGE - 1;
            int part = Math.min(length - done, PAGE - in);
            if (untouched(at)) {
                Arrays.fill(into, offset + done, offset + done + part, (byte) 0);
            } else {
                readPart(at, into, offset + done, part, poison);
            }
            done += part;
        }
    }

    private void readPart(long at, byte[] into, int offset, int length, MemorySpace.PoisonListener poison) {
        Place place = place(at);
        if (place.poisoned != null) {
            met(at, length, poison);
            place = place.poisoned;
        }
        if (place.page != null) {
            System.arraycopy(place.page.bytes, place.page.offset + ((int) at & PAGE - 1), into, offset, length);
        } else if (place.reads == null) {
            Arrays.fill(into, offset, offset + length, (byte) 0xFF);
            holes.tell(at, length, false);
        } else {
            for (int done = 0; done < length;) {
                int piece = Bytes.piece(at + done, length - done);
                long value = place.reads.read(at + done, piece);
                Bytes.store(into, offset + done, piece, value);
                done += piece;
            }
        }
    }

    void write(long hpa, byte[] from, int offset, int length) {
        java.util.Objects.checkFromIndexSize(offset, length, from.length);
        for (int done = 0; done < length;) {
            long at = hpa + done;
            int in = (int) at & PAGE - 1;
            int part = Math.min(length - done, PAGE - in);
            Place answers = place(at);
            Place place = answers.poisoned == null ? answers : answers.poisoned;
            if (place.written != null) {
                System.arraycopy(from, offset + done, place.written, place.offset + in, part);
                told(place, in, part);
                if (answers != place) {
                    overwritten(at, part);
                }
            } else if (place.writes != null) {
                for (int sent = 0; sent < part;) {
                    int piece = Bytes.piece(at + sent, part - sent);
                    place.writes.write(at + sent, piece, Bytes.load(from, offset + done + sent, piece));
                    sent += piece;
                }
            } else if (place == Place.HOLE) {
                holes.tell(at, part, true);
            }
            done += part;
        }
    }

    private void met(long hpa, int length, MemorySpace.PoisonListener who) {
        if (who != null) {
            ram.poison().met(ram.offset(hpa), length, line -> who.met(ram.address(line)));
        }
    }

    private void overwritten(long hpa, int length) {
        if (ram.poison().written(ram.offset(hpa), length)) {
            changed(hpa & -PAGE, PAGE);
        }
    }

    /** @see MemorySpace#poison */
    void poison(long hpa, long length) {
        long first = hpa & -MemorySpace.LINE;
        for (long at = first; at < hpa + length; at += MemorySpace.LINE) {
            if (ram.offset(at) < 0) {
                throw new OperatorException("there is no RAM at " + Long.toHexString(at) + "h; mem:map shows where it is");
            }
        }
        for (long at = first; at < hpa + length; at += MemorySpace.LINE) {
            ram.chunk(ram.offset(at));
            ram.poison().add(ram.offset(at), 0);
        }
        pagesChanged(first, hpa + length);
    }

    /** @see MemorySpace#heal */
    int heal(long hpa, long length) {
        int count = 0;
        for (long line : poisoned()) {
            if (line + MemorySpace.LINE > hpa && line < hpa + length && ram.poison().heal(ram.offset(line))) {
                count++;
            }
        }
        if (count > 0) {
            pagesChanged(hpa, hpa + length);
        }
        return count;
    }

    private void pagesChanged(long from, long to) {
        changed(from & -PAGE, (to + PAGE - 1 & -PAGE) - (from & -PAGE));
    }

    /** @see MemorySpace#poisoned */
    List<Long> poisoned() {
        return ram.poison().lines().keySet().stream().map(ram::address).toList();
    }

    Registration map(Owner owner, long base, long length, MmioDevice device) {
        owner.check();
        checkRange(base, length, 1L << 30);
        Window window = new Window(owner, base, length, device, failures, trace);
        windows.add(window);
        changed(base, length);
        return () -> {
            if (windows.remove(window)) {
                changed(base, length);
            }
        };
    }

    Registration mapImage(Owner owner, long base, byte[] bytes, boolean rom) {
        owner.check();
        byte[] whole = rom ? Arrays.copyOf(bytes, bytes.length + PAGE - 1 & -PAGE) : bytes;
        if (rom) {
            Arrays.fill(whole, bytes.length, whole.length, (byte) 0xFF);
        }
        checkRange(base, whole.length, Integer.MAX_VALUE);
        Image image = new Image(owner, base, whole, rom);
        images.add(image);
        changed(base, whole.length);
        return () -> {
            if (images.removeIf(i -> i == image)) {
                changed(base, whole.length);
            }
        };
    }

    void route(Owner owner, long base, long length, boolean readsRam, boolean writesRam) {
        owner.check();
        checkRange(base, length, END);
        routes.removeIf(r -> r.base >= base && r.base + r.length <= base + length);
        routes.add(new Route(owner, base, length, readsRam, writesRam));
        changed(base, length);
    }

    Registration observe(Owner owner, MemorySpace.MapObserver observer) {
        owner.check();
        Observer entry = new Observer(owner, observer);
        observers.add(entry);
        return () -> observers.removeIf(o -> o == entry);
    }

    Registration unanswered(Owner owner, com.vtsim.api.machine.Unanswered listener) {
        return holes.add(owner, listener);
    }

    private static void checkRange(long base, long length, long most) {
        if (base < 0 || length <= 0 || length > most || base + length > END || ((base | length) & PAGE - 1) != 0) {
            throw new IllegalArgumentException("a mapping of %x bytes at %x is not a range of whole pages".formatted(length, base));
        }
    }

    /** Withdraws what the parts have mapped; what the operator has mapped stays. */
    void withdrawParts() {
        windows.removeIf(w -> !w.owner.lasts());
        images.removeIf(i -> !i.owner.lasts());
        routes.removeIf(r -> !r.owner.lasts());
        forget();
        observers.removeIf(o -> !o.owner.lasts());
        holes.withdrawParts();
    }

    /** Withdraws what one owner has mapped. */
    void withdraw(Owner owner) {
        windows.removeIf(w -> w.owner == owner);
        images.removeIf(i -> i.owner == owner);
        routes.removeIf(r -> r.owner == owner);
        observers.removeIf(o -> o.owner == owner);
        holes.withdraw(owner);
        forget();
    }

    /** Makes every page object stale. */
    private void forget() {
        directory = emptyDirectory();
        tell(0, END);
    }

    private void changed(long base, long length) {
        long end = base + length;
        for (long at = base; at < end; at = (at >>> LEAF) + 1 << LEAF) {
            int gib = (int) (at >>> GIB);
            Place[][] table = gib < directory.length ? directory[gib] : null;
            Place[] leaf = table == null ? null : table[(int) (at >>> LEAF) & ENTRIES - 1];
            if (leaf != null) {
                int from = (int) (at >>> 12) & ENTRIES - 1;
                Arrays.fill(leaf, from, (int) Math.min(ENTRIES, from + (end - at >>> 12)), null);
            }
        }
        tell(base, length);
    }

    private void tell(long base, long length) {
        for (Observer o : List.copyOf(observers)) {
            try {
                o.observer.mapChanged(base, length);
            } catch (RuntimeException | Error e) {
                failures.failed(o.owner.name, "news of a changed memory map", e);
            }
        }
    }

    /** Withdraws an owner's images at exactly this place. */
    void dropImages(Owner owner, long base, long length) {
        if (images.removeIf(i -> i.owner == owner && i.base == base && i.bytes.length == (length + PAGE - 1 & -PAGE))) {
            changed(base, length + PAGE - 1 & -PAGE);
        }
    }

    /** @return the operator's ROM images, in the order of their mapping */
    List<Image> lastingImages() {
        return images.stream().filter(i -> i.owner.lasts()).toList();
    }

    /** Puts other images in the place of the operator's. */
    void lastingImages(List<Image> others) {
        images.removeIf(i -> i.owner.lasts());
        images.addAll(0, others);
        forget();
    }

    private String kind(long page) {
        return region(page, PAGE).kind();
    }

    private MemorySpace.Region region(long base, long length) {
        Route route = last(routes, r -> r.covers(base));
        boolean ramRead = ram.offset(base) >= 0 && (route == null || route.readsRam);
        if (!(ramRead && route != null)) {
            Window window = last(windows, w -> w.covers(base));
            if (window != null) {
                return new MemorySpace.Region(base, length, "device", window.owner.name);
            }
            Image image = last(images, i -> i.covers(base));
            if (image != null) {
                return new MemorySpace.Region(base, length, image.rom ? "rom" : "ram", image.owner.name);
            }
        }
        return ramRead ? new MemorySpace.Region(base, length, "ram", "board") : new MemorySpace.Region(base, length, "hole", "");
    }

    List<MemorySpace.Region> regions() {
        TreeSet<Long> edges = new TreeSet<>(List.of(0L, ram.low()));
        if (ram.size() > ram.low()) {
            edges.add(1L << 32);
            edges.add((1L << 32) + ram.size() - ram.low());
        }
        windows.forEach(w -> edges.addAll(List.of(w.base, w.base + w.length)));
        images.forEach(i -> edges.addAll(List.of(i.base, i.base + i.bytes.length)));
        routes.forEach(r -> edges.addAll(List.of(r.base, r.base + r.length)));
        List<MemorySpace.Region> regions = new ArrayList<>();
        for (Long from = edges.first(), to = edges.higher(from); to != null; from = to, to = edges.higher(to)) {
            MemorySpace.Region next = region(from, to - from);
            MemorySpace.Region before = regions.isEmpty() ? null : regions.get(regions.size() - 1);
            if (before != null && before.kind().equals(next.kind()) && before.owner().equals(next.owner())) {
                regions.set(regions.size() - 1, new MemorySpace.Region(before.base(), before.length() + next.length(), before.kind(), before.owner()));
            } else {
                regions.add(next);
            }
        }
        return regions;
    }
}
