package com.vtsim.integration;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Single files of the distribution's packages, fetched as {@link GuestPackages} are and kept beside them; without the package client, tests that ask for them are skipped. */
final class PackagedFiles {
    private PackagedFiles() { }

    /**
     * Fetches what is missing.
     *
     * @param name   of a folder of their own
     * @param packed name of the package
     * @param real   a pattern for the name of the package that one only depends on and that has the files; null if it has them itself
     * @param files  each file's name here, and a glob that finds it in the package
     * @return the folder
     */
    static Path get(String name, String packed, String real, Map<String, String> files) throws IOException, InterruptedException {
        Path folder = GuestPackages.folder().resolve(name);
        if (files.keySet().stream().allMatch(file -> Files.exists(folder.resolve(file)))) {
            return folder;
        }
        for (String client : new String[] {"apt-get", "apt-cache", "dpkg-deb"}) {
            if (!Files.isExecutable(Path.of("/usr/bin", client))) {
                abort("no guest: " + client + " is missing, which would fetch " + packed + " into " + folder);
            }
        }
        Files.createDirectories(folder);
        Path work = Files.createTempDirectory(folder, "fetch");
        try {
            String fetched = packed;
            if (real != null) {
                Matcher depends = Pattern.compile("Depends: (" + real + ")").matcher(GuestPackages.run(work, "apt-cache", "depends", packed));
                if (!depends.find()) {
                    abort("no guest: the package client knows no " + packed);
                }
                fetched = depends.group(1);
            }
            GuestPackages.run(work, "apt-get", "-q", "download", fetched);
            GuestPackages.run(work, "dpkg-deb", "-x", GuestPackages.files(work, "glob:**.deb").get(0).toString(), "root");
            for (Map.Entry<String, String> file : files.entrySet()) {
                Files.move(GuestPackages.files(work, "glob:" + file.getValue()).get(0), folder.resolve(file.getKey()), StandardCopyOption.REPLACE_EXISTING);
            }
        } finally {
            try (Stream<Path> all = Files.walk(work)) {
                all.sorted((a, b) -> b.compareTo(a)).forEach(each -> each.toFile().delete());
            }
        }
        return folder;
    }
}
