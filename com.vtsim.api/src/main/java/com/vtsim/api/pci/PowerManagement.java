package com.vtsim.api.pci;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.machine.Reset;
import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;
import com.vtsim.api.register.RegisterFile;

/**
 * Power states D0 and D3hot, and events that wake the platform. In D3hot the function answers to configuration accesses only and sends nothing but such
 * events; going back to D0 resets it.
 * Machine thread only. Source: PCI Bus Power Management Interface Specification, PCI Power Management Register Block Definition.
 */
public final class PowerManagement extends Capability {
    private static final Field STATE = Field.bits(1, 0);
    private static final int D3HOT = 3;
    private static final int WAKES = 0x4800;
    private static final Field EVENT = Field.bit(15);
    private static final Field EVENT_ENABLE = Field.bit(8);

    private final RegisterFile<Row> registers = new RegisterFile<>(Row.class, this::written);

    private enum Row implements Register {
        PMC(at(0x02, 2).ro(0xFFFF).reset(0x0003).title("Power Management Capabilities")),           // version 3, no D1, no D2
        PMCSR(at(0x04, 2).rw(0x0003).rws(0x0100).rw1cs(0x8000).ro(0x0008).title("Power Management Control and Status")),
        BSE(at(0x06, 1).constant(0).title("Bridge Support Extensions")),
        DATA(at(0x07, 1).constant(0).title("Data"));

        private final Layout layout;

        Row(Layout layout) {
            this.layout = layout;
        }

        @Override
        public Layout layout() {
            return layout;
        }
    }

    /** Going from D3hot to D0 resets the function: No_Soft_Reset is clear. */
    public PowerManagement() {
        this(false);
    }

    /** @param keeps whether the function keeps its state on its way from D3hot to D0 (No_Soft_Reset) */
    public PowerManagement(boolean keeps) {
        super("PM", 0x01, 8);
        registers.strap(Row.PMCSR, keeps ? 8 : 0);
    }

    /** With power management events from D0 and D3hot: the function can wake the platform. */
    public PowerManagement waking() {
        registers.strap(Row.PMC, 0x0003 | WAKES);
        return this;
    }

    /**
     * The function has a reason to wake the platform.
     *
     * @return whether it says so to the root port above: it can, and software has enabled it
     */
    public boolean wake() {
        if ((registers.get(Row.PMC) & WAKES) == 0) {
            return false;
        }
        registers.raise(Row.PMCSR, EVENT.mask());
        boolean told = registers.isSet(Row.PMCSR, EVENT_ENABLE) && host() != null;
        if (told) {
            host().wake(function());
        }
        return told;
    }

    @Override
    protected RegisterFile<?> registers() {
        return registers;
    }

    /** A state that is not there leaves the present one. */
    private void written(Row register, long old, long now, long written) {
        if (register != Row.PMCSR) {
            return;
        }
        if ((registers.get(Row.PMC) & WAKES) == 0) {
            registers.clear(Row.PMCSR, EVENT.mask() | EVENT_ENABLE.mask());
        }
        long state = STATE.of(now);
        if (state != 0 && state != D3HOT) {
            registers.set(Row.PMCSR, old);
        } else if (state != STATE.of(old)) {
            if (state == 0 && (now & 8) == 0 && function() != null) {
                function().reset(Reset.WARM);
            }
            changed();
        }
    }

    /** @return 0 (D0) or 3 (D3hot) */
    public int state() {
        return (int) registers.get(Row.PMCSR, STATE);
    }

    @Override
    boolean awake() {
        return state() == 0;
    }
}
