package com.vtsim.machine.load;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The setup header of a bzImage, and the zero page made from it. (The Linux/x86 Boot Protocol, Details of Header Fields.)
 *
 * @param file the image, checked
 */
record LinuxHeader(ImageFile file) {
    private static final int HEADER = 0x1F1;
    private static final int MAGIC_AT = 0x202;
    private static final long MAGIC = 0x5372_6448;
    /** Protocol 2.12 is the first with the 64-bit entry. */
    private static final long OLDEST = 0x020C;
    private static final int XLF_KERNEL_64 = 1;
    private static final int UNDEFINED_LOADER = 0xFF;
    private static final int CAN_USE_HEAP = 0x80;
    private static final int E820_COUNT = 0x1E8;
    private static final int E820_TABLE = 0x2D0;
    private static final int E820_ENTRY = 20;
    private static final int E820_RAM = 1;
    private static final int E820_ACPI = 3;
    private static final int ACPI_RSDP_ADDR = 0x70;
    private static final int NORMAL_VIDEO = 0xFFFF;

    static LinuxHeader in(ImageFile file) {
        file.slice("the setup header", HEADER, 0x268 - HEADER);
        if (file.u32(MAGIC_AT) != MAGIC) {
            throw file.wrong("is no Linux kernel: no 'HdrS' at 202h; a bzImage (vmlinuz) is wanted");
        }
        long version = file.u16(0x206);
        if (version < OLDEST || (file.u16(0x236) & XLF_KERNEL_64) == 0) {
            throw file.wrong(String.format("has no 64-bit entry (boot protocol %d.%02d, 2.12 or later with XLF_KERNEL_64 is wanted)",
                version >> 8, version & 0xFF));
        }
        return new LinuxHeader(file);
    }

    private long u64(int at) {
        return file.u32(at) | file.u32(at + 4) << 32;
    }

    /** @return where the protected-mode kernel begins in the file */
    long kernelOffset() {
        long sectors = file.u8(HEADER);
        return ((sectors == 0 ? 4 : sectors) + 1) * 512;
    }

    long preferredAddress() {
        return u64(0x258);
    }

    /** @return bytes the kernel needs from its address on, until it has read the memory map */
    long initSize() {
        return Math.max(file.u32(0x260), file.length() - kernelOffset());
    }

    long initrdLimit() {
        return file.u32(0x22C);
    }

    long commandLineSize() {
        return file.u32(0x238);
    }

    /** @return the kernel's own words for its version */
    String version() {
        int at = (int) file.u16(0x20E) + 0x200;
        int end = at;
        while (end < file.length() && file.u8(end) > ' ' && end - at < 80) {
            end++;
        }
        return at == 0x200 ? "of unknown version" : new String(file.bytes(), at, end - at, StandardCharsets.ISO_8859_1);
    }

    /** @return the zero page */
    byte[] bootParameters(Image.Segment commandLine, Image.Segment disk, List<long[]> memory, Image.Segment tables) {
        byte[] page = new byte[4096];
        int length = MAGIC_AT + (int) file.u8(0x201) - HEADER;
        System.arraycopy(file.bytes(), HEADER, page, HEADER, length);
        ByteBuffer view = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
        view.putShort(0x1FA, (short) NORMAL_VIDEO);
        view.put(0x210, (byte) UNDEFINED_LOADER);
        view.put(0x211, (byte) (page[0x211] | CAN_USE_HEAP));
        view.putShort(0x224, (short) 0xFE00);
        view.putInt(0x228, (int) commandLine.address());
        if (disk != null) {
            view.putInt(0x218, (int) disk.address());
            view.putInt(0x21C, (int) disk.length());
        }
        view.putLong(ACPI_RSDP_ADDR, tables.address());
        view.position(E820_TABLE);
        for (long[] range : memory) {
            boolean inside = range[0] <= tables.address() && tables.end() <= range[1];
            entry(view, range[0], inside ? tables.address() : range[1], E820_RAM);
            if (inside) {
                entry(view, tables.address(), tables.end(), E820_ACPI);
                entry(view, tables.end(), range[1], E820_RAM);
            }
        }
        view.put(E820_COUNT, (byte) ((view.position() - E820_TABLE) / E820_ENTRY));
        return page;
    }

    private static void entry(ByteBuffer view, long from, long to, int type) {
        if (from < to) {
            view.putLong(from).putLong(to - from).putInt(type);
        }
    }
}
