package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.shell.Complete;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Version;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code machine:update}: another version of the bundle a part comes from, under a running guest. */
@Component(service = UpdateCommands.class)
@GogoCommand(scope = "machine", function = "update")
public final class UpdateCommands {
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(5);

    private final BundleContext context;
    private final Machines machines;

    /** Made by Declarative Services. */
    @Activate
    public UpdateCommands(BundleContext context, @Reference Machines machines) {
        this.context = context;
        this.machines = machines;
    }

    /** Updates a part's bundle to a newer version of itself. */
    @Descriptor("replace the bundle of a part by a copy of itself with a higher version, while the machine runs")
    public Notice update(@Complete(Names.MACHINE) @Descriptor("name of a machine") String machine, @Complete(Names.PART) @Descriptor("name of a part, such as irq") String part) throws IOException {
        Machine owner = machines.machine(machine);
        return update(owner, part, NewerCopy.of(bundle(part(owner, part))));
    }

    /** Updates a part's bundle from a file. */
    @Descriptor("replace the bundle of a part by the one in a file, while the machine runs")
    public Notice update(CommandSession session, @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine,
            @Complete(Names.PART) @Descriptor("name of a part, such as irq") String part, @Descriptor("a newer version of its bundle") Path jar) throws IOException {
        Machine owner = machines.machine(machine);
        part(owner, part);
        Path file = session.currentDir().resolve(jar);
        if (!Files.isRegularFile(file)) {
            throw new OperatorException("no file '" + jar + "'");
        }
        return update(owner, part, Files.readAllBytes(file));
    }

    private Notice update(Machine machine, String part, byte[] jar) {
        Bundle bundle = bundle(part(machine, part));
        Version before = bundle.getVersion();
        try {
            bundle.update(new ByteArrayInputStream(jar));
        } catch (BundleException e) {
            throw new OperatorException(bundle.getSymbolicName() + " cannot be updated: " + e.getMessage(), e);
        }
        String name = bundle.getSymbolicName() + " " + bundle.getVersion();
        long deadline = System.nanoTime() + PATIENCE;
        while (machine.part(part).filter(info -> info.present() && info.bundle().equals(name)).isEmpty()) {
            if (System.nanoTime() > deadline) {
                throw new OperatorException("part '" + part + "' did not come back from " + name + " within 5 s; machine:show and log:list may say why");
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
        return new Notice(machine.name(), part + ": " + bundle.getSymbolicName() + " " + before + " -> " + bundle.getVersion() + ", carried over: " + part(machine, part).carried());
    }

    private static Machine.PartInfo part(Machine machine, String name) {
        return machine.part(name).filter(Machine.PartInfo::present).orElseThrow(() ->
                OperatorException.unknown("part of machine " + machine.name(), name, machine.parts().stream().filter(Machine.PartInfo::present).map(Machine.PartInfo::name).toList()));
    }

    private Bundle bundle(Machine.PartInfo part) {
        return Stream.of(context.getBundles()).filter(bundle -> part.bundle().equals(bundle.getSymbolicName() + " " + bundle.getVersion())).findFirst()
                .orElseThrow(() -> new OperatorException("part '" + part.name() + "' comes from '" + part.bundle() + "', which is not installed"));
    }
}
