package com.vtsim.pci.virtio.block;

import com.vtsim.api.disk.DiskFile;
import com.vtsim.api.disk.Drives;
import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.State;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.register.RegisterBlocks;
import com.vtsim.api.virtio.VirtioDevice;
import com.vtsim.api.virtio.VirtioIdentity;
import com.vtsim.api.virtio.VirtioTransport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.Deactivate;

/** A disk on a file of the host. Source: Virtual I/O Device (VIRTIO) 1.2, Block Device. */
@Component(configurationPid = "com.vtsim.pci.virtio.block", configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = {Part.class, PciFunction.class, Drives.class, RegisterBlocks.class})
public final class VirtioBlock extends VirtioDevice implements Drives {
    private static final String MODEL = "virtio-block";
    private static final int VERSION = 1;
    private static final int TYPE = 2;
    private static final int SECTOR = 512;
    private static final long SEG_MAX = 1L << 2;
    private static final long READ_ONLY = 1L << 5;
    private static final long BLK_SIZE = 1L << 6;
    private static final long FLUSH = 1L << 9;
    private static final long TOPOLOGY = 1L << 10;
    private static final long CONFIG_WCE = 1L << 11;
    private static final long MULTIQUEUE = 1L << 12;
    private static final long DISCARD = 1L << 13;
    private static final long WRITE_ZEROES = 1L << 14;
    private static final int QUEUE = 256;
    /** Bytes of the largest request. */
    private static final int MOST = 1 << 20;
    private static final int MOST_ZEROES = 1 << 24;
    /** What waiting for the host's medium is held to be worth, in bytes. */
    private static final int FLUSH_EFFORT = 1 << 18;
    private static final int HEADER = 16;
    /** Bytes of a range that is discarded or zeroed, and how many ranges are discarded at most; one is zeroed. */
    private static final int RANGE = 16;
    private static final int MOST_RANGES = 16;
    private static final int MOST_QUEUES = 16;
    /** Bytes of what the host writes at once. */
    private static final int PHYSICAL = 4096;
    private static final int IN = 0;
    private static final int OUT = 1;
    private static final int FLUSH_REQUEST = 4;
    private static final int GET_ID = 8;
    private static final int DISCARD_REQUEST = 11;
    private static final int ZEROES = 13;
    private static final int OK = 0;
    private static final int IO_ERROR = 1;
    private static final int UNSUPPORTED = 2;
    private static final int CAPACITY_AT = 0;
    private static final int SEG_MAX_AT = 12;
    private static final int BLK_SIZE_AT = 20;
    private static final int PHYSICAL_EXPONENT_AT = 24;
    private static final int LEAST_AT = 26;
    private static final int WRITEBACK_AT = 32;
    private static final int QUEUES_AT = 34;
    private static final int MOST_DISCARD_AT = 36;
    private static final int MOST_DISCARD_RANGES_AT = 40;
    private static final int DISCARD_ALIGNMENT_AT = 44;
    private static final int MOST_ZEROES_AT = 48;
    private static final int MOST_ZERO_RANGES_AT = 52;
    private static final int ID_LENGTH = 20;

    private final DiskFile file;
    private final byte[] data = new byte[MOST];
    private final byte[] zeros = new byte[MOST];
    private final byte[] header = new byte[HEADER];
    private final ByteBuffer configuration = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);

    /** A configuration of the disk. */
    public @interface Config {
        /** @return the machine's name */
        String vtsim_machine();

        /** @return the part's name */
        String vtsim_name() default "virtio0";

        /** @return bus:device.function */
        String vtsim_pci_address() default "00:05.0";

        /** @return one file, {@code ro:} before it if it is read-only */
        String[] files() default {};

        /** @return bytes of a block, 512 or 4096 */
        int block_size() default 512;

        /** @return request queues, 1 to 16; a driver uses as many as it has processors */
        int queues() default 4;

        /** @return whether the driver may choose packed rings */
        boolean packed() default true;
    }

    private record BlockState(boolean writeback) { }

    /** Made from a configuration. @throws OperatorException if the file cannot be used */
    @Activate
    public VirtioBlock(@Reference VirtioTransport transport, Config config) {
        this(transport, config.vtsim_name(), config.vtsim_pci_address(), open(config), config.queues(), config.packed());
    }

    private static DiskFile open(Config config) {
        if (config.files().length != 1) {
            throw new OperatorException("a virtio disk has one file, not " + config.files().length);
        }
        if (config.block_size() != 512 && config.block_size() != 4096) {
            throw new OperatorException("block.size is 512 or 4096, not " + config.block_size());
        }
        if (config.queues() < 1 || config.queues() > MOST_QUEUES) {
            throw new OperatorException("queues is 1 to " + MOST_QUEUES + ", not " + config.queues());
        }
        return DiskFile.named(config.files()[0], config.block_size());
    }

    /**
     * @param transport what carries it
     * @param name      the part's name
     * @param address   bus:device.function
     * @param file      its content
     * @param queues    how many, 1 to 16
     * @param packed    whether the driver may choose packed rings
     */
    public VirtioBlock(VirtioTransport transport, String name, String address, DiskFile file, int queues, boolean packed) {
        super(transport, new VirtioIdentity(name, MODEL, PciAddress.parse(address), TYPE, 0x01_00_00, SEG_MAX | BLK_SIZE | FLUSH | TOPOLOGY | CONFIG_WCE | MULTIQUEUE | (file.isReadOnly() ? READ_ONLY : DISCARD | WRITE_ZEROES), packed, Collections.nCopies(queues, QUEUE)));
        this.file = file;
        configuration.putLong(CAPACITY_AT, file.blocks() * file.blockSize() / SECTOR).putInt(SEG_MAX_AT, QUEUE - 2).putInt(BLK_SIZE_AT, file.blockSize())
                .put(PHYSICAL_EXPONENT_AT, (byte) Integer.numberOfTrailingZeros(PHYSICAL / file.blockSize())).putShort(LEAST_AT, (short) (PHYSICAL / file.blockSize()))
                .putShort(QUEUES_AT, (short) queues).putInt(MOST_DISCARD_AT, MOST_ZEROES / SECTOR).putInt(MOST_DISCARD_RANGES_AT, MOST_RANGES).putInt(DISCARD_ALIGNMENT_AT, file.blockSize() / SECTOR)
                .put(WRITEBACK_AT, (byte) 1).putInt(MOST_ZEROES_AT, MOST_ZEROES / SECTOR).putInt(MOST_ZERO_RANGES_AT, 1);
    }

    /** The component goes; a machine that had it has let it go already. */
    @Deactivate
    void close() {
        file.close();
    }

    @Override
    public int configuration(int offset) {
        return offset < configuration.capacity() ? configuration.get(offset) & 0xFF : 0;
    }

    @Override
    public void configure(int offset, int value) {
        if (offset == WRITEBACK_AT && function().has(CONFIG_WCE)) {
            configuration.put(WRITEBACK_AT, (byte) (value & 1));
            flush();
        }
    }

    @Override
    public void cleared() {
        configuration.put(WRITEBACK_AT, (byte) 1);
        flush();
    }

    /** A driver that cannot flush must not have to. */
    private boolean isCached() {
        return function().has(CONFIG_WCE) ? configuration.get(WRITEBACK_AT) != 0 : function().has(FLUSH);
    }

    private int flush() {
        function().spend(FLUSH_EFFORT);
        try {
            if (file.isOpen()) {
                file.flush();
            }
            return OK;
        } catch (IOException e) {
            return failed(e);
        }
    }

    private int failed(IOException e) {
        if (board() != null) {
            board().report(e.getMessage());
        }
        return IO_ERROR;
    }

    /** Header, data, and a last byte for the status. */
    @Override
    public boolean serve(int queue) {
        if (!function().next(queue)) {
            return false;
        }
        if (function().writable() < 1 || !function().read(0, header, HEADER)) {
            function().fail("a request without header or status");
            return true;
        }
        ByteBuffer request = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        long sector = request.getLong(8);
        long room = function().writable() - 1;
        int written = 0;
        int status;
        switch (request.getInt(0)) {
            case IN -> {
                status = in(sector, room);
                written = status == OK ? (int) room : 0;
            }
            case OUT -> status = out(sector, function().readable() - HEADER);
            case FLUSH_REQUEST -> status = flush();
            case GET_ID -> {
                status = identify(room);
                written = status == OK ? ID_LENGTH : 0;
            }
            case DISCARD_REQUEST, ZEROES -> status = file.isReadOnly() ? UNSUPPORTED : ranges(request.getInt(0), function().readable() - HEADER);
            default -> status = UNSUPPORTED;
        }
        header[0] = (byte) status;
        if (function().write(room, header, 1)) {
            function().give(queue, written + 1);
        }
        return true;
    }

    private boolean isPossible(long sector, long bytes) {
        long sectors = configuration.getLong(CAPACITY_AT);
        return bytes % file.blockSize() == 0 && bytes <= MOST && sector >= 0 && sector <= sectors - bytes / SECTOR && sector * SECTOR % file.blockSize() == 0;
    }

    private int in(long sector, long bytes) {
        if (!isPossible(sector, bytes)) {
            return IO_ERROR;
        }
        function().spend(bytes);
        try {
            file.read(sector * SECTOR, data, 0, (int) bytes);
        } catch (IOException e) {
            return failed(e);
        }
        return function().tryWrite(0, data, (int) bytes) ? OK : IO_ERROR;
    }

    /** All data is there before the first byte is written. */
    private int out(long sector, long bytes) {
        if (file.isReadOnly() || !isPossible(sector, bytes) || !function().tryRead(HEADER, data, (int) bytes)) {
            return IO_ERROR;
        }
        function().spend(bytes);
        try {
            file.write(sector * SECTOR, data, 0, (int) bytes);
        } catch (IOException e) {
            return failed(e);
        }
        return isCached() ? OK : flush();
    }

    private int identify(long room) {
        byte[] id = Arrays.copyOf(("vtsim-" + name()).getBytes(StandardCharsets.US_ASCII), ID_LENGTH);
        return room >= ID_LENGTH && function().tryWrite(0, id, ID_LENGTH) ? OK : IO_ERROR;
    }

    /** Each range: sector, count of sectors, flags of which "unmap" is a hint for zeroes and reserved for what is discarded. All are looked at before the first is carried out. */
    private int ranges(int type, long bytes) {
        if (bytes < RANGE || bytes % RANGE != 0 || bytes > (type == ZEROES ? RANGE : RANGE * MOST_RANGES) || !function().tryRead(HEADER, data, (int) bytes)) {
            return UNSUPPORTED;
        }
        byte[] list = Arrays.copyOf(data, (int) bytes);
        ByteBuffer ranges = ByteBuffer.wrap(list).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < bytes; at += RANGE) {
            long sector = ranges.getLong(at);
            long sectors = ranges.getInt(at + 8) & 0xFFFF_FFFFL;
            if ((ranges.getInt(at + 12) & (type == ZEROES ? ~1 : ~0)) != 0) {
                return UNSUPPORTED;
            }
            if (sectors > MOST_ZEROES / SECTOR || sector < 0 || sector > configuration.getLong(CAPACITY_AT) - sectors) {
                return IO_ERROR;
            }
        }
        if (type == DISCARD_REQUEST) {
            return OK;
        }
        try {
            zero(ranges.getLong(0) * SECTOR, (ranges.getInt(8) & 0xFFFF_FFFFL) * SECTOR);
        } catch (IOException e) {
            return failed(e);
        }
        return isCached() ? OK : flush();
    }

    private void zero(long from, long bytes) throws IOException {
        function().spend(bytes);
        for (long done = 0; done < bytes; done += MOST) {
            int piece = (int) Math.min(bytes - done, MOST);
            file.read(from + done, data, 0, piece);
            if (!Arrays.equals(data, 0, piece, zeros, 0, piece)) {
                file.write(from + done, zeros, 0, piece);
            }
        }
    }

    @Override
    public void attach(Board newBoard) {
        file.open();
        if (!file.failure().isEmpty()) {
            newBoard.report(file.failure());
        }
        super.attach(newBoard);
    }

    @Override
    public void detach() {
        flush();
        file.close();
        super.detach();
    }

    /** What the guest has written is on the host's medium before its state is told to anyone. */
    @Override
    protected State saveDevice() {
        flush();
        return State.of(MODEL, VERSION, new BlockState(configuration.get(WRITEBACK_AT) != 0));
    }

    @Override
    protected void restoreDevice(State state) {
        BlockState saved = state.as(BlockState.class, MODEL, VERSION);
        configuration.put(WRITEBACK_AT, (byte) (saved.writeback() ? 1 : 0));
    }

    @Override
    public List<Drive> drives() {
        return List.of(new Drive(1, file.path().toString(), file.blocks(), file.blockSize(), file.isReadOnly(), file.failure()));
    }
}
