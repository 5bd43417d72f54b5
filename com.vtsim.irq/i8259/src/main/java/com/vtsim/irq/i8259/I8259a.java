package com.vtsim.irq.i8259;

/**
 * One 8259A: eight request inputs, a priority resolver and the INT output. Behaviour and words are those of Intel's data
 * sheet "8259A Programmable Interrupt Controller"; the trigger mode of an input comes from the chipset's ELCR, which
 * replaces LTIM of ICW1 as it does in the ICH family. Machine thread only.
 */
public final class I8259a {
    /** ICW1: no ICW3, no cascade. */
    static final int SNGL = 0x02;
    /** ICW1: ICW4 follows. */
    static final int IC4 = 0x01;
    /** ICW1: call address interval of 4 rather than 8, MCS-80 mode only. */
    static final int ADI = 0x04;
    /** ICW4: 8086 mode rather than MCS-80. */
    static final int UPM = 0x01;
    /** ICW4: automatic end of interrupt. */
    static final int AEOI = 0x02;
    /** ICW4: special fully nested mode. */
    static final int SFNM = 0x10;

    /** Numbers in {@link #words}. */
    static final int WORDS = 14;

    private static final int READY = 0;
    private static final int NONE = -1;

    private final boolean master;
    private int icw1;
    private int icw2;
    private int icw3;
    private int icw4;
    private int awaited;
    private boolean initialised;
    private int imr;
    private int isr;
    private int input;
    private int edge;
    private int adopted;
    private int elcr;
    private int lowest;
    private boolean specialMask;
    private boolean readIsr;
    private boolean poll;
    private int polled;
    private boolean rotateAeoi;
    private boolean out;
    private int ended = NONE;

    I8259a(boolean master) {
        this.master = master;
        reset();
    }

    /** Power-on. The data sheet leaves it undefined; an 8259A here stays mute until its ICWs are written. */
    void reset() {
        icw1 = 0;
        icw2 = 0;
        icw3 = 0;
        icw4 = 0;
        awaited = READY;
        initialised = false;
        imr = 0;
        isr = 0;
        input = 0;
        edge = 0;
        adopted = 0;
        elcr = 0;
        lowest = 7;
        specialMask = false;
        readIsr = false;
        poll = false;
        polled = 0;
        rotateAeoi = false;
        out = false;
    }

    /** @return whether a command was ICW1 to ICW4 and left the chip in MCS-80 mode, ready */
    boolean mcs80() {
        return initialised && (icw4 & UPM) == 0;
    }

    /** @return the INT output */
    boolean out() {
        return out;
    }

    /** @return IRR as software reads it */
    int irr() {
        return input & (edge | elcr) | adopted;
    }

    int isr() {
        return isr;
    }

    int imr() {
        return imr;
    }

    int elcr() {
        return elcr;
    }

    /** Sets the trigger modes: a bit set means level. */
    void elcr(int value) {
        elcr = value;
        evaluate();
    }

    /** @return levels of the inputs */
    int input() {
        return input;
    }

    /** @return whether the ICWs have been written */
    boolean initialised() {
        return initialised;
    }

    /**
     * An input changes. INT follows the requests: it falls with the last of them, as it does when that is masked. The default IR7 is for an acknowledge
     * cycle that is under way by then.
     */
    void input(int ir, boolean level) {
        int bit = 1 << ir;
        if (level) {
            edge |= bit & ~input;
            input |= bit;
        } else {
            input &= ~bit;
            edge &= ~bit;
        }
        evaluate();
    }

    /** An input has this level since before the chip was there: no edge. */
    void settle(int ir, boolean level) {
        int bit = 1 << ir;
        input = level ? input | bit : input & ~bit;
        evaluate();
    }

    /** @return whether the next read cycle is the poll's: {@link #polledRead}, then {@link #acknowledged} */
    boolean polling() {
        return poll;
    }

    /** The read cycle after a poll command: an interrupt acknowledge for what was requested when the command was written. */
    int polledRead() {
        poll = false;
        out = false;
        int level = request(polled);
        if (level == NONE) {
            return 0;
        }
        service(level);
        return 0x80 | level;
    }

    /** A read cycle. */
    int read(boolean a0) {
        if (a0) {
            return imr;
        }
        return readIsr ? isr : irr();
    }

    /** A write cycle. @return the level whose in-service bit an EOI cleared, or -1 */
    int write(boolean a0, int value) {
        ended = NONE;
        if (a0) {
            writeData(value);
        } else if ((value & 0x10) != 0) {
            icw1(value);
        } else if ((value & 0x08) != 0) {
            ocw3(value);
        } else {
            ocw2(value);
        }
        return ended;
    }

    private void writeData(int value) {
        switch (awaited) {
            case 2 -> {
                icw2 = value;
                awaited = (icw1 & SNGL) == 0 ? 3 : icw4Awaited();
            }
            case 3 -> {
                icw3 = value;
                awaited = icw4Awaited();
            }
            case 4 -> {
                icw4 = value & 0x1F;
                awaited = READY;
            }
            default -> {
                imr = value;
                evaluate();
                return;
            }
        }
        if (awaited == READY) {
            initialised = true;
            evaluate();
        }
    }

    private int icw4Awaited() {
        return (icw1 & IC4) != 0 ? 4 : READY;
    }

    private void icw1(int value) {
        icw1 = value;
        icw4 = 0;
        icw3 = master ? 0 : 7;
        awaited = 2;
        initialised = false;
        imr = 0;
        isr = 0;
        edge = 0;
        adopted = 0;
        lowest = 7;
        specialMask = false;
        readIsr = false;
        poll = false;
        rotateAeoi = false;
        out = false;
    }

    private void ocw2(int value) {
        int level = value & 7;
        switch (value >> 5) {
            case 0 -> rotateAeoi = false;
            case 4 -> rotateAeoi = true;
            case 1 -> end(highestInService(), false);
            case 5 -> end(highestInService(), true);
            case 3 -> end(level, false);
            case 7 -> {
                end(level, false);
                lowest = level;
            }
            case 6 -> lowest = level;
            default -> {
                return;
            }
        }
        evaluate();
    }

    private void end(int level, boolean rotate) {
        if (level == NONE) {
            return;
        }
        if ((isr >> level & 1) != 0) {
            ended = level;
        }
        isr &= ~(1 << level);
        if (rotate) {
            lowest = level;
        }
    }

    private void ocw3(int value) {
        if ((value & 0x40) != 0) {
            specialMask = (value & 0x20) != 0;
        }
        if ((value & 0x04) != 0) {
            poll = true;
            polled = irr();
        } else if ((value & 0x02) != 0) {
            readIsr = (value & 0x01) != 0;
        }
        evaluate();
    }

    /** The in-service bit a non-specific EOI ends: in special mask mode one that is masked is passed over. */
    private int highestInService() {
        int candidates = specialMask ? isr & ~imr : isr;
        for (int i = 1; i <= 8; i++) {
            int level = lowest + i & 7;
            if ((candidates >> level & 1) != 0) {
                return level;
            }
        }
        return NONE;
    }

    /** The request that would be served next, or -1. */
    private int request(int requests) {
        int wanted = requests & ~imr;
        if (wanted == 0) {
            return NONE;
        }
        int blocking = specialMask ? isr & ~imr : isr;
        int nested = (icw4 & SFNM) != 0 && master && (icw1 & SNGL) == 0 ? icw3 : 0;
        for (int i = 1; i <= 8; i++) {
            int level = lowest + i & 7;
            int bit = 1 << level;
            if ((wanted & bit) != 0 && (isr & bit & ~nested) == 0) {
                return level;
            }
            if ((blocking & bit) != 0) {
                return NONE;
            }
        }
        return NONE;
    }

    private void service(int level) {
        int bit = 1 << level;
        edge &= ~bit;
        adopted &= ~bit;
        if ((icw4 & AEOI) == 0) {
            isr |= bit;
        } else if (rotateAeoi) {
            lowest = level;
        }
    }

    private void evaluate() {
        out = initialised && request(irr()) != NONE;
    }

    /**
     * The INTA sequence: INT falls, the request moves to in service.
     *
     * @return the level; 7 without an in-service bit if no request is left; 8 is added in that case
     */
    int acknowledge() {
        int level = request(irr());
        out = false;
        if (level == NONE) {
            return 8 | 7;
        }
        service(level);
        return level;
    }

    /** The end of the INTA sequence or of a poll: INT rises again if another request may be served. */
    void acknowledged() {
        evaluate();
    }

    /** @return whether the master leaves the vector of this level to a slave */
    boolean cascades(int level) {
        return (icw1 & SNGL) == 0 && (icw3 >> level & 1) != 0;
    }

    /** @return a slave's identity */
    int id() {
        return icw3 & 7;
    }

    /** @return what the chip puts on the bus for a level at the second INTA: in MCS-80 mode the low byte of the call address */
    int vector(int level) {
        if ((icw4 & UPM) != 0) {
            return icw2 & 0xF8 | level;
        }
        return (icw1 & ADI) != 0 ? icw1 & 0xE0 | level << 2 : icw1 & 0xC0 | level << 3;
    }

    /** Starts as firmware leaves it, for a state another model handed over. */
    void adopt(int base, int cascade, int masked, int inService, int requested, int level) {
        reset();
        icw1 = 0x11;
        icw2 = base;
        icw3 = cascade;
        icw4 = UPM;
        initialised = true;
        imr = masked;
        isr = inService;
        elcr = level;
        adopted = requested & ~level;
        evaluate();
    }

    /** @return the registers in words, for the operator */
    String describe() {
        return "IRR=%02x ISR=%02x IMR=%02x ICW1=%02x ICW2=%02x ICW3=%02x ICW4=%02x ELCR=%02x lowest=%d%s%s%s%s%s".formatted(
                irr(), isr, imr, icw1, icw2, icw3, icw4, elcr, lowest, out ? " INT" : "", specialMask ? " SMM" : "",
                rotateAeoi ? " rotate-AEOI" : "", poll ? " poll" : "",
                !initialised ? awaited == READY ? " not initialised" : " awaits ICW" + awaited : mcs80() ? " MCS-80" : "");
    }

    Chip save() {
        return new Chip(icw1, icw2, icw3, icw4, awaited, initialised, imr, isr, input, edge, adopted, elcr, lowest,
                specialMask, readIsr, poll, polled, rotateAeoi, out);
    }

    void restore(Chip chip) {
        icw1 = chip.icw1;
        icw2 = chip.icw2;
        icw3 = chip.icw3;
        icw4 = chip.icw4;
        awaited = chip.awaited;
        initialised = chip.initialised;
        imr = chip.imr;
        isr = chip.isr;
        input = chip.input;
        edge = chip.edge;
        adopted = chip.adopted;
        elcr = chip.elcr;
        lowest = chip.lowest;
        specialMask = chip.specialMask;
        readIsr = chip.readIsr;
        poll = chip.poll;
        polled = chip.polled;
        rotateAeoi = chip.rotateAeoi;
        out = chip.out;
    }

    /** @return the registers as numbers, {@link #WORDS} of them */
    int[] words() {
        return new int[] {icw1, icw2, icw3, icw4, awaited, imr, isr, input, edge, adopted, elcr, lowest, polled,
            (initialised ? 1 : 0) | (specialMask ? 2 : 0) | (readIsr ? 4 : 0) | (poll ? 8 : 0) | (rotateAeoi ? 16 : 0) | (out ? 32 : 0)};
    }

    /** Turns {@link #words} back. @throws IllegalArgumentException if a register is out of range */
    static Chip chip(int[] words, int from) {
        int flags = words[from + 13];
        return new Chip(words[from], words[from + 1], words[from + 2], words[from + 3], words[from + 4], (flags & 1) != 0, words[from + 5],
            words[from + 6], words[from + 7], words[from + 8], words[from + 9], words[from + 10], words[from + 11], (flags & 2) != 0,
            (flags & 4) != 0, (flags & 8) != 0, words[from + 12], (flags & 16) != 0, (flags & 32) != 0);
    }

    /**
     * State of one 8259A.
     *
     * @param icw1     ICW1
     * @param icw2     ICW2
     * @param icw3     ICW3
     * @param icw4     ICW4
     * @param awaited  the ICW expected next (2–4), 0 outside the initialisation sequence
     * @param initialised whether the ICWs have been written
     * @param imr      interrupt mask register
     * @param isr      in-service register
     * @param input    levels of IR7–IR0
     * @param edge     the edge sense latches
     * @param adopted  requests taken over from another model, kept whatever the input does
     * @param elcr     level-triggered inputs
     * @param lowest   the level of lowest priority
     * @param specialMask special mask mode
     * @param readIsr  whether a read gives ISR rather than IRR
     * @param poll     whether the next read is a poll
     * @param polled   IRR frozen by the poll command
     * @param rotateAeoi rotation in automatic EOI mode
     * @param out      the INT output
     */
    public record Chip(int icw1, int icw2, int icw3, int icw4, int awaited, boolean initialised, int imr, int isr, int input,
            int edge, int adopted, int elcr, int lowest, boolean specialMask, boolean readIsr, boolean poll, int polled,
            boolean rotateAeoi, boolean out) {
        /** Checks the ranges. */
        public Chip {
            if (((icw1 | icw2 | icw3 | icw4 | imr | isr | input | edge | adopted | elcr | polled) & ~0xFF) != 0
                    || (lowest & ~7) != 0 || awaited < 0 || awaited > 4 || awaited == 1) {
                throw new IllegalArgumentException("an 8259A register is out of range");
            }
        }
    }
}
