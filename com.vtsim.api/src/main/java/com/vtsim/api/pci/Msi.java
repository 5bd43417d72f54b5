package com.vtsim.api.pci;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;
import com.vtsim.api.register.RegisterFile;

/**
 * Message-signalled interrupts with 64-bit addresses and a mask for each vector. Machine thread only.
 * Source: PCI Local Bus Specification, MSI Capability Structure.
 */
public final class Msi extends Messages {
    private static final Field ENABLE = Field.bit(0);
    private static final Field CAPABLE = Field.bits(3, 1);
    private static final Field GRANTED = Field.bits(6, 4);

    private final int vectors;
    private final RegisterFile<Row> registers = new RegisterFile<>(Row.class, this::written);

    private enum Row implements Register {
        MC(at(0x02, 2).rw(0x0071).ro(0x018E).reset(0x0180).title("Message Control")),
        MA(at(0x04, 4).rw(0xFFFF_FFFC).title("Message Address")),
        MUA(at(0x08, 4).rw(0xFFFF_FFFF).title("Message Upper Address")),
        MD(at(0x0C, 2).rw(0xFFFF).title("Message Data")),
        MASK(at(0x10, 4).rw(0xFFFF_FFFF).title("Mask Bits")),
        PEND(at(0x14, 4).ro(0xFFFF_FFFF).title("Pending Bits"));

        private final Layout layout;

        Row(Layout layout) {
            this.layout = layout;
        }

        @Override
        public Layout layout() {
            return layout;
        }
    }

    /** @param vectors 1, 2, 4, 8, 16 or 32 */
    public Msi(int vectors) {
        super("MSI", 0x05, 0x18);
        if (vectors < 1 || vectors > 32 || Integer.bitCount(vectors) != 1) {
            throw new IllegalArgumentException("MSI has 1, 2, 4, 8, 16 or 32 vectors, not " + vectors);
        }
        this.vectors = vectors;
        registers.strap(Row.MC, Row.MC.layout().resetValue() | CAPABLE.in(Integer.numberOfTrailingZeros(vectors)));
    }

    @Override
    protected RegisterFile<?> registers() {
        return registers;
    }

    private void written(Row register, long old, long now, long written) {
        if (register == Row.MASK) {
            registers.set(Row.MASK, now & -1L >>> 64 - vectors);
        }
        if (register == Row.MC || register == Row.MASK) {
            sendPending();
            changed();
        }
    }

    private void sendPending() {
        long due = registers.get(Row.PEND) & ~registers.get(Row.MASK);
        for (int vector = 0; due != 0 && enabled(); vector++, due >>>= 1) {
            if ((due & 1) != 0) {
                registers.clear(Row.PEND, 1L << vector);
                raise(vector);
            }
        }
    }

    @Override
    public boolean enabled() {
        return registers.isSet(Row.MC, ENABLE);
    }

    @Override
    public int vectors() {
        return vectors;
    }

    /** @return how many vectors software has granted: a power of two, at most {@link #vectors} */
    public int granted() {
        return Math.min(vectors, 1 << Math.min(registers.get(Row.MC, GRANTED), 5));
    }

    /** With fewer vectors granted than there are, several share one. */
    @Override
    public boolean raise(int vector) {
        int granted = granted();
        int shared = vector & granted - 1;
        if (!enabled()) {
            return false;
        }
        if ((registers.get(Row.MASK) >> shared & 1) != 0) {
            registers.raise(Row.PEND, 1L << shared);
            return true;
        }
        long data = registers.get(Row.MD) & -granted | shared;
        return send(registers.get(Row.MUA) << 32 | registers.get(Row.MA), (int) data);
    }

    @Override
    public void withdraw(int vector) {
        registers.clear(Row.PEND, 1L << (vector & granted() - 1));
    }
}
