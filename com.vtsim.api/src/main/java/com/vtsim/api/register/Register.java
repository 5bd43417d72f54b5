package com.vtsim.api.register;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * A row of a register table. Implemented by an enum whose constants are named by the manual's mnemonics:
 * <pre>
 * enum Timer implements Register {
 *     CTL (at(0x00, 4).rw(0x0000_0007).title("Control")),
 *     STS (at(0x04, 4).rw1c(0x0000_0001).title("Status")),
 *     CNT (at(0x08, 8).ro(-1L).title("Counter"));
 *
 *     private final Layout layout;
 *     Timer(Layout layout) { this.layout = layout; }
 *     public Layout layout() { return layout; }
 * }
 * </pre>
 */
@ConsumerType
public interface Register {
    /** @return offset, width, reset value and attributes */
    Layout layout();

    /** @return the mnemonic; an enum has it already */
    String name();

    /** @return the position in the table, from 0; an enum has it already */
    int ordinal();
}
