package com.vtsim.machine.load;

import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.OperatorException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Understands one kind of image. Holds no state; any thread. */
public interface ImageLoader {
    /** @return names of the options it takes */
    Set<String> options();

    /**
     * Reads an image and checks it completely; the machine is not touched.
     *
     * @param memory the machine's map: what is loaded must lie in RAM
     * @throws OperatorException if the file is missing, cut short, of another format or does not fit the machine
     */
    Image read(Path file, LoadOptions options, List<MemorySpace.Region> memory);

    /** @return every kind with its loader */
    static Map<String, ImageLoader> kinds() {
        return new TreeMap<>(Map.of("rom", new RomLoader(), "flat", new FlatLoader(), "multiboot", new MultibootLoader(),
            "multiboot2", new Multiboot2Loader(), "linux", new LinuxLoader()));
    }

    /**
     * Reads an image of a kind.
     *
     * @param kind    {@code rom}, {@code flat}, {@code multiboot}, {@code multiboot2}, {@code linux}
     * @param options by name
     * @param memory  the machine's map
     * @throws OperatorException also if the kind or an option is unknown
     */
    static Image read(String kind, Path file, Map<String, String> options, List<MemorySpace.Region> memory) {
        ImageLoader loader = kinds().get(kind);
        if (loader == null) {
            throw OperatorException.unknown("kind of image", kind, kinds().keySet());
        }
        for (String option : options.keySet()) {
            if (!loader.options().contains(option)) {
                throw OperatorException.unknown("option of " + kind + " images", option, loader.options().stream().sorted().toList());
            }
        }
        return loader.read(file, new LoadOptions(options), memory);
    }
}
