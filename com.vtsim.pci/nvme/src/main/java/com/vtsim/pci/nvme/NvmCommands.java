package com.vtsim.pci.nvme;

import com.vtsim.api.disk.DiskFile;
import com.vtsim.api.machine.Board;
import java.io.IOException;
import java.util.Arrays;

/** The NVM command set. Source: NVM Express Base Specification 1.4, NVM Command Set. */
final class NvmCommands {
    private static final int FLUSH = 0x00;
    private static final int WRITE = 0x01;
    private static final int READ = 0x02;
    private static final int COMPARE = 0x05;
    private static final int WRITE_ZEROES = 0x08;
    private static final int DATASET_MANAGEMENT = 0x09;
    private static final int VERIFY = 0x0C;
    private static final int RESERVED_POINTER = 0xC0;
    private static final int FORCE_UNIT_ACCESS = 1 << 30;
    private static final int DEALLOCATE = 4;
    private static final int RANGE = 16;
    /** What waiting for the host's medium is held to be worth, in bytes. */
    private static final int FLUSH_EFFORT = 1 << 18;

    private final Namespaces namespaces;
    private final Memory memory;
    private final Features features;
    private final Counters counters;
    private final byte[] data = new byte[Memory.MOST];
    private final byte[] other = new byte[Memory.MOST];
    /** Bytes that commands have moved, written or looked at since the machine was built; not state. */
    private long effort;
    private Board board;

    NvmCommands(Namespaces namespaces, Memory memory, Features features, Counters counters) {
        this.namespaces = namespaces;
        this.memory = memory;
        this.features = features;
        this.counters = counters;
    }

    void attach(Board newBoard) {
        board = newBoard;
    }

    /** @return a measure of the host's work so far, in bytes */
    long effort() {
        return effort;
    }

    /** @return the status; never {@link Status#PENDING} */
    Status execute(Command command) {
        int id = command.namespace();
        int opcode = command.opcode();
        if ((command.form() & 3) != 0 || command.form() == RESERVED_POINTER) {
            return command.wrong(Status.INVALID_FIELD, 0);
        }
        if (opcode == FLUSH && id == Namespaces.ALL) {
            return flushAll();
        }
        if (opcode != FLUSH && opcode != WRITE && opcode != READ && opcode != COMPARE && opcode != WRITE_ZEROES && opcode != DATASET_MANAGEMENT && opcode != VERIFY) {
            return command.wrong(Status.INVALID_COMMAND_OPCODE, 0);
        }
        if (!namespaces.isValid(id)) {
            return command.wrong(Status.INVALID_NAMESPACE, 1);
        }
        DiskFile file = namespaces.file(id);
        if (file == null) {
            return command.wrong(Status.INVALID_FIELD, 1);
        }
        if (!file.isOpen()) {
            return Status.NAMESPACE_NOT_READY;
        }
        return switch (opcode) {
            case FLUSH -> flush(file);
            case WRITE -> write(command, file);
            case READ -> read(command, file);
            case COMPARE -> compare(command, file);
            case WRITE_ZEROES -> writeZeroes(command, file);
            case VERIFY -> verify(command, file);
            default -> manage(command, file);
        };
    }

    private Status flushAll() {
        effort += FLUSH_EFFORT;
        try {
            namespaces.flush();
            return Status.SUCCESS;
        } catch (IOException e) {
            return failed(e, Status.WRITE_FAULT);
        }
    }

    private Status flush(DiskFile file) {
        effort += FLUSH_EFFORT;
        try {
            file.flush();
            return Status.SUCCESS;
        } catch (IOException e) {
            return failed(e, Status.WRITE_FAULT);
        }
    }

    private Status failed(IOException e, Status status) {
        board.report(e.getMessage());
        return status;
    }

    private static int blocks(Command command) {
        return (command.dword(12) & 0xFFFF) + 1;
    }

    /** What commands with a range of blocks have in common. */
    private Status checked(Command command, DiskFile file) {
        return isInside(file, command.startingBlock(), blocks(command)) ? Status.SUCCESS : command.wrong(Status.LBA_OUT_OF_RANGE, 10);
    }

    private static boolean isInside(DiskFile file, long first, long count) {
        return first >= 0 && first <= file.blocks() - count;
    }

    /** And those that move data too; a larger transfer than the controller has announced is an invalid field. */
    private Status found(Command command, DiskFile file) {
        if ((long) blocks(command) * file.blockSize() > Memory.MOST) {
            return command.wrong(Status.INVALID_FIELD, 12);
        }
        Status status = checked(command, file);
        effort += (long) blocks(command) * file.blockSize();
        return status != Status.SUCCESS ? status : memory.find(command, blocks(command) * file.blockSize(), command.opcode() == READ);
    }

    private Status read(Command command, DiskFile file) {
        Status status = found(command, file);
        if (status != Status.SUCCESS) {
            return status;
        }
        int bytes = blocks(command) * file.blockSize();
        try {
            file.read(command.startingBlock() * file.blockSize(), data, 0, bytes);
        } catch (IOException e) {
            return failed(e, Status.UNRECOVERED_READ_ERROR);
        }
        counters.read(bytes);
        return memory.store(data) ? Status.SUCCESS : Status.DATA_TRANSFER_ERROR;
    }

    /** All data is there before the first byte is written: a transfer that fails on its way tears no block. */
    private Status write(Command command, DiskFile file) {
        Status status = file.isReadOnly() ? Status.NAMESPACE_WRITE_PROTECTED : found(command, file);
        if (status != Status.SUCCESS) {
            return status;
        }
        if (!memory.fetch(data)) {
            return Status.DATA_TRANSFER_ERROR;
        }
        int bytes = blocks(command) * file.blockSize();
        try {
            file.write(command.startingBlock() * file.blockSize(), data, 0, bytes);
            settle(command, file);
        } catch (IOException e) {
            return failed(e, Status.WRITE_FAULT);
        }
        counters.written(bytes);
        return Status.SUCCESS;
    }

    /** Without a volatile cache, and where the command says so, data is on the medium when the command completes. */
    private void settle(Command command, DiskFile file) throws IOException {
        if (!features.isCacheOn() || (command.dword(12) & FORCE_UNIT_ACCESS) != 0) {
            effort += FLUSH_EFFORT;
            file.flush();
        }
    }

    private Status compare(Command command, DiskFile file) {
        Status status = found(command, file);
        if (status != Status.SUCCESS) {
            return status;
        }
        if (!memory.fetch(data)) {
            return Status.DATA_TRANSFER_ERROR;
        }
        int bytes = blocks(command) * file.blockSize();
        try {
            file.read(command.startingBlock() * file.blockSize(), other, 0, bytes);
        } catch (IOException e) {
            return failed(e, Status.UNRECOVERED_READ_ERROR);
        }
        counters.read(bytes);
        return Arrays.equals(data, 0, bytes, other, 0, bytes) ? Status.SUCCESS : Status.COMPARE_FAILURE;
    }

    /** The medium is read, and nothing moved. */
    private Status verify(Command command, DiskFile file) {
        Status status = checked(command, file);
        long at = command.startingBlock() * file.blockSize();
        try {
            for (long left = status == Status.SUCCESS ? (long) blocks(command) * file.blockSize() : 0; left > 0; left -= Memory.MOST) {
                int bytes = (int) Math.min(left, Memory.MOST);
                file.read(at, data, 0, bytes);
                effort += bytes;
                at += bytes;
            }
            return status;
        } catch (IOException e) {
            return failed(e, Status.UNRECOVERED_READ_ERROR);
        }
    }

    /** Blocks that are zero already are left alone, so that a sparse file stays sparse. */
    private Status writeZeroes(Command command, DiskFile file) {
        Status status = file.isReadOnly() ? Status.NAMESPACE_WRITE_PROTECTED : checked(command, file);
        if (status != Status.SUCCESS) {
            return status;
        }
        Arrays.fill(other, (byte) 0);
        effort += (long) blocks(command) * file.blockSize();
        long at = command.startingBlock() * file.blockSize();
        try {
            for (long left = (long) blocks(command) * file.blockSize(); left > 0; ) {
                int bytes = (int) Math.min(left, Memory.MOST);
                file.read(at, data, 0, bytes);
                if (!Arrays.equals(data, 0, bytes, other, 0, bytes)) {
                    file.write(at, other, 0, bytes);
                }
                at += bytes;
                left -= bytes;
            }
            settle(command, file);
            return Status.SUCCESS;
        } catch (IOException e) {
            return failed(e, Status.WRITE_FAULT);
        }
    }

    /** A hint; it is checked, and blocks keep their content, which is one of the three things that a deallocated block may read. */
    private Status manage(Command command, DiskFile file) {
        int ranges = (command.dword(10) & 0xFF) + 1;
        Status status = memory.find(command, ranges * RANGE, false);
        if (status != Status.SUCCESS) {
            return status;
        }
        if (!memory.fetch(data)) {
            return Status.DATA_TRANSFER_ERROR;
        }
        if (file.isReadOnly() && (command.dword(11) & DEALLOCATE) != 0) {
            return Status.NAMESPACE_WRITE_PROTECTED;
        }
        for (int i = 0; i < ranges; i++) {
            long count = LittleEndian.dword(data, i * RANGE + 4) & 0xFFFF_FFFFL;
            if (!isInside(file, LittleEndian.qword(data, i * RANGE + 8), count)) {
                return Status.LBA_OUT_OF_RANGE;
            }
        }
        return Status.SUCCESS;
    }
}
