package com.vtsim.pci.nvme;

import com.vtsim.api.machine.StateException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The log pages. Source: NVM Express Base Specification 1.4, Get Log Page command. */
final class LogPages {
    private static final int ERRORS = 0x01;
    private static final int HEALTH = 0x02;
    private static final int FIRMWARE = 0x03;
    private static final int CHANGED_NAMESPACES = 0x04;
    private static final int EFFECTS = 0x05;
    private static final int SUPPORTED = 0x1;
    private static final int CHANGES_BLOCKS = 0x2;
    private static final int CHANGES_CAPABILITIES = 0x4;
    private static final int CHANGES_INVENTORY = 0x8;
    /** No other command to the same namespace meanwhile. */
    private static final int ALONE = 0x1_0000;
    private static final int IO_COMMANDS = 1024;
    private static final int HEALTH_LENGTH = 512;
    private static final int LIST_LENGTH = 4096;
    private static final int RETAIN = 1 << 15;

    private final ErrorLog errors;
    private final Counters counters;
    private final Features features;
    private final AsyncEvents events;
    private final boolean managed;
    private final byte[] page = new byte[LIST_LENGTH];
    private final byte[] data = new byte[Memory.MOST];
    private final List<Integer> changed = new ArrayList<>();

    /** @param managed whether namespaces can be made */
    LogPages(ErrorLog errors, Counters counters, Features features, AsyncEvents events, boolean managed) {
        this.managed = managed;
        this.errors = errors;
        this.counters = counters;
        this.features = features;
        this.events = events;
    }

    /** Get Log Page. Beyond its end a page reads zero. */
    Status execute(Command command, Memory memory) {
        int id = command.dword(10) & 0xFF;
        if (id != ERRORS && id != HEALTH && id != FIRMWARE && id != CHANGED_NAMESPACES && id != EFFECTS) {
            return command.wrong(Status.INVALID_LOG_PAGE, 10);
        }
        if (id != ERRORS && id != CHANGED_NAMESPACES && id != EFFECTS && command.namespace() != 0 && command.namespace() != Namespaces.ALL) {
            return command.wrong(Status.INVALID_FIELD, 1);
        }
        long dwords = (command.dword(10) >>> 16 | (command.dword(11) & 0xFFFFL) << 16) + 1;
        long from = command.offset();
        int length = build(id);
        if (dwords * 4 > Memory.MOST) {
            return command.wrong(Status.INVALID_FIELD, 10);
        }
        if ((from & 3) != 0 || from < 0 || from > length) {
            return command.wrong(Status.INVALID_FIELD, 12);
        }
        int bytes = (int) dwords * 4;
        Arrays.fill(data, 0, bytes, (byte) 0);
        System.arraycopy(page, (int) from, data, 0, (int) Math.min(bytes, length - from));
        Status status = memory.find(command, bytes);
        if (status == Status.SUCCESS && !memory.store(data)) {
            status = Status.DATA_TRANSFER_ERROR;
        }
        if (status == Status.SUCCESS && (command.dword(10) & RETAIN) == 0) {
            events.logRead(id);
            if (id == CHANGED_NAMESPACES) {
                changed.clear();
            }
        }
        return status;
    }

    private int build(int id) {
        Arrays.fill(page, (byte) 0);
        return switch (id) {
            case ERRORS -> {
                errors.copy(page);
                yield ErrorLog.ENTRIES * ErrorLog.ENTRY;
            }
            case HEALTH -> health();
            case FIRMWARE -> {
                page[0] = 1; // slot 1 is active
                LittleEndian.text(page, 8, 8, "1.0");
                yield HEALTH_LENGTH;
            }
            case EFFECTS -> effects();
            default -> {
                for (int i = 0; i < changed.size(); i++) {
                    LittleEndian.dword(page, 4 * i, changed.get(i));
                }
                yield LIST_LENGTH;
            }
        };
    }

    private int effects() {
        for (int opcode : new int[] {0x00, 0x01, 0x02, 0x04, 0x05, 0x06, 0x08, 0x09, 0x0A, 0x0C}) {
            LittleEndian.dword(page, 4 * opcode, SUPPORTED);
        }
        LittleEndian.dword(page, 4 * 0x80, SUPPORTED | CHANGES_BLOCKS | CHANGES_CAPABILITIES | ALONE);
        if (managed) {
            LittleEndian.dword(page, 4 * 0x0D, SUPPORTED | CHANGES_INVENTORY);
            LittleEndian.dword(page, 4 * 0x15, SUPPORTED | CHANGES_INVENTORY);
        }
        for (int opcode : new int[] {0x00, 0x01, 0x02, 0x05, 0x08, 0x09, 0x0C}) {
            LittleEndian.dword(page, IO_COMMANDS + 4 * opcode, opcode == 0x01 || opcode == 0x08 ? SUPPORTED | CHANGES_BLOCKS : SUPPORTED);
        }
        return LIST_LENGTH;
    }

    private int health() {
        page[0] = (byte) features.warning();
        LittleEndian.word(page, 1, Features.TEMPERATURE);
        page[3] = 100; // available spare
        page[4] = 10; // its threshold
        LittleEndian.qword(page, 32, counters.unitsRead());
        LittleEndian.qword(page, 48, counters.unitsWritten());
        LittleEndian.qword(page, 64, counters.reads());
        LittleEndian.qword(page, 80, counters.writes());
        LittleEndian.qword(page, 112, 1); // power cycles
        LittleEndian.qword(page, 176, counters.errors());
        return HEALTH_LENGTH;
    }

    /** A namespace has come, gone or changed its size. */
    void namespaceChanged(int id) {
        if (!changed.contains(id)) {
            changed.add(id);
            changed.sort(null);
        }
    }

    List<Integer> saveChanged() {
        return List.copyOf(changed);
    }

    /** @throws StateException if there are more than there can be; nothing is then changed */
    void restoreChanged(List<Integer> saved) {
        if (saved.size() > Namespaces.MOST) {
            throw new StateException("state of nvme has " + saved.size() + " changed namespaces");
        }
        changed.clear();
        changed.addAll(saved);
    }
}
