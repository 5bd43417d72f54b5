package com.vtsim.irq.apic;

import com.vtsim.api.register.RegisterFile;

/** What a write to the interrupt command register does. */
final class InterruptCommand {
    private InterruptCommand() { }

    /** @sdm Issuing Interprocessor Interrupts; Valid Combinations for the Pentium 4 and Intel Xeon Processors' Local xAPIC ICR */
    static void send(LocalApic sender, RegisterFile<ApicRegister> registers, MessageBus bus, long low) {
        int mode = (int) ApicRegister.MODE.of(low);
        int vector = (int) ApicRegister.VECTOR.of(low);
        boolean deassert = mode == Delivery.INIT && ApicRegister.LEVEL.isSet(low) && !ApicRegister.ASSERT.isSet(low);
        // Remote read (3) and ExtINT (7) are no commands; an INIT level de-assert has no effect on these processors.
        if (deassert || mode == Delivery.SMI || mode == 3 || mode == Delivery.EXTINT) {
            return;
        }
        boolean ordinary = mode == Delivery.FIXED || mode == Delivery.LOWEST;
        if (ordinary && vector < 16) {
            sender.error(LocalApic.SEND_ILLEGAL_VECTOR);
            return;
        }
        bus.begin("IPI of cpu", sender.id());
        switch ((int) ApicRegister.SHORTHAND.of(low)) {
            case 0 -> {
                int destination = sender.x2apic() ? (int) sender.wideDestination() : (int) (registers.get(ApicRegister.ICR_HIGH) >>> 24);
                boolean all = destination == (sender.x2apic() ? MessageBus.BROADCAST_32 : MessageBus.BROADCAST_8);
                bus.send(mode, vector, false, destination, ApicRegister.LOGICAL.isSet(low), all);
            }
            case 1 -> {
                if (mode == Delivery.FIXED) {
                    sender.accept(mode, vector, false);
                }
            }
            case 2 -> {
                if (mode == Delivery.FIXED) {
                    bus.sendToAll(null, mode, vector);
                }
            }
            default -> bus.sendToAll(sender, mode, vector);
        }
    }
}
