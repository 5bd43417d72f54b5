package com.vtsim.machine.load;

import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.MemorySpace;
import java.util.List;

/**
 * An image, read and checked. The machine maps {@link #roms} for good; it writes {@link #segments} and enters
 * {@link #entry} when the image is loaded and again after every reset.
 *
 * @param summary  one line: what lies where
 * @param roms     read-only contents, at page boundaries
 * @param segments contents for RAM
 * @param entry    how the bootstrap processor starts; null: at the reset vector
 */
public record Image(String summary, List<Segment> roms, List<Segment> segments, EntryState entry) {
    /** Name of the segment that the machine fills with its ACPI tables when the image is placed. */
    public static final String TABLES = "ACPI tables";
    /** Name of a segment that the machine fills with the beginning of those tables, their root pointer; it stands behind {@link #TABLES}. */
    public static final String ROOT_POINTER = "ACPI root pointer";
    /** IA32_MTRR_DEF_TYPE in an {@link EntryState}, and what firmware leaves there: memory type ranges on, write-back where none says otherwise. */
    static final String TYPES_REGISTER = "msr:2ff";
    /** See {@link #TYPES_REGISTER}. */
    static final long MEMORY_TYPES = 0x806;

    /** Copies the lists. */
    public Image {
        roms = List.copyOf(roms);
        segments = List.copyOf(segments);
    }

    /** Writes the contents meant for RAM. Machine thread. */
    public void place(MemorySpace memory) {
        for (Segment segment : segments) {
            memory.write(segment.address(), segment.content(), 0, segment.content().length);
            byte[] zeros = new byte[MemorySpace.PAGE];
            for (long at = segment.content().length; at < segment.length(); at += zeros.length) {
                memory.write(segment.address() + at, zeros, 0, (int) Math.min(zeros.length, segment.length() - at));
            }
        }
    }

    /**
     * Bytes at a place.
     *
     * @param what    for messages: {@code segment 2}, {@code module initrd.img}
     * @param address host-physical
     * @param content first bytes
     * @param length  bytes in all, those after {@code content} are zero
     */
    public record Segment(String what, long address, byte[] content, long length) {
        /** A segment without zeros at its end. */
        public Segment(String what, long address, byte[] content) {
            this(what, address, content, content.length);
        }

        /** @return first address after it */
        public long end() {
            return address + length;
        }

        boolean overlaps(long from, long to) {
            return address < to && from < end();
        }

        @Override
        public String toString() {
            return what + " " + LoadOptions.hexadecimal(address) + "-" + LoadOptions.hexadecimal(end() - 1);
        }
    }
}
