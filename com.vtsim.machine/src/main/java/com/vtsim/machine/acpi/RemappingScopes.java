package com.vtsim.machine.acpi;

import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.api.vtd.RemappingUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * PCI functions as the DMA Remapping Reporting table names them: by the way from the root bus, which stays the same however the guest numbers the buses behind
 * bridges. Source: VT-d specification, Device Scope Structure; PCI Express Base Specification, PCI Express Capabilities Register; ATS Extended Capability Header.
 */
final class RemappingScopes {
    private static final int HEADER_TYPE = 0x0E;
    private static final int HEADER_MASK = 0x7F;
    private static final int BRIDGE = 1;
    private static final int POINTER = 0x34;
    private static final int EXPRESS = 0x10;
    private static final int ROOT_PORT = 4;
    private static final int EXTENDED = 0x100;
    private static final int ADDRESS_TRANSLATION = 0x0F;
    /** More structures than fit are a loop. */
    private static final int MOST = 1024;

    private final Map<PciAddress, Way> ways = new HashMap<>();
    private final List<Way> ports = new ArrayList<>();
    private final List<Way> integrated = new ArrayList<>();
    private final Set<Way> caching = new HashSet<>();

    /**
     * The way to a function.
     *
     * @param bus    where it begins
     * @param hops   device and function on each bus, the function's own last
     * @param bridge whether it leads to a bridge, and so to all behind it
     */
    record Way(int bus, List<PciAddress> hops, boolean bridge) { }

    static RemappingScopes of(AcpiTables.Finder board) {
        RemappingScopes scopes = new RemappingScopes();
        List<RemappingUnit> units = board.findAll(RemappingUnit.class);
        for (PciHost host : board.findAll(PciHost.class)) {
            host.functions().forEach(function -> scopes.add(host, function, units));
        }
        return scopes;
    }

    private void add(PciHost host, PciFunction function, List<RemappingUnit> units) {
        boolean bridge = (function.configRead(HEADER_TYPE, 1) & HEADER_MASK) == BRIDGE;
        List<PciAddress> hops = new ArrayList<>();
        for (PciFunction at = function; at != null && hops.size() < MOST; at = host.bridge(at).orElse(null)) {
            hops.add(0, at.address());
        }
        Way way = new Way(hops.get(0).bus(), List.copyOf(hops), bridge);
        ways.put(function.address(), way);
        boolean answered = units.stream().anyMatch(unit -> unit.owns(host.address(function).sourceId()) && unit.announcement().deviceTlbs());
        if (bridge && hops.size() == 1 && portType(function) == ROOT_PORT) {
            ports.add(way);
            if (answered) {
                caching.add(way);
            }
        } else if (!bridge && hops.size() == 1 && answered && translates(function)) {
            integrated.add(way);
        }
    }

    private static int portType(PciFunction function) {
        int at = function.configRead(POINTER, 1) & 0xFC;
        for (int i = 0; at != 0 && i < MOST; i++) {
            int header = function.configRead(at, 4);
            if ((header & 0xFF) == EXPRESS) {
                return header >> 20 & 0xF;
            }
            at = header >> 8 & 0xFC;
        }
        return -1;
    }

    private static boolean translates(PciFunction function) {
        int at = EXTENDED;
        for (int i = 0; at != 0 && i < MOST; i++) {
            int header = function.configRead(at, 4);
            if ((header & 0xFFFF) == ADDRESS_TRANSLATION) {
                return true;
            }
            at = header >>> 20 & 0xFFC;
        }
        return false;
    }

    /** @return the way to what is configured at a place; straight to it if nobody is there */
    Way way(PciAddress place) {
        return ways.getOrDefault(place, new Way(place.bus(), List.of(place), false));
    }

    /** @return root ports whose unit answers translation requests */
    List<Way> ports() {
        return ports.stream().filter(caching::contains).toList();
    }

    /** @return whether all root ports are among {@link #ports}, and there is one */
    boolean isEveryPort() {
        return !ports.isEmpty() && caching.containsAll(ports);
    }

    /** @return functions within the root complex that keep translations, and whose unit answers translation requests */
    List<Way> integrated() {
        return integrated;
    }
}
