package com.vtsim.pci.lpc.rtc;

/** The bytes of CMOS memory that firmware reads: sizes of memory, equipment, boot order, number of processors. */
final class Cmos {
    /** 2³². */
    static final long FOUR_GIB = 1L << 32;
    /** Number of processors less one. */
    static final int CPUS = 0x5F;

    private static final long KIB = 1024;
    private static final long MIB = 1024 * KIB;
    private static final int EQUIPMENT = 0x14;
    private static final int LOWER_MEMORY = 0x15;
    private static final int EXTENDED_MEMORY = 0x17;
    private static final int CHECKSUM = 0x2E;
    private static final int EXTENDED_MEMORY_FOUND = 0x30;
    private static final int ABOVE_16_MIB = 0x34;
    private static final int THIRD_BOOT = 0x38;
    private static final int BOOT = 0x3D;
    private static final int ABOVE_4_GIB = 0x5B;

    private Cmos() { }

    /**
     * @param low  end of RAM below 4 GiB, bytes
     * @param high RAM from 4 GiB on, bytes
     */
    static void fill(byte[] cells, long low, long high) {
        // Coprocessor and pointing device present, no floppy drive, no display of an old kind.
        cells[EQUIPMENT] = 0x06;
        put(cells, LOWER_MEMORY, Math.min(low / KIB, 640), 2);
        long extended = Math.min(Math.max(0, low - MIB) / KIB, 0xFFFF);
        put(cells, EXTENDED_MEMORY, extended, 2);
        put(cells, EXTENDED_MEMORY_FOUND, extended, 2);
        put(cells, ABOVE_16_MIB, Math.min(Math.max(0, low - 16 * MIB) / (64 * KIB), 0xFFFF), 2);
        put(cells, ABOVE_4_GIB, Math.min(high / (64 * KIB), 0xFF_FFFF), 3);
        // Disk, then optical disc, then floppy.
        cells[BOOT] = 0x32;
        cells[THIRD_BOOT] = 0x10;
        int sum = 0;
        for (int i = 0x10; i < CHECKSUM; i++) {
            sum += cells[i] & 0xFF;
        }
        cells[CHECKSUM] = (byte) (sum >> 8);
        cells[CHECKSUM + 1] = (byte) sum;
    }

    private static void put(byte[] cells, int at, long value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            cells[at + i] = (byte) (value >> 8 * i);
        }
    }
}
