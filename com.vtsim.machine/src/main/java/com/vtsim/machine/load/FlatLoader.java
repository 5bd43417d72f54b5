package com.vtsim.machine.load;

import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.EntryState.Mode;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.OperatorException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Bytes at an address. {@code mode}: real (default), protected or long; {@code address}: 7c00h in real mode, else
 * 10_0000h; {@code entry}: the address. The stack grows down from 7c00h. Long mode gets page tables that map the
 * first 4 GiB to themselves.
 */
final class FlatLoader implements ImageLoader {
    private static final long BOOT_SECTOR = 0x7C00;

    @Override
    public Set<String> options() {
        return Set.of("address", "entry", "mode");
    }

    @Override
    public Image read(Path path, LoadOptions options, List<MemorySpace.Region> memory) {
        ImageFile file = ImageFile.read(path);
        Mode mode = mode(options.text("mode").orElse("real"));
        long address = options.number("address", mode == Mode.REAL ? BOOT_SECTOR : Ram.HIGH);
        long entry = options.number("entry", address);
        Image.Segment content = new Image.Segment("image", address, file.bytes());
        if (!content.overlaps(entry, entry + 1)) {
            throw new OperatorException("entry " + LoadOptions.hexadecimal(entry) + " is outside of the " + content);
        }
        Ram ram = new Ram(memory);
        ram.take(file, content);
        Map<String, Long> registers = new HashMap<>(Map.of("rsp", BOOT_SECTOR, Image.TYPES_REGISTER, Image.MEMORY_TYPES));
        long pointer = entry;
        if (mode == Mode.REAL) {
            if (entry >= Ram.HIGH) {
                throw new OperatorException("entry " + LoadOptions.hexadecimal(entry) + " cannot be reached in real mode; it must be below 10_0000h");
            }
            long selector = entry <= 0xFFFF ? 0 : entry >> 4 & 0xF000;
            registers.put("cs", selector);
            pointer = entry - (selector << 4);
        } else if (mode == Mode.LONG) {
            registers.put("cr3", IdentityTables.in(ram));
        }
        return new Image(file.name() + ": " + LoadOptions.size(file.length()) + ", " + content + ", entry " + LoadOptions.hexadecimal(entry)
                + " in " + mode.name().toLowerCase(Locale.ROOT) + " mode", List.of(), ram.taken(), new EntryState(mode, pointer, registers));
    }

    private static Mode mode(String text) {
        try {
            return Mode.valueOf(text.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw OperatorException.unknown("mode", text, List.of("real", "protected", "long"));
        }
    }
}
