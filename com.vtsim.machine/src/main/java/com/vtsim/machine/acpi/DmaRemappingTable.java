package com.vtsim.machine.acpi;

import com.vtsim.api.pci.ChipsetRequester;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.vtd.RemappingUnit.Announcement;
import com.vtsim.api.vtd.RemappingUnit.Reserved;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The DMA Remapping Reporting table, as the remapping units announce themselves. Source: VT-d specification, BIOS Considerations. */
final class DmaRemappingTable {
    private static final int DRHD = 0;
    private static final int RMRR = 1;
    private static final int ATSR = 2;
    private static final int RHSA = 3;
    private static final int SATC = 5;
    private static final int INCLUDE_PCI_ALL = 1;
    private static final int ALL_PORTS = 1;
    private static final int INTR_REMAP = 1;
    private static final int X2APIC_OPT_OUT = 2;
    private static final int ENDPOINT = 1;
    private static final int SUB_HIERARCHY = 2;
    private static final int IO_APIC = 3;
    private static final int EVENT_TIMER = 4;

    private DmaRemappingTable() { }

    /** @return the table without its header; empty if there is no unit */
    static byte[] of(Wired machine) {
        List<Announcement> units = machine.units();
        if (units.isEmpty()) {
            return new byte[0];
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int width = units.stream().mapToInt(Announcement::hostAddressWidth).max().orElseThrow();
        boolean remaps = units.stream().allMatch(Announcement::interruptRemapping);
        boolean optOut = units.stream().anyMatch(Announcement::x2apicOptOut);
        out.writeBytes(buffer(12).put((byte) (width - 1)).put((byte) (remaps ? INTR_REMAP | (optOut ? X2APIC_OPT_OUT : 0) : 0)).array());
        units.forEach(unit -> structure(out, DRHD, buffer(12).put((byte) (unit.includeAll() ? INCLUDE_PCI_ALL : 0)).putLong(4, unit.base()), scopes(machine, unit)));
        reserved(units).forEach(region -> structure(out, RMRR, buffer(20).putLong(4, region.base()).putLong(12, region.limit()), functions(machine, region.scope())));
        ports(out, machine.functions());
        units.stream().filter(unit -> unit.proximity() >= 0).forEach(unit ->
            structure(out, RHSA, buffer(16).putLong(4, unit.base()).putInt(12, unit.proximity()), new byte[0]));
        if (!machine.functions().integrated().isEmpty()) {
            structure(out, SATC, buffer(4), ways(machine.functions().integrated()));
        }
        return out.toByteArray();
    }

    /** Where translation requests may come from: through every root port, or through those that are named. None for functions of the root complex itself. */
    private static void ports(ByteArrayOutputStream out, RemappingScopes functions) {
        if (functions.isEveryPort()) {
            structure(out, ATSR, buffer(4).put((byte) ALL_PORTS), new byte[0]);
        } else if (!functions.ports().isEmpty()) {
            structure(out, ATSR, buffer(4), ways(functions.ports()));
        }
    }

    private static ByteBuffer buffer(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void structure(ByteArrayOutputStream out, int type, ByteBuffer fields, byte[] scopes) {
        out.writeBytes(buffer(4).putShort((short) type).putShort((short) (4 + fields.capacity() + scopes.length)).array());
        out.writeBytes(fields.array());
        out.writeBytes(scopes);
    }

    /** Each region once, with the functions of all units that need it. */
    private static Collection<Reserved> reserved(List<Announcement> units) {
        Map<List<Long>, Reserved> regions = new LinkedHashMap<>();
        for (Announcement unit : units) {
            for (Reserved each : unit.reserved()) {
                regions.merge(List.of(each.base(), each.limit()), each, (a, b) -> {
                    List<PciAddress> all = new ArrayList<>(a.scope());
                    all.addAll(b.scope());
                    return new Reserved(a.base(), a.limit(), all);
                });
            }
        }
        return regions.values();
    }

    /** The chipset's own requesters are named even where a unit has all devices: the system looks here for their source-ids. */
    private static byte[] scopes(Wired machine, Announcement unit) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(functions(machine, unit.includeAll() ? List.of() : unit.scope()));
        if (machine.apic() && unit.equals(machine.ioApicUnit())) {
            chipset(out, IO_APIC, machine.ioApic());
        }
        if (machine.hpet() && unit.equals(machine.hpetUnit())) {
            chipset(out, EVENT_TIMER, ChipsetRequester.EVENT_TIMER);
        }
        return out.toByteArray();
    }

    private static void chipset(ByteArrayOutputStream out, int type, int sourceId) {
        scope(out, type, 0, sourceId >> 8, List.of(PciAddress.of(sourceId)));
    }

    private static byte[] functions(Wired machine, List<PciAddress> places) {
        return ways(places.stream().map(machine.functions()::way).toList());
    }

    private static byte[] ways(List<RemappingScopes.Way> ways) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ways.forEach(way -> scope(out, way.bridge() ? SUB_HIERARCHY : ENDPOINT, 0, way.bus(), way.hops()));
        return out.toByteArray();
    }

    /**
     * @param number of the I/O APIC or event timer
     * @param bus    where the way begins
     * @param hops   device and function on each bus
     */
    private static void scope(ByteArrayOutputStream out, int type, int number, int bus, List<PciAddress> hops) {
        out.writeBytes(new byte[] {(byte) type, (byte) (6 + 2 * hops.size()), 0, 0, (byte) number, (byte) bus});
        hops.forEach(hop -> out.writeBytes(new byte[] {(byte) hop.device(), (byte) hop.function()}));
    }
}
