package com.vtsim.api.irq;

/**
 * What any interrupt controller can hand to another model of the family; the neutral state, model {@link InterruptController#FAMILY}.
 * Arrays are indexed by the board's line, 24 entries.
 *
 * @param masked    held back
 * @param requested latched and not yet acknowledged
 * @param inService acknowledged and not yet ended
 * @param level     level-triggered
 * @param vector    delivered as, or -1 if not set up
 */
public record InterruptState(boolean[] masked, boolean[] requested, boolean[] inService, boolean[] level, int[] vector) {
    /** Layout of the record. */
    public static final int VERSION = 1;
}
