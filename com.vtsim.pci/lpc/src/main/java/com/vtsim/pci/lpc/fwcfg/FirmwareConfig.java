package com.vtsim.pci.lpc.fwcfg;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.FirmwareFiles;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.Registration;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * The firmware configuration device: selector at port 510h, data at 511h, DMA address at 514h–51Bh (big-endian, the write of its lower
 * half starts the transfer). Items cannot be written. Source: QEMU Firmware Configuration (fw_cfg) Device.
 */
@Component(configurationPid = "com.vtsim.pci.lpc.fwcfg", configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = {Part.class, FirmwareFiles.class})
public final class FirmwareConfig implements FirmwareFiles {
    private static final String MODEL = "fwcfg";
    private static final int VERSION = 1;
    private static final int SELECTOR = 0x510;
    private static final int DMA_HIGH = 0x514;
    private static final int DMA_LOW = 0x518;
    private static final int KEY = 0xBFFF;
    /** Read as a number from the DMA address register, high half first: "QEMU CFG". */
    private static final int SIGNATURE_HIGH = 0x5145_4D55;
    private static final int SIGNATURE_LOW = 0x2043_4647;

    private static final long LAST_ADDRESS = 1L << 52;
    private static final int DMA_ERROR = 1;
    private static final int DMA_READ = 2;
    private static final int DMA_SKIP = 4;
    private static final int DMA_SELECT = 8;
    private static final int DMA_WRITE = 16;

    private static final byte[] NOTHING = {};

    private final String name;
    private final Items items;
    private int key;
    private int offset;
    private int dmaHigh;
    private byte[] selected = {};
    private Board board;

    /** A configuration of the firmware configuration device. */
    public @interface Config {
        /** @return the machine's name */
        String vtsim_machine();

        /** @return the part's name */
        String vtsim_name() default "fwcfg";

        /** @return port of the UART on which firmware shows its screen and takes keys; 0 for none */
        int console() default 0x3F8;

        /** @return whether firmware offers its boot menu */
        boolean menu() default false;

        /** @return device paths in the order of trying, separated by line feeds */
        String bootorder() default "";
    }

    private record FwCfgState(int key, int offset, int dmaHigh) { }

    /** Made from a configuration. */
    @Activate
    public FirmwareConfig(Config config) {
        this(config.vtsim_name(), config.console(), config.menu(), config.bootorder());
    }

    /**
     * @param name      the part's name
     * @param console   port of the UART that is firmware's console, 0 for none
     * @param menu      whether firmware offers its boot menu
     * @param bootorder device paths, separated by line feeds
     */
    public FirmwareConfig(String name, int console, boolean menu, String bootorder) {
        this.name = name;
        items = new Items(menu);
        if (console != 0) {
            items.put("etc/sercon-port", new byte[] {(byte) console, (byte) (console >> 8)});
        }
        byte[] order = bootorder.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        items.put("bootorder", bootorder.isEmpty() ? order : java.util.Arrays.copyOf(order, order.length + 1));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String model() {
        return MODEL;
    }

    @Override
    public Registration add(String file, byte[] content) {
        if (file.isEmpty() || file.length() > NAME_LENGTH || !file.chars().allMatch(c -> c > 0x20 && c < 0x7F)) {
            throw new IllegalArgumentException("a file's name has 1 to " + NAME_LENGTH + " ASCII characters, not '" + file + "'");
        }
        items.put(file, content);
        return () -> items.remove(file, content);
    }

    @Override
    public Registration add(String file, java.util.function.Supplier<byte[]> content) {
        Registration registration = add(file, NOTHING);
        items.compute(file, content);
        return () -> {
            items.forget(file, content);
            registration.close();
        };
    }

    @Override
    public List<String> files() {
        return items.names();
    }

    @Override
    public void attach(Board newBoard) {
        board = newBoard;
        items.attach(board);
        selected = items.item(key);
        board.ports().map(SELECTOR, 2, 2, new SelectorAndData());
        board.ports().map(DMA_HIGH, 8, 4, new DmaAddress());
    }

    @Override
    public void reset(Reset kind) {
        key = 0;
        offset = 0;
        dmaHigh = 0;
        if (board != null) {
            selected = items.item(key);
        }
    }

    @Override
    public State save() {
        return State.of(MODEL, VERSION, new FwCfgState(key, offset, dmaHigh));
    }

    @Override
    public void restore(State state) {
        FwCfgState saved = state.as(FwCfgState.class, MODEL, VERSION);
        key = saved.key();
        offset = saved.offset();
        dmaHigh = saved.dmaHigh();
    }

    private void select(int selector) {
        key = selector & KEY;
        offset = 0;
        selected = items.item(key);
    }

    /** Beyond the end of an item there are zeros. */
    private int next() {
        if (offset >= selected.length) {
            return 0;
        }
        return selected[offset++] & 0xFF;
    }

    private void transfer(long request) {
        int control = big(request);
        int length = big(request + 4);
        long address = (long) big(request + 8) << 32 | big(request + 12) & 0xFFFF_FFFFL;
        if ((control & DMA_SELECT) != 0) {
            select(control >>> 16);
        }
        int result = 0;
        if ((control & DMA_READ) != 0) {
            result = copy(address, length & 0xFFFF_FFFFL);
        } else if ((control & DMA_WRITE) != 0) {
            result = DMA_ERROR;
        } else if ((control & DMA_SKIP) != 0) {
            offset = (int) Math.min(selected.length, offset + (length & 0xFFFF_FFFFL));
        }
        board.memory().write(request, 4, Integer.reverseBytes(result) & 0xFFFF_FFFFL);
    }

    private int copy(long address, long length) {
        if (address < 0 || address + length > LAST_ADDRESS) {
            return DMA_ERROR;
        }
        int there = (int) Math.min(length, selected.length - offset);
        board.memory().write(address, selected, offset, there);
        offset += there;
        byte[] zeros = new byte[(int) Math.min(length - there, 4096)];
        for (long done = there; done < length; done += zeros.length) {
            board.memory().write(address + done, zeros, 0, (int) Math.min(zeros.length, length - done));
        }
        return 0;
    }

    private int big(long address) {
        return Integer.reverseBytes((int) board.memory().read(address, 4));
    }

    private final class SelectorAndData implements PortDevice {
        @Override
        public int read(int port, int size) {
            if (size == 2) {
                return 0xFFFF;
            }
            return port == SELECTOR ? 0xFF : next();
        }

        @Override
        public void write(int port, int size, int value) {
            if (port == SELECTOR && size == 2) {
                select(value);
            }
        }
    }

    private final class DmaAddress implements PortDevice {
        @Override
        public int read(int port, int size) {
            long signature = (long) Integer.reverseBytes(SIGNATURE_LOW) << 32 | Integer.reverseBytes(SIGNATURE_HIGH) & 0xFFFF_FFFFL;
            return (int) (signature >>> 8 * (port - DMA_HIGH)) & -1 >>> 32 - 8 * size;
        }

        @Override
        public void write(int port, int size, int value) {
            if (size != 4) {
                return;
            }
            if (port == DMA_HIGH) {
                dmaHigh = Integer.reverseBytes(value);
            } else if (port == DMA_LOW) {
                long request = (long) dmaHigh << 32 | Integer.reverseBytes(value) & 0xFFFF_FFFFL;
                dmaHigh = 0;
                transfer(request);
            }
        }
    }
}
