package com.vtsim.cpu;

import com.vtsim.api.cpu.LogicalProcessor.TypeFinding;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.MemoryTypes;
import com.vtsim.cpu.engine.Paging;
import com.vtsim.cpu.engine.SystemState;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What looks wrong about the memory types of the current address space: RAM that is not cached, registers of devices that are, and one page
 * under two types.
 *
 * @sdm Memory Cache Control: Programming the PAT (aliases of different types)
 */
final class TypeLint {
    private static final long FRAME = (1L << Paging.PHYSICAL_BITS) - 1 & ~0xFFFL;
    private static final int PAGE = 4096, LARGE = 1 << 21;
    /** Pieces of mappings that are looked at, and findings of one kind. */
    private static final int MOST_PIECES = 1 << 21, MOST_FINDINGS = 30;

    /** Pages side by side in linear and in physical memory, of one type and one kind of memory. */
    private record Run(long linear, long physical, long length, int type, String kind) { }

    private final Cpu cpu;
    private final MemorySpace space;
    private final List<MemorySpace.Region> regions;
    private final List<Run> runs = new ArrayList<>();
    private Run last;
    private int pieces;

    private TypeLint(Cpu cpu) {
        this.cpu = cpu;
        space = cpu.memory.space();
        regions = space.regions();
    }

    static List<TypeFinding> of(Cpu cpu) {
        TypeLint lint = new TypeLint(cpu);
        SystemState system = cpu.system;
        boolean pae = (system.cr4 & SystemState.CR4_PAE) != 0;
        if (!system.paging()) {
            lint.mapping(0, 0, 1L << 32, -1);
        } else if (!pae) {
            lint.narrow(system.cr3 & 0xFFFF_F000L);
        } else if (!system.longMode()) {
            for (int i = 0; i < 4; i++) {
                if ((system.pdpte[i] & 1) != 0) {
                    lint.table(system.pdpte[i] & FRAME, 1, (long) i << 30);
                }
            }
        } else {
            lint.table(system.cr3 & FRAME, (system.cr4 & SystemState.CR4_LA57) != 0 ? 4 : 3, 0);
        }
        return lint.findings();
    }

    // What is mapped

    private void table(long table, int level, long linear) {
        for (int i = 0; i < 512 && pieces < MOST_PIECES; i++) {
            long entry = entry(table + 8 * i, 8);
            long at = linear | (long) i << 12 + 9 * level;
            if (level >= 3 && i >= 256 && linear == 0) {
                at |= -1L << 21 + 9 * level;
            }
            boolean page = level == 0 || level <= 2 && (entry & 0x80) != 0;
            if ((entry & 1) != 0 && page) {
                long size = 1L << 12 + 9 * level;
                mapping(at, entry & FRAME & -size, size, index(entry, level > 0));
            } else if ((entry & 1) != 0) {
                table(entry & FRAME, level - 1, at);
            }
        }
    }

    private void narrow(long directory) {
        for (int i = 0; i < 1024; i++) {
            long pde = entry(directory + 4 * i, 4);
            long at = (long) i << 22;
            if ((pde & 0x81) == 0x81 && (cpu.system.cr4 & SystemState.CR4_PSE) != 0) {
                mapping(at, pde & 0xFFC0_0000L | (pde >>> 13 & 0xFF) << 32, 1 << 22, index(pde, true));
            } else if ((pde & 1) != 0) {
                for (int k = 0; k < 1024; k++) {
                    long pte = entry((pde & 0xFFFF_F000L) + 4 * k, 4);
                    if ((pte & 1) != 0) {
                        mapping(at | (long) k << 12, pte & 0xFFFF_F000L, PAGE, index(pte, false));
                    }
                }
            }
        }
    }

    private long entry(long address, int size) {
        long host = cpu.memory.paging().hostPhysical(address);
        return host == -1 ? 0 : space.read(host, size);
    }

    private static int index(long entry, boolean large) {
        return (int) (entry >> 3 & 3 | (large ? entry >> 10 & 4 : entry >> 5 & 4));
    }

    private void mapping(long linear, long guestPhysical, long length, int index) {
        boolean nested = cpu.memory.paging().isNested();
        for (long done = 0; done < length && pieces < MOST_PIECES; pieces++) {
            long at = guestPhysical + done;
            // Range registers have finer ranges in the first megabyte only; EPT may have them anywhere.
            long step = nested || at < LARGE ? PAGE : Math.min(LARGE - (at & LARGE - 1), length - done);
            long host = cpu.memory.paging().hostPhysical(at);
            MemorySpace.Region region = host == -1 ? null : region(host);
            if (region != null) {
                step = Math.min(step, region.base() + region.length() - host);
                if (!region.kind().equals("hole")) {
                    add(new Run(linear + done, host, step, cpu.memoryTypes.of(at, index), region.kind()));
                }
            }
            done += step;
        }
    }

    private MemorySpace.Region region(long host) {
        for (MemorySpace.Region region : regions) {
            if (host >= region.base() && host - region.base() < region.length()) {
                return region;
            }
        }
        return null;
    }

    private void add(Run next) {
        boolean goesOn = last != null && last.linear + last.length == next.linear && last.physical + last.length == next.physical
            && last.type == next.type && last.kind.equals(next.kind);
        if (goesOn) {
            last = new Run(last.linear, last.physical, last.length + next.length, last.type, last.kind);
            runs.set(runs.size() - 1, last);
        } else {
            last = next;
            runs.add(next);
        }
    }

    // What is wrong with it

    private List<TypeFinding> findings() {
        List<TypeFinding> found = new ArrayList<>();
        for (Run run : runs) {
            boolean ram = run.kind.equals("ram");
            boolean cached = run.type == MemoryTypes.WB || run.type == MemoryTypes.WT || run.type == MemoryTypes.WP;
            if (found.size() < MOST_FINDINGS && (ram ? !cached : run.kind.equals("device") && cached)) {
                found.add(new TypeFinding(ram ? "RAM is not cached" : "registers of a device are cached", run.linear, run.physical, run.length,
                    MemoryTypes.name(run.type), cpu.memoryTypes.explain(run.linear)));
            }
        }
        aliases(found);
        return found;
    }

    private void aliases(List<TypeFinding> found) {
        int most = found.size() + MOST_FINDINGS;
        List<Run> sorted = new ArrayList<>(runs);
        sorted.sort(Comparator.comparingLong(Run::physical));
        List<Run> open = new ArrayList<>();
        for (Run run : sorted) {
            open.removeIf(each -> each.physical + each.length <= run.physical);
            for (Run other : open) {
                if (other.type != run.type && found.size() < most) {
                    long end = Math.min(other.physical + other.length, run.physical + run.length);
                    long there = other.linear + run.physical - other.physical;
                    found.add(new TypeFinding("two types for one page", run.linear, run.physical, end - run.physical,
                        MemoryTypes.name(run.type) + " and " + MemoryTypes.name(other.type), String.format("also at %016x", there)));
                }
            }
            open.add(run);
        }
    }
}
