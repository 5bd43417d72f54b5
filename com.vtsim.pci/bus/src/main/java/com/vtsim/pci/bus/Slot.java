package com.vtsim.pci.bus;

import com.vtsim.api.pci.ExpressRegister;
import com.vtsim.api.register.Field;
import com.vtsim.api.register.RegisterFile;
import java.util.function.BooleanSupplier;

/**
 * The slot of a port: who is in it, its power controller, its link, and the events it interrupts for.
 * Source: PCI Express Base Specification, Slot Capabilities, Slot Control and Slot Status Registers; PCI Express Hot-Plug Events.
 */
final class Slot {
    /** SLOTCAP: attention button, power controller, attention and power indicator, surprise removal, hot-plug. */
    static final int HOT_PLUG = 0x7B;
    private static final int BUTTON_PRESSED = 0x0001;
    private static final int PRESENCE_CHANGED = 0x0008;
    private static final int COMMAND_COMPLETED = 0x0010;
    private static final int LINK_CHANGED = 0x0100;
    private static final int LINK_CHANGED_ENABLE = 0x1000;
    private static final int EVENTS = 0x001F;
    private static final Field INTERRUPT_ENABLE = Field.bit(5);
    private static final Field ATTENTION = Field.bits(7, 6);
    private static final Field POWER = Field.bits(9, 8);
    private static final String[] INDICATOR = {"reserved", "on", "blinks", "off"};

    private final RegisterFile<ExpressRegister> registers;
    private final boolean hotPlug;
    private final BooleanSupplier contained;
    private final Surroundings surroundings;
    private String occupant = "";
    private boolean interrupting;

    /** What the slot's events mean to the port. */
    interface Surroundings {
        /** The link has gone up or down. @param powered it went up because the card got power, rather than from a reset of the link */
        void link(boolean up, boolean powered);

        /** An event that software wants to be interrupted for has come, or gone. */
        void interrupt(boolean wanted);
    }

    /** @param contained whether the port holds the link down because of an error */
    Slot(RegisterFile<ExpressRegister> registers, boolean hotPlug, BooleanSupplier contained, Surroundings surroundings) {
        this.contained = contained;
        this.registers = registers;
        this.hotPlug = hotPlug;
        this.surroundings = surroundings;
    }

    String occupant() {
        return occupant;
    }

    boolean isPowered() {
        return !registers.isSet(ExpressRegister.SLOTCTL, ExpressRegister.POWER_OFF);
    }

    boolean isLinkUp() {
        return registers.isSet(ExpressRegister.LINKSTA, ExpressRegister.LINK_ACTIVE);
    }

    boolean interrupting() {
        return interrupting;
    }

    String indicators() {
        return hotPlug ? "power " + INDICATOR[(int) registers.get(ExpressRegister.SLOTCTL, POWER)]
                + ", attention " + INDICATOR[(int) registers.get(ExpressRegister.SLOTCTL, ATTENTION)] : "";
    }

    /** Adopts what is there without an event: at power-on, or with a saved state. */
    void adopt(String name) {
        occupant = name;
        registers.set(ExpressRegister.SLOTSTA, ExpressRegister.PRESENCE, name.isEmpty() ? 0 : 1);
        registers.set(ExpressRegister.LINKSTA, ExpressRegister.LINK_ACTIVE, mayBeUp() ? 1 : 0);
    }

    private boolean mayBeUp() {
        return !occupant.isEmpty() && isPowered() && !contained.getAsBoolean() && !registers.isSet(ExpressRegister.LINKCTL, ExpressRegister.LINK_DISABLE);
    }

    /** Looks who is in the slot. */
    void detect(String name) {
        if (name.equals(occupant)) {
            return;
        }
        boolean exchanged = !name.isEmpty() && !occupant.isEmpty();
        if (exchanged) {
            detect("");
        }
        occupant = name;
        registers.set(ExpressRegister.SLOTSTA, ExpressRegister.PRESENCE, name.isEmpty() ? 0 : 1);
        raise(PRESENCE_CHANGED);
        settle(true);
    }

    /** The port lets the link come up, or holds it down. */
    void followLink() {
        settle(false);
    }

    private void settle(boolean powered) {
        boolean up = mayBeUp();
        if (up != isLinkUp()) {
            registers.set(ExpressRegister.LINKSTA, ExpressRegister.LINK_ACTIVE, up ? 1 : 0);
            surroundings.link(up, powered);
            raise(LINK_CHANGED);
        }
    }

    /** The attention button is pressed. */
    void press() {
        raise(BUTTON_PRESSED);
    }

    private void raise(int event) {
        if (hotPlug) {
            registers.raise(ExpressRegister.SLOTSTA, event);
            follow();
        }
    }

    /** A register of the port has been written. */
    void written(ExpressRegister register, long old, long now) {
        switch (register) {
            case SLOTCTL -> {
                if (!hotPlug) {
                    registers.set(ExpressRegister.SLOTCTL, 0);
                    return;
                }
                settle(ExpressRegister.POWER_OFF.isSet(old ^ now));
                raise(COMMAND_COMPLETED);
                follow();
            }
            case SLOTSTA -> follow();
            case LINKCTL -> settle(false);
            default -> { }
        }
    }

    private void follow() {
        boolean wanted = wanted();
        if (wanted != interrupting) {
            interrupting = wanted;
            surroundings.interrupt(wanted);
        }
    }

    /** After a reset or a restored state: whether an interrupt is wanted follows from the registers, and software has been told. */
    void recall(String name) {
        occupant = name;
        interrupting = wanted();
    }

    private boolean wanted() {
        long enabled = registers.get(ExpressRegister.SLOTCTL);
        long events = registers.get(ExpressRegister.SLOTSTA);
        return INTERRUPT_ENABLE.isSet(enabled)
                && ((events & enabled & EVENTS) != 0 || (events & LINK_CHANGED) != 0 && (enabled & LINK_CHANGED_ENABLE) != 0);
    }
}
