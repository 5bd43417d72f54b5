package com.vtsim.shell.family;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.util.Collections;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.osgi.framework.Bundle;
import org.osgi.framework.Constants;
import org.osgi.framework.Version;

/** Packs an installed bundle again, with the last number of its version raised by one: an update to practise hot swap with. */
final class NewerCopy {
    private static final String MANIFEST = "META-INF/MANIFEST.MF";

    private NewerCopy() { }

    /** @return a jar */
    static byte[] of(Bundle bundle) throws IOException {
        Manifest manifest;
        try (InputStream in = bundle.getEntry(MANIFEST).openStream()) {
            manifest = new Manifest(in);
        }
        Version version = bundle.getVersion();
        Version newer = new Version(version.getMajor(), version.getMinor(), version.getMicro() + 1, version.getQualifier());
        manifest.getMainAttributes().putValue(Constants.BUNDLE_VERSION, newer.toString());
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JarOutputStream jar = new JarOutputStream(bytes, manifest)) {
            for (URL url : entries(bundle)) {
                String name = url.getPath().substring(1);
                if (name.endsWith("/") || name.equals(MANIFEST)) {
                    continue;
                }
                jar.putNextEntry(new JarEntry(name));
                try (InputStream in = url.openStream()) {
                    in.transferTo(jar);
                }
                jar.closeEntry();
            }
        }
        return bytes.toByteArray();
    }

    private static List<URL> entries(Bundle bundle) {
        var entries = bundle.findEntries("/", "*", true);
        return entries == null ? List.of() : Collections.list(entries);
    }
}
