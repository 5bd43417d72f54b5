package com.vtsim.machine.load;

import java.util.Set;

/**
 * The header of a kernel of version 2 (Multiboot2 Specification 2.0, OS image format): a row of tags in the first 32 KiB.
 *
 * @param addresses as the header of version 1 has them: from tags 2 and 3; {@link MultibootHeader#hasAddresses} whether tag 2 is there
 * @param entry     physical address where to start, from tag 3; -1 if the file says it
 */
record Multiboot2Header(MultibootHeader addresses, long entry) {
    /** Starts the header. */
    static final long MAGIC = 0xE852_50D6L;
    /** The file bytes the header must lie in. */
    static final int SEARCH = 32768;
    private static final int ALIGNMENT = 8;
    private static final int FIXED = 16;
    private static final int PROTECTED_MODE = 0;
    private static final int OPTIONAL = 1;
    private static final int END = 0, REQUEST = 1, ADDRESS = 2, ENTRY = 3, CONSOLE = 4, MODULE_ALIGNMENT = 6, BOOT_SERVICES = 7, ENTRY_EFI32 = 8, ENTRY_EFI64 = 9, RELOCATABLE = 10;
    /** Understood, or of no effect where no EFI firmware runs the loader. */
    private static final Set<Integer> HARMLESS = Set.of(CONSOLE, MODULE_ALIGNMENT, BOOT_SERVICES, ENTRY_EFI32, ENTRY_EFI64, RELOCATABLE);
    private static final long WHOLE_FILE = 0xFFFF_FFFFL;

    /** Finds and checks it. @throws com.vtsim.api.machine.OperatorException if there is none, or it asks for what is not there */
    static Multiboot2Header in(ImageFile file) {
        int offset = find(file);
        long length = file.u32(offset + 8);
        file.slice("the Multiboot2 header", offset, length);
        MultibootHeader addresses = new MultibootHeader(offset, 0, 0, 0, 0, 0, 0);
        long entry = -1;
        for (long at = offset + FIXED; at + 8 <= offset + length;) {
            int type = (int) file.u16((int) at);
            boolean optional = (file.u16((int) at + 2) & OPTIONAL) != 0;
            long size = file.u32((int) at + 4);
            if (type == END) {
                break;
            }
            if (size < 8 || at + size > offset + length || type == ADDRESS && size < 24 || type == ENTRY && size < 12) {
                throw file.wrong("has a damaged Multiboot2 header: tag " + type + " has " + size + " bytes");
            }
            if (type == ADDRESS) {
                addresses = addresses(file, offset, (int) at);
            } else if (type == ENTRY) {
                entry = file.u32((int) at + 8);
            } else if (type == REQUEST) {
                requested(file, (int) at, (int) size, optional);
            } else if (!HARMLESS.contains(type) && !optional) {
                throw file.wrong("requires what is not there: tag " + type + " of its Multiboot2 header" + (type == 5 ? ", a frame buffer" : ""));
            }
            at += size + ALIGNMENT - 1 & -ALIGNMENT;
        }
        if (addresses.hasAddresses() && entry < 0) {
            throw file.wrong("has a Multiboot2 header with addresses (tag 2) but without an entry (tag 3)");
        }
        MultibootHeader whole = new MultibootHeader(offset, addresses.flags(), addresses.header(), addresses.load(), addresses.loadEnd(), addresses.bssEnd(), entry);
        return new Multiboot2Header(whole, entry);
    }

    private static MultibootHeader addresses(ImageFile file, int offset, int at) {
        long header = file.u32(at + 8);
        long load = file.u32(at + 12);
        return new MultibootHeader(offset, MultibootHeader.ADDRESSES, header, load == WHOLE_FILE ? header - offset : load, file.u32(at + 16), file.u32(at + 20), 0);
    }

    private static void requested(ImageFile file, int at, int size, boolean optional) {
        for (int i = 8; i + 4 <= size && !optional; i += 4) {
            long wanted = file.u32(at + i);
            if (!Multiboot2Information.TYPES.contains(wanted)) {
                throw file.wrong("requires information that is not there: type " + wanted + " (tag 1 of its Multiboot2 header)");
            }
        }
    }

    private static int find(ImageFile file) {
        boolean damaged = false;
        for (int at = 0; at + FIXED <= Math.min(file.length(), SEARCH); at += ALIGNMENT) {
            if (file.u32(at) == MAGIC) {
                if ((file.u32(at) + file.u32(at + 4) + file.u32(at + 8) + file.u32(at + 12) & 0xFFFF_FFFFL) != 0) {
                    damaged = true;
                } else if (file.u32(at + 4) != PROTECTED_MODE) {
                    throw file.wrong("is no Multiboot2 kernel for the 80386: its header names architecture " + file.u32(at + 4));
                } else {
                    return at;
                }
            }
        }
        throw file.wrong(damaged ? "has a damaged Multiboot2 header: its checksum does not make the sum 0"
                : "is no Multiboot2 kernel: no header with the magic E852_50D6h in its first 32768 bytes");
    }
}
