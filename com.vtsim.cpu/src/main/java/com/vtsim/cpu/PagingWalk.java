package com.vtsim.cpu;

import com.vtsim.api.machine.MemorySpace;
import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Paging;
import com.vtsim.cpu.engine.SystemState;
import java.util.ArrayList;
import java.util.List;

/** The translation of a linear address, level by level, in words. No side effects. @sdm Paging */
final class PagingWalk {
    private static final long FRAME = (1L << Paging.PHYSICAL_BITS) - 1 & ~0xFFFL;
    private static final String[] LEVELS = {"PTE", "PDE", "PDPTE", "PML4E", "PML5E"};

    private PagingWalk() { }

    static List<String> of(Cpu cpu, long linear) {
        List<String> lines = new ArrayList<>();
        SystemState system = cpu.system;
        if (!system.paging()) {
            lines.add(String.format("paging is off: physical %016x", linear & system.a20Mask));
            lines.addAll(cpu.vmx.secondDimension(linear));
            return lines;
        }
        boolean pae = (system.cr4 & SystemState.CR4_PAE) != 0;
        lines.add(String.format("cr3   %016x  %s", system.cr3, !pae ? "32-bit paging" : !system.longMode() ? "PAE paging"
            : (system.cr4 & SystemState.CR4_LA57) != 0 ? "5-level paging" : "4-level paging"));
        int level = !pae ? 1 : !system.longMode() ? 1 : (system.cr4 & SystemState.CR4_LA57) != 0 ? 4 : 3;
        long table = pae ? system.cr3 & FRAME : system.cr3 & 0xFFFF_F000L;
        if (pae && !system.longMode()) {
            long pdpte = system.pdpte[(int) (linear >>> 30) & 3];
            lines.add(String.format("PDPTE register %d  %016x  %s", linear >>> 30 & 3, pdpte, (pdpte & 1) != 0 ? "present" : "not present"));
            if ((pdpte & 1) == 0) {
                return lines;
            }
            table = pdpte & FRAME;
        }
        MemorySpace space = cpu.memory.space();
        for (; level >= 0; level--) {
            long index = pae ? linear >>> 12 + 9 * level & 0x1FF : linear >>> 12 + 10 * level & 0x3FF;
            long address = table + index * (pae ? 8 : 4);
            lines.addAll(cpu.vmx.secondDimension(address));
            long host = cpu.memory.paging().hostPhysical(address);
            if (host == -1) {
                lines.add(String.format("%-5s %016x: not mapped by EPT", LEVELS[level], address));
                return lines;
            }
            long entry = space.read(host, pae ? 8 : 4);
            lines.add(String.format("%-5s %016x: %016x  %s", LEVELS[level], address, entry, rights(entry, level)));
            if ((entry & 1) == 0) {
                return lines;
            }
            if (level > 0 && (entry & 0x80) != 0) {
                break;
            }
            table = pae ? entry & FRAME : entry & 0xFFFF_F000L;
        }
        long guestPhysical = cpu.memory.paging().peekGuestPhysical(linear);
        List<String> second = cpu.vmx.secondDimension(guestPhysical);
        if (!second.isEmpty()) {
            lines.add(String.format("guest-physical %016x", guestPhysical));
            lines.addAll(second);
        }
        lines.add(String.format("physical %016x", cpu.memory.paging().peek(linear)));
        return lines;
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
