package com.vtsim.pci.lpc.hpet;

/** A device whose interrupt the event timer takes the place of while its legacy replacement route is on. Machine thread only. */
public interface LegacySource {
    /** Its output reaches the line no longer, or again. */
    void displaced(boolean now);
}
