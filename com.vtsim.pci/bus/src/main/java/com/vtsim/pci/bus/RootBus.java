package com.vtsim.pci.bus;

import com.vtsim.api.machine.Board;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Who answers to which configuration address. Absent functions give all ones and take nothing. */
final class RootBus {
    private static final int FUNCTIONS = 256;

    private final PciFunction[][] buses = new PciFunction[256][];

    /** Finds the functions on the board. Of two at one address the first by name answers. */
    void scan(Board board) {
        java.util.Arrays.fill(buses, null);
        for (PciFunction function : board.findAll(PciFunction.class)) {
            PciAddress address = function.address();
            if (buses[address.bus()] == null) {
                buses[address.bus()] = new PciFunction[FUNCTIONS];
            }
            PciFunction[] bus = buses[address.bus()];
            int devfn = address.sourceId() & 0xFF;
            if (bus[devfn] != null) {
                board.report(function.name() + " is not reachable: " + bus[devfn].name() + " is at " + address + " already");
            } else {
                bus[devfn] = function;
            }
        }
    }

    /** @param sourceId bus 15:8, device 7:3, function 2:0; @return null if there is none */
    PciFunction at(int sourceId) {
        PciFunction[] bus = buses[sourceId >> 8 & 0xFF];
        return bus == null ? null : bus[sourceId & 0xFF];
    }

    Optional<PciFunction> at(PciAddress address) {
        return Optional.ofNullable(at(address.sourceId()));
    }

    List<PciFunction> functions() {
        List<PciFunction> functions = new ArrayList<>();
        for (int sourceId = 0; sourceId < 0x1_0000; sourceId++) {
            PciFunction function = at(sourceId);
            if (function != null) {
                functions.add(function);
            }
        }
        return functions;
    }

    /** A configuration read of 1, 2 or 4 bytes, aligned. */
    int read(int sourceId, int offset, int size) {
        PciFunction function = at(sourceId);
        return function == null ? -1 >>> 32 - 8 * size : function.configRead(offset, size);
    }

    /** A configuration write of 1, 2 or 4 bytes, aligned. */
    void write(int sourceId, int offset, int size, int value) {
        PciFunction function = at(sourceId);
        if (function != null) {
            function.configWrite(offset, size, value);
        }
    }
}
