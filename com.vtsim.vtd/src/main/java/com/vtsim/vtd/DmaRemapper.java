package com.vtsim.vtd;

import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.pci.RequestTranslator.Request;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.vtd.RemappingUnit.Step;
import com.vtsim.api.vtd.RemappingUnit.Walk;
import java.util.ArrayList;
import java.util.List;

/** Takes DMA requests through caches and tables. Source: VT-d specification, DMA Remapping. */
final class DmaRemapper {
    private static final long INTERRUPT_RANGE = 0xFEE0_0000L;
    private static final long INTERRUPT_MASK = ~0xF_FFFFL;

    private final RegisterFile<VtdRegister> registers;
    private final Capability capability;
    private final LegacyTables tables;
    private final Caches caches;
    private final FaultLog log;
    private final StaleWatch stale;
    private final Outcome out = new Outcome();
    private final Outcome fresh = new Outcome();
    private long rootTable;

    DmaRemapper(RegisterFile<VtdRegister> registers, Capability capability, LegacyTables tables, Caches caches, FaultLog log, StaleWatch stale) {
        this.registers = registers;
        this.capability = capability;
        this.tables = tables;
        this.caches = caches;
        this.log = log;
        this.stale = stale;
    }

    /** @return the root table pointer in force, as RTADDR has it */
    long rootTable() {
        return rootTable;
    }

    void rootTable(long value) {
        rootTable = value;
    }

    static boolean isInterrupt(long address) {
        return (address & INTERRUPT_MASK) == INTERRUPT_RANGE;
    }

    boolean isEnabled() {
        return registers.isSet(VtdRegister.GSTS, VtdRegister.TE);
    }

    /** As {@code RequestTranslator.translate}. */
    boolean translate(Request request) {
        if (isInterrupt(request.address)) {
            return false;
        }
        if (!isEnabled()) {
            request.hostPhysical = request.address;
            request.covered = request.length;
            return !isProtected(request.address, request.length);
        }
        if (!resolve(request)) {
            if (!(out.silent && out.fault.isQualified())) {
                log.dma(out.fault, request.sourceId, request.pasid, request.address, request.write, request.execute, request.privileged);
            }
            return false;
        }
        request.hostPhysical = out.hostPhysical(request.address);
        if (!out.passThrough) {
            long size = 1L << Caches.shift(out.leafLevel);
            request.covered = size - (request.address & size - 1);
            return true;
        }
        request.covered = request.length;
        return !isProtected(request.address, request.length);
    }

    private boolean resolve(Request request) {
        out.begin();
        if (!context(request.sourceId) || !inWidth(request.address, out)) {
            return false;
        }
        if (out.passThrough || cached(request)) {
            return out.fault == null;
        }
        boolean good = tables.pages(request.address, request.write, caches.structure, out);
        if (out.leafLevel != 0 && out.fault != FaultReason.PAGING_ACCESS && out.fault != FaultReason.PAGING_RESERVED) {
            keep(request.address);
        }
        return good && leadsToMemory(request.address, out);
    }

    /** The result of a walk stays, even if it denies this access; a not-present one only in caching mode, for the page asked for. */
    private void keep(long address) {
        if (out.rights != 0 || capability.has(Capability.CM)) {
            int level = out.rights == 0 ? 1 : out.leafLevel;
            caches.iotlb.insert(out.domain, Caches.NO_PASID, Caches.page(address, level), out.page & -4096 | out.rights, out.leafAt, out.leaf);
        }
    }

    private boolean context(int sourceId) {
        int line = caches.context.find(TranslationCache.ANY, Caches.NO_PASID, sourceId);
        if (line >= 0) {
            out.low = caches.context.first(line);
            out.high = caches.context.second(line);
            if (stale.isOn()) {
                compareContext(sourceId);
            }
            return tables.decode(out);
        }
        if (!tables.context(rootTable & ~0xFFFL, sourceId, out)) {
            return false;
        }
        boolean good = tables.decode(out);
        if (good || capability.has(Capability.CM)) {
            caches.context.insert(good ? out.domain : 0, Caches.NO_PASID, sourceId, out.low, out.high, 0);
        }
        return good;
    }

    private boolean cached(Request request) {
        for (int level = 1; level <= 3; level++) {
            int line = caches.iotlb.find(out.domain, Caches.NO_PASID, Caches.page(request.address, level));
            if (line >= 0) {
                out.leafLevel = level;
                out.page = caches.iotlb.first(line) & -4096;
                out.rights = caches.iotlb.first(line) & 3;
                if (stale.isOn()) {
                    comparePage(request);
                }
                if (LegacyTables.permitted(request.write, out)) {
                    leadsToMemory(request.address, out);
                }
                return true;
            }
        }
        return false;
    }

    private static boolean inWidth(long address, Outcome out) {
        return address >>> out.width == 0 || out.fail(FaultReason.BEYOND_WIDTH);
    }

    private static boolean leadsToMemory(long address, Outcome out) {
        return !isInterrupt(out.hostPhysical(address)) || out.fail(FaultReason.INTERRUPT_RANGE);
    }

    private void compareContext(int sourceId) {
        fresh.begin();
        boolean there = tables.context(rootTable & ~0xFFFL, sourceId, fresh);
        if (!there || fresh.low != out.low || fresh.high != out.high) {
            stale.context(sourceId, out, there ? fresh : null);
        }
    }

    private void comparePage(Request request) {
        fresh.begin();
        fresh.low = out.low;
        fresh.high = out.high;
        boolean complete = tables.decode(fresh) && tables.pages(request.address, request.write, null, fresh);
        boolean same = fresh.rights == out.rights && (fresh.rights == 0 || fresh.hostPhysical(request.address) == out.hostPhysical(request.address));
        if (!same) {
            stale.page(request.sourceId, request.address, out, complete ? fresh : null);
        }
    }

    private boolean isProtected(long address, int length) {
        if (!registers.isSet(VtdRegister.PMEN, VtdRegister.PRS)) {
            return false;
        }
        long last = address + Math.max(length, 1) - 1;
        return meets(address, last, registers.get(VtdRegister.PLMBASE), registers.get(VtdRegister.PLMLIMIT))
                || meets(address, last, registers.get(VtdRegister.PHMBASE), registers.get(VtdRegister.PHMLIMIT));
    }

    /** A region is from its base to the end of the 2 MiB that the limit names; a limit below the base is no region. */
    private static boolean meets(long first, long last, long base, long limit) {
        long end = limit | 0x1F_FFFF;
        return Long.compareUnsigned(base, end) < 0 && Long.compareUnsigned(first, end) <= 0 && Long.compareUnsigned(last, base) >= 0;
    }

    /** Walks without caches and without a trace in the unit. */
    Walk walk(int sourceId, long address) {
        Outcome seen = new Outcome();
        seen.begin();
        List<Step> steps = new ArrayList<>();
        seen.steps = steps;
        if (isInterrupt(address)) {
            return new Walk(steps, -1, "an access to FEEx_xxxxh is an interrupt request");
        }
        if (!isEnabled()) {
            boolean blocked = isProtected(address, 1);
            return new Walk(steps, blocked ? -1 : address, blocked ? "the address is in a protected memory region" : "");
        }
        boolean good = tables.context(rootTable & ~0xFFFL, sourceId, seen) && tables.decode(seen) && inWidth(address, seen)
                && (seen.passThrough || tables.pages(address, false, null, seen) || seen.fault == FaultReason.READ_DENIED && seen.rights != 0)
                && leadsToMemory(address, seen);
        return new Walk(steps, good ? seen.hostPhysical(address) : -1, good ? "" : seen.fault.words());
    }

    /** @param newMemory where the tables are */
    void attach(MemorySpace newMemory) {
        tables.attach(newMemory);
    }
}
