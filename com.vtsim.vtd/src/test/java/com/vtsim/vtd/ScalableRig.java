package com.vtsim.vtd;

import com.vtsim.api.pci.RequestTranslator.Request;

/** A unit in scalable mode, with tables as software builds them. Source: VT-d specification, Scalable Mode Address Translation. */
final class ScalableRig implements AutoCloseable {
    static final int FIRST = 1;
    static final int SECOND = 2;
    static final int NESTED = 3;
    static final int PASS = 4;
    /** Context entry: device-TLB, PASIDs, page requests. */
    static final int DTE = 4;
    static final int PASIDE = 8;
    static final int PRE = 16;
    /** First-stage entries: present, writable, user. */
    static final int P = 1;
    static final int PRW = 3;
    static final int PRWU = 7;
    static final long XD = 1L << 63;
    static final long A = 1 << 5;
    static final long D = 1 << 6;
    static final long SECOND_A = 1 << 8;
    static final long SECOND_D = 1 << 9;
    /** Second quarter of a PASID table entry: paging entries are snooped, and can be marked. */
    static final long PWSNP = 1 << 23;
    /** A directory of 128 entries: 8192 PASIDs. */
    static final int PROCESSES = 8192;

    final Rig rig;
    private long tail;

    ScalableRig(String profile) {
        this(Rig.unit(profile, 0, false));
    }

    ScalableRig() {
        this("scalable");
    }

    ScalableRig(RemappingHardware unit) {
        rig = new Rig(unit);
        rig.set64(0x20, Rig.ROOT | 1 << 10);
        rig.command(Rig.SRTP);
        rig.command(Rig.TE);
        rig.set64(0x90, Rig.QUEUE | 1 << 11);
        rig.set64(0x88, 0);
        rig.command(Rig.QIE);
    }

    long rootEntry(int sid) {
        return Rig.ROOT + (sid >> 8) * 16L + ((sid & 0x80) != 0 ? 8 : 0);
    }

    /** @return where the context entry is; a context table is made */
    long contextEntry(int sid) {
        long root = rootEntry(sid);
        if ((rig.peek(root) & 1) == 0) {
            rig.poke(root, rig.page() | 1);
        }
        return (rig.peek(root) & ~0xFFFL) + (sid & 0x7F) * 32L;
    }

    /** Makes the context entry with a directory, if there is none. @param flags {@link #DTE} and its neighbours */
    void context(int sid, int flags) {
        long at = contextEntry(sid);
        long directory = (rig.peek(at) & 1) != 0 ? rig.peek(at) & ~0xFFFL : rig.page();
        rig.poke(at, directory | flags | 1);
    }

    long directoryEntry(int sid, int pasid) {
        return (rig.peek(contextEntry(sid)) & ~0xFFFL) + (pasid >> 6) * 8L;
    }

    /** @return where the PASID table entry is; context entry (with PASIDs) and PASID table are made */
    long pasidEntry(int sid, int pasid) {
        if ((rig.peek(contextEntry(sid)) & 1) == 0) {
            context(sid, PASIDE);
        }
        long directory = directoryEntry(sid, pasid);
        if ((rig.peek(directory) & 1) == 0) {
            rig.poke(directory, rig.page() | 1);
        }
        return (rig.peek(directory) & ~0xFFFL) + (pasid & 0x3F) * 64L;
    }

    /** A second stage of 4 levels. @return its top table */
    long second(int sid, int pasid, int domain) {
        long table = rig.page();
        entry(sid, pasid, domain, SECOND, table, 0, 0);
        return table;
    }

    /** A first stage of 4 levels. @return its top table */
    long first(int sid, int pasid, int domain) {
        long table = rig.page();
        entry(sid, pasid, domain, FIRST, 0, table, 0);
        return table;
    }

    /** @param third what the third quarter has besides the first stage's table: SRE 0, ERE 1, FLPM 3:2, WPE 4, EAFE 7 */
    void entry(int sid, int pasid, int domain, int type, long secondTable, long firstTable, long third) {
        long at = pasidEntry(sid, pasid);
        rig.poke(at + 8, domain | PWSNP);
        rig.poke(at + 16, firstTable | third);
        rig.poke(at, secondTable | 2 << 2 | (long) type << 6 | 1);
    }

    /** Maps in a second stage of 4 levels. @return where the leaf is */
    long map(long table, long address, long hpa, int rights) {
        long at = rig.entry(table, 4, address, 1);
        rig.poke(at, hpa | rights);
        return at;
    }

    /** Maps 4 KiB in a first stage. @return where the leaf is */
    long mapFirst(long table, int levels, long address, long page, long flags) {
        long at = table;
        for (int level = levels; ; level--) {
            at += (address >>> 12 + 9 * (level - 1) & 0x1FF) * 8;
            if (level == 1) {
                rig.poke(at, page | flags);
                return at;
            }
            if ((rig.peek(at) & 1) == 0) {
                rig.poke(at, rig.page() | PRWU);
            }
            at = rig.peek(at) & 0x000F_FFFF_FFFF_F000L;
        }
    }

    long request(int sid, int pasid, long address, boolean write, boolean execute, boolean privileged) {
        Request request = new Request();
        request.sourceId = sid;
        request.pasid = pasid;
        request.address = address;
        request.length = 4;
        request.write = write;
        request.execute = execute;
        request.privileged = privileged;
        return rig.unit.translate(request) ? request.hostPhysical : -1;
    }

    long read(int sid, int pasid, long address) {
        return request(sid, pasid, address, false, false, false);
    }

    long write(int sid, int pasid, long address) {
        return request(sid, pasid, address, true, false, false);
    }

    /** Puts a descriptor of 32 bytes into the queue and tells the unit. */
    void submit(long low, long high) {
        for (int i = 0; i < 4; i++) {
            rig.poke(Rig.QUEUE + tail + 8 * i, i == 0 ? low : i == 1 ? high : 0);
        }
        tail = (tail + 32) % 4096;
        rig.set64(0x88, tail);
    }

    /** @return the reason of the only fault recorded, 0 if there is none; it is cleared */
    int fault() {
        int reason = rig.isRecorded(0) ? rig.reason(0) : 0;
        int more = rig.isRecorded(1) ? -rig.reason(1) : 0;
        rig.clearFaults();
        rig.unit.reset(com.vtsim.api.machine.Reset.WARM);
        return more != 0 ? more : reason;
    }

    @Override
    public void close() {
        rig.close();
    }
}
