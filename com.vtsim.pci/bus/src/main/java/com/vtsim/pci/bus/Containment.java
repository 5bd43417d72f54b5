package com.vtsim.pci.bus;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.machine.Reset;
import com.vtsim.api.pci.Capability;
import com.vtsim.api.pci.ErrorReporting.Severity;
import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;
import com.vtsim.api.register.RegisterFile;

/**
 * Downstream port containment: at an error the port takes its link down, so that nothing of it spreads, until software lets it come up again.
 * Source: PCI Express Base Specification, DPC Extended Capability; Downstream Port Containment.
 */
final class Containment extends Capability {
    /** Why: the port's own error, a message from below, software. */
    enum Reason {
        /** An uncorrectable error that the port has detected. */
        OWN(0),
        /** ERR_NONFATAL has come from below. */
        NONFATAL(1 << 1),
        /** ERR_FATAL has come from below. */
        FATAL(2 << 1),
        /** Software has asked for it. */
        SOFTWARE(3 << 1 | 1 << 5);

        private final int bits;

        Reason(int bits) {
            this.bits = bits;
        }
    }

    private static final int SOFTWARE_TRIGGER = 0x80;
    private static final Field TRIGGER_ENABLE = Field.bits(1, 0);
    private static final Field INTERRUPT_ENABLE = Field.bit(3);
    private static final Field TRIGGERED = Field.bit(0);
    private static final Field INTERRUPT = Field.bit(3);

    private final Runnable linkChanged;
    private final Runnable eventsChanged;
    private final RegisterFile<Row> registers = new RegisterFile<>(Row.class, this::written);

    private enum Row implements Register {
        CAP(at(0x04, 2).constant(SOFTWARE_TRIGGER).title("DPC Capability")),                        // message 0; no root port extensions
        CTL(at(0x06, 2).rw(0x000F).wo(0x0040).title("DPC Control")),
        STS(at(0x08, 2).rw1c(0x0009).ro(0x0076).title("DPC Status")),
        SOURCE(at(0x0A, 2).ro(0xFFFF).title("DPC Error Source ID"));

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
     * @param linkChanged   called when the link is to follow
     * @param eventsChanged called when an interrupt may be wanted, or not any more
     */
    Containment(Runnable linkChanged, Runnable eventsChanged) {
        super("DPC", 0x001D, 1, 12);
        this.linkChanged = linkChanged;
        this.eventsChanged = eventsChanged;
    }

    @Override
    protected RegisterFile<?> registers() {
        return registers;
    }

    private void written(Row register, long old, long now, long written) {
        if (register == Row.CTL) {
            registers.set(Row.CTL, now & ~0x40);
            if ((written & 0x40) != 0 && TRIGGER_ENABLE.isSet(now)) {
                trigger(Reason.SOFTWARE, 0);
            }
        } else if (register == Row.STS && TRIGGERED.isSet(old & ~now)) {
            linkChanged.run();
        }
        eventsChanged.run();
    }

    @Override
    protected void cleared(Reset kind) {
        linkChanged.run();
    }

    /** @return whether the link is held down */
    boolean isTriggered() {
        return registers.isSet(Row.STS, TRIGGERED);
    }

    /** @return whether software wants to be interrupted, and there is a reason */
    boolean interrupting() {
        return registers.isSet(Row.CTL, INTERRUPT_ENABLE) && registers.isSet(Row.STS, INTERRUPT);
    }

    /**
     * An uncorrectable error has been detected or reported to the port.
     *
     * @param source who reported it
     * @return whether it is contained; it is then not told on
     */
    boolean contains(Severity severity, Reason reason, int source) {
        long enabled = registers.get(Row.CTL, TRIGGER_ENABLE);
        boolean wanted = severity == Severity.FATAL && (enabled == 1 || enabled == 2) || severity == Severity.NONFATAL && enabled == 2;
        if (wanted) {
            trigger(reason, source);
        }
        return wanted;
    }

    private void trigger(Reason reason, int source) {
        if (isTriggered()) {
            return;
        }
        registers.set(Row.STS, TRIGGERED.in(1) | INTERRUPT.in(1) | reason.bits);
        registers.set(Row.SOURCE, reason == Reason.NONFATAL || reason == Reason.FATAL ? source : 0);
        linkChanged.run();
        eventsChanged.run();
    }
}
