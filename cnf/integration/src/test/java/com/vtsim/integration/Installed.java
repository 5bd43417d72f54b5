package com.vtsim.integration;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.Version;

/** An installed bundle as an operator replaces it; {@link #putBack} leaves it as it was found, for the tests share one framework. */
final class Installed {
    private final Bundle bundle;
    private final Path jar;
    private final Version version;

    private Installed(Bundle bundle) {
        this.bundle = bundle;
        jar = Path.of(URI.create(bundle.getLocation().replaceFirst("^reference:", "")));
        version = bundle.getVersion();
    }

    /** @throws java.util.NoSuchElementException if it is not installed */
    static Installed of(BundleContext context, String name) {
        return new Installed(Arrays.stream(context.getBundles()).filter(each -> name.equals(each.getSymbolicName())).findFirst().orElseThrow());
    }

    Bundle bundle() {
        return bundle;
    }

    /** Updates it to its own content with the last number of its version raised by one. */
    void update() throws IOException, BundleException {
        Version now = bundle.getVersion();
        bundle.update(new ByteArrayInputStream(as(new Version(now.getMajor(), now.getMinor(), now.getMicro() + 1))));
    }

    /** Its content as it was installed, under another version. */
    byte[] as(Version other) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JarFile from = new JarFile(jar.toFile())) {
            Manifest manifest = new Manifest(from.getManifest());
            manifest.getMainAttributes().putValue(Constants.BUNDLE_VERSION, other.toString());
            try (JarOutputStream to = new JarOutputStream(bytes, manifest)) {
                for (JarEntry entry : Collections.list(from.entries())) {
                    if (!entry.getName().equals(JarFile.MANIFEST_NAME)) {
                        to.putNextEntry(new JarEntry(entry.getName()));
                        from.getInputStream(entry).transferTo(to);
                    }
                }
            }
        }
        return bytes.toByteArray();
    }

    /** As it was installed, and started. */
    void putBack() throws IOException, BundleException {
        if (!bundle.getVersion().equals(version)) {
            try (InputStream original = Files.newInputStream(jar)) {
                bundle.update(original);
            }
        }
        bundle.start();
    }
}
