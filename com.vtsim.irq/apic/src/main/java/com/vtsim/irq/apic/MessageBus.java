package com.vtsim.irq.apic;

import com.vtsim.api.machine.Tracer;
import com.vtsim.irq.i8259.InterruptNumbers;

/**
 * Carries interrupt messages to the local APICs: from I/O APIC inputs, devices and other local APICs. Each interrupt gets a number here that the
 * trace shows from its source to its end.
 *
 * @sdm Determining IPI Destination; Message Address Register Format
 */
final class MessageBus {
    /** Destination of a message from an 8-bit field that reaches every local APIC. */
    static final int BROADCAST_8 = 0xFF;
    /** The same in x2APIC mode. */
    static final int BROADCAST_32 = -1;

    private static final String RAISE = "irq.raise";

    private LocalApic[] apics = {};
    private Tracer tracer;
    private InterruptNumbers numbers;
    /** Where the search for the next lowest-priority destination begins among equals. */
    private int turn;
    /** Number of the interrupt that is being sent. */
    private long id;

    void attach(LocalApic[] local, Tracer newTracer, InterruptNumbers newNumbers) {
        apics = local;
        tracer = newTracer;
        numbers = newNumbers;
    }

    /** A new interrupt comes up. @param source for the trace: {@code line 4} */
    void begin(String source, int number) {
        id = numbers == null ? 0 : numbers.next();
        if (tracer != null && tracer.wants(RAISE)) {
            tracer.event(RAISE, "#" + id + " " + source + (number < 0 ? "" : " " + number));
        }
    }

    /** A message comes from a device. */
    void beginMessage(int vector) {
        id = numbers == null ? 0 : numbers.next();
        if (tracer != null && tracer.wants(RAISE)) {
            tracer.event(RAISE, "#" + id + " message, vector " + Integer.toHexString(vector) + "h");
        }
    }

    /** An interrupt that came up before goes on its way. */
    void resume(long number) {
        id = number;
    }

    /** @return the number of the interrupt under way */
    long id() {
        return id;
    }

    void trace(String kind, LocalApic apic, long number, int vector, String text) {
        if (tracer != null && tracer.wants(kind)) {
            tracer.event(kind, "#" + number + " cpu" + apic.id() + " vector " + Integer.toHexString(vector) + "h" + text);
        }
    }

    /**
     * Sends a message as it is on the bus: a write to FEEx_xxxxh, with bits 31:8 of a destination of 32 bits in address bits 63:40.
     *
     * @return whether some local APIC took it
     * @sdm Message Signalled Interrupts
     */
    boolean send(long address, int data) {
        int mode = data >> 8 & 7;
        boolean level = (data >> 15 & 1) != 0;
        boolean asserted = (data >> 14 & 1) != 0;
        if (level && !asserted || mode == Delivery.STARTUP || mode == 3 || mode == Delivery.SMI) {
            return false;
        }
        int destination = (int) (address >>> 12) & 0xFF | (int) (address >>> 40) << 8;
        boolean hint = (address >> 3 & 1) != 0;
        boolean logical = (address >> 2 & 1) != 0;
        return send(hint && logical && mode == Delivery.FIXED ? Delivery.LOWEST : mode, data & 0xFF, level, destination, logical,
            destination == BROADCAST_8 || destination == BROADCAST_32);
    }

    /**
     * Sends a message.
     *
     * @param broadcast to all, whatever {@code destination} says
     * @return whether some local APIC took it
     */
    boolean send(int mode, int vector, boolean level, int destination, boolean logical, boolean broadcast) {
        if (mode == Delivery.LOWEST) {
            LocalApic chosen = lowest(vector, destination, logical, broadcast);
            return chosen != null && chosen.accept(Delivery.FIXED, vector, level);
        }
        boolean taken = false;
        for (LocalApic apic : apics) {
            if (broadcast || apic.matches(destination, logical)) {
                taken |= apic.accept(mode, vector, level);
            }
        }
        return taken;
    }

    /** To all, or all but the sender. */
    void sendToAll(LocalApic except, int mode, int vector) {
        if (mode == Delivery.LOWEST) {
            LocalApic chosen = lowestExcept(vector, except);
            if (chosen != null) {
                chosen.accept(Delivery.FIXED, vector, false);
            }
            return;
        }
        for (LocalApic apic : apics) {
            if (apic != except) {
                apic.accept(mode, vector, false);
            }
        }
    }

    /**
     * Lowest-priority arbitration: the focus processor if there is one, else the lowest arbitration priority; equals take turns.
     *
     * @sdm Lowest Priority Delivery Mode
     */
    private LocalApic lowest(int vector, int destination, boolean logical, boolean broadcast) {
        LocalApic best = null;
        for (int i = 0; i < apics.length; i++) {
            LocalApic apic = apics[(turn + i) % apics.length];
            if (broadcast || apic.matches(destination, logical)) {
                best = better(best, apic, vector);
            }
        }
        return chosen(best);
    }

    private LocalApic lowestExcept(int vector, LocalApic except) {
        LocalApic best = null;
        for (int i = 0; i < apics.length; i++) {
            LocalApic apic = apics[(turn + i) % apics.length];
            if (apic != except) {
                best = better(best, apic, vector);
            }
        }
        return chosen(best);
    }

    private static LocalApic better(LocalApic best, LocalApic apic, int vector) {
        if (!apic.enabled() || best != null && best.focus(vector)) {
            return best;
        }
        return best == null || apic.focus(vector) || apic.arbitrationPriority() < best.arbitrationPriority() ? apic : best;
    }

    private LocalApic chosen(LocalApic best) {
        if (best != null) {
            turn = (best.id() + 1) % apics.length;
        }
        return best;
    }

    int turn() {
        return turn;
    }

    void turn(int value) {
        turn = value;
    }
}
