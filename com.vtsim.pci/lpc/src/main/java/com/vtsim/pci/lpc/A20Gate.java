package com.vtsim.pci.lpc;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Processor;

/**
 * One of the two pins that together are the processors' A20M#: the keyboard controller's A20GATE and port 92h's ALT_A20_GATE. The chipset combines
 * them with OR, so address bit 20 is masked only while both are low. Machine thread only.
 * <p>
 * Source: I/O Controller Hub 9 datasheet, PORT92 register, ALT_A20_GATE.
 */
public interface A20Gate extends Part {
    /** @return whether this pin is high, which lets address bit 20 pass */
    boolean isA20High();

    /** Drives A20M# of all processors. @param changed the gate whose pin may have changed, which is on the board or about to be */
    static void drive(Board board, A20Gate changed) {
        boolean high = changed.isA20High() || board.findAll(A20Gate.class).stream().anyMatch(A20Gate::isA20High);
        board.findAll(Processor.class).forEach(processor -> processor.a20(high));
    }
}
