package com.vtsim.machine.profile;

import com.vtsim.api.machine.OperatorException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The descriptions that come with VTSim, and those in files. */
final class Profiles {
    private static final List<String> NAMES = List.of("q35", "gm45");

    private Profiles() { }

    /** @return name to description */
    static Map<String, String> descriptions() {
        Map<String, String> descriptions = new LinkedHashMap<>();
        NAMES.forEach(name -> descriptions.put(name, named(name).description()));
        return descriptions;
    }

    /** @param name of a profile, or path of a file */
    static Profile find(String name) {
        if (NAMES.contains(name)) {
            return named(name);
        }
        Path file = Path.of(name);
        if (!Files.isRegularFile(file)) {
            List<String> known = new ArrayList<>(NAMES);
            known.add("the path of a description");
            throw OperatorException.unknown("profile", name, known);
        }
        try {
            return Profile.of(name, Files.readString(file));
        } catch (IOException e) {
            throw new OperatorException("profile '" + name + "' cannot be read: " + e.getMessage(), e);
        }
    }

    private static Profile named(String name) {
        try (InputStream in = Profiles.class.getResourceAsStream(name + ".json")) {
            return Profile.of(name, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
