package com.vtsim.shell.family;

import com.vtsim.api.disk.Drives;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Part;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.shell.Complete;
import com.vtsim.shell.Quantity;
import com.vtsim.shell.draw.Drawing;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The {@code disk:} family: files of the host as disks of a machine. */
@Component(service = DiskCommands.class)
@GogoCommand(scope = "disk", function = {"create", "attach", "detach", "insert", "eject", "list"})
public final class DiskCommands {
    private static final long BLOCK = 512;
    /** What can have disks, with the prefix of its parts' names. */
    private static final Map<String, String> MODELS = Map.of("nvme", "com.vtsim.pci.nvme", "virtio", "com.vtsim.pci.virtio.block");
    private static final int FIRST_DEVICE = 4;
    private static final int BRIDGES = 0x1E;

    private final Machines machines;

    /** Made by Declarative Services. */
    @Activate
    public DiskCommands(@Reference Machines machines) {
        this.machines = machines;
    }

    /** A disk as the operator sees it. */
    public record Disk(String part, String address, int number, String size, int block, String access, String file) { }

    /** Makes an empty disk. */
    @Descriptor("make an empty disk: a sparse file of the host")
    public Notice create(CommandSession session, @Descriptor("the file to make") Path file, @Descriptor("its size: 64M, 8G") String size) throws IOException {
        long bytes = Quantity.bytes(size);
        if (bytes < BLOCK || bytes % BLOCK != 0) {
            throw new OperatorException("a disk of " + size + " is not possible; it must be a multiple of 512 bytes");
        }
        Path path = session.currentDir().resolve(file);
        try {
            Files.createFile(path);
        } catch (FileAlreadyExistsException e) {
            throw new OperatorException(file + " exists already; delete it or choose another name", e);
        }
        try (RandomAccessFile made = new RandomAccessFile(path.toFile(), "rw")) {
            made.setLength(bytes);
        }
        return new Notice(file.toString(), "%,d blocks of 512 bytes".formatted(bytes / BLOCK));
    }

    /** Attaches disks. */
    @Descriptor("give a machine files as disks: one NVMe controller with all of them, or a virtio device for each; it may be running")
    public Notice attach(CommandSession session,
            @Descriptor("what they are attached to: nvme or virtio") @Parameter(names = "--as", absentValue = "nvme") String model,
            @Descriptor("bus:device.function; without it the first free device from 00:04.0 on") @Parameter(names = {"-a", "--address"}, absentValue = "") String address,
            @Descriptor("name of the new part; without it nvme0, nvme1, … or virtio0, …") @Parameter(names = {"-n", "--name"}, absentValue = "") String name,
            @Descriptor("the guest cannot write to them") @Parameter(names = {"-r", "--read-only"}, presentValue = "true", absentValue = "false") boolean readOnly,
            @Descriptor("bytes of a block: 512 or 4096") @Parameter(names = {"-b", "--block"}, absentValue = "512") int block,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine,
            @Descriptor("files: one disk (namespace) each") Path... files) {
        String pid = MODELS.get(model);
        if (pid == null) {
            throw OperatorException.unknown("kind of disk", model, MODELS.keySet());
        }
        if (files.length == 0) {
            throw new OperatorException("no file; name one or more, disk:create makes them");
        }
        Machine owner = machines.machine(machine);
        List<String> paths = Stream.of(files).map(file -> (readOnly ? "ro:" : "") + session.currentDir().resolve(file)).toList();
        if (model.equals("nvme")) {
            return new Notice(machine, add(owner, model, pid, name, address, block, paths));
        }
        if (paths.size() > 1 && !(name.isEmpty() && address.isEmpty())) {
            throw new OperatorException("a virtio disk has one file; leave out --name and --address for several");
        }
        return new Notice(machine, paths.stream().map(path -> add(owner, model, pid, name, address, block, List.of(path))).collect(Collectors.joining("; ")));
    }

    private String add(Machine machine, String model, String pid, String name, String address, int block, List<String> files) {
        String part = name.isEmpty() ? freeName(machine, model) : name;
        PciAddress place = machine.call(() -> place(Targets.part(machine, PciHost.class, "PCI host"), address));
        Map<String, Object> properties = new HashMap<>();
        properties.put(PciFunction.ADDRESS, place.toString());
        properties.put(Drives.FILES, files.toArray(String[]::new));
        properties.put("block.size", block);
        machines.add(machine.name(), part, pid, properties);
        return "%s at %s: %s".formatted(part, place, files.size() == 1 ? Path.of(files.get(0)).getFileName() : files.size() + " disks");
    }

    private static String freeName(Machine machine, String model) {
        List<String> taken = machine.parts().stream().map(Machine.PartInfo::name).toList();
        return Stream.iterate(0, i -> i + 1).map(i -> model + i).filter(each -> !taken.contains(each)).findFirst().orElseThrow();
    }

    static PciAddress place(PciHost host, String wanted) {
        List<PciAddress> taken = host.functions().stream().map(PciFunction::address).toList();
        if (!wanted.isEmpty()) {
            PciAddress place = PciCommands.place(wanted);
            if (taken.contains(place)) {
                throw new OperatorException(place + " is taken by " + host.function(place).orElseThrow().name());
            }
            return place;
        }
        for (int device = FIRST_DEVICE; device < BRIDGES; device++) {
            int free = device;
            if (taken.stream().noneMatch(each -> each.bus() == 0 && each.device() == free)) {
                return new PciAddress(0, device, 0);
            }
        }
        throw new OperatorException("no device of bus 0 is free");
    }

    /** Detaches disks. */
    @Descriptor("take a disk controller away from a machine; what its guest has written is on the host's disk then")
    public Notice detach(@Complete(Names.MACHINE) @Descriptor("name of a machine") String machine, @Complete(Names.PART) @Descriptor("name of the part: nvme0") String name) {
        Machine owner = machines.machine(machine);
        List<String> known = owner.call(() -> owner.findAll(Drives.class).stream().map(Part::name).toList());
        if (!known.contains(name)) {
            throw OperatorException.unknown("disk controller in machine " + machine, name, known);
        }
        machines.remove(machine, name);
        return new Notice(machine, name + " detached");
    }

    /** Adds a namespace. */
    @Descriptor("give an NVMe controller one more disk (namespace) while the machine runs; the guest is told")
    public Notice insert(CommandSession session,
            @Descriptor("the guest cannot write to it") @Parameter(names = {"-r", "--read-only"}, presentValue = "true", absentValue = "false") boolean readOnly,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine,
            @Complete(Names.PART) @Descriptor("name of the controller: nvme0") String name,
            @Descriptor("the file") Path file) {
        List<String> files = namespaces(machines.machine(machine), name);
        String text = (readOnly ? "ro:" : "") + session.currentDir().resolve(file);
        int gap = files.indexOf("");
        if (gap < 0) {
            files.add(text);
        } else {
            files.set(gap, text);
        }
        machines.configure(machine, name, Map.of(Drives.FILES, files.toArray(String[]::new)));
        return new Notice(machine, "%s is disk %d of %s".formatted(file, gap < 0 ? files.size() : gap + 1, name));
    }

    /** Takes a namespace away. */
    @Descriptor("take a disk (namespace) away from an NVMe controller while the machine runs; the guest is told")
    public Notice eject(
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine,
            @Complete(Names.PART) @Descriptor("name of the controller: nvme0") String name,
            @Descriptor("number of the disk, as disk:list shows it") int number) {
        List<String> files = namespaces(machines.machine(machine), name);
        if (number < 1 || number > files.size() || files.get(number - 1).isEmpty()) {
            throw new OperatorException(name + " has no disk " + number + "; disk:list shows those it has");
        }
        files.set(number - 1, "");
        machines.configure(machine, name, Map.of(Drives.FILES, files.toArray(String[]::new)));
        return new Notice(machine, "disk %d of %s ejected".formatted(number, name));
    }

    /** @return its files as the configuration has them */
    private static List<String> namespaces(Machine machine, String name) {
        return machine.call(() -> {
            List<Drives> controllers = machine.findAll(Drives.class).stream().filter(part -> part.model().equals("nvme")).toList();
            Drives controller = controllers.stream().filter(part -> part.name().equals(name)).findFirst()
                    .orElseThrow(() -> OperatorException.unknown("NVMe controller in machine " + machine.name(), name, controllers.stream().map(Part::name).toList()));
            List<String> files = new ArrayList<>();
            for (Drives.Drive drive : controller.drives()) {
                while (files.size() < drive.number() - 1) {
                    files.add("");
                }
                files.add((drive.readOnly() ? "ro:" : "") + drive.path());
            }
            return files;
        });
    }

    /** Lists disks. */
    @Descriptor("list the disks of a machine")
    public List<Disk> list(@Complete(Names.MACHINE) @Descriptor("name of a machine") String machine) {
        Machine owner = machines.machine(machine);
        return owner.call(() -> {
            List<Disk> disks = new ArrayList<>();
            for (Drives part : owner.findAll(Drives.class)) {
                String address = part instanceof PciFunction function ? function.address().toString() : "";
                part.drives().forEach(drive -> disks.add(new Disk(part.name(), address, drive.number(), Drawing.bytes(drive.blocks() * drive.blockSize()), drive.blockSize(),
                        drive.failure().isEmpty() ? drive.readOnly() ? "read-only" : "read and write" : drive.failure(), drive.path())));
            }
            return disks;
        });
    }
}
