package com.vtsim.pci.nvme;

import com.vtsim.api.machine.StateException;
import java.util.Arrays;

/** The newest errors. Source: NVM Express Base Specification 1.4, Error Information Log. */
final class ErrorLog {
    /** How many are kept. */
    static final int ENTRIES = 16;
    /** Bytes of one. */
    static final int ENTRY = 64;
    /** Command identifier and submission queue of an error that belongs to no command. */
    static final int NO_COMMAND = 0xFFFF;

    private final byte[] entries = new byte[ENTRIES * ENTRY];

    /**
     * Newest first.
     *
     * @param number    its number, from 1
     * @param queue     submission queue, or {@link #NO_COMMAND}
     * @param command   command identifier, or {@link #NO_COMMAND}
     * @param status    status field without the phase
     * @param culprit   byte of the command at fault, or FFFFh
     * @param block     first logical block
     * @param namespace its identifier
     */
    void add(long number, int queue, int command, int status, int culprit, long block, int namespace) {
        System.arraycopy(entries, 0, entries, ENTRY, entries.length - ENTRY);
        Arrays.fill(entries, 0, ENTRY, (byte) 0);
        LittleEndian.qword(entries, 0, number);
        LittleEndian.word(entries, 8, queue);
        LittleEndian.word(entries, 10, command);
        LittleEndian.word(entries, 12, status << 1);
        LittleEndian.word(entries, 14, culprit);
        LittleEndian.qword(entries, 16, block);
        LittleEndian.dword(entries, 24, namespace);
    }

    void copy(byte[] to) {
        System.arraycopy(entries, 0, to, 0, entries.length);
    }

    void clear() {
        Arrays.fill(entries, (byte) 0);
    }

    byte[] save() {
        return entries;
    }

    /** @throws StateException if it does not fit */
    void restore(byte[] saved) {
        if (saved.length != entries.length) {
            throw new StateException("state of nvme has an error log of " + saved.length + " bytes, expected " + entries.length);
        }
        System.arraycopy(saved, 0, entries, 0, saved.length);
    }
}
