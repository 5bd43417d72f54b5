package com.vtsim.vtd;

import com.vtsim.api.machine.Board;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.api.vtd.RemappingUnit;
import java.util.ArrayList;
import java.util.List;

/**
 * Which requesters a unit's scope has on the board. The scope names places; which number a bus has behind a bridge is the guest's to say. A bridge
 * stands for itself and everything behind it. Source: VT-d specification, Device Scope Structure.
 */
final class Members {
    private static final int HEADER_TYPE = 0x0E;
    private static final int HEADER_MASK = 0x7F;
    private static final int BRIDGE = 1;
    private static final int BUS_NUMBERS = 0x18;

    private final Scope scope;
    private PciHost host;
    /** By place in the scope; null where nobody is. */
    private List<PciFunction> functions = List.of();
    private List<RemappingUnit> others = List.of();

    Members(Scope scope) {
        this.scope = scope;
    }

    /** Looks up who is there. */
    void attach(Board board, RemappingUnit self) {
        host = board.find(PciHost.class).orElse(null);
        others = board.findAll(RemappingUnit.class).stream().filter(unit -> unit != self && !unit.announcement().includeAll()).toList();
        List<PciFunction> all = board.findAll(PciFunction.class);
        functions = new ArrayList<>();
        for (PciAddress place : scope.functions()) {
            functions.add(all.stream().filter(function -> function.address().equals(place)).findFirst().orElse(null));
        }
    }

    /** @return whether a requester is the unit's */
    boolean has(int sourceId) {
        return scope.isAll() ? others.stream().noneMatch(unit -> unit.owns(sourceId)) : names(sourceId);
    }

    private boolean names(int sourceId) {
        for (int i = 0; i < scope.functions().size(); i++) {
            PciFunction function = i < functions.size() ? functions.get(i) : null;
            PciAddress address = function == null || host == null ? scope.functions().get(i) : host.address(function);
            if (address.sourceId() == sourceId || function != null && isBehind(function, sourceId >> 8 & 0xFF)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isBehind(PciFunction function, int bus) {
        if ((function.configRead(HEADER_TYPE, 1) & HEADER_MASK) != BRIDGE) {
            return false;
        }
        int numbers = function.configRead(BUS_NUMBERS, 4);
        int secondary = numbers >> 8 & 0xFF;
        return secondary != 0 && bus >= secondary && bus <= (numbers >> 16 & 0xFF);
    }
}
