package com.vtsim.pci.lpc.fwcfg;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.Processor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/** What firmware can select: a few numbered items, and the files with their directory, by name. Source: QEMU Firmware Configuration (fw_cfg) Device. */
final class Items {
    static final int SIGNATURE = 0x00;
    static final int ID = 0x01;
    static final int UUID = 0x02;
    static final int RAM_SIZE = 0x03;
    static final int NOGRAPHIC = 0x04;
    static final int NB_CPUS = 0x05;
    static final int NUMA = 0x0D;
    static final int BOOT_MENU = 0x0E;
    static final int MAX_CPUS = 0x0F;
    static final int FILE_DIR = 0x19;
    static final int FILE_FIRST = 0x20;
    static final int IRQ0_OVERRIDE = 0x8002;

    private static final int TRADITIONAL_AND_DMA = 3;
    private static final int DIRECTORY_ENTRY = 64;
    private static final int NAME_FIELD = 56;
    private static final int E820_ENTRY = 20;
    private static final int E820_RAM = 1;
    private static final long FOUR_GIB = 1L << 32;
    private static final byte[] NOTHING = {};

    private final TreeMap<String, byte[]> files = new TreeMap<>();
    private final Map<String, Supplier<byte[]>> computed = new HashMap<>();
    private final boolean bootMenu;
    private Board board;

    Items(boolean bootMenu) {
        this.bootMenu = bootMenu;
    }

    void attach(Board newBoard) {
        board = newBoard;
        files.put("etc/e820", e820());
    }

    void put(String name, byte[] content) {
        computed.remove(name);
        files.put(name, content);
    }

    void remove(String name, byte[] content) {
        if (files.get(name) == content) {
            files.remove(name);
        }
    }

    /** A file's content is asked for when it is opened. */
    void compute(String name, Supplier<byte[]> content) {
        computed.put(name, content);
    }

    void forget(String name, Supplier<byte[]> content) {
        computed.remove(name, content);
    }

    private byte[] content(String name) {
        Supplier<byte[]> source = computed.get(name);
        return source != null ? source.get() : files.get(name);
    }

    List<String> names() {
        return List.copyOf(files.keySet());
    }

    /** @return the item's bytes; none where there is no such item */
    byte[] item(int key) {
        int file = key - FILE_FIRST;
        if (file >= 0 && file < files.size()) {
            return content(new ArrayList<>(files.keySet()).get(file));
        }
        return switch (key) {
            case SIGNATURE -> "QEMU".getBytes(StandardCharsets.US_ASCII);
            case ID -> little(4).putInt(TRADITIONAL_AND_DMA).array();
            case UUID -> new byte[16];
            case RAM_SIZE -> little(8).putLong(board.memory().ramSize()).array();
            case NOGRAPHIC -> little(2).putShort((short) 1).array();
            case NB_CPUS, MAX_CPUS -> little(2).putShort((short) board.findAll(Processor.class).size()).array();
            case NUMA -> new byte[8];
            case BOOT_MENU -> little(2).putShort((short) (bootMenu ? 1 : 0)).array();
            case FILE_DIR -> directory();
            case IRQ0_OVERRIDE -> little(4).putInt(1).array();
            default -> NOTHING;
        };
    }

    private static ByteBuffer little(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Big-endian: a count, then for each file its size, key, two reserved bytes and the name, padded with zeros. */
    private byte[] directory() {
        ByteBuffer directory = ByteBuffer.allocate(4 + DIRECTORY_ENTRY * files.size());
        directory.putInt(files.size());
        int key = FILE_FIRST;
        for (String file : files.keySet()) {
            directory.putInt(content(file).length).putShort((short) key++).putShort((short) 0);
            byte[] name = new byte[NAME_FIELD];
            byte[] ascii = file.getBytes(StandardCharsets.US_ASCII);
            System.arraycopy(ascii, 0, name, 0, ascii.length);
            directory.put(name);
        }
        return directory.array();
    }

    /** The RAM below and above the hole under 4 GiB, as the processor finds it. */
    private byte[] e820() {
        long low = 0;
        for (MemorySpace.Region region : board.memory().regions()) {
            if (region.kind().equals("ram") && region.owner().equals("board") && region.base() < FOUR_GIB) {
                low = Math.max(low, region.base() + region.length());
            }
        }
        long high = board.memory().ramSize() - low;
        ByteBuffer map = little(high > 0 ? 2 * E820_ENTRY : E820_ENTRY);
        map.putLong(0).putLong(low).putInt(E820_RAM);
        if (high > 0) {
            map.putLong(FOUR_GIB).putLong(high).putInt(E820_RAM);
        }
        return map.array();
    }
}
