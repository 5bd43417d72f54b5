package com.vtsim.pci.bus;

import com.vtsim.api.pci.ExpressRegister;
import com.vtsim.api.register.Field;
import com.vtsim.api.register.RegisterFile;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Power management events that have come to a root port: one is shown at a time, the others wait until software has cleared it.
 * Source: PCI Express Base Specification, Root Status Register; Power Management Event Mechanisms.
 */
final class Wakes {
    /** A function does not say twice what has not been heard; more than this cannot be below a port. */
    private static final int MOST = 256;
    private static final Field INTERRUPT_ENABLE = Field.bit(3);
    private static final Field REQUESTER = Field.bits(15, 0);
    private static final Field STATUS = Field.bit(16);
    private static final Field PENDING = Field.bit(17);

    private final RegisterFile<ExpressRegister> registers;
    private final Deque<Integer> waiting = new ArrayDeque<>();

    Wakes(RegisterFile<ExpressRegister> registers) {
        this.registers = registers;
    }

    /** A message has come. */
    void add(int sourceId) {
        boolean known = waiting.contains(sourceId) || registers.isSet(ExpressRegister.ROOTSTA, STATUS) && registers.get(ExpressRegister.ROOTSTA, REQUESTER) == sourceId;
        if (!known && waiting.size() < MOST) {
            waiting.add(sourceId);
        }
        follow();
    }

    /** The root status register has been written: the next takes its place. */
    void follow() {
        if (!registers.isSet(ExpressRegister.ROOTSTA, STATUS) && !waiting.isEmpty()) {
            registers.set(ExpressRegister.ROOTSTA, REQUESTER, waiting.remove());
            registers.set(ExpressRegister.ROOTSTA, STATUS, 1);
        }
        registers.set(ExpressRegister.ROOTSTA, PENDING, waiting.isEmpty() ? 0 : 1);
    }

    /** @return whether software wants to be interrupted, and there is a reason */
    boolean interrupting() {
        return registers.isSet(ExpressRegister.ROOTCTL, INTERRUPT_ENABLE) && registers.isSet(ExpressRegister.ROOTSTA, STATUS);
    }

    void clear() {
        waiting.clear();
    }

    int[] save() {
        return waiting.stream().mapToInt(Integer::intValue).toArray();
    }

    void restore(int[] saved) {
        waiting.clear();
        for (int sourceId : saved) {
            waiting.add(sourceId);
        }
    }
}
