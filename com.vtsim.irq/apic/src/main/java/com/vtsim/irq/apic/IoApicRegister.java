package com.vtsim.irq.apic;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;

/**
 * The I/O APIC's indirect registers; the offset is four times the index in IOREGSEL. Source: 82093AA I/O Advanced Programmable Interrupt
 * Controller, Register Description; version 20h with the EOI register and the extended destination as in the
 * I/O Controller Hub.
 */
enum IoApicRegister implements Register {
    IOAPICID(at(0x000, 4).rw(0x0F00_0000).title("I/O APIC Identification")),
    IOAPICVER(at(0x004, 4).constant(0x0017_0020).title("I/O APIC Version")),
    IOAPICARB(at(0x008, 4).ro(0x0F00_0000).title("I/O APIC Arbitration")),
    IOREDTBL0(entry(0)), IOREDTBL1(entry(1)), IOREDTBL2(entry(2)), IOREDTBL3(entry(3)), IOREDTBL4(entry(4)), IOREDTBL5(entry(5)),
    IOREDTBL6(entry(6)), IOREDTBL7(entry(7)), IOREDTBL8(entry(8)), IOREDTBL9(entry(9)), IOREDTBL10(entry(10)), IOREDTBL11(entry(11)),
    IOREDTBL12(entry(12)), IOREDTBL13(entry(13)), IOREDTBL14(entry(14)), IOREDTBL15(entry(15)), IOREDTBL16(entry(16)), IOREDTBL17(entry(17)),
    IOREDTBL18(entry(18)), IOREDTBL19(entry(19)), IOREDTBL20(entry(20)), IOREDTBL21(entry(21)), IOREDTBL22(entry(22)), IOREDTBL23(entry(23));

    /** Inputs. */
    static final int INPUTS = 24;

    /** Redirection entry: vector. */
    static final Field INTVEC = Field.bits(7, 0);
    /** Redirection entry: delivery mode. */
    static final Field DELMOD = Field.bits(10, 8);
    /** Redirection entry: logical rather than physical destination. */
    static final Field DESTMOD = Field.bit(11);
    /** Redirection entry: remote IRR, accepted and not ended. */
    static final Field REMOTE_IRR = Field.bit(14);
    /** Redirection entry: level-triggered. */
    static final Field TRIGGER = Field.bit(15);
    /** Redirection entry: masked. */
    static final Field MASK = Field.bit(16);
    /** Redirection entry: destination. */
    static final Field DEST = Field.bits(63, 56);
    /** Redirection entry: extended destination, bits 11:4 of the message's address; a remappable entry has its format and index in here. */
    static final Field EXTENDED = Field.bits(55, 48);

    private final Layout layout;

    IoApicRegister(Layout layout) {
        this.layout = layout;
    }

    private static Layout entry(int input) {
        return at(0x40 + 8 * input, 8).rw(0xFFFF_0000_0001_AFFFL).ro(0x5000).reset(0x0001_0000).title("I/O Redirection Table " + input);
    }

    /** @return the redirection entry of an input */
    static IoApicRegister entryOf(int input) {
        return ENTRIES[input];
    }

    private static final IoApicRegister[] ENTRIES = java.util.Arrays.copyOfRange(values(), IOREDTBL0.ordinal(), IOREDTBL0.ordinal() + INPUTS);

    @Override
    public Layout layout() {
        return layout;
    }
}
