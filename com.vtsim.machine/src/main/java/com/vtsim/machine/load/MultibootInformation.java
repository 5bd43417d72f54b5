package com.vtsim.machine.load;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What the kernel is told (Multiboot Specification 0.6.96, Boot information format): command line, modules, memory map, name of the loader.
 *
 * @param commandLine of the kernel
 * @param modules     in order
 * @param memory      the memory map
 */
record MultibootInformation(String commandLine, List<Module> modules, List<MemoryRange> memory) {
    /** The loader's name. */
    static final String LOADER = "VTSim";
    private static final int SIZE = 116;
    private static final int MODULE_SIZE = 16;
    private static final int RANGE_SIZE = 24;
    private static final int HAS_MEMORY = 1;
    private static final int HAS_COMMAND_LINE = 1 << 2;
    private static final int HAS_MODULES = 1 << 3;
    private static final int HAS_MEMORY_MAP = 1 << 6;
    private static final int HAS_LOADER_NAME = 1 << 9;

    /**
     * A module.
     *
     * @param place       where it lies
     * @param commandLine its own
     */
    record Module(Image.Segment place, String commandLine) { }

    /** @return bytes it takes with all it points to */
    int length() {
        int strings = text(commandLine).length + text(LOADER).length;
        for (Module module : modules) {
            strings += text(module.commandLine).length;
        }
        return SIZE + modules.size() * MODULE_SIZE + memory.size() * RANGE_SIZE + strings;
    }

    /** Writes it for an address: the structure first, then modules, memory map and strings. */
    void write(byte[] into, long address) {
        ByteBuffer bytes = ByteBuffer.wrap(into).order(ByteOrder.LITTLE_ENDIAN);
        int base = (int) address;
        int mapAt = SIZE + modules.size() * MODULE_SIZE;
        int stringsAt = mapAt + memory.size() * RANGE_SIZE;

        bytes.putInt(0, HAS_MEMORY | HAS_COMMAND_LINE | (modules.isEmpty() ? 0 : HAS_MODULES) | HAS_MEMORY_MAP | HAS_LOADER_NAME);
        bytes.putInt(4, kilobytes(0));
        bytes.putInt(8, kilobytes(Ram.HIGH));
        bytes.putInt(20, modules.size());
        bytes.putInt(24, base + SIZE);
        bytes.putInt(44, memory.size() * RANGE_SIZE);
        bytes.putInt(48, base + mapAt);

        bytes.position(mapAt);
        for (MemoryRange range : memory) {
            bytes.putInt(RANGE_SIZE - 4).putLong(range.from()).putLong(range.length()).putInt(range.type());
        }
        bytes.position(stringsAt);
        bytes.putInt(16, base + bytes.position()).put(text(commandLine));
        bytes.putInt(64, base + bytes.position()).put(text(LOADER));
        for (int i = 0; i < modules.size(); i++) {
            Module module = modules.get(i);
            int at = SIZE + i * MODULE_SIZE;
            bytes.putInt(at, (int) module.place.address()).putInt(at + 4, (int) module.place.end()).putInt(at + 8, base + bytes.position());
            bytes.put(text(module.commandLine));
        }
    }

    private int kilobytes(long from) {
        return kilobytes(memory, from);
    }

    /** The RAM that begins at an address, up to its first hole, in KiB. */
    static int kilobytes(List<MemoryRange> memory, long from) {
        return memory.stream().filter(range -> range.from() == from && range.type() == MemoryRange.AVAILABLE)
            .mapToInt(range -> (int) Math.min(range.length() >> 10, 0x3F_FFFF)).findFirst().orElse(0);
    }

    private static byte[] text(String text) {
        return (text + '\0').getBytes(StandardCharsets.ISO_8859_1);
    }
}
