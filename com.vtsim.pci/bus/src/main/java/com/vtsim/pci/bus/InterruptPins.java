package com.vtsim.pci.bus;

import com.vtsim.api.pci.InterruptRouter;
import com.vtsim.api.pci.PciFunction;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.Map;

/** The INTx pins that functions drive, and the wires of bus 0 on which they arrive: shared by the functions of a device, and by what is behind a bridge. */
final class InterruptPins {
    private static final int PINS = 4;
    private static final int WIRES = 32 * PINS;

    private final Topology topology;
    private final Map<PciFunction, Integer> asserted = new IdentityHashMap<>();
    private InterruptRouter router;

    InterruptPins(Topology topology) {
        this.topology = topology;
    }

    /** States every wire anew. @param present functions on the board; what others drove is gone */
    void attach(InterruptRouter newRouter, Collection<PciFunction> present) {
        router = newRouter;
        asserted.keySet().removeIf(function -> present.stream().noneMatch(each -> each == function));
        boolean[] high = new boolean[WIRES];
        asserted.forEach((function, pins) -> {
            for (int pin = 1; pin <= PINS; pin++) {
                if ((pins & 1 << pin) != 0) {
                    high[topology.wire(function, pin)] = true;
                }
            }
        });
        for (int wire = 0; router != null && wire < WIRES; wire++) {
            router.wire(wire >> 2, (wire & 3) + 1, high[wire]);
        }
    }

    /** @param pin 1 (INTA) to 4 (INTD) */
    void drive(PciFunction function, int pin, boolean assertion) {
        int before = asserted.getOrDefault(function, 0);
        int now = assertion ? before | 1 << pin : before & ~(1 << pin);
        if (pin < 1 || pin > PINS || now == before) {
            return;
        }
        asserted.put(function, now);
        int wire = topology.wire(function, pin);
        if (router != null) {
            router.wire(wire >> 2, (wire & 3) + 1, isHigh(wire));
        }
    }

    private boolean isHigh(int wire) {
        for (Map.Entry<PciFunction, Integer> each : asserted.entrySet()) {
            for (int pin = 1; each.getValue() != 0 && pin <= PINS; pin++) {
                if ((each.getValue() & 1 << pin) != 0 && topology.wire(each.getKey(), pin) == wire) {
                    return true;
                }
            }
        }
        return false;
    }
}
