package com.vtsim.api.pci;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;
import com.vtsim.api.register.RegisterFile;

/**
 * Address translation services: the function may keep translations in a cache of its own. Machine thread only.
 * Source: PCI Express Base Specification, ATS Extended Capability.
 */
public final class AddressTranslation extends Capability {
    private static final Field SMALLEST = Field.bits(4, 0);
    private static final Field ENABLE = Field.bit(15);
    private static final int PAGE_ALIGNED = 0x20;
    private static final int GLOBAL_INVALIDATE = 0x40;

    private final Runnable disabled;
    private final RegisterFile<Row> registers = new RegisterFile<>(Row.class, this::written);

    private enum Row implements Register {
        CAP(at(0x04, 2).ro(0x007F).title("ATS Capability")),
        CTL(at(0x06, 2).rw(0x801F).title("ATS Control"));

        private final Layout layout;

        Row(Layout layout) {
            this.layout = layout;
        }

        @Override
        public Layout layout() {
            return layout;
        }
    }

    /**
     * @param depth    invalidate requests it takes before it holds back others, 1–32
     * @param disabled called when ATS is switched on or off, and at reset: the cache is then empty
     */
    public AddressTranslation(int depth, Runnable disabled) {
        super("ATS", 0x000F, 1, 8);
        this.disabled = disabled;
        registers.strap(Row.CAP, depth & 0x1F | PAGE_ALIGNED | GLOBAL_INVALIDATE);
    }

    @Override
    protected RegisterFile<?> registers() {
        return registers;
    }

    private void written(Row register, long old, long now, long written) {
        if (register == Row.CTL && ENABLE.isSet(old ^ now)) {
            disabled.run();
        }
    }

    @Override
    protected void cleared(com.vtsim.api.machine.Reset kind) {
        disabled.run();
    }

    /** @return whether software has enabled it */
    public boolean enabled() {
        return registers.isSet(Row.CTL, ENABLE);
    }

    /** @return the smallest unit of a translation, bytes: a power of two from 4096 on */
    public long smallestUnit() {
        return 4096L << registers.get(Row.CTL, SMALLEST);
    }
}
