package com.vtsim.pci.nvme;

import com.vtsim.api.machine.StateException;
import java.util.Arrays;

/** The features that Set Features changes and Get Features tells. Source: NVM Express Base Specification 1.4, Feature Specific Information. */
final class Features {
    private static final int ARBITRATION = 0x01;
    private static final int POWER_MANAGEMENT = 0x02;
    private static final int TEMPERATURE_THRESHOLD = 0x04;
    private static final int ERROR_RECOVERY = 0x05;
    private static final int VOLATILE_WRITE_CACHE = 0x06;
    private static final int NUMBER_OF_QUEUES = 0x07;
    private static final int INTERRUPT_COALESCING = 0x08;
    private static final int INTERRUPT_VECTOR = 0x09;
    private static final int WRITE_ATOMICITY = 0x0A;
    private static final int ASYNCHRONOUS_EVENTS = 0x0B;
    private static final int COUNT = 0x0C;
    private static final int UNDER = 1 << 20;
    private static final int CURRENT = 0;
    private static final int DEFAULT = 1;
    private static final int KEPT = 2;
    private static final int CAPABILITIES = 3;
    private static final int CHANGEABLE = 4;
    private static final long COALESCING_UNIT = 100_000;
    private static final int SAVE = 1 << 31;
    private static final int QUEUES_ALLOCATED = Queues.MOST - 1 << 16 | Queues.MOST - 1;
    /** In kelvins: what the controller always has. */
    static final int TEMPERATURE = 310;
    private static final int WARM = 343;

    private final int[] values = new int[COUNT];
    private final boolean[] uncoalesced = new boolean[Queues.VECTORS];
    private int underThreshold;
    /** What a reset gives, as far as it can be saved. */
    private final int[] kept = defaults();
    private int keptUnder;

    /** As saved. */
    record Saved(int[] values, boolean[] uncoalesced, int underThreshold, int[] kept, int keptUnder) { }

    Features() {
        reset();
    }

    private static int[] defaults() {
        int[] values = new int[COUNT];
        values[ARBITRATION] = 7; // no limit to a burst
        values[TEMPERATURE_THRESHOLD] = WARM;
        values[VOLATILE_WRITE_CACHE] = 1;
        values[NUMBER_OF_QUEUES] = QUEUES_ALLOCATED;
        return values;
    }

    /** A controller level reset: what the guest has saved, and defaults. */
    void reset() {
        System.arraycopy(kept, 0, values, 0, COUNT);
        Arrays.fill(uncoalesced, false);
        underThreshold = keptUnder;
    }

    private static boolean isSaveable(int id) {
        return id != POWER_MANAGEMENT && id != NUMBER_OF_QUEUES && id != INTERRUPT_VECTOR;
    }

    /** @return nanoseconds that the interrupt of a vector may wait for more completions, 0 if it may not */
    long patience(int vector) {
        return uncoalesced[vector] || (values[INTERRUPT_COALESCING] & 0xFF) == 0 ? 0 : (values[INTERRUPT_COALESCING] >> 8 & 0xFF) * COALESCING_UNIT;
    }

    /** @return completions for which the interrupt need not wait any more */
    int enough() {
        return (values[INTERRUPT_COALESCING] & 0xFF) + 1;
    }

    boolean isCacheOn() {
        return (values[VOLATILE_WRITE_CACHE] & 1) != 0;
    }

    /** @return the configuration of asynchronous events: SMART 7:0, namespace attributes 8 */
    int events() {
        return values[ASYNCHRONOUS_EVENTS];
    }

    /** @return critical warning of the SMART log: bit 1 if the temperature is beyond a threshold */
    int warning() {
        return TEMPERATURE >= values[TEMPERATURE_THRESHOLD] || TEMPERATURE <= underThreshold ? 2 : 0;
    }

    /** Get Features: the present value, the default, what is saved, or what can be done with it. */
    Status get(Command command) {
        int id = command.dword(10) & 0xFF;
        int select = command.dword(10) >> 8 & 7;
        int detail = command.dword(11);
        if (select > CAPABILITIES || id == 0 || id == 3 || id >= COUNT) {
            return command.wrong(Status.INVALID_FIELD, 10);
        }
        if (select == CAPABILITIES) {
            command.result = (id == NUMBER_OF_QUEUES ? 0 : CHANGEABLE) | (isSaveable(id) ? 1 : 0);
            return Status.SUCCESS;
        }
        int[] from = select == CURRENT ? values : select == DEFAULT ? defaults() : kept;
        switch (id) {
            case TEMPERATURE_THRESHOLD -> {
                if ((detail >> 16 & 0xF) != 0) {
                    return command.wrong(Status.INVALID_FIELD, 11);
                }
                command.result = (detail & UNDER) == 0 ? from[id] : select == CURRENT ? underThreshold : select == KEPT ? keptUnder : 0;
            }
            case INTERRUPT_VECTOR -> {
                if ((detail & 0xFFFF) >= Queues.VECTORS) {
                    return command.wrong(Status.INVALID_FIELD, 11);
                }
                command.result = detail & 0xFFFF | (select == CURRENT && uncoalesced[detail & 0xFFFF] ? 1 << 16 : 0);
            }
            default -> command.result = from[id];
        }
        return Status.SUCCESS;
    }

    /** Set Features. @param queues whether there are I/O queues already */
    Status set(Command command, boolean queues) {
        int id = command.dword(10) & 0xFF;
        boolean save = (command.dword(10) & SAVE) != 0;
        if (id == 0 || id == 3 || id >= COUNT) {
            return command.wrong(Status.INVALID_FIELD, 10);
        }
        if (save && !isSaveable(id)) {
            return command.wrong(Status.FEATURE_NOT_SAVEABLE, 10);
        }
        Status status = change(command, id, queues);
        if (save && status == Status.SUCCESS) {
            kept[id] = values[id];
            keptUnder = underThreshold;
        }
        return status;
    }

    private Status change(Command command, int id, boolean queues) {
        int value = command.dword(11);
        switch (id) {
            case POWER_MANAGEMENT -> {
                if ((value & 0x1F) != 0) {
                    return command.wrong(Status.INVALID_FIELD, 11);
                }
            }
            case TEMPERATURE_THRESHOLD -> {
                return threshold(command, value);
            }
            case ERROR_RECOVERY -> {
                if ((value & 1 << 16) != 0) {
                    return command.wrong(Status.INVALID_FIELD, 11);
                }
                values[id] = value & 0xFFFF;
            }
            case NUMBER_OF_QUEUES -> {
                return number(command, value, queues);
            }
            case INTERRUPT_VECTOR -> {
                if ((value & 0xFFFF) >= Queues.VECTORS) {
                    return command.wrong(Status.INVALID_FIELD, 11);
                }
                uncoalesced[value & 0xFFFF] = (value & 1 << 16) != 0;
            }
            case ARBITRATION -> values[id] = value & 0xFFFF_FF07;
            case VOLATILE_WRITE_CACHE, WRITE_ATOMICITY -> values[id] = value & 1;
            case ASYNCHRONOUS_EVENTS -> values[id] = value & 0x1FF;
            default -> values[id] = value & 0xFFFF;
        }
        return Status.SUCCESS;
    }

    private Status threshold(Command command, int value) {
        int sensor = value >> 16 & 0xF;
        if (sensor != 0 && sensor != 0xF || (value >> 20 & 3) > 1) {
            return command.wrong(Status.INVALID_FIELD, 11);
        }
        if ((value & UNDER) != 0) {
            underThreshold = value & 0xFFFF;
        } else {
            values[TEMPERATURE_THRESHOLD] = value & 0xFFFF;
        }
        return Status.SUCCESS;
    }

    /** All are allocated, whatever is asked for; once there are some the number stands. */
    private Status number(Command command, int value, boolean queues) {
        if (queues) {
            return Status.COMMAND_SEQUENCE_ERROR;
        }
        if ((value & 0xFFFF) == 0xFFFF || value >>> 16 == 0xFFFF) {
            return command.wrong(Status.INVALID_FIELD, 11);
        }
        command.result = QUEUES_ALLOCATED;
        return Status.SUCCESS;
    }

    Saved save() {
        return new Saved(values, uncoalesced, underThreshold, kept, keptUnder);
    }

    /** @throws StateException if it does not fit; nothing is then changed */
    void restore(Saved saved) {
        if (saved.values().length != COUNT || saved.kept().length != COUNT || saved.uncoalesced().length != Queues.VECTORS) {
            throw new StateException("state of nvme has " + saved.values().length + " features and " + saved.uncoalesced().length + " vectors");
        }
        System.arraycopy(saved.values(), 0, values, 0, COUNT);
        System.arraycopy(saved.uncoalesced(), 0, uncoalesced, 0, uncoalesced.length);
        underThreshold = saved.underThreshold();
        System.arraycopy(saved.kept(), 0, kept, 0, COUNT);
        keptUnder = saved.keptUnder();
    }
}
