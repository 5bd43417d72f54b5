package com.vtsim.vtd;

import com.vtsim.api.machine.MessageTarget;
import com.vtsim.api.register.RegisterFile;

/**
 * A message-signalled interrupt of the unit itself, with its mask and pending bits. It is not remapped.
 * Source: VT-d specification, Fault Event Control Register and Invalidation Event Control Register.
 */
final class EventMessage {
    private final RegisterFile<VtdRegister> registers;
    private final VtdRegister control;
    private final VtdRegister data;
    private final VtdRegister address;
    private final VtdRegister upper;
    private MessageTarget target;

    /** @param control FECTL or IECTL; data, address and upper address follow it in the table */
    EventMessage(RegisterFile<VtdRegister> registers, VtdRegister control) {
        this.registers = registers;
        this.control = control;
        VtdRegister[] all = VtdRegister.values();
        data = all[control.ordinal() + 1];
        address = all[control.ordinal() + 2];
        upper = all[control.ordinal() + 3];
    }

    /** @param newTarget who takes messages, or null */
    void attach(MessageTarget newTarget) {
        target = newTarget;
    }

    /** A condition has arisen that was not there before. */
    void raise() {
        if (registers.isSet(control, VtdRegister.IM)) {
            registers.raise(control, VtdRegister.IP.mask());
        } else {
            send();
        }
    }

    /** Software has dealt with every condition. */
    void settle() {
        registers.clear(control, VtdRegister.IP.mask());
    }

    /** The control register was written. */
    void written() {
        if (!registers.isSet(control, VtdRegister.IM) && registers.isSet(control, VtdRegister.IP)) {
            registers.clear(control, VtdRegister.IP.mask());
            send();
        }
    }

    /** An address that is no interrupt's sends nothing: the specification asks for FEEx_xxxxh. */
    private void send() {
        if (target != null && DmaRemapper.isInterrupt(registers.get(address))) {
            target.message(registers.get(upper) << 32 | registers.get(address), (int) registers.get(data));
        }
    }
}
