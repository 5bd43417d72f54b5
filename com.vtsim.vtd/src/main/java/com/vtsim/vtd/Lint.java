package com.vtsim.vtd;

import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.vtd.RemappingUnit.Finding;
import com.vtsim.api.vtd.RemappingUnit.Reserved;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Mistakes in what software and firmware have set up, found by looking at registers and tables as they are now. Changes nothing. */
final class Lint {
    private static final int MOST = 256;
    private static final int ENTRIES = 1 << 22;
    private static final int TABLES = 1 << 13;
    private static final int SPACES = 1 << 10;
    private static final long PAGE = ~0xFFFL;

    private final Scope scope;
    private final TableMemory memory;
    private final DmaRemapper dma;
    private final InterruptRemapper interrupts;
    private final DomainMap map;
    private final FaultLog log;
    private final List<Finding> found = new ArrayList<>();
    private int budget;

    Lint(Scope scope, TableMemory memory, DmaRemapper dma, InterruptRemapper interrupts, DomainMap map, FaultLog log) {
        this.scope = scope;
        this.memory = memory;
        this.dma = dma;
        this.interrupts = interrupts;
        this.map = map;
        this.log = log;
    }

    /** @return what was found, at most 256 */
    List<Finding> run() {
        found.clear();
        budget = ENTRIES;
        regions();
        if (dma.isEnabled()) {
            tables();
        }
        interrupts.lint(this::say);
        if (log.dropped() > 0) {
            say("fault log", log.dropped() + " faults were not recorded for want of a free record");
        }
        return List.copyOf(found);
    }

    private void say(String where, String what) {
        Finding finding = new Finding(where, what);
        if (found.size() < MOST && !found.contains(finding)) {
            found.add(finding);
        }
    }

    private void regions() {
        List<Reserved> regions = scope.reserved();
        for (int i = 0; i < regions.size(); i++) {
            Reserved a = regions.get(i);
            String name = String.format("reserved region %x-%x", a.base(), a.limit());
            if ((a.base() & ~PAGE) != 0 || (a.limit() & ~PAGE) != 0xFFF || a.limit() < a.base()) {
                say(name, "it is not a range of whole pages");
            }
            for (int j = 0; j < i; j++) {
                Reserved b = regions.get(j);
                if (a.base() <= b.limit() && b.base() <= a.limit()) {
                    say(name, String.format("it overlaps reserved region %x-%x", b.base(), b.limit()));
                }
            }
            if (dma.isEnabled()) {
                a.scope().forEach(function -> mapped(name, a, function));
            }
        }
    }

    /** A reserved region is to be mapped to itself for its functions for as long as remapping is on. */
    private void mapped(String name, Reserved region, PciAddress function) {
        for (long page = region.base() & PAGE; page <= region.limit() && budget-- > 0; page += 4096) {
            if (dma.walk(function.sourceId(), -1, page).hostPhysical() != page) {
                say(name, String.format("%s needs it mapped to itself, and page %x is not", function, page));
                return;
            }
        }
    }

    private void tables() {
        Map<DomainMap.Space, Set<Integer>> spaces = new LinkedHashMap<>();
        Map<DomainMap.Space, String> names = new LinkedHashMap<>();
        Map<Integer, Set<Long>> domains = new TreeMap<>();
        Set<Long> structures = new HashSet<>();
        structures.add(dma.rootTable() & PAGE);
        map.visit((source, out, pasid) -> {
            String who = PciAddress.of(source) + (pasid < 0 ? "" : String.format(" PASID %x", pasid));
            if (out.fault != null) {
                if (isMistake(out)) {
                    say(who, out.fault.words());
                }
                return;
            }
            if (dma.isScalable()) {
                structures.add(ScalableTables.directory(out.low));
            }
            if (!out.passThrough) {
                boolean first = out.stage == Outcome.FIRST;
                DomainMap.Space space = new DomainMap.Space(out.stage, first ? out.firstTable : out.table, first ? out.firstLevels : out.levels, "");
                spaces.computeIfAbsent(space, each -> new TreeSet<>()).add(out.domain);
                names.putIfAbsent(space, who);
                if (!first) {
                    domains.computeIfAbsent(out.domain, each -> new TreeSet<>()).add(out.table);
                }
            }
        });
        if (!map.isComplete()) {
            say("tables", "there are more than could be looked at");
        }
        spaces.forEach((space, ids) -> {
            if (ids.size() > 1) {
                say(String.format("tables at %x", space.table()), "they have domain ids " + ids + ": no cached translation is shared, each must be invalidated");
            }
        });
        domains.forEach((id, tables) -> {
            if (tables.size() > 1) {
                say("domain " + id, "the domain id stands for different tables: their cached translations mix");
            }
        });
        Structures all = new Structures(structures);
        spaces.keySet().stream().limit(SPACES).forEach(space -> map.scan(space, all));
        spaces.keySet().stream().limit(SPACES).forEach(space -> map.scan(space, new Contents(names.get(space), structures)));
    }

    /** An entry that is not present is none. */
    private static boolean isMistake(Outcome out) {
        return switch (out.fault) {
            case CONTEXT_NOT_PRESENT, SM_CONTEXT_NOT_PRESENT, PASID_NOT_PRESENT, DIRECTORY_NOT_PRESENT -> false;
            default -> true;
        };
    }

    /** Notes where tables are. */
    private final class Structures implements DomainMap.Pages {
        private final Set<Long> structures;
        private int tables;

        Structures(Set<Long> structures) {
            this.structures = structures;
        }

        @Override
        public void page(long address, long hostPhysical, long size, long rights) { }

        @Override
        public void table(long hostPhysical) {
            structures.add(hostPhysical);
            tables++;
        }

        @Override
        public boolean wantsMore() {
            return tables < TABLES;
        }
    }

    /** Looks at pages and at what cannot be used. */
    private final class Contents implements DomainMap.Pages {
        private final String who;
        private final Set<Long> structures;

        Contents(String who, Set<Long> structures) {
            this.who = who;
            this.structures = structures;
        }

        @Override
        public void page(long address, long hostPhysical, long size, long rights) {
            budget--;
            if (address <= 0xFEEF_FFFFL && address + size > 0xFEE0_0000L && address >= 0) {
                say(who, "it has DMA addresses in FEEx_xxxxh mapped: those are interrupts, and never translated");
            }
            if (hostPhysical <= 0xFEEF_FFFFL && hostPhysical + size > 0xFEE0_0000L) {
                say(who, String.format("%x leads into FEEx_xxxxh: such requests are blocked", address));
            }
            if ((rights & Caches.WRITE) != 0) {
                long structure = size == 4096 ? structures.contains(hostPhysical) ? hostPhysical : -1
                        : structures.stream().filter(each -> each >= hostPhysical && each < hostPhysical + size).findFirst().orElse(-1L);
                if (structure >= 0) {
                    say(who, String.format("it can write the unit's own tables: %x leads to the one at %x", address + structure - hostPhysical, structure));
                }
            }
        }

        @Override
        public boolean wantsMore() {
            return budget > 0 && found.size() < MOST;
        }

        @Override
        public void table(long hostPhysical) {
            budget -= 512;
        }

        @Override
        public void broken(long address, long entryAt, String why) {
            say(who, String.format("the paging entry or table at %x, for address %x: %s", entryAt, address, why));
        }
    }
}
