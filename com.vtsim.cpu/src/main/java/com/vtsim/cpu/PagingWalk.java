package com.vtsim.cpu;

import com.vtsim.api.machine.MemorySpace;
import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.NestedPaging;
import com.vtsim.cpu.engine.Paging;
import com.vtsim.cpu.engine.SystemState;
import java.util.ArrayList;
import java.util.List;

/** The translation of a linear address, level by level, in words. No side effects. @sdm Paging */
final class PagingWalk {
    private static final long FRAME = (1L << Paging.PHYSICAL_BITS) - 1 & ~0xFFFL;
    private static final String RESTART = " restart";
    private static final String[] LEVELS = {"PTE", "PDE", "PDPTE", "PML4E", "PML5E"};

    private PagingWalk() { }

    static List<String> of(Cpu cpu, long linear) {
        List<String> lines = new ArrayList<>();
        SystemState system = cpu.system;
        if (!system.paging()) {
            lines.add(String.format("paging is off: physical %016x", linear & system.a20Mask));
            lines.addAll(cpu.vmx.secondDimension(linear));
            lines.add(cpu.memoryTypes.explain(linear));
            return lines;
        }
        boolean pae = (system.cr4 & SystemState.CR4_PAE) != 0;
        lines.add(String.format("cr3   %016x  %s", system.cr3, !pae ? "32-bit paging" : !system.longMode() ? "PAE paging"
            : (system.cr4 & SystemState.CR4_LA57) != 0 ? "5-level paging" : "4-level paging"));
        int level = !pae || !system.longMode() ? 1 : (system.cr4 & SystemState.CR4_LA57) != 0 ? 4 : 3;
        long table = pae ? system.cr3 & FRAME : system.cr3 & 0xFFFF_F000L;
        if (pae && !system.longMode()) {
            long pdpte = system.pdpte[(int) (linear >>> 30) & 3];
            lines.add(String.format("PDPTE register %d  %016x  %s", linear >>> 30 & 3, pdpte, (pdpte & 1) != 0 ? "present" : "not present"));
            if ((pdpte & 1) == 0) {
                return lines;
            }
            table = pdpte & FRAME;
        }
        long root = cpu.memory.paging().managedRoot(linear);
        boolean mapped;
        if (root == NestedPaging.ORDINARY) {
            mapped = levels(cpu, lines, linear, table, level, pae, false);
        } else {
            lines.add(String.format("hlatp %016x  HLAT paging", root));
            mapped = levels(cpu, lines, linear, root, level, true, true);
            if (mapped && lines.get(lines.size() - 1).endsWith(RESTART)) {
                lines.add(String.format("cr3   %016x  ordinary paging", system.cr3));
                mapped = levels(cpu, lines, linear, table, level, true, false);
            }
        }
        if (!mapped) {
            return lines;
        }
        long guestPhysical = cpu.memory.paging().peekGuestPhysical(linear);
        List<String> second = cpu.vmx.secondDimension(guestPhysical);
        if (!second.isEmpty()) {
            lines.add(String.format("guest-physical %016x", guestPhysical));
            lines.addAll(second);
        }
        lines.add(String.format("physical %016x", cpu.memory.paging().peek(linear)));
        lines.add(cpu.memoryTypes.explain(linear));
        return lines;
    }

    /** @return whether the walk ended at a page, or at an entry that restarts it */
    private static boolean levels(Cpu cpu, List<String> lines, long linear, long root, int top, boolean pae, boolean managed) {
        MemorySpace space = cpu.memory.space();
        long table = root;
        for (int level = top; level >= 0; level--) {
            long index = pae ? linear >>> 12 + 9 * level & 0x1FF : linear >>> 12 + 10 * level & 0x3FF;
            long address = table + index * (pae ? 8 : 4);
            lines.addAll(cpu.vmx.secondDimension(address));
            long host = cpu.memory.paging().hostPhysical(address);
            if (host == -1) {
                lines.add(String.format("%-5s %016x: not mapped by EPT", LEVELS[level], address));
                return false;
            }
            long entry = space.read(host, pae ? 8 : 4);
            boolean restart = managed && (entry & 0x801) == 0x801;
            lines.add(String.format("%-5s %016x: %016x  %s%s", LEVELS[level], address, entry, rights(entry, level), restart ? RESTART : ""));
            if ((entry & 1) == 0) {
                return false;
            }
            if (restart || level > 0 && (entry & 0x80) != 0) {
                return true;
            }
            table = pae ? entry & FRAME : entry & 0xFFFF_F000L;
        }
        return true;
    }

    private static String rights(long entry, int level) {
        if ((entry & 1) == 0) {
            return "not present";
        }
        return ((entry & 2) != 0 ? "writable" : "read-only") + ((entry & 4) != 0 ? " user" : " supervisor")
            + (entry < 0 ? " no-execute" : "") + ((entry & 0x20) != 0 ? " accessed" : "") + ((entry & 0x40) != 0 ? " dirty" : "")
            + (level > 0 && (entry & 0x80) != 0 ? " large page" : "") + ((entry & 0x100) != 0 ? " global" : "");
    }
}
