package com.vtsim.pci.edu;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;

/** Registers of the device in its region 0. Source: EDU device, MMIO area spec. */
enum EduRegister implements Register {
    IDENT(at(0x00, 4).constant(0x0100_00ED).title("Identification")),
    LIVENESS(at(0x04, 4).rw(0xFFFF_FFFF).title("Card Liveness Check")),
    FACTORIAL(at(0x08, 4).rw(0xFFFF_FFFF).title("Factorial Computation")),
    STATUS(at(0x20, 4).ro(0x01).rw(0x80).title("Status")),
    IRQ_STATUS(at(0x24, 4).ro(0xFFFF_FFFF).title("Interrupt Status")),
    IRQ_RAISE(at(0x60, 4).wo(0xFFFF_FFFF).title("Interrupt Raise")),
    IRQ_ACK(at(0x64, 4).wo(0xFFFF_FFFF).title("Interrupt Acknowledge")),
    DMA_SOURCE(at(0x80, 8).rw(-1L).title("DMA Source Address")),
    DMA_DESTINATION(at(0x88, 8).rw(-1L).title("DMA Destination Address")),
    DMA_COUNT(at(0x90, 8).rw(-1L).title("DMA Transfer Count")),
    DMA_COMMAND(at(0x98, 8).rw(0x07).title("DMA Command"));

    /** STATUS: computing. */
    static final Field COMPUTING = Field.bit(0);
    /** STATUS: interrupt when computed. */
    static final Field INTERRUPT_WHEN_COMPUTED = Field.bit(7);
    /** DMA_COMMAND: start, and under way. */
    static final Field START = Field.bit(0);
    /** DMA_COMMAND: from the device to memory. */
    static final Field TO_MEMORY = Field.bit(1);
    /** DMA_COMMAND: interrupt when done. */
    static final Field INTERRUPT_WHEN_DONE = Field.bit(2);

    private final Layout layout;

    EduRegister(Layout layout) {
        this.layout = layout;
    }

    @Override
    public Layout layout() {
        return layout;
    }
}
