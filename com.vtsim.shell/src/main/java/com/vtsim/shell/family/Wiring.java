package com.vtsim.shell.family;

import com.vtsim.api.irq.InterruptController;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.PortSpace;
import com.vtsim.shell.draw.Drawing;
import com.vtsim.shell.draw.Tree;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Draws what a machine is made of as a tree: parts with what they answer to, memory, interrupt lines, complaints. */
final class Wiring {
    /** Owner of the machine's RAM: {@link MemorySpace.Region#owner}. */
    private static final String BOARD = "board";

    private final Machine machine;
    private final List<MemorySpace.Region> regions;
    private final List<PortSpace.Range> ports;

    private Wiring(Machine machine) {
        this.machine = machine;
        regions = machine.memory().regions();
        ports = machine.ports().ranges();
    }

    static Tree of(Machine machine) {
        return machine.call(() -> new Wiring(machine).draw());
    }

    private Tree draw() {
        Machine.Status status = machine.status();
        Tree tree = new Tree(machine.name(), String.format(Locale.ROOT, "%s; %,d instructions, %s", MachineSummary.state(status), status.instructions(),
                Drawing.duration(Duration.ofNanos(status.time()))));
        machine.parts().forEach(part -> part(tree, part));
        Tree memory = tree.add("memory", Drawing.bytes(machine.memory().ramSize()) + " of RAM");
        regions.forEach(region -> memory.add(range(region.base(), region.length(), 8), region.kind() + " " + Drawing.bytes(region.length())
                + (region.owner().isEmpty() || region.owner().equals(BOARD) ? "" : "  " + region.owner())));
        lines(tree);
        if (!status.reports().isEmpty()) {
            Tree reports = tree.add("reports", "");
            status.reports().forEach(report -> reports.add(report, ""));
        }
        return tree;
    }

    private void part(Tree tree, Machine.PartInfo part) {
        if (!part.present()) {
            tree.add(part.name(), "absent: " + part.pid() + (part.carried().isEmpty() ? "" : " (" + part.carried() + ")"));
            return;
        }
        boolean plain = part.carried().isEmpty() || part.carried().equals("new");
        Tree branch = tree.add(part.name(), part.model() + "  " + part.bundle() + (plain ? "" : "  took over: " + part.carried()));
        String owned = ports.stream().filter(range -> range.owner().equals(part.name())).map(range -> range(range.base(), range.length(), 4)).collect(Collectors.joining(", "));
        if (!owned.isEmpty()) {
            branch.add("ports", owned);
        }
        String windows = regions.stream().filter(region -> region.owner().equals(part.name()))
                .map(region -> range(region.base(), region.length(), 8)).collect(Collectors.joining(", "));
        if (!windows.isEmpty()) {
            branch.add("memory", windows);
        }
    }

    private void lines(Tree tree) {
        List<String> high = new ArrayList<>();
        for (int line = 0; line < Lines.COUNT; line++) {
            if (machine.lines().level(line)) {
                high.add(Integer.toString(line));
            }
        }
        Tree lines = tree.add("lines", high.isEmpty() ? "all low" : "high: " + String.join(", ", high));
        machine.find(InterruptController.class).ifPresent(controller -> controller.inputs().stream()
                .filter(input -> input.vector() >= 0 && !input.masked() || input.asserted() || input.requested() || input.inService())
                .forEach(input -> lines.add(Integer.toString(input.line()), (input.vector() < 0 ? "no vector" : String.format("vector %02xh", input.vector()))
                        + (input.level() ? ", level" : ", edge") + flag(input.asserted(), "high") + flag(input.masked(), "masked")
                        + flag(input.requested(), "requested") + flag(input.inService(), "in service"))));
    }

    private static String flag(boolean set, String text) {
        return set ? ", " + text : "";
    }

    private static String range(long base, long length, int digits) {
        String first = Drawing.hexadecimal(base, digits);
        return length == 1 ? first : first + "-" + Drawing.hexadecimal(base + length - 1, digits);
    }
}
