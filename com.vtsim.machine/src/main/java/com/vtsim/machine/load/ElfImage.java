package com.vtsim.machine.load;

import java.util.ArrayList;
import java.util.List;

/**
 * The loadable part of an ELF executable for the 80386 or for 64-bit processors (System V ABI, Object Files; Program Loading).
 *
 * @param segments contents at their physical addresses
 * @param entry    physical address of the first instruction
 */
record ElfImage(List<Image.Segment> segments, long entry) {
    private static final long MAGIC = 0x464C_457FL;
    private static final int CLASS_64 = 2;
    private static final int LITTLE_ENDIAN = 1;
    private static final int EXECUTABLE = 2;
    private static final int LOADABLE = 1;
    /** Physical addresses have 52 bits at most. */
    private static final long END = 1L << 52;
    private static final Layout LAYOUT_32 = new Layout(1, 3, "80386", 52, 4, 28, 42, 44, 32, 4, 8, 12, 16, 20);
    private static final Layout LAYOUT_64 = new Layout(CLASS_64, 62, "x86-64", 64, 8, 32, 54, 56, 56, 8, 16, 24, 32, 40);

    /** Where the fields of a class lie: of the header, then of a program header. */
    private record Layout(int fileClass, int machine, String processor, int header, int width, int table, int entrySize, int count,
            int programHeader, int offset, int linear, int physical, int inFile, int inMemory) {
        long number(ImageFile file, int at) {
            return width == 4 ? file.u32(at) : file.u64(at);
        }
    }

    static boolean is(ImageFile file) {
        return file.length() >= 16 && file.u32(0) == MAGIC;
    }

    /** Reads the program headers of a 32-bit file and what they name. */
    static ElfImage of32(ImageFile file) {
        if (file.u8(4) == CLASS_64) {
            throw file.wrong("is a 64-bit ELF file; Multiboot 1 takes 32-bit ones (objcopy -O elf32-i386 makes one), or an address header");
        }
        return of(file, LAYOUT_32);
    }

    /** Reads the program headers of a file of either class and what they name. */
    static ElfImage of(ImageFile file) {
        return of(file, file.u8(4) == CLASS_64 ? LAYOUT_64 : LAYOUT_32);
    }

    private static ElfImage of(ImageFile file, Layout layout) {
        file.slice("the ELF header", 0, layout.header);
        if (file.u8(4) != layout.fileClass || file.u8(5) != LITTLE_ENDIAN || file.u16(16) != EXECUTABLE || file.u16(18) != layout.machine) {
            throw file.wrong("is no ELF executable for the " + layout.processor + ": class " + file.u8(4) + ", byte order " + file.u8(5) + ", type " + file.u16(16)
                    + ", machine " + file.u16(18) + "; wanted " + layout.fileClass + ", 1, 2, " + layout.machine);
        }
        long table = layout.number(file, layout.table);
        int entrySize = (int) file.u16(layout.entrySize);
        int count = (int) file.u16(layout.count);
        if (count == 0 || entrySize < layout.programHeader) {
            throw file.wrong("has no program headers: it is an object file, not a linked kernel");
        }
        file.slice("the program header table", table, (long) count * entrySize);
        List<Image.Segment> segments = new ArrayList<>();
        long virtualEntry = layout.number(file, 24);
        long entry = -1;
        for (int i = 0; i < count; i++) {
            int at = (int) table + i * entrySize;
            long inMemory = layout.number(file, at + layout.inMemory);
            if (file.u32(at) != LOADABLE || inMemory == 0) {
                continue;
            }
            Image.Segment segment = segment(file, layout, at, i);
            segments.add(segment);
            long linear = layout.number(file, at + layout.linear);
            // The entry point is a linear address; paging is off when it is used.
            if (Long.compareUnsigned(virtualEntry, linear) >= 0 && Long.compareUnsigned(virtualEntry - linear, inMemory) < 0) {
                entry = virtualEntry - linear + segment.address();
            }
        }
        if (segments.isEmpty()) {
            throw file.wrong("has no loadable segment");
        }
        if (entry < 0) {
            throw file.wrong("starts at " + LoadOptions.hexadecimal(virtualEntry) + ", which is in none of its segments");
        }
        return new ElfImage(segments, entry);
    }

    private static Image.Segment segment(ImageFile file, Layout layout, int at, int index) {
        String what = "segment " + index;
        long inFile = layout.number(file, at + layout.inFile);
        long inMemory = layout.number(file, at + layout.inMemory);
        if (Long.compareUnsigned(inFile, inMemory) > 0) {
            throw file.wrong("is no valid ELF file: " + what + " has " + Long.toUnsignedString(inFile) + " bytes in the file for " + inMemory + " in memory");
        }
        long physical = layout.number(file, at + layout.physical);
        if (physical < 0 || inMemory < 0 || physical > END || inMemory > END) {
            throw file.wrong("is no valid ELF file: " + what + " would be loaded beyond any memory");
        }
        return new Image.Segment(what, physical, file.slice(what, layout.number(file, at + layout.offset), inFile), inMemory);
    }
}
