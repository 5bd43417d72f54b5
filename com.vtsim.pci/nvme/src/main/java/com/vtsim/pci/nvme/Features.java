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
    private static final int SAVE = 1 << 31;
    private static final int QUEUES_ALLOCATED = Queues.MOST - 1 << 16 | Queues.MOST - 1;
    /** In kelvins: what the controller always has. */
    static final int TEMPERATURE = 310;
    private static final int WARM = 343;

    private final int[] values = new int[COUNT];
    private final boolean[] uncoalesced = new boolean[Queues.VECTORS];
    private int underThreshold;

    /** As saved. */
    record Saved(int[] values, boolean[] uncoalesced, int underThreshold) { }

    Features() {
        reset();
    }

    /** A controller level reset: nothing is saved over it. */
    void reset() {
        Arrays.fill(values, 0);
        Arrays.fill(uncoalesced, false);
        values[ARBITRATION] = 7; // no limit to a burst
        values[TEMPERATURE_THRESHOLD] = WARM;
        values[VOLATILE_WRITE_CACHE] = 1;
        values[NUMBER_OF_QUEUES] = QUEUES_ALLOCATED;
        underThreshold = 0;
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

    /** Get Features. */
    Status get(Command command) {
        int id = command.dword(10) & 0xFF;
        int detail = command.dword(11);
        switch (id) {
            case TEMPERATURE_THRESHOLD -> {
                if ((detail >> 16 & 0xF) != 0) {
                    return command.wrong(Status.INVALID_FIELD, 11);
                }
                command.result = (detail & UNDER) != 0 ? underThreshold : values[id];
            }
            case INTERRUPT_VECTOR -> {
                if ((detail & 0xFFFF) >= Queues.VECTORS) {
                    return command.wrong(Status.INVALID_FIELD, 11);
                }
                command.result = detail & 0xFFFF | (uncoalesced[detail & 0xFFFF] ? 1 << 16 : 0);
            }
            case ARBITRATION, POWER_MANAGEMENT, ERROR_RECOVERY, VOLATILE_WRITE_CACHE, NUMBER_OF_QUEUES, INTERRUPT_COALESCING, WRITE_ATOMICITY, ASYNCHRONOUS_EVENTS ->
                command.result = values[id];
            default -> {
                return command.wrong(Status.INVALID_FIELD, 10);
            }
        }
        return Status.SUCCESS;
    }

    /** Set Features. @param queues whether there are I/O queues already */
    Status set(Command command, boolean queues) {
        int id = command.dword(10) & 0xFF;
        int value = command.dword(11);
        if (id == 0 || id == 3 || id >= COUNT) {
            return command.wrong(Status.INVALID_FIELD, 10);
        }
        if ((command.dword(10) & SAVE) != 0) {
            return command.wrong(Status.FEATURE_NOT_SAVEABLE, 10);
        }
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
        return new Saved(values, uncoalesced, underThreshold);
    }

    /** @throws StateException if it does not fit; nothing is then changed */
    void restore(Saved saved) {
        if (saved.values().length != COUNT || saved.uncoalesced().length != Queues.VECTORS) {
            throw new StateException("state of nvme has " + saved.values().length + " features and " + saved.uncoalesced().length + " vectors");
        }
        System.arraycopy(saved.values(), 0, values, 0, COUNT);
        System.arraycopy(saved.uncoalesced(), 0, uncoalesced, 0, uncoalesced.length);
        underThreshold = saved.underThreshold();
    }
}
