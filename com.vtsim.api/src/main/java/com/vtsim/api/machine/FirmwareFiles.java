package com.vtsim.api.machine;

import java.util.List;
import java.util.function.Supplier;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The part through which firmware is handed named files: tables, settings, kernels. Whoever has a file asks the board for this part
 * in its attach, adds the file, and withdraws it in its detach. Files are configuration, not state: they are added anew after a swap. Machine thread only.
 */
@ConsumerType
public interface FirmwareFiles extends Part {
    /** Longest name, characters. */
    int NAME_LENGTH = 55;

    /**
     * Adds a file, in place of one of the same name.
     *
     * @param name    ASCII, 1 to {@link #NAME_LENGTH} characters: {@code etc/acpi/rsdp}
     * @param content kept, not copied
     * @throws IllegalArgumentException if the name is not one
     */
    Registration add(String name, byte[] content);

    /**
     * Adds a file whose content is asked for whenever firmware opens it: it follows what firmware has programmed by then.
     *
     * @param content always of the same length
     * @throws IllegalArgumentException if the name is not one
     */
    default Registration add(String name, Supplier<byte[]> content) {
        return add(name, content.get());
    }

    /** @return the names firmware sees, in its directory's order */
    List<String> files();
}
