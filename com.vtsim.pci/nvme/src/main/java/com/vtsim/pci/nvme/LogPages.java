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
    private static final int HEALTH_LENGTH = 512;
    private static final int LIST_LENGTH = 4096;
    private static final int RETAIN = 1 << 15;

    private final ErrorLog errors;
    private final Counters counters;
    private final Features features;
    private final AsyncEvents events;
    private final byte[] page = new byte[LIST_LENGTH];
    private final byte[] data = new byte[Memory.MOST];
    private final List<Integer> changed = new ArrayList<>();

    LogPages(ErrorLog errors, Counters counters, Features features, AsyncEvents events) {
        this.errors = errors;
        this.counters = counters;
        this.features = features;
        this.events = events;
    }

    /** Get Log Page. Beyond its end a page reads zero. */
    Status execute(Command command, Memory memory) {
        int id = command.dword(10) & 0xFF;
        if (id != ERRORS && id != HEALTH && id != FIRMWARE && id != CHANGED_NAMESPACES) {
            return command.wrong(Status.INVALID_LOG_PAGE, 10);
        }
        if (id != ERRORS && id != CHANGED_NAMESPACES && command.namespace() != 0 && command.namespace() != Namespaces.ALL) {
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
            default -> {
                for (int i = 0; i < changed.size(); i++) {
                    LittleEndian.dword(page, 4 * i, changed.get(i));
                }
                yield LIST_LENGTH;
            }
        };
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
