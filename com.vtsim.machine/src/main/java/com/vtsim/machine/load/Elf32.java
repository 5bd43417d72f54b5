package com.vtsim.machine.load;

import java.util.ArrayList;
import java.util.List;

/**
 * The loadable part of a 32-bit ELF executable for the 80386 (System V ABI, Object Files; Program Loading).
 *
 * @param segments contents at their physical addresses
 * @param entry    physical address of the first instruction
 */
record Elf32(List<Image.Segment> segments, long entry) {
    private static final long MAGIC = 0x464C_457FL;
    private static final int HEADER = 52;
    private static final int PROGRAM_HEADER = 32;
    private static final int CLASS_32 = 1;
    private static final int CLASS_64 = 2;
    private static final int LITTLE_ENDIAN = 1;
    private static final int EXECUTABLE = 2;
    private static final int MACHINE_386 = 3;
    private static final int LOADABLE = 1;

    static boolean is(ImageFile file) {
        return file.length() >= 16 && file.u32(0) == MAGIC;
    }

    /** Reads the program headers and what they name. */
    static Elf32 of(ImageFile file) {
        if (file.u8(4) == CLASS_64) {
            throw file.wrong("is a 64-bit ELF file; Multiboot 1 takes 32-bit ones (objcopy -O elf32-i386 makes one), or an address header");
        }
        file.slice("the ELF header", 0, HEADER);
        if (file.u8(4) != CLASS_32 || file.u8(5) != LITTLE_ENDIAN || file.u16(16) != EXECUTABLE || file.u16(18) != MACHINE_386) {
            throw file.wrong("is no ELF executable for the 80386: class " + file.u8(4) + ", byte order " + file.u8(5) + ", type " + file.u16(16)
                    + ", machine " + file.u16(18) + "; wanted 1, 1, 2, 3");
        }
        long table = file.u32(28);
        int entrySize = (int) file.u16(42);
        int count = (int) file.u16(44);
        if (count == 0 || entrySize < PROGRAM_HEADER) {
            throw file.wrong("has no program headers: it is an object file, not a linked kernel");
        }
        file.slice("the program header table", table, (long) count * entrySize);
        List<Image.Segment> segments = new ArrayList<>();
        long virtualEntry = file.u32(24);
        long entry = -1;
        for (int i = 0; i < count; i++) {
            int at = (int) table + i * entrySize;
            long inMemory = file.u32(at + 20);
            if (file.u32(at) != LOADABLE || inMemory == 0) {
                continue;
            }
            Image.Segment segment = segment(file, at, i);
            segments.add(segment);
            long linear = file.u32(at + 8);
            // The entry point is a linear address; paging is off when it is used.
            if (virtualEntry >= linear && virtualEntry - linear < inMemory) {
                entry = virtualEntry - linear + segment.address();
            }
        }
        if (segments.isEmpty()) {
            throw file.wrong("has no loadable segment");
        }
        if (entry < 0) {
            throw file.wrong("starts at " + LoadOptions.hexadecimal(virtualEntry) + ", which is in none of its segments");
        }
        return new Elf32(segments, entry);
    }

    private static Image.Segment segment(ImageFile file, int at, int index) {
        String what = "segment " + index;
        long inFile = file.u32(at + 16);
        long inMemory = file.u32(at + 20);
        if (inFile > inMemory) {
            throw file.wrong("is no valid ELF file: " + what + " has " + inFile + " bytes in the file for " + inMemory + " in memory");
        }
        return new Image.Segment(what, file.u32(at + 12), file.slice(what, file.u32(at + 4), inFile), inMemory);
    }
}
