package com.vtsim.api.pci;

import com.vtsim.api.machine.Part;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The part that takes the INTx wires of bus 0 to the board's interrupt lines: the LPC bridge with its PIRQ routing.
 * The host bridge ORs the functions of a device, drives the wires and states every one anew in its attach; the router keeps their levels. Machine thread only.
 */
@ConsumerType
public interface InterruptRouter extends Part {
    /**
     * The level of a wire.
     *
     * @param device 0–31 on bus 0
     * @param pin    1 (INTA) to 4 (INTD)
     */
    void wire(int device, int pin, boolean asserted);

    /** @return the PIRQ a wire is on, 0 (A) to 7 (H), or -1 if it is connected to none */
    int pirq(int device, int pin);

    /** @return the board's line of the 8259A pair that a PIRQ is routed to, 3–15, or -1 if it is not; the I/O APIC sees it on line 16 + pirq in any case */
    int line(int pirq);
}
