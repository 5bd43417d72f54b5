package com.vtsim.pci.nvme;

import com.vtsim.api.disk.DiskFile;
import com.vtsim.api.machine.OperatorException;
import java.io.IOException;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** Commands that make, remove, attach and format namespaces. Source: NVM Express Base Specification 1.4, Namespace Management, Namespace Attachment and Format NVM commands. */
final class Management {
    private static final int LIST = 4096;
    private static final int DELETE = 1;
    private static final int DETACH = 1;
    private static final int USER_DATA_ERASE = 1;

    private final Namespaces namespaces;
    private final Memory memory;
    private final IntConsumer changed;
    private final Consumer<String> report;
    private final byte[] data = new byte[LIST];

    /**
     * @param changed told the number of a namespace that is another now
     * @param report  told what the host's file system refuses
     */
    Management(Namespaces namespaces, Memory memory, IntConsumer changed, Consumer<String> report) {
        this.namespaces = namespaces;
        this.memory = memory;
        this.changed = changed;
        this.report = report;
    }

    private interface Work {
        Status run() throws IOException;
    }

    private Status on(Work work) {
        try {
            return work.run();
        } catch (IOException | OperatorException e) {
            report.accept(e.getMessage());
            return Status.INTERNAL_ERROR;
        }
    }

    /** Format NVM: the content is zero afterwards, whatever kind of erasure is asked for. */
    Status format(Command command) {
        int id = command.namespace();
        int format = command.dword(10) & 0xF;
        if (format >= Namespaces.FORMATS.length || (command.dword(10) & 0x1F0) != 0) {
            return command.wrong(Status.INVALID_FORMAT, 10);
        }
        if ((command.dword(10) >> 9 & 7) > USER_DATA_ERASE) {
            return command.wrong(Status.INVALID_FIELD, 10);
        }
        if (id != Namespaces.ALL && !namespaces.isValid(id)) {
            return command.wrong(Status.INVALID_NAMESPACE, 1);
        }
        int[] which = id == Namespaces.ALL ? namespaces.active(0) : new int[] {id};
        for (int each : which) {
            DiskFile file = namespaces.file(each);
            if (file == null) {
                return command.wrong(Status.INVALID_FIELD, 1);
            }
            if (file.isReadOnly()) {
                return command.wrong(Status.NAMESPACE_WRITE_PROTECTED, 1);
            }
            if (!file.canHave(Namespaces.FORMATS[format])) {
                return command.wrong(Status.INVALID_FORMAT, 10);
            }
        }
        return on(() -> {
            for (int each : which) {
                namespaces.format(each, Namespaces.FORMATS[format]);
                changed.accept(each);
            }
            return Status.SUCCESS;
        });
    }

    /** Namespace Management. */
    Status manage(Command command) {
        int select = command.dword(10) & 0xF;
        if (select > DELETE) {
            return command.wrong(Status.INVALID_FIELD, 10);
        }
        return select == DELETE ? delete(command) : create(command);
    }

    private Status create(Command command) {
        Status status = memory.find(command, LIST);
        if (status != Status.SUCCESS) {
            return status;
        }
        if (!memory.fetch(data)) {
            return Status.DATA_TRANSFER_ERROR;
        }
        long blocks = LittleEndian.qword(data, 0);
        int format = data[26] & 0xF;
        if (format >= Namespaces.FORMATS.length || (data[26] & 0xF0) != 0 || data[29] != 0) {
            return command.wrong(Status.INVALID_FORMAT, 6);
        }
        if (LittleEndian.qword(data, 8) != blocks) {
            return command.wrong(Status.THIN_PROVISIONING, 6);
        }
        if (blocks <= 0 || (data[30] & 0xFF) > 1) {
            return command.wrong(Status.INVALID_FIELD, 6);
        }
        if (blocks > namespaces.unallocated() / Namespaces.FORMATS[format]) {
            return command.wrong(Status.INSUFFICIENT_CAPACITY, 6);
        }
        return on(() -> {
            command.result = namespaces.create(Namespaces.FORMATS[format], blocks);
            return command.result == 0 ? Status.IDENTIFIER_UNAVAILABLE : Status.SUCCESS;
        });
    }

    /** One that belongs to the configuration cannot be removed. */
    private Status delete(Command command) {
        int id = command.namespace();
        int[] which = id == Namespaces.ALL ? namespaces.allocatedAbove(0) : new int[] {id};
        if (id != Namespaces.ALL && !namespaces.isValid(id)) {
            return command.wrong(Status.INVALID_NAMESPACE, 1);
        }
        for (int each : which) {
            if (!namespaces.isMade(each)) {
                return command.wrong(Status.INVALID_FIELD, 1);
            }
        }
        return on(() -> {
            for (int each : which) {
                boolean seen = namespaces.file(each) != null;
                namespaces.delete(each);
                if (seen) {
                    changed.accept(each);
                }
            }
            return Status.SUCCESS;
        });
    }

    /** Namespace Attachment: the list must name this controller, and no other there is. */
    Status attach(Command command) {
        int id = command.namespace();
        int select = command.dword(10) & 0xF;
        if (select > DETACH) {
            return command.wrong(Status.INVALID_FIELD, 10);
        }
        if (!namespaces.isValid(id)) {
            return command.wrong(Status.INVALID_NAMESPACE, 1);
        }
        Status status = memory.find(command, LIST);
        if (status != Status.SUCCESS) {
            return status;
        }
        if (!memory.fetch(data)) {
            return Status.DATA_TRANSFER_ERROR;
        }
        int count = LittleEndian.dword(data, 0) & 0xFFFF;
        if (count != 1 || LittleEndian.dword(data, 0) >>> 16 != Identify.CONTROLLER_ID) {
            return command.wrong(Status.CONTROLLER_LIST_INVALID, 6);
        }
        if (namespaces.allocated(id) == null) {
            return command.wrong(Status.INVALID_FIELD, 1);
        }
        boolean there = namespaces.file(id) != null;
        if (there != (select == DETACH)) {
            return command.wrong(there ? Status.ALREADY_ATTACHED : Status.NOT_ATTACHED, 6);
        }
        return on(() -> {
            namespaces.attach(id, select != DETACH);
            changed.accept(id);
            return Status.SUCCESS;
        });
    }
}
