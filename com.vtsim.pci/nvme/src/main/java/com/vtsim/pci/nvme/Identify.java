package com.vtsim.pci.nvme;

import com.vtsim.api.disk.DiskFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.UUID;

/** The data structures of the Identify command. Source: NVM Express Base Specification 1.4, Identify Command. */
final class Identify {
    /** Bytes of each structure. */
    static final int LENGTH = 4096;
    private static final int NAMESPACE = 0x00;
    private static final int CONTROLLER = 0x01;
    private static final int ACTIVE_NAMESPACES = 0x02;
    private static final int DESCRIPTORS = 0x03;
    private static final int LONGEST_LIST = 1024;
    private static final int UUID_DESCRIPTOR = 3;

    private final Namespaces namespaces;
    private final String identity;
    private final byte[] page = new byte[LENGTH];

    /** @param identity what the serial number and the identifiers of the namespaces are made of: machine and part */
    Identify(Namespaces namespaces, String identity) {
        this.namespaces = namespaces;
        this.identity = identity;
    }

    /** Identify. */
    Status execute(Command command, Memory memory) {
        Arrays.fill(page, (byte) 0);
        int id = command.namespace();
        Status status = switch (command.dword(10) & 0xFF) {
            case NAMESPACE -> namespace(command, id);
            case CONTROLLER -> controller();
            case ACTIVE_NAMESPACES -> list(command, id);
            case DESCRIPTORS -> descriptors(command, id);
            default -> command.wrong(Status.INVALID_FIELD, 10);
        };
        if (status == Status.SUCCESS) {
            status = memory.find(command, LENGTH);
        }
        return status != Status.SUCCESS || memory.store(page) ? status : Status.DATA_TRANSFER_ERROR;
    }

    private void word(int at, int value) {
        LittleEndian.word(page, at, value);
    }

    private void dword(int at, int value) {
        LittleEndian.dword(page, at, value);
    }

    private Status controller() {
        String serial = identifier(0).toString().replace("-", "").substring(0, 16);
        word(0, NvmeController.VENDOR);
        word(2, NvmeController.SUBSYSTEM_VENDOR);
        LittleEndian.text(page, 4, 20, "VT" + serial);
        LittleEndian.text(page, 24, 40, "VTSim NVMe disk");
        LittleEndian.text(page, 64, 8, "1.0");
        page[77] = 5; // MDTS: 2^5 pages of 4 KiB
        word(78, 1); // CNTLID
        dword(80, 0x0001_0400); // VER
        dword(92, 0x100); // OAES: namespace attribute notices
        page[111] = 1; // CNTRLTYPE: I/O controller
        page[258] = 3; // ACL: 4 aborts
        page[259] = AsyncEvents.MOST - 1; // AERL
        page[260] = 3; // FRMW: one slot, read-only
        page[261] = 4; // LPA: log pages by offset
        page[262] = ErrorLog.ENTRIES - 1; // ELPE
        word(266, 343); // WCTEMP
        word(268, 353); // CCTEMP
        page[512] = 0x66; // SQES
        page[513] = 0x44; // CQES
        dword(516, namespaces.count()); // NN
        word(520, 0x0D); // ONCS: compare, dataset management, write zeroes
        page[525] = 7; // VWC: present; flush takes all namespaces
        word(526, Memory.MOST / 512 - 1); // AWUN
        String name = "nqn.2014-08.org.nvmexpress:uuid:" + identifier(0);
        LittleEndian.text(page, 768, name.length(), name);
        word(2048, 2500); // PSD0: 25 W at most
        return Status.SUCCESS;
    }

    /** An inactive namespace is all zeros. */
    private Status namespace(Command command, int id) {
        if (!namespaces.isValid(id)) {
            return command.wrong(Status.INVALID_NAMESPACE, 1);
        }
        DiskFile file = namespaces.file(id);
        if (file != null) {
            LittleEndian.qword(page, 0, file.blocks());
            LittleEndian.qword(page, 8, file.blocks());
            LittleEndian.qword(page, 16, file.blocks());
            page[99] = (byte) (file.isReadOnly() ? 1 : 0); // NSATTR: write protected
            page[130] = (byte) Integer.numberOfTrailingZeros(file.blockSize()); // LBAF0: LBADS
        }
        return Status.SUCCESS;
    }

    /** @param above identifiers above this one are listed */
    private Status list(Command command, int above) {
        if (Integer.compareUnsigned(above, 0xFFFF_FFFE) >= 0) {
            return command.wrong(Status.INVALID_NAMESPACE, 1);
        }
        int[] active = namespaces.active(above);
        for (int i = 0; i < Math.min(active.length, LONGEST_LIST); i++) {
            dword(4 * i, active[i]);
        }
        return Status.SUCCESS;
    }

    private Status descriptors(Command command, int id) {
        if (!namespaces.isValid(id)) {
            return command.wrong(Status.INVALID_NAMESPACE, 1);
        }
        if (namespaces.file(id) == null) {
            return command.wrong(Status.INVALID_FIELD, 1);
        }
        page[0] = UUID_DESCRIPTOR;
        page[1] = 16;
        UUID uuid = identifier(id);
        ByteBuffer.wrap(page, 4, 16).putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits());
        return Status.SUCCESS;
    }

    /** The same for the same machine, part and namespace; as RFC 9562 makes UUIDs of version 8 out of a digest. */
    private UUID identifier(int id) {
        try {
            ByteBuffer digest = ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest((identity + "/" + id).getBytes(StandardCharsets.UTF_8)));
            return new UUID(digest.getLong() & ~0xF000L | 0x8000, digest.getLong() >>> 2 | 0x8000_0000_0000_0000L);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
