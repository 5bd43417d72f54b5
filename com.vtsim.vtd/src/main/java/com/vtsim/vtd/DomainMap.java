package com.vtsim.vtd;

import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.vtd.RemappingUnit.Domain;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Who can reach what, by the tables as they are now. Changes nothing. */
final class DomainMap {
    private static final int RANGES = 64;
    private static final int REQUESTERS = 0x1_0000;
    /** Entries that a visit looks at: tables that lead to themselves have no end. */
    private static final int MOST = 1 << 21;
    private static final int TABLES = 1 << 13;

    private final Capability capability;
    private final TableMemory memory;
    private final DmaRemapper dma;
    private int left;

    DomainMap(Capability capability, TableMemory memory, DmaRemapper dma) {
        this.capability = capability;
        this.memory = memory;
        this.dma = dma;
    }

    /** One address space: tables and where they begin. */
    record Space(int stage, long table, int levels, String process) { }

    /** Looks at the tables that govern a requester's requests. */
    @FunctionalInterface
    interface Visitor {
        /**
         * @param sourceId requester
         * @param found    the good entries, or the fault that the first bad one makes
         * @param pasid    process address space id, or -1 in legacy mode and where the fault is before it
         */
        void visit(int sourceId, Outcome found, int pasid);
    }

    /** Visits each requester whose root entry is present, and in scalable mode each of its processes. */
    void visit(Visitor visitor) {
        Outcome out = new Outcome();
        left = MOST;
        for (int source = 0; source < REQUESTERS && left > 0; source++) {
            left--;
            out.begin();
            boolean good = dma.locate(source, out);
            if (!good && skips(out.fault)) {
                source |= dma.isScalable() ? 0x7F : 0xFF;
                if (out.fault != FaultReason.ROOT_NOT_PRESENT && out.fault != FaultReason.SM_ROOT_NOT_PRESENT) {
                    visitor.visit(source & ~(dma.isScalable() ? 0x7F : 0xFF), out, -1);
                }
                continue;
            }
            if (!good || !dma.isScalable()) {
                visitor.visit(source, out, -1);
                continue;
            }
            List<Integer> processes = dma.processes(out, left);
            left -= out.looked + 64 * processes.size();
            for (int pasid : processes) {
                Outcome each = new Outcome();
                each.begin();
                dma.locate(source, each);
                dma.entry(pasid, each);
                visitor.visit(source, each, pasid);
            }
        }
    }

    /** @return whether the latest visit looked at everything */
    boolean isComplete() {
        return left > 0;
    }

    /** The fault is the whole bus's, or half a bus's. */
    private static boolean skips(FaultReason fault) {
        return switch (fault) {
            case ROOT_NOT_PRESENT, ROOT_ACCESS, ROOT_RESERVED, CONTEXT_ACCESS, SM_ROOT_NOT_PRESENT, SM_ROOT_ACCESS, SM_ROOT_RESERVED, SM_CONTEXT_ACCESS, TABLE_MODE_RESERVED, ABORT_MODE -> true;
            default -> false;
        };
    }

    /** A domain while it is put together. */
    private static final class Found {
        final Set<PciAddress> members = new TreeSet<>();
        final Set<Long> tables = new TreeSet<>();
        final Map<String, Space> spaces = new TreeMap<>();
        boolean passThrough;
    }

    List<Domain> domains() {
        if (!dma.isEnabled()) {
            return List.of();
        }
        Map<Integer, Found> found = new TreeMap<>();
        Map<Long, Set<Integer>> users = new TreeMap<>();
        visit((source, out, pasid) -> {
            if (out.fault == null) {
                add(found.computeIfAbsent(out.domain, id -> new Found()), users, source, out, pasid);
            }
        });
        List<Domain> domains = new ArrayList<>();
        found.forEach((id, domain) -> domains.add(new Domain(id, List.copyOf(domain.members), List.copyOf(domain.tables), reaches(domain), remark(id, domain, users))));
        return domains;
    }

    private static void add(Found domain, Map<Long, Set<Integer>> users, int source, Outcome out, int pasid) {
        domain.members.add(PciAddress.of(source));
        if (out.passThrough) {
            domain.passThrough = true;
            return;
        }
        long table = out.stage == Outcome.FIRST ? out.firstTable : out.table;
        String process = pasid < 0 ? "" : out.stage == Outcome.SECOND ? "" : String.format("PASID %x %s ", pasid, out.stage == Outcome.FIRST ? "first stage" : "nested, within");
        if (out.stage != Outcome.FIRST) {
            domain.tables.add(table);
            users.computeIfAbsent(table, each -> new TreeSet<>()).add(out.domain);
        }
        domain.spaces.put(process + Long.toHexString(table), new Space(out.stage, table, out.stage == Outcome.FIRST ? out.firstLevels : out.levels, process));
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
        for (Space space : domain.spaces.values()) {
            ranges.process = space.process();
            scan(space, ranges);
            ranges.end();
        }
        if (domain.passThrough) {
            ranges.text.add(0, "all of memory (pass-through)");
        }
        return ranges.text;
    }

    /** Is told of each page that an address space has. */
    interface Pages {
        /** @param rights {@link Caches#READ} and {@link Caches#WRITE} */
        void page(long address, long hostPhysical, long size, long rights);

        /** @return whether to go on */
        default boolean wantsMore() {
            return true;
        }

        /** A table or a present entry that cannot be used. */
        default void broken(long address, long entryAt, String why) { }

        /** A table. */
        default void table(long hostPhysical) { }
    }

    /** Adjacent pages merged. */
    private static final class Ranges implements Pages {
        final List<String> text = new ArrayList<>();
        private String process = "";
        private long from;
        private long to;
        private long target;
        private long rights;
        private int tables;

        @Override
        public void table(long hostPhysical) {
            if (++tables == TABLES) {
                end();
                text.add("and more: not all tables were looked at");
            }
        }

        @Override
        public void page(long address, long page, long size, long newRights) {
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

        @Override
        public boolean wantsMore() {
            return text.size() <= RANGES && tables < TABLES;
        }

        void end() {
            if (rights != 0 && text.size() < RANGES) {
                text.add(String.format("%s%x-%x to %x %s%s", process, from, to - 1, target, (rights & Caches.READ) != 0 ? "R" : "-", (rights & Caches.WRITE) != 0 ? "W" : "-"));
            } else if (rights != 0 && text.size() == RANGES) {
                text.add("and more");
            }
            rights = 0;
        }
    }

    /** Goes through the tables of an address space; of a nested one through those of its second stage, which bound what it reaches. */
    void scan(Space space, Pages pages) {
        if (space.stage() == Outcome.FIRST) {
            scanFirst(space.table(), space.levels(), space.levels(), 0, Caches.READ | Caches.WRITE, pages);
        } else {
            scanSecond(space.table(), space.levels(), 0, Caches.READ | Caches.WRITE, pages);
        }
    }

    private boolean isUsable(long table, long address, Pages pages) {
        if (!pages.wantsMore()) {
            return false;
        }
        if (!memory.holds(table)) {
            pages.broken(address, table, "the table is not in memory");
            return false;
        }
        pages.table(table);
        return true;
    }

    private void scanSecond(long table, int level, long address, long rights, Pages pages) {
        for (int i = 0; isUsableAt(i, table, address, pages) && i < 512; i++) {
            long entry = memory.read(table + i * 8L);
            long now = entry & rights;
            long at = address + ((long) i << Caches.shift(level));
            if ((entry & (Caches.READ | Caches.WRITE)) == 0 || at >>> capability.guestAddressWidth() != 0) {
                continue;
            }
            boolean leaf = level == 1 || level <= 3 && SecondStage.PS.isSet(entry);
            if (dma.isReservedSecond(level, leaf, entry)) {
                pages.broken(at, table + i * 8L, "it has reserved bits set");
            } else if (leaf) {
                pages.page(at, entry & SecondStage.ADDRESS_SPACE & -1L << Caches.shift(level), 1L << Caches.shift(level), now);
            } else if (now != 0) {
                scanSecond(entry & SecondStage.ADDRESS_SPACE & ~0xFFFL, level - 1, at, now, pages);
            }
        }
    }

    private boolean isUsableAt(int index, long table, long address, Pages pages) {
        return index != 0 ? pages.wantsMore() : isUsable(table, address, pages);
    }

    private void scanFirst(long table, int level, int levels, long address, long rights, Pages pages) {
        for (int i = 0; isUsableAt(i, table, address, pages) && i < 512; i++) {
            long entry = memory.read(table + i * 8L);
            int unused = 64 - 12 - 9 * levels;
            long at = address + ((long) i << Caches.shift(level)) << unused >> unused;
            if ((entry & FirstStage.P) == 0) {
                continue;
            }
            long now = rights & (Caches.READ | entry & Caches.WRITE);
            boolean leaf = level == 1 || level <= 3 && SecondStage.PS.isSet(entry);
            if (dma.isReservedFirst(level, leaf, entry)) {
                pages.broken(at, table + i * 8L, "it has reserved bits set");
            } else if (leaf) {
                pages.page(at, entry & SecondStage.ADDRESS_SPACE & -1L << Caches.shift(level), 1L << Caches.shift(level), now);
            } else {
                scanFirst(entry & SecondStage.ADDRESS_SPACE & ~0xFFFL, level - 1, levels, at, now, pages);
            }
        }
    }
}
