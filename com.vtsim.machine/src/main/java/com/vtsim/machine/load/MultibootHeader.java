package com.vtsim.machine.load;

/**
 * The header a Multiboot kernel carries in its first 8192 bytes (Multiboot Specification 0.6.96, OS image format).
 *
 * @param offset      in the file
 * @param flags       what the kernel requires (15:0) and what else the header has (31:16)
 * @param header      host-physical address of the header; this and the rest with {@link #ADDRESSES} only
 * @param load        first address to load
 * @param loadEnd     first address not to load; 0 for the whole file
 * @param bssEnd      first address after the zeros; 0 for none
 * @param entry       where to start
 */
record MultibootHeader(int offset, long flags, long header, long load, long loadEnd, long bssEnd, long entry) {
    /** Starts the header. */
    static final long MAGIC = 0x1BAD_B002L;
    /** The file bytes the header must lie in. */
    static final int SEARCH = 8192;
    /** Flag 0: modules at page boundaries. */
    static final long PAGE_ALIGN = 1;
    /** Flag 1: memory information wanted. */
    static final long MEMORY_INFO = 1 << 1;
    /** Flag 2: a video mode wanted. */
    static final long VIDEO_MODE = 1 << 2;
    /** Flag 16: the address fields are valid. */
    static final long ADDRESSES = 1 << 16;
    private static final long REQUIREMENTS = 0xFFFF;

    /** Finds and checks it. @throws com.vtsim.api.machine.OperatorException if there is none, or it asks for what is not there */
    static MultibootHeader in(ImageFile file) {
        int offset = find(file);
        long flags = file.u32(offset + 4);
        if ((flags & VIDEO_MODE) != 0) {
            throw file.wrong("asks for a video mode (Multiboot header flag 2), and the machine has no display");
        }
        long unknown = flags & REQUIREMENTS & ~(PAGE_ALIGN | MEMORY_INFO);
        if (unknown != 0) {
            throw file.wrong("requires what Multiboot 1 does not define: header flags " + LoadOptions.hexadecimal(unknown));
        }
        if ((flags & ADDRESSES) == 0) {
            return new MultibootHeader(offset, flags, 0, 0, 0, 0, 0);
        }
        file.slice("the address fields of the Multiboot header", offset, 32);
        return new MultibootHeader(offset, flags, file.u32(offset + 12), file.u32(offset + 16), file.u32(offset + 20), file.u32(offset + 24), file.u32(offset + 28));
    }

    private static int find(ImageFile file) {
        boolean damaged = false;
        for (int at = 0; at + 12 <= Math.min(file.length(), SEARCH); at += 4) {
            if (file.u32(at) == MAGIC) {
                if ((file.u32(at) + file.u32(at + 4) + file.u32(at + 8) & 0xFFFF_FFFFL) == 0) {
                    return at;
                }
                damaged = true;
            }
        }
        throw file.wrong(damaged ? "has a damaged Multiboot header: its checksum does not make the sum 0"
                : "is no Multiboot 1 kernel: no header with the magic 1BAD_B002h in its first 8192 bytes");
    }

    boolean hasAddresses() {
        return (flags & ADDRESSES) != 0;
    }
}
