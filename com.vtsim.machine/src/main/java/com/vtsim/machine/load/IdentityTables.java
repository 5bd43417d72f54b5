package com.vtsim.machine.load;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Paging structures that map the first 4 GiB to themselves: what an image entered in 64-bit mode starts with. */
final class IdentityTables {
    private static final int TABLE = 4096;
    private static final long PRESENT_WRITABLE = 3;
    private static final long LARGE = 0x80;

    private IdentityTables() { }

    /**
     * Tables for 4-level paging with 2 MiB pages, as the manual draws them under 4-Level Paging: PML4, one page-directory-pointer
     * table, four page directories.
     *
     * @return physical address of the PML4
     */
    static long in(Ram ram) {
        byte[] bytes = new byte[6 * TABLE];
        Image.Segment tables = ram.placed("page tables", bytes, TABLE, TABLE, 1L << 32);
        ByteBuffer view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long base = tables.address();
        view.putLong(0, base + TABLE | PRESENT_WRITABLE);
        for (int directory = 0; directory < 4; directory++) {
            view.putLong(TABLE + 8 * directory, base + (2 + directory) * (long) TABLE | PRESENT_WRITABLE);
        }
        for (int page = 0; page < 4 * 512; page++) {
            view.putLong(2 * TABLE + 8 * page, (long) page << 21 | LARGE | PRESENT_WRITABLE);
        }
        return base;
    }
}
