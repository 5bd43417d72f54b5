package com.vtsim.cpu.trace;

/**
 * Makes packets. Bits of conditional branches wait until six are together or another packet follows; instruction pointers are sent as far
 * as they differ from the one before.
 *
 * @sdm Intel Processor Trace: Packet Definitions; IP Compression
 */
final class TracePackets {
    private static final int TIP = 0x0D, TIP_PGE = 0x11, TIP_PGD = 0x01, FUP = 0x1D;
    private static final int MOST_BITS = 6;

    private final ProcessorTrace trace;
    private final TraceOutput output;
    private long lastIp;
    /** Bits that wait, the oldest highest, below a 1. */
    private int bits = 1;
    private int waiting;
    private int sinceBoundary;

    TracePackets(ProcessorTrace trace, TraceOutput output) {
        this.trace = trace;
        this.output = output;
    }

    void reset() {
        lastIp = 0;
        bits = 1;
        waiting = 0;
        sinceBoundary = 0;
    }

    /** @return bytes since the latest packet stream boundary */
    int sinceBoundary() {
        return sinceBoundary;
    }

    private void put(int value) {
        if (trace.triggered()) {
            output.put(value);
            sinceBoundary++;
        }
    }

    private void put(long value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            put((int) (value >>> 8 * i));
        }
    }

    /** A packet of two bytes of header and some of payload, the bits that wait before it. */
    private void extended(int second, long payload, int bytes) {
        flush();
        put(0x02);
        put(second);
        put(payload, bytes);
    }

    /** TNT: a conditional branch, or a return that goes where it was called from. */
    void branch(boolean taken) {
        bits = bits << 1 | (taken ? 1 : 0);
        if (++waiting == MOST_BITS) {
            flush();
        }
    }

    /** Sends the bits that wait. */
    void flush() {
        if (waiting != 0) {
            int packet = bits << 1;
            bits = 1;
            waiting = 0;
            put(packet);
        }
    }

    void target(long ip) {
        address(TIP, ip);
    }

    void enabled(long ip) {
        address(TIP_PGE, ip);
    }

    void disabled(long ip) {
        address(TIP_PGD, ip);
    }

    /** TIP.PGD without an address. */
    void disabled() {
        flush();
        put(TIP_PGD);
    }

    void source(long ip) {
        address(FUP, ip);
    }

    private void address(int header, long ip) {
        flush();
        long difference = ip ^ lastIp;
        lastIp = ip;
        if (difference >>> 16 == 0) {
            put(header | 1 << 5);
            put(ip, 2);
        } else if (difference >>> 32 == 0) {
            put(header | 2 << 5);
            put(ip, 4);
        } else if (ip << 16 >> 16 == ip) {
            put(header | 3 << 5);
            put(ip, 6);
        } else if (difference >>> 48 == 0) {
            put(header | 4 << 5);
            put(ip, 6);
        } else {
            put(header | 6 << 5);
            put(ip, 8);
        }
    }

    /** MODE.Exec. @param mode bit 0 for 64-bit code, bit 1 for CS.D */
    void mode(int mode) {
        flush();
        put(0x99);
        put(mode);
    }

    /** PIP. */
    void paging(long cr3, boolean nonRoot) {
        extended(0x43, cr3 >>> 5 << 1 | (nonRoot ? 1 : 0), 6);
    }

    /** PTW. @param told whether FUP follows with the address of the instruction */
    void written(long value, int size, boolean told) {
        extended((told ? 0x80 : 0) | (size == 8 ? 0x20 : 0) | 0x12, value, size);
    }

    void vmcs(long address) {
        extended(0xC8, address >>> 12, 5);
    }

    void timeStamp(long value) {
        flush();
        put(0x19);
        put(value, 7);
    }

    /** CBR. */
    void ratio(int value) {
        extended(0x03, value & 0xFF, 2);
    }

    void boundary() {
        flush();
        for (int i = 0; i < 8; i++) {
            put(0x02);
            put(0x82);
        }
        lastIp = 0;
        sinceBoundary = 0;
    }

    void boundaryEnd() {
        extended(0x23, 0, 0);
    }

    void stop() {
        extended(0x83, 0, 0);
    }

    // State

    void save(long[] to, int at) {
        to[at] = lastIp;
        to[at + 1] = bits;
        to[at + 2] = waiting;
        to[at + 3] = sinceBoundary;
    }

    void restore(long[] from, int at) {
        lastIp = from[at];
        bits = (int) from[at + 1];
        waiting = (int) from[at + 2];
        sinceBoundary = (int) from[at + 3];
    }
}
