package com.vtsim.machine.load;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;

/**
 * What a kernel of version 2 is told (Multiboot2 Specification 2.0, Boot information format): tags, each at a multiple of 8 bytes.
 *
 * @param commandLine of the kernel
 * @param modules     in order
 * @param memory      the memory map
 */
record Multiboot2Information(String commandLine, List<MultibootInformation.Module> modules, List<MemoryRange> memory) {
    private static final int END = 0, COMMAND_LINE = 1, LOADER = 2, MODULE = 3, MEMORY = 4, MAP = 6, OLD_RSDP = 14, NEW_RSDP = 15;
    /** Types of tags that are there, for kernels that require some; modules if there are any. */
    static final Set<Long> TYPES = Set.of(1L, 2L, 3L, 4L, 6L, 14L, 15L);
    /** Bytes of the root pointer of ACPI 1.0 and of the present one. */
    static final int OLD_LENGTH = 20, NEW_LENGTH = 36;
    private static final int FIXED = 8;
    private static final int TAG = 8;
    private static final int RANGE = 24;

    /** @return bytes it takes */
    int length() {
        int length = FIXED + tag(commandLine.length() + 1) + tag(MultibootInformation.LOADER.length() + 1) + tag(8) + tag(8 + RANGE * memory.size())
            + tag(OLD_LENGTH) + tag(NEW_LENGTH) + tag(0);
        for (MultibootInformation.Module module : modules) {
            length += tag(8 + module.commandLine().length() + 1);
        }
        return length;
    }

    private static int tag(int content) {
        return TAG + content + 7 & -8;
    }

    /** Writes it. @return where in it the two root pointers of ACPI are wanted, old and new */
    int[] write(byte[] into) {
        ByteBuffer bytes = ByteBuffer.wrap(into).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(length()).putInt(0);
        text(bytes, COMMAND_LINE, commandLine);
        text(bytes, LOADER, MultibootInformation.LOADER);
        for (MultibootInformation.Module module : modules) {
            bytes.putInt(MODULE).putInt(TAG + 8 + module.commandLine().length() + 1).putInt((int) module.place().address()).putInt((int) module.place().end());
            align(bytes.put(characters(module.commandLine())));
        }
        bytes.putInt(MEMORY).putInt(TAG + 8).putInt(MultibootInformation.kilobytes(memory, 0)).putInt(MultibootInformation.kilobytes(memory, Ram.HIGH));
        bytes.putInt(MAP).putInt(TAG + 8 + RANGE * memory.size()).putInt(RANGE).putInt(0);
        for (MemoryRange range : memory) {
            bytes.putLong(range.from()).putLong(range.length()).putInt(range.type()).putInt(0);
        }
        int[] pointers = {pointer(bytes, OLD_RSDP, OLD_LENGTH), pointer(bytes, NEW_RSDP, NEW_LENGTH)};
        bytes.putInt(END).putInt(TAG);
        return pointers;
    }

    private static int pointer(ByteBuffer bytes, int type, int length) {
        bytes.putInt(type).putInt(TAG + length);
        int at = bytes.position();
        align(bytes.position(at + length));
        return at;
    }

    private static void text(ByteBuffer bytes, int type, String text) {
        align(bytes.putInt(type).putInt(TAG + text.length() + 1).put(characters(text)));
    }

    private static byte[] characters(String text) {
        return (text + '\0').getBytes(StandardCharsets.ISO_8859_1);
    }

    private static void align(ByteBuffer bytes) {
        bytes.position(bytes.position() + 7 & -8);
    }
}
