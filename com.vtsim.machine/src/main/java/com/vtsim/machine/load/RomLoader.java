package com.vtsim.machine.load;

import com.vtsim.api.machine.MemorySpace;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Firmware: ends at 4 GiB, where the processor starts after reset, and its last 128 KiB are seen below 1 MiB too,
 * where real mode reaches them.
 */
final class RomLoader implements ImageLoader {
    private static final long TOP = 1L << 32;
    private static final long LOW_TOP = 1L << 20;
    private static final int LOW_LARGEST = 128 << 10;
    private static final int LARGEST = 16 << 20;

    @Override
    public Set<String> options() {
        return Set.of();
    }

    @Override
    public Image read(Path path, LoadOptions options, List<MemorySpace.Region> memory) {
        ImageFile file = ImageFile.read(path);
        int length = file.length();
        if (length % MemorySpace.PAGE != 0 || length > LARGEST) {
            throw file.wrong("is no ROM image: it has " + length + " bytes; a ROM has a multiple of 4096, at most 16 MiB");
        }
        byte[] low = Arrays.copyOfRange(file.bytes(), Math.max(0, length - LOW_LARGEST), length);
        var high = new Image.Segment("rom", TOP - length, file.bytes());
        var shadow = new Image.Segment("rom", LOW_TOP - low.length, low);
        return new Image(file.name() + ": " + LoadOptions.size(length) + ", " + high + " and " + shadow, List.of(high, shadow), List.of(), null);
    }
}
