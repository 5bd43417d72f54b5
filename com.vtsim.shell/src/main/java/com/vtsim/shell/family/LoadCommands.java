package com.vtsim.shell.family;

import com.vtsim.api.cpu.InstructionSet;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.shell.Complete;
import com.vtsim.shell.Quantity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** {@code machine:load}: images, and sources that VTSim's own assembler turns into one. */
@Component(service = LoadCommands.class)
@GogoCommand(scope = "machine", function = "load")
public final class LoadCommands {
    private static final String ASSEMBLY = "asm";
    /** Where a source is assembled for if neither it nor the operator says so: a boot sector's place, and that of a kernel. */
    private static final long BOOT_SECTOR = 0x7C00;
    private static final long KERNEL = 0x10_0000;

    private final Machines machines;

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
    private volatile InstructionSet instructions;

    /** Made by Declarative Services. */
    @Activate
    public LoadCommands(@Reference Machines machines) {
        this.machines = machines;
    }

    /** Loads an image. */
    @Descriptor("load an image into a machine: a ROM, a flat image, a Multiboot or Linux kernel, or a source to assemble")
    public Notice load(CommandSession session,
            @Descriptor("command line of a kernel") @Parameter(names = {"-a", "--append"}, absentValue = "") String append,
            @Descriptor("modules of a kernel: files, separated by commas") @Parameter(names = "--module", absentValue = "") String module,
            @Descriptor("initial RAM disk of a Linux kernel: a file") @Parameter(names = "--initrd", absentValue = "") String initrd,
            @Descriptor("address of a flat image") @Parameter(names = "--address", absentValue = "") String address,
            @Descriptor("where a flat image starts") @Parameter(names = "--entry", absentValue = "") String entry,
            @Complete(Names.MODE) @Descriptor("mode in which a flat image starts: real, protected, long") @Parameter(names = "--mode", absentValue = "") String mode,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine,
            @Complete(Names.IMAGE) @Descriptor("rom, flat, multiboot, multiboot2, linux or asm") String kind,
            @Descriptor("the image or source") Path file) {
        Map<String, String> options = new LinkedHashMap<>();
        put(options, "append", append);
        put(options, "module", module);
        if (!initrd.isEmpty()) {
            options.put("initrd", session.currentDir().resolve(initrd).toString());
        }
        put(options, "address", number(address));
        put(options, "entry", number(entry));
        put(options, "mode", mode);
        Machine target = machines.machine(machine);
        Path path = session.currentDir().resolve(file);
        if (!Names.IMAGES.contains(kind)) {
            throw OperatorException.unknown("kind of image", kind, Names.IMAGES);
        }
        return new Notice(machine, kind.equals(ASSEMBLY) ? assemble(target, path, options) : target.load(kind, path, options));
    }

    private static void put(Map<String, String> options, String name, String value) {
        if (!value.isEmpty()) {
            options.put(name, value);
        }
    }

    private static String number(String text) {
        return text.isEmpty() ? "" : "0x" + Long.toHexString(Quantity.number(text));
    }

    /** Assembles a source and loads it as a flat image; a label {@code start} is the entry unless another is given. */
    private String assemble(Machine machine, Path file, Map<String, String> options) {
        InstructionSet set = instructions;
        if (set == null) {
            throw new OperatorException("no assembler is installed; com.vtsim.cpu brings it");
        }
        for (String foreign : new String[] {"append", "module", "initrd"}) {
            if (options.containsKey(foreign)) {
                throw new OperatorException("--" + foreign + " is for kernels; a source takes --address, --entry and --mode");
            }
        }
        long origin = options.containsKey("address") ? Quantity.number(options.get("address")) : options.getOrDefault("mode", "real").equals("real") ? BOOT_SECTOR : KERNEL;
        Path image = null;
        try {
            InstructionSet.Program program = set.assemble(Files.readString(file), origin);
            options.put("address", "0x" + Long.toHexString(program.origin()));
            Long start = program.symbols().get("start");
            if (start != null) {
                options.putIfAbsent("entry", "0x" + Long.toHexString(start));
            }
            image = Files.createTempDirectory("vtsim").resolve(file.getFileName());
            Files.write(image, program.bytes());
            return machine.load("flat", image, options);
        } catch (InstructionSet.AssemblyException e) {
            throw new OperatorException(file.getFileName() + ", " + e.getMessage(), e);
        } catch (IOException e) {
            throw new OperatorException(Files.exists(file) ? "'" + file + "' cannot be assembled: " + e.getMessage() : "no file '" + file + "'", e);
        } finally {
            remove(image);
        }
    }

    /** The machine has read it; nothing needs it any more. */
    private static void remove(Path image) {
        if (image != null) {
            image.toFile().delete();
            image.getParent().toFile().delete();
        }
    }
}
