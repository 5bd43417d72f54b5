package com.vtsim.pci.bus;

import com.vtsim.api.machine.Board;
import com.vtsim.api.pci.AlternativeRouting;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost.Span;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * Which function is where. A configured address is a place: its bus is the one that a bridge is configured to have behind it. Which number that bus has
 * is the guest's to say, in the bridge's registers. Absent functions give all ones and take nothing.
 */
final class Topology {
    private static final int FUNCTIONS = 256;
    private static final int BUSES = 256;

    /** By configured bus, device and function. */
    private final PciFunction[][] places = new PciFunction[BUSES][];
    /** By the bus configured behind them. */
    private final Bridge[] bridges = new Bridge[BUSES];
    /** Bridges on a configured bus. */
    private final List<List<Bridge>> levels = new ArrayList<>(Collections.nCopies(BUSES, List.of()));
    private final List<String> mistakes = new ArrayList<>();

    /** Places the functions, and finds the bridges on the board. Of two at one address the first answers. */
    void scan(Board board, List<PciFunction> functions) {
        mistakes.clear();
        Arrays.fill(places, null);
        Arrays.fill(bridges, null);
        for (Bridge bridge : board.findAll(Bridge.class)) {
            if (bridges[bridge.behind()] != null) {
                mistakes.add(bridge.name() + " leads nowhere: bus " + bridge.behind() + " is behind " + bridges[bridge.behind()].name() + " already");
            } else {
                bridges[bridge.behind()] = bridge;
            }
        }
        functions.stream().sorted(Comparator.comparing(PciFunction::address)).forEach(this::place);
        levels.replaceAll(before -> List.of());
        for (int place = 0; place < BUSES; place++) {
            if (places[place] != null) {
                levels.set(place, on(place).stream().filter(Bridge.class::isInstance).map(Bridge.class::cast).toList());
            }
        }
    }

    private void place(PciFunction function) {
        PciAddress address = function.address();
        if (places[address.bus()] == null) {
            places[address.bus()] = new PciFunction[FUNCTIONS];
        }
        PciFunction[] bus = places[address.bus()];
        int devfn = address.sourceId() & 0xFF;
        Bridge above = bridges[address.bus()];
        if (bus[devfn] != null) {
            mistakes.add(function.name() + " is not reachable: " + bus[devfn].name() + " is at " + address + " already");
        } else if (address.bus() != 0 && above == null) {
            mistakes.add(function.name() + " is not reachable: no bridge has bus " + address.bus() + " behind it");
        } else if (above != null && above.kind().hasLink() && address.device() != 0 && !isAlternative(bus[0])) {
            mistakes.add(function.name() + " is not reachable: behind " + above.name() + " only device 0 is");
        } else {
            bus[devfn] = function;
        }
    }

    /** @return whether a function 0 says that its device has functions above 7 */
    private static boolean isAlternative(PciFunction first) {
        int at = first == null ? 0 : 0x100;
        for (int depth = 0; at >= 0x100 && depth < BUSES; depth++) {
            int header = first.configRead(at, 4);
            if ((header & 0xFFFF) == AlternativeRouting.ID) {
                return true;
            }
            at = header >>> 20;
        }
        return false;
    }

    /** @return who cannot be reached, and why */
    List<String> mistakes() {
        return mistakes;
    }

    /** @return the bridge a function is behind, or null on bus 0 */
    Bridge above(PciFunction function) {
        int bus = function.address().bus();
        return bus == 0 ? null : bridges[bus];
    }

    /** @return the bridge on bus 0 above a bridge, or itself */
    Bridge top(Bridge bridge) {
        Bridge top = bridge;
        for (int depth = 0; above(top) != null && depth < BUSES; depth++) {
            top = above(top);
        }
        return top;
    }

    /** @return the functions on a configured bus */
    List<PciFunction> on(int place) {
        List<PciFunction> functions = new ArrayList<>();
        if (places[place] != null) {
            for (PciFunction function : places[place]) {
                if (function != null) {
                    functions.add(function);
                }
            }
        }
        return functions;
    }

    /** @return name of the part in a bridge's slot, empty if there is none */
    String occupant(Bridge bridge) {
        List<PciFunction> there = bridge.kind().hasLink() ? on(bridge.behind()) : List.of();
        return there.isEmpty() ? "" : there.get(0).name();
    }

    /** @return everything behind a bridge, at any depth */
    List<PciFunction> below(Bridge bridge) {
        List<PciFunction> functions = new ArrayList<>();
        collect(bridge.behind(), functions, new boolean[BUSES]);
        return functions;
    }

    private void collect(int place, List<PciFunction> into, boolean[] seen) {
        if (seen[place]) {
            return;
        }
        seen[place] = true;
        for (PciFunction function : on(place)) {
            into.add(function);
            if (function instanceof Bridge bridge) {
                collect(bridge.behind(), into, seen);
            }
        }
    }

    /** @return number that the guest has given to a function's bus; 0 if it has given none */
    int bus(PciFunction function) {
        Bridge above = above(function);
        return above == null ? 0 : above.secondary();
    }

    /** @return bus as numbered by the guest, device and function; the configured place while its bus has no number */
    PciAddress address(PciFunction function) {
        PciAddress place = function.address();
        int bus = bus(function);
        return bus == 0 ? place : new PciAddress(bus, place.device(), place.function());
    }

    /** @return source-id of a function's requests. A bridge to conventional PCI asks in the name of those behind it: as device 0 of its secondary bus. */
    int sourceId(PciFunction function) {
        int id = bus(function) << 8 | function.address().sourceId() & 0xFF;
        int depth = 0;
        for (Bridge above = above(function); above != null && depth < BUSES; above = above(above), depth++) {
            if (above.kind() == BridgeKind.PCI) {
                id = above.secondary() << 8;
            }
        }
        return id;
    }

    /** @return whether requests of a function get to the root complex */
    boolean forwards(PciFunction function) {
        int depth = 0;
        for (Bridge above = above(function); above != null; above = above(above)) {
            if (!above.forwardsRequests() || ++depth > BUSES) {
                return false;
            }
        }
        return true;
    }

    /** @return whether the links above a function are up, whatever the power state of their ports */
    boolean linked(PciFunction function) {
        int depth = 0;
        for (Bridge above = above(function); above != null && depth < BUSES; above = above(above), depth++) {
            if (above.kind().hasLink() && !above.slot().isLinkUp()) {
                return false;
            }
        }
        return true;
    }

    /** @return whether the access control services of the bridges above let a request through; one that does not records the violation */
    boolean admits(PciFunction function, int sourceId, boolean translated) {
        int depth = 0;
        for (Bridge above = above(function); above != null && depth < BUSES; above = above(above), depth++) {
            if (!above.admits(sourceId, translated)) {
                return false;
            }
        }
        return true;
    }

    /** @return what of a range gets to a function, or null */
    Span reach(PciFunction function, boolean ports, Span span) {
        Span left = span;
        int depth = 0;
        for (Bridge above = above(function); above != null && left != null; above = above(above)) {
            left = ++depth > BUSES ? null : above.forwarded(ports, left);
        }
        return left;
    }

    /** @return device 31:2 on bus 0 and pin - 1 in 1:0 at which an interrupt pin of a function arrives there */
    int wire(PciFunction function, int pin) {
        int device = above(function) != null && above(function).kind().hasLink() ? 0 : function.address().device();
        int number = pin - 1;
        int depth = 0;
        for (Bridge above = above(function); above != null && depth < BUSES; above = above(above), depth++) {
            number = number + device & 3;
            device = above.address().device();
        }
        return device << 2 | number;
    }

    /** @param address as the guest has numbered the buses; @return null if there is none */
    PciFunction find(PciAddress address) {
        return at(address.sourceId());
    }

    /** @return the function that a configuration request reaches, or null */
    PciFunction at(int sourceId) {
        int bus = sourceId >> 8 & 0xFF;
        Bridge last = towards(bus);
        if (bus != (last == null ? 0 : last.secondary()) || last != null && !last.isLinkUp()) {
            return null;
        }
        PciFunction[] there = places[last == null ? 0 : last.behind()];
        boolean reached = last == null || !last.kind().hasLink() || (sourceId & 0xF8) == 0 || last.forwardsFunctions();
        return there == null || !reached ? null : there[sourceId & 0xFF];
    }

    /** @return the last bridge on the way of a configuration request for a bus, or null if it stays on bus 0 */
    Bridge towards(int bus) {
        Bridge last = null;
        for (int depth = 0; depth < BUSES && bus != (last == null ? 0 : last.secondary()); depth++) {
            Bridge next = next(last == null ? 0 : last.behind(), bus);
            if (next == null) {
                return last;
            }
            last = next;
        }
        return last;
    }

    /** @return the bridge on a configured bus that takes configuration requests for a bus further on, or null */
    private Bridge next(int place, int bus) {
        for (Bridge bridge : levels.get(place)) {
            if (bridge.leadsTo(bus)) {
                return bridge;
            }
        }
        return null;
    }

    /** @return the last bridge that forwards an access, or null if none does */
    Bridge taker(boolean ports, Span span) {
        Bridge last = null;
        for (int depth = 0; depth < BUSES; depth++) {
            Bridge next = null;
            for (Bridge bridge : levels.get(last == null ? 0 : last.behind())) {
                next = next == null && bridge.claims(ports, span) ? bridge : next;
            }
            if (next == null) {
                return last;
            }
            last = next;
        }
        return last;
    }

    /** @return every function, by its present address */
    List<PciFunction> functions() {
        List<PciFunction> functions = new ArrayList<>();
        for (int place = 0; place < BUSES; place++) {
            functions.addAll(on(place));
        }
        functions.sort(Comparator.comparing(this::address));
        return functions;
    }

    /** Numbers the buses as configured, as firmware that finds them so would. */
    void number() {
        for (Bridge bridge : bridges) {
            if (bridge != null) {
                int last = bridge.behind();
                for (PciFunction function : below(bridge)) {
                    last = function instanceof Bridge further ? Math.max(last, further.behind()) : last;
                }
                bridge.number(bridge.address().bus(), bridge.behind(), last);
            }
        }
    }
}
