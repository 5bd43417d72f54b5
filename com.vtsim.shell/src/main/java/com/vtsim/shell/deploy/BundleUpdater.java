package com.vtsim.shell.deploy;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import org.apache.felix.fileinstall.ArtifactInstaller;
import org.apache.felix.fileinstall.ArtifactListener;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.Version;
import org.osgi.framework.wiring.FrameworkWiring;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;

/**
 * Updates a bundle that runs when a newer jar of it is dropped into the watched folder; FileInstall itself would install it beside
 * the old one, and both would provide the same part.
 * <p>
 * Jars of other bundles are left to FileInstall. An older jar is left alone; taking the jar away changes nothing. Which thread:
 * FileInstall's.
 */
@Component(service = {ArtifactInstaller.class, ArtifactListener.class})
public final class BundleUpdater implements ArtifactInstaller {

    private final BundleContext context;
    private final Logger log;

    @Activate
    public BundleUpdater(BundleContext context, @Reference(service = LoggerFactory.class) Logger log) {
        this.context = context;
        this.log = log;
    }

    @Override
    public boolean canHandle(File artifact) {
        return artifact.getName().endsWith(".jar") && running(artifact) != null;
    }

    @Override
    public void install(File artifact) throws Exception {
        Bundle bundle = running(artifact);
        Version offered = version(manifest(artifact));
        if (bundle == null || offered.compareTo(bundle.getVersion()) < 0) {
            log.warn("{} is older than the bundle that runs: left alone", artifact.getName());
            return;
        }
        Version before = bundle.getVersion();
        try (InputStream jar = Files.newInputStream(artifact.toPath())) {
            bundle.update(jar);
        } catch (BundleException e) {
            log.error("{} could not be updated from {}", bundle, artifact, e);
            throw e;
        }
        context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION).adapt(FrameworkWiring.class).refreshBundles(List.of(bundle));
        log.info("Updated {} from {} to {}", bundle.getSymbolicName(), before, bundle.getVersion());
    }

    @Override
    public void update(File artifact) throws Exception {
        install(artifact);
    }

    @Override
    public void uninstall(File artifact) {
        log.info("{} was taken away; the bundle stays as it is", artifact.getName());
    }

    /** The bundle of that name which did not come from the watched folder; null if there is none. */
    private Bundle running(File artifact) {
        Manifest manifest = manifest(artifact);
        String header = manifest == null ? null : manifest.getMainAttributes().getValue(Constants.BUNDLE_SYMBOLICNAME);
        if (header == null) {
            return null;
        }
        String name = header.split(";")[0].strip();
        String location = artifact.toURI().normalize().getPath();
        for (Bundle bundle : context.getBundles()) {
            if (name.equals(bundle.getSymbolicName()) && !bundle.getLocation().endsWith(location)) {
                return bundle;
            }
        }
        return null;
    }

    private static Manifest manifest(File artifact) {
        try (JarFile jar = new JarFile(artifact)) {
            return jar.getManifest();
        } catch (IOException e) {
            // No jar, or not yet whole: FileInstall asks again when the file has changed.
            return null;
        }
    }

    private static Version version(Manifest manifest) {
        Attributes attributes = manifest == null ? new Attributes() : manifest.getMainAttributes();
        return Version.parseVersion(attributes.getValue(Constants.BUNDLE_VERSION));
    }
}
