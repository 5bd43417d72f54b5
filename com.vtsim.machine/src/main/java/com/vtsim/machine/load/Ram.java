package com.vtsim.machine.load;

import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.OperatorException;
import java.util.ArrayList;
import java.util.List;

/** The machine's RAM as a loader plans with it: ranges, what is taken, where something still fits. */
final class Ram {
    /** Below it a PC has its video memory and ROMs, whatever RAM lies beneath. */
    static final long LOW_END = 0xA_0000;
    /** Extended memory begins. */
    static final long HIGH = 0x10_0000;

    private static final String BOARD = "board";

    private final List<long[]> ranges = new ArrayList<>();
    private final List<Image.Segment> taken = new ArrayList<>();

    /** @param map the machine's regions */
    Ram(List<MemorySpace.Region> map) {
        for (MemorySpace.Region region : map) {
            // A device's own RAM is not for programs.
            if (region.kind().equals("ram") && region.owner().equals(BOARD)) {
                cut(region.base(), region.base() + region.length());
            }
        }
    }

    private void cut(long from, long to) {
        add(from, Math.min(to, LOW_END));
        add(Math.max(from, HIGH), to);
    }

    private void add(long from, long to) {
        if (from >= to) {
            return;
        }
        if (!ranges.isEmpty() && ranges.get(ranges.size() - 1)[1] == from) {
            ranges.get(ranges.size() - 1)[1] = to;
        } else {
            ranges.add(new long[] {from, to});
        }
    }

    /** Usable ranges, ascending: first address and first address after. */
    List<long[]> ranges() {
        return ranges;
    }

    List<Image.Segment> taken() {
        return taken;
    }

    /** Takes a place that the image names. */
    void take(ImageFile file, Image.Segment segment) {
        if (ranges.stream().noneMatch(range -> range[0] <= segment.address() && segment.end() <= range[1])) {
            throw file.wrong("does not fit: " + segment + " is not in RAM, which is " + this);
        }
        for (Image.Segment other : taken) {
            if (segment.length() > 0 && other.length() > 0 && other.overlaps(segment.address(), segment.end())) {
                throw file.wrong("is no valid image: " + segment + " overlaps " + other);
            }
        }
        taken.add(segment);
    }

    /**
     * Finds a place and takes it.
     *
     * @param from lowest address that will do
     * @param to   first address that will not
     * @return the segment there, or null if nothing is free
     */
    Image.Segment place(String what, byte[] content, long alignment, long from, long to) {
        for (long[] range : ranges) {
            long at = align(Math.max(range[0], from), alignment);
            for (Image.Segment blocking; (blocking = blocking(at, content.length)) != null;) {
                at = align(blocking.end(), alignment);
            }
            if (at + content.length <= Math.min(range[1], to)) {
                Image.Segment segment = new Image.Segment(what, at, content);
                taken.add(segment);
                return segment;
            }
        }
        return null;
    }

    /** Finds the highest place below a limit, of whole pages, and takes it. @throws OperatorException if there is none */
    Image.Segment last(String what, int length, long to) {
        for (int i = ranges.size() - 1; i >= 0; i--) {
            long at = Math.min(ranges.get(i)[1], to) - length & -4096L;
            for (Image.Segment blocking; (blocking = blocking(at, length)) != null;) {
                at = blocking.address() - length & -4096L;
            }
            if (at >= ranges.get(i)[0]) {
                Image.Segment segment = new Image.Segment(what, at, new byte[length]);
                taken.add(segment);
                return segment;
            }
        }
        throw new OperatorException("no room in RAM for " + what + ": " + LoadOptions.size(length) + " wanted, RAM is " + this);
    }

    /** As {@link #place}, where the image is of no use without it. */
    Image.Segment placed(String what, byte[] content, long alignment, long from, long to) {
        Image.Segment segment = place(what, content, alignment, from, to);
        if (segment == null) {
            throw new OperatorException("no room in RAM for " + what + ": " + LoadOptions.size(content.length) + " wanted, RAM is " + this);
        }
        return segment;
    }

    private Image.Segment blocking(long at, long length) {
        for (Image.Segment segment : taken) {
            if (segment.overlaps(at, at + length)) {
                return segment;
            }
        }
        return null;
    }

    private static long align(long address, long alignment) {
        return (address + alignment - 1) & -alignment;
    }

    @Override
    public String toString() {
        List<String> texts = new ArrayList<>();
        ranges.forEach(range -> texts.add(LoadOptions.hexadecimal(range[0]) + "-" + LoadOptions.hexadecimal(range[1] - 1)));
        return texts.isEmpty() ? "absent" : String.join(", ", texts);
    }
}
