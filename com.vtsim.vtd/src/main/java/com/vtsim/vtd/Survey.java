package com.vtsim.vtd;

import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.vtd.RemappingUnit.Cached;
import com.vtsim.api.vtd.RemappingUnit.Domain;
import com.vtsim.api.vtd.RemappingUnit.Fault;
import com.vtsim.api.vtd.RemappingUnit.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What the operator is shown of faults, caches and tables. Changes nothing. */
final class Survey {
    private static final int RANGES = 64;
    private static final long PAGE = ~0xFFFL;
    private static final long ADDRESS_SPACE = 0x000F_FFFF_FFFF_FFFFL;

    private final Capability capability;
    private final LegacyTables tables;
    private final Caches caches;
    private final FaultLog log;
    private final DmaRemapper dma;

    Survey(Capability capability, LegacyTables tables, Caches caches, FaultLog log, DmaRemapper dma) {
        this.capability = capability;
        this.tables = tables;
        this.caches = caches;
        this.log = log;
        this.dma = dma;
    }

    List<Fault> faults() {
        List<Fault> faults = new ArrayList<>();
        for (int i = 0; i < log.size(); i++) {
            long high = log.high(i);
            if ((high & FaultLog.F) != 0) {
                faults.add(fault(i, log.low(i), high));
            }
        }
        return faults;
    }

    private Fault fault(int index, long low, long high) {
        int source = (int) high & 0xFFFF;
        int code = (int) (high >> 32) & 0xFF;
        boolean interrupt = code >= 0x20 && code < 0x30;
        int pasid = (high >> 31 & 1) != 0 ? (int) (high >> 40) & 0xF_FFFF : -1;
        String entry = "";
        if (!interrupt) {
            List<Step> steps = dma.walk(source, low).steps();
            entry = steps.isEmpty() ? "" : line(steps.get(steps.size() - 1));
        }
        return new Fault(index, source, pasid, interrupt ? "interrupt" : (high & FaultLog.T) != 0 ? "read" : "write", code, FaultReason.words(code),
                interrupt ? low >>> 48 : low, entry);
    }

    private static String line(Step step) {
        StringBuilder text = new StringBuilder(step.table()).append(String.format(" at %x:", step.address()));
        step.entry().forEach(half -> text.append(String.format(" %016x", half)));
        return text.append(" (").append(step.meaning()).append(')').toString();
    }

    List<Cached> cached() {
        List<Cached> all = new ArrayList<>();
        TranslationCache context = caches.context;
        for (int line = 0; line < context.capacity(); line++) {
            if (context.holds(line)) {
                all.add(new Cached("context", context.domain(line), PciAddress.of((int) context.key(line)).toString(),
                        String.format("%016x %016x", context.first(line), context.second(line))));
            }
        }
        TranslationCache iotlb = caches.iotlb;
        for (int line = 0; line < iotlb.capacity(); line++) {
            if (iotlb.holds(line)) {
                int level = (int) iotlb.key(line) & 3;
                all.add(new Cached("IOTLB", iotlb.domain(line), String.format("%x", iotlb.key(line) >>> 2 << Caches.shift(level)),
                        String.format("%x %s%s %s", iotlb.first(line) & PAGE, (iotlb.first(line) & Caches.READ) != 0 ? "R" : "-",
                                (iotlb.first(line) & Caches.WRITE) != 0 ? "W" : "-", level == 1 ? "4 KiB" : level == 2 ? "2 MiB" : "1 GiB")));
            }
        }
        TranslationCache structure = caches.structure;
        for (int line = 0; line < structure.capacity(); line++) {
            if (structure.holds(line)) {
                int level = (int) structure.key(line) & 7;
                all.add(new Cached("paging structure", structure.domain(line), String.format("%x", structure.key(line) >>> 3 << Caches.shift(level + 1)),
                        String.format("level %d table at %x", level, structure.first(line))));
            }
        }
        TranslationCache interrupt = caches.interrupt;
        for (int line = 0; line < interrupt.capacity(); line++) {
            if (interrupt.holds(line)) {
                all.add(new Cached("interrupt entry", -1, String.format("%x", interrupt.key(line)),
                        String.format("%016x %016x", interrupt.first(line), interrupt.second(line))));
            }
        }
        return all;
    }

    /** A domain while it is put together. */
    private static final class Found {
        final List<PciAddress> members = new ArrayList<>();
        final Set<Long> tables = new TreeSet<>();
        final Map<Long, Integer> levels = new TreeMap<>();
        boolean passThrough;
    }

    List<Domain> domains() {
        Map<Integer, Found> found = new TreeMap<>();
        Map<Long, Set<Integer>> users = new TreeMap<>();
        if (!dma.isEnabled()) {
            return List.of();
        }
        Outcome out = new Outcome();
        for (int source = 0; source < 0x1_0000; source++) {
            out.begin();
            if (!tables.context(dma.rootTable() & PAGE, source, out)) {
                source |= 0xFF;
                continue;
            }
            if (tables.decode(out)) {
                Found domain = found.computeIfAbsent(out.domain, id -> new Found());
                domain.members.add(PciAddress.of(source));
                if (out.passThrough) {
                    domain.passThrough = true;
                } else {
                    domain.tables.add(out.table);
                    domain.levels.put(out.table, out.levels);
                    users.computeIfAbsent(out.table, table -> new TreeSet<>()).add(out.domain);
                }
            }
        }
        List<Domain> domains = new ArrayList<>();
        found.forEach((id, domain) -> domains.add(new Domain(id, domain.members, List.copyOf(domain.tables), reaches(domain), remark(id, domain, users))));
        return domains;
    }

    private static String remark(int id, Found domain, Map<Long, Set<Integer>> users) {
        if (domain.tables.size() > 1) {
            return "the domain id stands for different tables: their cached translations mix";
        }
        for (long table : domain.tables) {
            Set<Integer> others = new TreeSet<>(users.get(table));
            others.remove(id);
            if (!others.isEmpty()) {
                return "the same tables have also domain id " + others + ": no cached translation is shared, each must be invalidated";
            }
        }
        return "";
    }

    private List<String> reaches(Found domain) {
        Ranges ranges = new Ranges();
        domain.levels.forEach((table, levels) -> collect(table, levels, 0, Caches.READ | Caches.WRITE, ranges));
        ranges.end();
        if (domain.passThrough) {
            ranges.text.add(0, "all of memory (pass-through)");
        }
        return ranges.text;
    }

    /** Adjacent pages merged. */
    private static final class Ranges {
        final List<String> text = new ArrayList<>();
        private long from;
        private long to;
        private long target;
        private long rights;

        void add(long address, long page, long size, long newRights) {
            if (rights == newRights && address == to && page == target + (to - from)) {
                to += size;
                return;
            }
            end();
            from = address;
            to = address + size;
            target = page;
            rights = newRights;
        }

        void end() {
            if (rights != 0 && text.size() < RANGES) {
                text.add(String.format("%x-%x to %x %s%s", from, to - 1, target, (rights & Caches.READ) != 0 ? "R" : "-", (rights & Caches.WRITE) != 0 ? "W" : "-"));
            } else if (rights != 0 && text.size() == RANGES) {
                text.add("and more");
            }
            rights = 0;
        }
    }

    private void collect(long table, int level, long address, long rights, Ranges ranges) {
        if (!tables.isMemory(table) || ranges.text.size() > RANGES) {
            return;
        }
        for (int i = 0; i < 512; i++) {
            long entry = tables.read(table + i * 8L);
            long now = entry & rights;
            long at = address + ((long) i << Caches.shift(level));
            if (now == 0 || at >>> capability.guestAddressWidth() != 0) {
                continue;
            }
            if (level == 1 || level <= 3 && LegacyTables.PS.isSet(entry)) {
                ranges.add(at, entry & ADDRESS_SPACE & -1L << Caches.shift(level), 1L << Caches.shift(level), now);
            } else {
                collect(entry & ADDRESS_SPACE & PAGE, level - 1, at, now, ranges);
            }
        }
    }
}
