package com.vtsim.irq.apic;

/**
 * Delivery modes, as ICR, local vector table, redirection entries and messages encode them.
 *
 * @sdm Interrupt Command Register (ICR); Local Vector Table; Message Data Register Format
 */
final class Delivery {
    static final int FIXED = 0;
    static final int LOWEST = 1;
    static final int SMI = 2;
    static final int NMI = 4;
    static final int INIT = 5;
    static final int STARTUP = 6;
    static final int EXTINT = 7;

    private Delivery() { }
}
