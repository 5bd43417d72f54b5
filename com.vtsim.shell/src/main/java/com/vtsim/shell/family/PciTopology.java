package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.api.pci.PciSlot;
import com.vtsim.shell.draw.Drawing;
import com.vtsim.shell.draw.Tree;
import java.util.List;

/** Draws the buses of a machine as a tree. On its thread. */
final class PciTopology {
    private static final int SBUS = 0x19;
    private static final int SUBBUS = 0x1A;
    private static final int HTYPE = 0x0E;

    private final PciHost host;
    private final List<PciFunction> functions;
    private final List<MemorySpace.Region> regions;

    private PciTopology(Machine machine, PciHost host) {
        this.host = host;
        functions = host.functions();
        regions = machine.memory().regions();
    }

    static Tree of(Machine machine, PciHost host) {
        PciTopology topology = new PciTopology(machine, host);
        Tree root = new Tree(machine.name(), "bus 00");
        topology.hang(root, null);
        return root;
    }

    private void hang(Tree on, PciFunction bridge) {
        for (PciFunction function : functions) {
            if (host.bridge(function).orElse(null) == bridge) {
                Tree branch = on.add(host.address(function).toString(), "%04x:%04x  %s  %s%s".formatted(function.configRead(0, 2) & 0xFFFF, function.configRead(2, 2) & 0xFFFF,
                        PciCommands.type(function), function.name(), state(function)));
                if (isBridge(function)) {
                    bridge(branch, function);
                    hang(branch, function);
                } else {
                    bases(branch, function);
                }
                String messages = ConfigDecoder.messages(function);
                if (!messages.isEmpty()) {
                    branch.add("interrupts", messages);
                }
            }
        }
    }

    static boolean isBridge(PciFunction function) {
        return (function.configRead(HTYPE, 1) & 0x7F) == 1;
    }

    private static String state(PciFunction function) {
        int command = function.configRead(0x04, 2);
        StringBuilder text = new StringBuilder();
        text.append((command & 1) != 0 ? ", ports" : "").append((command & 2) != 0 ? ", memory" : "").append((command & 4) != 0 ? ", master" : "");
        return text.isEmpty() ? "  (disabled)" : "  (" + text.substring(2) + ")";
    }

    private static void bridge(Tree branch, PciFunction function) {
        int secondary = function.configRead(SBUS, 1) & 0xFF;
        branch.add("bus", secondary == 0 ? "not numbered" : "%02x to %02x".formatted(secondary, function.configRead(SUBBUS, 1) & 0xFF));
        branch.add("windows", ConfigDecoder.windows(function));
        if (function instanceof PciSlot slot && slot.number() != 0) {
            String indicators = slot.indicators();
            branch.add("slot " + slot.number(), slot.occupant().map(name -> name + " is in it").orElse("empty") + (slot.isPowered() ? "" : ", no power")
                    + (slot.isLinkUp() ? ", link up" : ", link down") + (indicators.isEmpty() ? "" : "; indicators: " + indicators));
        }
    }

    private void bases(Tree branch, PciFunction function) {
        for (int index = 0; index < 6; index++) {
            long low = function.configRead(0x10 + 4 * index, 4) & 0xFFFF_FFFFL;
            boolean wide = (low & 7) == 4;
            long high = wide && index < 5 ? function.configRead(0x14 + 4 * index, 4) & 0xFFFF_FFFFL : 0;
            if (low != 0 || high != 0) {
                boolean ports = (low & 1) != 0;
                long base = (ports ? low & ~3L : low & ~0xFL) | high << 32;
                branch.add("BAR " + index, ports ? "ports " + Drawing.hexadecimal(base, 4)
                        : "memory " + Drawing.hexadecimal(base, 8) + (wide ? ", 64 bits" : "") + ((low & 8) != 0 ? ", prefetchable" : "") + mapped(base));
            }
            index += wide ? 1 : 0;
        }
    }

    private String mapped(long base) {
        boolean there = regions.stream().anyMatch(region -> base >= region.base() && base < region.base() + region.length() && region.kind().equals("device"));
        return there ? "" : ", not mapped";
    }
}
