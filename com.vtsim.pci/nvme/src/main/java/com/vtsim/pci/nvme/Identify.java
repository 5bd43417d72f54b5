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
    private static final int ALLOCATED_NAMESPACES = 0x10;
    private static final int ALLOCATED_NAMESPACE = 0x11;
    private static final int ATTACHED_CONTROLLERS = 0x12;
    private static final int CONTROLLERS = 0x13;
    /** The only one of the subsystem. */
    static final int CONTROLLER_ID = 1;
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
            case NAMESPACE -> namespace(command, id, namespaces.file(id));
            case CONTROLLER -> controller();
            case ACTIVE_NAMESPACES -> list(command, id, namespaces.active(id));
            case DESCRIPTORS -> descriptors(command, id);
            case ALLOCATED_NAMESPACES, ALLOCATED_NAMESPACE, ATTACHED_CONTROLLERS, CONTROLLERS -> namespaces.isManaged() ? managed(command, id) : command.wrong(Status.INVALID_FIELD, 10);
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
        word(78, CONTROLLER_ID); // CNTLID
        dword(80, 0x0001_0400); // VER
        dword(92, 0x100); // OAES: namespace attribute notices
        page[111] = 1; // CNTRLTYPE: I/O controller
        word(256, namespaces.isManaged() ? 0x0A : 0x02); // OACS: format, namespace management
        page[258] = 3; // ACL: 4 aborts
        page[259] = AsyncEvents.MOST - 1; // AERL
        page[260] = 3; // FRMW: one slot, read-only
        page[261] = 6; // LPA: commands supported and effects, log pages by offset
        page[262] = ErrorLog.ENTRIES - 1; // ELPE
        word(266, 343); // WCTEMP
        word(268, 353); // CCTEMP
        if (namespaces.isManaged()) {
            LittleEndian.qword(page, 280, namespaces.capacity()); // TNVMCAP
            LittleEndian.qword(page, 296, namespaces.unallocated()); // UNVMCAP
        }
        page[512] = 0x66; // SQES
        page[513] = 0x44; // CQES
        dword(516, namespaces.count()); // NN
        word(520, 0x9D); // ONCS: compare, dataset management, write zeroes, saved features, verify
        page[525] = 7; // VWC: present; flush takes all namespaces
        word(526, Memory.MOST / 512 - 1); // AWUN
        dword(536, 0x0005_0001); // SGLS: any alignment, bit buckets, lists longer than the data
        String name = "nqn.2014-08.org.nvmexpress:uuid:" + identifier(0);
        LittleEndian.text(page, 768, name.length(), name);
        word(2048, 2500); // PSD0: 25 W at most
        return Status.SUCCESS;
    }

    /** For those who manage namespaces. */
    private Status managed(Command command, int id) {
        int least = command.dword(10) >>> 16;
        switch (command.dword(10) & 0xFF) {
            case ALLOCATED_NAMESPACES -> {
                return list(command, id, namespaces.allocatedAbove(id));
            }
            case ALLOCATED_NAMESPACE -> {
                return namespace(command, id, namespaces.allocated(id));
            }
            case ATTACHED_CONTROLLERS -> {
                if (!namespaces.isValid(id)) {
                    return command.wrong(Status.INVALID_NAMESPACE, 1);
                }
                controllers(least <= CONTROLLER_ID && namespaces.file(id) != null);
            }
            default -> controllers(least <= CONTROLLER_ID);
        }
        return Status.SUCCESS;
    }

    private void controllers(boolean one) {
        word(0, one ? 1 : 0);
        word(2, one ? CONTROLLER_ID : 0);
    }

    /** An inactive namespace is all zeros; all of them stand for what they have in common, where namespaces can be made. */
    private Status namespace(Command command, int id, DiskFile file) {
        if (id == Namespaces.ALL && namespaces.isManaged()) {
            formats(0, Namespaces.FORMATS.length);
            return Status.SUCCESS;
        }
        if (!namespaces.isValid(id)) {
            return command.wrong(Status.INVALID_NAMESPACE, 1);
        }
        if (file != null) {
            LittleEndian.qword(page, 0, file.blocks());
            LittleEndian.qword(page, 8, file.blocks());
            LittleEndian.qword(page, 16, file.blocks());
            page[99] = (byte) (file.isReadOnly() ? 1 : 0); // NSATTR: write protected
            formats(file.blockSize() == Namespaces.FORMATS[0] ? 0 : 1, Namespaces.FORMATS.length);
            if (namespaces.isManaged()) {
                LittleEndian.qword(page, 48, file.blocks() * file.blockSize()); // NVMCAP
            }
        }
        return Status.SUCCESS;
    }

    private void formats(int present, int count) {
        page[25] = (byte) (count - 1); // NLBAF
        page[26] = (byte) present; // FLBAS
        for (int i = 0; i < count; i++) {
            page[130 + 4 * i] = (byte) Integer.numberOfTrailingZeros(Namespaces.FORMATS[i]); // LBADS
        }
    }

    /** @param above identifiers above this one are listed */
    private Status list(Command command, int above, int[] ids) {
        if (Integer.compareUnsigned(above, 0xFFFF_FFFE) >= 0) {
            return command.wrong(Status.INVALID_NAMESPACE, 1);
        }
        for (int i = 0; i < Math.min(ids.length, LONGEST_LIST); i++) {
            dword(4 * i, ids[i]);
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
