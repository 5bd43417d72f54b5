package com.vtsim.integration;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The distribution's own kernel and busybox, fetched once by its package client into a folder outside the repository:
 * {@code VTSIM_GUESTS}, or {@code ~/.cache/vtsim/guests}. Without that client, tests that ask for them are skipped.
 *
 * @param kernel  a bzImage
 * @param busybox one static program
 * @param modules the folder of those of the kernel's modules that tests load, as {@code name.ko}
 */
record GuestPackages(Path kernel, Path busybox, Path modules) {
    private static final String KERNEL = "linux-image-cloud-amd64";
    private static final String BUSYBOX = "busybox-static";
    private static final List<String> MODULES = List.of("pci-pf-stub.ko", "irqbypass.ko", "kvm.ko", "kvm-intel.ko", "virtio_ring.ko", "virtio.ko", "virtio_pci_modern_dev.ko",
        "virtio_pci_legacy_dev.ko", "virtio_pci.ko", "virtio_blk.ko", "virtio_console.ko", "virtio-rng.ko", "failover.ko", "net_failover.ko", "virtio_net.ko");
    private static final long MINUTES = 5;

    static GuestPackages get() throws IOException, InterruptedException {
        Path folder = folder();
        GuestPackages kept = new GuestPackages(folder.resolve("vmlinuz"), folder.resolve("busybox"), folder.resolve("modules"));
        if (!kept.complete()) {
            for (String client : new String[] {"apt-get", "apt-cache", "dpkg-deb"}) {
                if (!Files.isExecutable(Path.of("/usr/bin", client))) {
                    abort("no guest: " + client + " is missing, which would fetch " + KERNEL + " and " + BUSYBOX + " into " + folder);
                }
            }
            Files.createDirectories(folder);
            fetch(Files.createTempDirectory(folder, "fetch"), kept);
        }
        return kept;
    }

    /** Kernel and modules come from one package: what was fetched before modules were is fetched again. */
    private boolean complete() {
        return Files.exists(kernel) && Files.exists(busybox) && MODULES.stream().allMatch(name -> Files.exists(modules.resolve(name)));
    }

    static Path folder() {
        String given = System.getenv("VTSIM_GUESTS");
        return given != null && !given.isBlank() ? Path.of(given) : Path.of(System.getProperty("user.home"), ".cache", "vtsim", "guests");
    }

    private static void fetch(Path work, GuestPackages to) throws IOException, InterruptedException {
        try {
            Matcher depends = Pattern.compile("Depends: (linux-image-\\S+)").matcher(run(work, "apt-cache", "depends", KERNEL));
            if (!depends.find()) {
                abort("no guest: the package client knows no " + KERNEL);
            }
            run(work, "apt-get", "-q", "download", depends.group(1), BUSYBOX);
            for (Path each : files(work, "glob:**.deb")) {
                run(work, "dpkg-deb", "-x", each.toString(), "root");
            }
            Files.move(files(work, "glob:**/boot/vmlinuz-*").get(0), to.kernel, StandardCopyOption.REPLACE_EXISTING);
            Files.createDirectories(to.modules);
            for (String name : MODULES) {
                Files.move(files(work, "glob:**/" + name).get(0), to.modules.resolve(name), StandardCopyOption.REPLACE_EXISTING);
            }
            Files.move(files(work, "glob:**/bin/busybox").get(0), to.busybox, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            try (Stream<Path> all = Files.walk(work)) {
                all.sorted((a, b) -> b.compareTo(a)).forEach(each -> each.toFile().delete());
            }
        }
    }

    static List<Path> files(Path under, String glob) throws IOException {
        try (Stream<Path> all = Files.walk(under)) {
            return all.filter(Files::isRegularFile).filter(under.getFileSystem().getPathMatcher(glob)::matches).sorted().toList();
        }
    }

    static String run(Path folder, String... command) throws IOException, InterruptedException {
        Path out = folder.resolve("said");
        Process process = new ProcessBuilder(new ArrayList<>(List.of(command))).directory(folder.toFile()).redirectErrorStream(true).redirectOutput(out.toFile()).start();
        boolean ended = process.waitFor(MINUTES, TimeUnit.MINUTES);
        process.destroyForcibly();
        String said = Files.readString(out);
        if (!ended || process.exitValue() != 0) {
            abort("no guest: " + String.join(" ", command) + " failed: " + said.strip().lines().reduce("", (first, last) -> last));
        }
        return said;
    }
}
