package com.vtsim.vtd;

import com.vtsim.api.machine.HeardMessages;
import com.vtsim.api.pci.RequestTranslator.Message;
import com.vtsim.api.pci.RequestTranslator.Request;
import com.vtsim.machine.Backplane;

/** A machine with a remapping unit, worked as software works it: registers, tables in memory, requests. */
final class Rig implements AutoCloseable {
    static final long BASE = 0xFED9_0000L;
    static final long ROOT = 0x10_0000;
    static final long QUEUE = 0x20_0000;
    static final long IRT = 0x30_0000;
    static final int R = 1;
    static final int W = 2;
    static final int RW = 3;
    static final int TE = 1 << 31;
    static final int SRTP = 1 << 30;
    static final int WBF = 1 << 27;
    static final int QIE = 1 << 26;
    static final int IRE = 1 << 25;
    static final int SIRTP = 1 << 24;
    static final int CFI = 1 << 23;
    /** 00:03.0, 00:03.1, 05:00.0. */
    static final int DEV = 0x0018;
    static final int DEV_F1 = 0x0019;
    static final int FAR = 0x0500;

    final Backplane machine = Backplane.of("t", 64L << 20);
    final HeardMessages messages = new HeardMessages();
    final RemappingHardware unit;
    private long next = 0x40_0000;
    private long tail;

    Rig(RemappingHardware unit) {
        this.unit = unit;
        machine.add(messages);
        machine.add(unit);
    }

    Rig(String profile) {
        this(unit(profile, 0, false));
    }

    Rig() {
        this("client");
    }

    static RemappingHardware unit(String profile, int records, boolean cachingMode) {
        return new RemappingHardware("vtd0", BaseRegister.Layout.FIXED, BASE, Scope.parse("all", ""), Capability.of(profile, records, cachingMode),
                new Caches(1024, TranslationCache.Replacement.LRU));
    }

    int get(int offset) {
        return (int) machine.memory().read(BASE + offset, 4);
    }

    long get64(int offset) {
        return machine.memory().read(BASE + offset, 8);
    }

    void set(int offset, int value) {
        machine.memory().write(BASE + offset, 4, value & 0xFFFF_FFFFL);
    }

    void set64(int offset, long value) {
        machine.memory().write(BASE + offset, 8, value);
    }

    /** Writes the global command as software must: what is enabled stays so. */
    void command(int bits) {
        set(0x18, get(0x1C) & 0x96FF_FFFF | bits);
    }

    void disable(int bits) {
        set(0x18, get(0x1C) & 0x96FF_FFFF & ~bits);
    }

    long peek(long hpa) {
        return machine.memory().read(hpa, 8);
    }

    void poke(long hpa, long value) {
        machine.memory().write(hpa, 8, value);
    }

    long page() {
        next += 0x1000;
        return next - 0x1000;
    }

    /** Root table in force, remapping on. */
    Rig enable() {
        set64(0x20, ROOT);
        command(SRTP);
        command(TE);
        return this;
    }

    long rootEntry(int sid) {
        return ROOT + (sid >> 8) * 16L;
    }

    long contextEntry(int sid) {
        long root = rootEntry(sid);
        if ((peek(root) & 1) == 0) {
            poke(root, page() | 1);
        }
        return (peek(root) & ~0xFFFL) + (sid & 0xFF) * 16L;
    }

    /** @param levels 3 to 5; @param type 0 translated, 2 pass-through */
    void context(int sid, int domain, long table, int levels, int type) {
        long at = contextEntry(sid);
        poke(at + 8, (long) domain << 8 | levels - 2);
        poke(at, table | (long) type << 2 | 1);
    }

    /** A three-level domain for a requester. @return its top table */
    long domain(int sid, int domain) {
        long table = page();
        context(sid, domain, table, 3, 0);
        return table;
    }

    /** @return where the entry of a level lies; tables on the way are made */
    long entry(long table, int levels, long address, int level) {
        for (int at = levels; at > level; at--) {
            long entry = table + (address >>> 12 + 9 * (at - 1) & 0x1FF) * 8;
            if ((peek(entry) & 3) == 0) {
                poke(entry, page() | RW);
            }
            table = peek(entry) & 0x000F_FFFF_FFFF_F000L;
        }
        return table + (address >>> 12 + 9 * (level - 1) & 0x1FF) * 8;
    }

    void map(long table, long address, long hpa, int rights) {
        poke(entry(table, 3, address, 1), hpa | rights);
    }

    /** @return where a request goes, or -1 if it is blocked */
    long dma(int sid, long address, boolean write) {
        Request request = new Request();
        request.sourceId = sid;
        request.address = address;
        request.length = 4;
        request.write = write;
        return unit.translate(request) ? request.hostPhysical : -1;
    }

    long read(int sid, long address) {
        return dma(sid, address, false);
    }

    long write(int sid, long address) {
        return dma(sid, address, true);
    }

    /** @return address and data, or {@code blocked} */
    String interrupt(int sid, long address, int data) {
        Message message = new Message();
        message.sourceId = sid;
        message.address = address;
        message.data = data;
        return unit.remap(message) ? String.format("%x %x", message.address, message.data) : "blocked";
    }

    int recordsAt() {
        return (int) (get64(0x08) >> 24 & 0x3FF) * 16;
    }

    long recordLow(int index) {
        return get64(recordsAt() + 16 * index);
    }

    long recordHigh(int index) {
        return get64(recordsAt() + 16 * index + 8);
    }

    boolean isRecorded(int index) {
        return recordHigh(index) < 0;
    }

    int reason(int index) {
        return (int) (recordHigh(index) >> 32) & 0xFF;
    }

    void clearFaults() {
        int records = (int) (get64(0x08) >> 40 & 0xFF) + 1;
        for (int i = 0; i < records; i++) {
            set(recordsAt() + 16 * i + 12, 0x8000_0000);
        }
        set(0x34, 0x71);
    }

    /** Queue of 256 descriptors in force. */
    Rig queue() {
        disable(QIE);
        set64(0x90, QUEUE);
        set64(0x88, 0);
        tail = 0;
        command(QIE);
        return this;
    }

    /** Puts a descriptor into the queue and tells the unit. */
    void submit(long low, long high) {
        poke(QUEUE + tail, low);
        poke(QUEUE + tail + 8, high);
        tail = (tail + 16) % 4096;
        set64(0x88, tail);
    }

    /** Interrupt remapping table of 2<sup>size + 1</sup> entries in force. */
    Rig interrupts(int size, boolean extended) {
        set64(0xB8, IRT | size | (extended ? 0x800 : 0));
        command(SIRTP);
        command(IRE);
        return this;
    }

    void irte(int index, long low, long high) {
        poke(IRT + 16L * index + 8, high);
        poke(IRT + 16L * index, low);
    }

    @Override
    public void close() {
        machine.close();
    }
}
