package com.vtsim.machine.acpi;

import com.vtsim.api.irq.InterruptController;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.pci.ChipsetRequester;
import com.vtsim.api.pci.InterruptRouter;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.api.vtd.RemappingUnit;
import java.util.Comparator;
import java.util.List;

/**
 * What of a machine its tables tell.
 *
 * @param processors APIC IDs of the processors
 * @param apic       whether there are APICs
 * @param hpet       whether there is an event timer
 * @param pmBase     port of the power management block, 0 if there is none
 * @param ecamBase   where configuration space lies in memory, 0 if it does not
 * @param ecamBuses  buses there
 * @param lowRam     end of RAM below 4 GiB
 * @param pirq       by device and pin (4 each): the PIRQ, or -1
 * @param lines      by PIRQ: the line of the 8259A pair it is routed to, or -1
 * @param parts      names of the parts
 * @param units      remapping units whose registers are mapped, the one with the rest of the devices last
 * @param hpetUnit   the unit that remaps the event timer's interrupts, or null
 * @param ioApicUnit the unit that remaps the I/O APIC's interrupts, or null
 * @param ioApic     source-id of the I/O APIC
 * @param functions  where the PCI functions are
 * @param high       what of them lies above 4 GiB
 */
record Wired(int[] processors, boolean apic, boolean hpet, int pmBase, long ecamBase, int ecamBuses, long lowRam, int[] pirq, int[] lines, List<String> parts,
        List<RemappingUnit.Announcement> units, RemappingUnit.Announcement hpetUnit, RemappingUnit.Announcement ioApicUnit, int ioApic,
        RemappingScopes functions, HighWindow high) {
    private static final int DEVICES = 32;
    private static final int PIRQS = 8;
    /** Where firmware for this chipset puts what it has not placed yet. */
    private static final int PM_BASE = 0x600;

    static Wired of(AcpiTables.Finder board, MemorySpace memory) {
        List<Processor> cpus = board.findAll(Processor.class);
        boolean apic = board.findAll(InterruptController.class).stream().anyMatch(c -> c.localApic(0) != null);
        List<InterruptRouter> routers = board.findAll(InterruptRouter.class);
        InterruptRouter router = routers.isEmpty() ? null : routers.get(0);
        int[] pirq = new int[4 * DEVICES];
        int[] lines = new int[PIRQS];
        for (int i = 0; i < pirq.length; i++) {
            pirq[i] = router == null ? -1 : router.pirq(i / 4, i % 4 + 1);
        }
        for (int i = 0; i < PIRQS; i++) {
            lines[i] = router == null ? -1 : router.line(i);
        }
        long low = 0;
        for (MemorySpace.Region region : memory.regions()) {
            if (region.kind().equals("ram") && region.owner().equals("board") && region.base() < 1L << 32) {
                low = Math.max(low, region.base() + region.length());
            }
        }
        List<Part> parts = board.findAll(Part.class);
        long ecam = configuration(board, new PciAddress(0, 0, 0), 0x60);
        int length = (int) ecam >> 1 & 3;
        boolean mapped = (ecam & 1) != 0 && length < 3;
        return new Wired(cpus.stream().mapToInt(Processor::index).sorted().toArray(), apic, parts.stream().anyMatch(p -> p.model().equals("hpet")),
            powerBase(board), mapped ? ecam & 0xF000_0000L : 0, 256 >> length, low, pirq, lines, parts.stream().map(Part::name).toList(),
            units(board), unitOf(board, ChipsetRequester.EVENT_TIMER), unitOf(board, ioApic(board)), ioApic(board), RemappingScopes.of(board),
            HighWindow.of(board.findAll(PciHost.class).stream().flatMap(host -> host.functions().stream()).toList(), ramEnd(memory)));
    }

    private static long ramEnd(MemorySpace memory) {
        return memory.regions().stream().filter(region -> region.kind().equals("ram") && region.owner().equals("board"))
            .mapToLong(region -> region.base() + region.length()).max().orElse(0);
    }

    private static int ioApic(AcpiTables.Finder board) {
        return ChipsetRequester.ioApic(board.findAll(PciHost.class).stream().findFirst());
    }

    private static List<RemappingUnit.Announcement> units(AcpiTables.Finder board) {
        return board.findAll(RemappingUnit.class).stream().map(RemappingUnit::announcement).filter(unit -> unit.base() >= 0)
            .sorted(Comparator.comparing(RemappingUnit.Announcement::includeAll)).toList();
    }

    private static RemappingUnit.Announcement unitOf(AcpiTables.Finder board, int sourceId) {
        return board.findAll(RemappingUnit.class).stream().filter(unit -> unit.owns(sourceId)).map(RemappingUnit::announcement).findFirst().orElse(null);
    }

    private static int powerBase(AcpiTables.Finder board) {
        long base = configuration(board, new PciAddress(0, 0x1F, 0), 0x40);
        return base == 0xFFFF_FFFFL ? 0 : (base & 0xFF80) != 0 ? (int) base & 0xFF80 : PM_BASE;
    }

    private static long configuration(AcpiTables.Finder board, PciAddress address, int offset) {
        for (PciHost host : board.findAll(PciHost.class)) {
            for (PciFunction function : host.functions()) {
                if (function.address().equals(address)) {
                    return function.configRead(offset, 4) & 0xFFFF_FFFFL;
                }
            }
        }
        return 0;
    }
}
