package com.vtsim.api.machine;

/** What pulled the reset wire. */
public enum Reset {
    /** Power was applied: RAM is zero, every register at its power-on value. */
    COLD,
    /** PLTRST# (port CF9h, port 92h, keyboard controller, triple fault, operator): RAM and battery-backed CMOS keep their content. */
    WARM
}
