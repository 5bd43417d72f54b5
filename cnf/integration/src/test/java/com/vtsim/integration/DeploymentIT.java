package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.Version;

/** What the watched folder does with a bundle's jar. */
class DeploymentIT {

    private static final String NAME = "com.vtsim.irq.pic";
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final BundleContext context = FrameworkUtil.getBundle(DeploymentIT.class).getBundleContext();
    private final Path folder = Path.of(context.getProperty("felix.fileinstall.dir")).toAbsolutePath();
    private final Path dropped = folder.resolve("part.jar");
    private final Installed installed = Installed.of(context, NAME);
    private final Version version = bundle().getVersion();

    @BeforeEach
    void emptyTheFolder() throws IOException {
        Files.createDirectories(folder);
        Files.deleteIfExists(dropped);
    }

    @AfterEach
    void putTheBundleBack() throws Exception {
        Files.deleteIfExists(dropped);
        installed.putBack();
        assertThat(bundle().getVersion()).isEqualTo(version);
    }

    @Test
    void aNewerJarUpdatesTheBundleInPlace() throws Exception {
        long id = bundle().getBundleId();
        Version newer = new Version(version.getMajor(), version.getMinor() + 1, 0);
        drop(newer);
        await().atMost(LIMIT).untilAsserted(() -> assertThat(bundle().getVersion()).isEqualTo(newer));
        await().atMost(LIMIT).untilAsserted(() -> assertThat(bundle().getState()).isEqualTo(Bundle.ACTIVE));
        assertThat(bundle().getBundleId()).isEqualTo(id);
        assertThat(context.getBundles()).filteredOn(each -> NAME.equals(each.getSymbolicName())).hasSize(1);
    }

    private Bundle bundle() {
        return installed.bundle();
    }

    /** Drops the bundle's own content under another version, in one step, as a careful operator does. */
    private void drop(Version as) throws IOException {
        Path whole = Files.write(Files.createTempFile("part", ".jar"), installed.as(as));
        Files.move(whole, dropped, StandardCopyOption.REPLACE_EXISTING);
    }
}
