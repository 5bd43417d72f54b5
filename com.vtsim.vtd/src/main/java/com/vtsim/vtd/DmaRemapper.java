package com.vtsim.vtd;

import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.pci.RequestTranslator.Request;
import com.vtsim.api.pci.RequestTranslator.Translation;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.vtd.RemappingUnit.Step;
import com.vtsim.api.vtd.RemappingUnit.Walk;
import java.util.ArrayList;
import java.util.List;

/** Takes DMA requests and translation requests through caches and tables. Source: VT-d specification, DMA Remapping; Device-TLBs. */
final class DmaRemapper {
    private static final long INTERRUPT_RANGE = 0xFEE0_0000L;
    private static final long INTERRUPT_MASK = ~0xF_FFFFL;
    private static final int LEGACY = 0;
    private static final int SCALABLE = 1;
    private static final int ABORT = 3;
    private static final long LARGEST = 1L << 30;

    private final RegisterFile<VtdRegister> registers;
    private final Capability capability;
    private final TableMemory memory;
    private final LegacyTables legacy;
    private final ScalableTables scalable;
    private final SecondStage second;
    private final FirstStage first;
    private final Caches caches;
    private final FaultLog log;
    private final StaleWatch stale;
    private final MemoryTypes types;
    private final Outcome out = new Outcome();
    private final Outcome fresh = new Outcome();
    private final Access access = new Access();
    private long rootTable;

    DmaRemapper(RegisterFile<VtdRegister> registers, Capability capability, TableMemory memory, Caches caches, FaultLog log, StaleWatch stale, MemoryTypes types) {
        this.registers = registers;
        this.capability = capability;
        this.memory = memory;
        legacy = new LegacyTables(capability, memory);
        scalable = new ScalableTables(capability, memory);
        second = new SecondStage(capability, memory);
        first = new FirstStage(capability, memory, second);
        this.caches = caches;
        this.log = log;
        this.stale = stale;
        this.types = types;
    }

    /** @return the root table pointer in force, as RTADDR has it */
    long rootTable() {
        return rootTable;
    }

    void rootTable(long value) {
        rootTable = value;
    }

    /** @return whether the root table in force is one of scalable mode */
    boolean isScalable() {
        return mode() == SCALABLE;
    }

    /** @return whether the root table in force is one of legacy mode */
    boolean isLegacy() {
        return mode() == LEGACY;
    }

    private int mode() {
        return (int) VtdRegister.TTM.of(rootTable);
    }

    static boolean isInterrupt(long address) {
        return (address & INTERRUPT_MASK) == INTERRUPT_RANGE;
    }

    boolean isEnabled() {
        return registers.isSet(VtdRegister.GSTS, VtdRegister.TE);
    }

    /** As {@code RequestTranslator.translate}. */
    boolean translate(Request request) {
        boolean plain = request.pasid < 0 && !request.translated;
        if (plain && isInterrupt(request.address)) {
            return toInterruptRange(request);
        }
        if (!isEnabled()) {
            // Without remapping the root complex ignores PASIDs, and does not know translated addresses.
            request.hostPhysical = request.address;
            request.covered = Math.max(request.length, 1);
            return !request.translated && !isProtected(request.address, request.length);
        }
        wants(request.write, request.execute, request.privileged);
        access.zeroLength = request.length == 0 && !request.write && capability.has(Capability.ZLR);
        if (!(request.translated ? admits(request) : resolve(request.sourceId, request.pasid, request.address))) {
            record(request.sourceId, request.pasid, request.address, request.translated ? FaultLog.TRANSLATED : 0);
            return false;
        }
        request.hostPhysical = out.hostPhysical(request.address);
        if (!out.passThrough) {
            long size = 1L << Caches.shift(out.leafLevel);
            request.covered = size - (request.address & size - 1);
            return !capability.protectsAlways() || !isProtected(request.hostPhysical, request.length);
        }
        request.covered = Math.max(request.length, 1);
        return !isProtected(request.address, request.length);
    }

    /** A request to FEEx_xxxxh that is no message: only reads of no bytes complete. Source: VT-d specification, Handling Requests to Interrupt Address Range. */
    private boolean toInterruptRange(Request request) {
        request.hostPhysical = request.address;
        request.covered = 1;
        boolean flush = request.length == 0 && !request.write;
        if (!flush && (isEnabled() || registers.isSet(VtdRegister.GSTS, VtdRegister.IRE))) {
            log.interrupt(FaultReason.NOT_AN_INTERRUPT, request.sourceId, 0);
        }
        return flush;
    }

    private void wants(boolean write, boolean execute, boolean privileged) {
        access.write = write;
        access.execute = execute;
        access.privileged = privileged;
        access.zeroLength = false;
    }

    private void record(int sourceId, int pasid, long address, long kind) {
        if (!(out.silent && out.fault.isQualified())) {
            log.dma(out.fault, sourceId, pasid, address, access, kind);
        }
    }

    /** A translated request: whether the device may send such. */
    private boolean admits(Request request) {
        out.begin();
        if (mode() == LEGACY && request.pasid >= 0) {
            return out.fail(FaultReason.LEGACY_WITH_PASID);
        }
        if (!context(request.sourceId)) {
            return false;
        }
        if (!out.deviceTlb) {
            return out.fail(out.scalable ? FaultReason.DEVICE_TLB_DISABLED : FaultReason.TRANSLATION_REQUEST_BLOCKED);
        }
        if (out.scalable && request.pasid >= 0 && !scalable.process(request.pasid, out)) {
            return false;
        }
        out.passThrough = true;
        if (request.address >>> capability.hostAddressWidth() != 0) {
            return out.fail(out.scalable ? FaultReason.HOST_BEYOND_WIDTH : FaultReason.BEYOND_WIDTH);
        }
        return leadsToMemory(request.address, 1, out);
    }

    /** As {@code RequestTranslator.translation}. */
    boolean translation(Translation asked) {
        if (!isEnabled() || !capability.extended(Capability.DT)) {
            return asked.fail(Translation.UNSUPPORTED);
        }
        boolean noWrite = asked.noWrite && capability.extended(Capability.NWFS);
        if (asked.pasid < 0 && isInterrupt(asked.address)) {
            answer(asked, asked.address & ~0xFFFL, 4096);
            asked.writable = !noWrite;
            asked.untranslatedOnly = !noWrite;
            return true;
        }
        long address = asked.address & ~0xFFFL;
        wants(!noWrite, asked.execute, asked.privileged);
        boolean good = resolve(asked.sourceId, asked.pasid, address, true);
        good = good || access.execute && isExecution(out.fault) && resolveWith(asked, address, access.write, false);
        good = good || access.write && out.fault.isRecoverable() && resolveWith(asked, address, false, access.execute);
        good = good || access.execute && isExecution(out.fault) && resolveWith(asked, address, false, false);
        return good ? complete(asked, address) : refuse(asked, address);
    }

    private static boolean isExecution(FaultReason fault) {
        return fault == FaultReason.EXECUTE_DENIED || fault == FaultReason.EXECUTE_DISABLED;
    }

    private boolean resolveWith(Translation asked, long address, boolean write, boolean execute) {
        access.write = write;
        access.execute = execute;
        return resolve(asked.sourceId, asked.pasid, address, true);
    }

    /** Source: VT-d specification, Handling of Translation Requests; N Bit in Translation Completion. */
    private boolean complete(Translation asked, long address) {
        long length = out.passThrough ? LARGEST : 1L << Caches.shift(out.leafLevel);
        answer(asked, out.hostPhysical(address) & -length, length);
        asked.readable = (out.rights & Caches.READ) != 0;
        asked.writable = access.write;
        asked.executable = access.execute;
        asked.noSnoop = out.pageSnooped || (out.flags & Caches.SNOOP) != 0;
        return true;
    }

    private boolean refuse(Translation asked, long address) {
        if (out.fault.isRecoverable()) {
            answer(asked, 0, 4096);
            return true;
        }
        record(asked.sourceId, asked.pasid, address, FaultLog.TRANSLATION);
        return asked.fail(out.fault.isBroken() ? Translation.ABORT : Translation.UNSUPPORTED);
    }

    private static void answer(Translation asked, long hostPhysical, long length) {
        asked.status = Translation.SUCCESS;
        asked.hostPhysical = hostPhysical;
        asked.length = length;
        asked.readable = false;
        asked.writable = false;
        asked.untranslatedOnly = false;
        asked.noSnoop = false;
        asked.global = false;
        asked.executable = false;
    }

    /**
     * Whether page requests of a device are to be queued; a fault is recorded. What is cached of the page is dropped, so that the device sees what software
     * makes of it. Source: VT-d specification, Handling of Page Requests; Implicit Invalidation on Page Requests.
     *
     * @return null, or why not
     */
    FaultReason pageRequest(int sourceId, int pasid, long address, boolean write) {
        out.begin();
        wants(write, false, false);
        boolean good = mode() == LEGACY ? out.fail(FaultReason.LEGACY_PAGE_REQUEST) : context(sourceId) && scalable.pageRequests(out) && process(sourceId, pasid);
        if (!good) {
            record(sourceId, pasid, address, FaultLog.PAGE_REQUEST);
            return out.fault;
        }
        switch (out.stage) {
            case Outcome.FIRST -> caches.dropProcessPages(out.domain, out.tag, address & ~0xFFFL, 0, false);
            case Outcome.NESTED -> caches.dropDomain(out.domain);
            default -> caches.dropPages(out.domain, address & ~0xFFFL, 0, false);
        }
        return null;
    }

    private boolean resolve(int sourceId, int pasid, long address) {
        return resolve(sourceId, pasid, address, false);
    }

    /** Finds the translation for {@link #access}. @param byDevice for a translation request */
    private boolean resolve(int sourceId, int pasid, long address, boolean byDevice) {
        out.begin();
        if (mode() == LEGACY && pasid >= 0) {
            return out.fail(FaultReason.LEGACY_WITH_PASID);
        }
        if (!context(sourceId)) {
            return false;
        }
        if (byDevice && !out.deviceTlb) {
            return out.fail(out.scalable ? FaultReason.DEVICE_TLB_DISABLED : FaultReason.TRANSLATION_REQUEST_BLOCKED);
        }
        if (out.scalable && !(process(sourceId, pasid) && scalable.permits(access, out))) {
            return false;
        }
        if (!inRange(address, out)) {
            return false;
        }
        if (out.passThrough) {
            return leadsToMemory(address, byDevice ? 0 : 1, out);
        }
        if (cached(sourceId, address, byDevice)) {
            return out.fault == null;
        }
        boolean good = walk(address, caches.structure, out) && leadsToMemory(address, byDevice ? 1L << Caches.shift(out.leafLevel) : 1, out);
        if (out.complete) {
            keep(address, good);
        }
        return good;
    }

    private boolean walk(long address, TranslationCache cache, Outcome into) {
        return into.stage == Outcome.SECOND ? second.walk(address, access, cache, into) : first.walk(address, access, cache, into);
    }

    /**
     * What a walk gave stays if the request passes; in caching mode also if it faults in the second stage, for the page asked for if that is not present.
     * Source: VT-d specification, Details of IOTLB Use.
     */
    private void keep(long address, boolean good) {
        if (good || capability.has(Capability.CM) && out.stage == Outcome.SECOND) {
            int level = out.rights == 0 ? 1 : out.leafLevel;
            caches.iotlb.insert(out.domain, out.tag, Caches.page(address, level), out.page & -4096 | out.rights | out.flags, out.leafAt, out.leaf);
        }
    }

    private boolean context(int sourceId) {
        FaultReason why = refusal();
        if (why != null) {
            return out.fail(why);
        }
        int line = caches.context.find(TranslationCache.ANY, Caches.NO_PASID, sourceId);
        if (line >= 0) {
            out.low = caches.context.first(line);
            out.high = caches.context.second(line);
            if (stale.isOn()) {
                compareContext(sourceId);
            }
            return decode(out);
        }
        if (!readContext(sourceId, out)) {
            return false;
        }
        boolean good = decode(out);
        if (good || capability.has(Capability.CM)) {
            caches.context.insert(isScalable() ? Caches.NO_DOMAIN : good ? out.domain : 0, Caches.NO_PASID, sourceId, out.low, out.high, 0);
        }
        return good;
    }

    /** @return why the table mode in force serves no request, or null. Source: VT-d specification, Root Table Address Register; Abort DMA Mode. */
    private FaultReason refusal() {
        return switch (mode()) {
            case LEGACY -> null;
            case SCALABLE -> capability.extended(Capability.SMTS) ? null : FaultReason.TABLE_MODE_RESERVED;
            case ABORT -> capability.extended(Capability.ADMS) ? FaultReason.ABORT_MODE : FaultReason.TABLE_MODE_RESERVED;
            default -> FaultReason.TABLE_MODE_RESERVED;
        };
    }

    /** @return whether the table mode in force is one that the unit has */
    boolean isModeValid() {
        return refusal() != FaultReason.TABLE_MODE_RESERVED;
    }

    private boolean readContext(int sourceId, Outcome into) {
        long table = rootTable & ~0xFFFL;
        return isScalable() ? scalable.context(table, sourceId, into) : legacy.context(table, sourceId, into);
    }

    private boolean decode(Outcome into) {
        return isScalable() ? scalable.decode(into) : legacy.decode(into);
    }

    /** Finds the PASID table entry of a request. */
    private boolean process(int sourceId, int pasid) {
        if (!scalable.process(pasid, out)) {
            return false;
        }
        if (pasid < 0) {
            access.privileged = ScalableTables.isPrivileged(out);
            access.execute = false;
        }
        int line = caches.pasid.find(TranslationCache.ANY, Caches.NO_PASID, Caches.process(sourceId, out.pasid));
        if (line >= 0) {
            out.entry0 = caches.pasid.first(line);
            out.entry1 = caches.pasid.second(line);
            out.entry2 = caches.pasid.third(line);
            if (stale.isOn()) {
                compareProcess(sourceId);
            }
            return scalable.decodeEntry(out);
        }
        if (!scalable.entry(out)) {
            return false;
        }
        boolean good = scalable.decodeEntry(out);
        if (good || capability.has(Capability.CM)) {
            caches.pasid.insert(good ? out.domain : 0, Caches.NO_PASID, Caches.process(sourceId, out.pasid), out.entry0, out.entry1, out.entry2);
        }
        return good;
    }

    private boolean cached(int sourceId, long address, boolean byDevice) {
        for (int level = 1; level <= 3; level++) {
            int line = caches.iotlb.find(out.domain, out.tag, Caches.page(address, level));
            if (line >= 0) {
                out.leafLevel = level;
                out.page = caches.iotlb.first(line) & -4096;
                out.rights = caches.iotlb.first(line) & 3;
                out.flags = caches.iotlb.first(line) & 0xFFC;
                boolean good = out.stage == Outcome.SECOND ? SecondStage.permitted(access, out) : FirstStage.permitted(access, out);
                if (good && access.write && (out.flags & Caches.CLEAN) != 0) {
                    out.beginPage();
                    return false;
                }
                if (stale.isOn()) {
                    comparePage(sourceId, address);
                }
                if (good) {
                    leadsToMemory(address, byDevice ? 1L << Caches.shift(level) : 1, out);
                }
                return true;
            }
        }
        return false;
    }

    private static boolean inRange(long address, Outcome out) {
        if (out.stage == Outcome.SECOND) {
            return address >>> out.width == 0
                    || out.fail(!out.scalable ? FaultReason.BEYOND_WIDTH : out.passThrough ? FaultReason.HOST_BEYOND_WIDTH : FaultReason.SM_BEYOND_WIDTH);
        }
        int unused = 64 - 12 - 9 * out.firstLevels;
        return address << unused >> unused == address || out.fail(FaultReason.NOT_CANONICAL);
    }

    /** @param size of the naturally aligned range around the address that must not touch FEEx_xxxxh; 0 for none */
    private static boolean leadsToMemory(long address, long size, Outcome out) {
        long to = out.hostPhysical(address);
        long first = to & -size;
        boolean clear = size == 0 || first > INTERRUPT_RANGE + 0xF_FFFF || first + size - 1 < INTERRUPT_RANGE;
        return clear || out.fail(out.scalable ? FaultReason.SM_INTERRUPT_RANGE : FaultReason.INTERRUPT_RANGE);
    }

    private void compareContext(int sourceId) {
        fresh.begin();
        boolean there = readContext(sourceId, fresh);
        if (!there || fresh.low != out.low || fresh.high != out.high) {
            stale.context(sourceId, out, there ? fresh : null);
        }
    }

    private void compareProcess(int sourceId) {
        fresh.begin();
        fresh.low = out.low;
        fresh.high = out.high;
        fresh.pasid = out.pasid;
        boolean there = scalable.entry(fresh);
        if (!there || fresh.entry0 != out.entry0 || fresh.entry1 != out.entry1 || fresh.entry2 != out.entry2) {
            stale.process(sourceId, out, there ? fresh : null);
        }
    }

    private void comparePage(int sourceId, long address) {
        fresh.begin();
        fresh.low = out.low;
        fresh.high = out.high;
        fresh.pasid = out.pasid;
        fresh.entry0 = out.entry0;
        fresh.entry1 = out.entry1;
        fresh.entry2 = out.entry2;
        boolean complete = decode(fresh) && (!out.scalable || scalable.decodeEntry(fresh)) && walk(address, null, fresh);
        boolean same = fresh.rights == out.rights && (fresh.rights == 0 || fresh.hostPhysical(address) == out.hostPhysical(address));
        if (!same) {
            stale.page(sourceId, out.tag, address, out, complete ? fresh : null);
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
    Walk walk(int sourceId, int pasid, long address) {
        Outcome seen = new Outcome();
        seen.begin();
        List<Step> steps = new ArrayList<>();
        seen.steps = steps;
        if (pasid < 0 && isInterrupt(address)) {
            return new Walk(steps, -1, "an access to FEEx_xxxxh is an interrupt request");
        }
        if (!isEnabled()) {
            boolean blocked = isProtected(address, 1);
            return new Walk(steps, blocked ? -1 : address, blocked ? "the address is in a protected memory region" : "");
        }
        wants(false, false, false);
        boolean good = locate(sourceId, pasid, seen) && inRange(address, seen)
                && (seen.passThrough || walk(address, null, seen) || isReadable(seen)) && leadsToMemory(address, 1, seen);
        if (good && seen.scalable && capability.extended(Capability.MTS)) {
            steps.add(types.step(seen, seen.hostPhysical(address)));
        }
        return new Walk(steps, good ? seen.hostPhysical(address) : -1, good ? "" : seen.fault.words());
    }

    /** A page that can be written only still leads somewhere. */
    private static boolean isReadable(Outcome seen) {
        return (seen.fault == FaultReason.READ_DENIED || seen.fault == FaultReason.SM_READ_DENIED) && seen.rights != 0;
    }

    /** Finds what governs a request by the tables alone. @return false with the fault set */
    boolean locate(int sourceId, int pasid, Outcome seen) {
        FaultReason why = refusal();
        if (why != null) {
            return seen.fail(why);
        }
        if (mode() == LEGACY) {
            return pasid < 0 ? legacy.context(rootTable & ~0xFFFL, sourceId, seen) && legacy.decode(seen) : seen.fail(FaultReason.LEGACY_WITH_PASID);
        }
        boolean there = readContext(sourceId, seen) && scalable.decode(seen) && scalable.process(pasid, seen) && scalable.entry(seen) && scalable.decodeEntry(seen);
        if (there && pasid < 0) {
            access.privileged = ScalableTables.isPrivileged(seen);
        }
        return there;
    }

    /** Finds a device's context entry by the tables alone. @return false with the fault set if there is none that is good */
    boolean locate(int sourceId, Outcome seen) {
        FaultReason why = refusal();
        return why != null ? seen.fail(why) : readContext(sourceId, seen) && decode(seen);
    }

    /** @param entries to look at, at most; @return PASIDs present in the directory of a context entry that {@link #locate} found; none in legacy mode */
    List<Integer> processes(Outcome seen, int entries) {
        return isScalable() ? scalable.present(seen, entries) : List.of();
    }

    /** Finds a PASID table entry of a context entry that {@link #locate} found, whether or not requests may name it. @return false with the fault set */
    boolean entry(int pasid, Outcome seen) {
        seen.pasid = pasid;
        return scalable.entry(seen) && scalable.decodeEntry(seen);
    }

    boolean isReservedSecond(int level, boolean leaf, long entry) {
        return (entry & second.reserved(level, leaf)) != 0;
    }

    boolean isReservedFirst(int level, boolean leaf, long entry) {
        return (entry & first.reserved(level, leaf)) != 0;
    }

    /** @param newMemory where the tables are */
    void attach(MemorySpace newMemory) {
        memory.attach(newMemory);
    }
}
