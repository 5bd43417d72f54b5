package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.shell.Complete;
import com.vtsim.shell.Quantity;
import com.vtsim.shell.draw.Drawable;
import com.vtsim.shell.draw.Tree;
import java.util.List;
import java.util.Map;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The {@code pci:} family: functions and their configuration space. */
@Component(service = PciCommands.class)
@GogoCommand(scope = "pci", function = {"list", "tree", "config"})
public final class PciCommands {
    private static final int SPACE = 4096;
    /** Base class and subclass, as the PCI Code and ID Assignment Specification names them. */
    private static final Map<Integer, String> CLASSES = Map.ofEntries(
            Map.entry(0x0101, "IDE controller"), Map.entry(0x0106, "SATA controller"), Map.entry(0x0108, "NVM controller"),
            Map.entry(0x0200, "Ethernet controller"), Map.entry(0x0300, "VGA controller"), Map.entry(0x0403, "audio device"),
            Map.entry(0x0600, "host bridge"), Map.entry(0x0601, "ISA bridge"), Map.entry(0x0604, "PCI bridge"),
            Map.entry(0x0C03, "USB controller"), Map.entry(0x0C05, "SMBus controller"), Map.entry(0x0880, "system peripheral"),
            Map.entry(0x00FF, "unclassified device"));

    private final Machines machines;

    /** Made by Declarative Services. */
    @Activate
    public PciCommands(@Reference Machines machines) {
        this.machines = machines;
    }

    /**
     * A function.
     *
     * @param address bus:device.function
     * @param id      vendor and device
     * @param type    its class in words
     * @param decodes what the command register lets it do
     * @param pin     INTx pin with the line software routed it to
     * @param part    name of the part
     */
    public record Function(String address, String id, String type, String decodes, String pin, String part) { }

    /** All functions. */
    @Descriptor("list the PCI functions as the guest has numbered them")
    public List<Function> list(@Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            PciHost host = Targets.part(machine, PciHost.class, "PCI host");
            return host.functions().stream().map(function -> row(host, function)).toList();
        });
    }

    private static Function row(PciHost host, PciFunction function) {
        int command = function.configRead(0x04, 2);
        int pin = function.configRead(0x3D, 1) & 0xFF;
        String decodes = ((command & 1) != 0 ? "ports " : "") + ((command & 2) != 0 ? "memory " : "") + ((command & 4) != 0 ? "master" : "");
        String routed = pin < 1 || pin > 4 ? "" : "INT" + (char) ('A' + pin - 1) + " line " + (function.configRead(0x3C, 1) & 0xFF);
        return new Function(host.address(function).toString(), "%04x:%04x".formatted(function.configRead(0, 2) & 0xFFFF, function.configRead(2, 2) & 0xFFFF),
                type(function), decodes.strip(), routed, function.name());
    }

    /** The buses. */
    @Descriptor("show the PCI functions as a tree: bridges with their buses and windows, functions with base addresses and interrupts")
    public Tree tree(@Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        return machine.call(() -> PciTopology.of(machine, Targets.part(machine, PciHost.class, "PCI host")));
    }

    /** A function's configuration space. */
    @Descriptor("show the configuration space of a PCI function, decoded by capability")
    public Drawable config(
            @Descriptor("bytes instead, up to 4096") @Parameter(names = {"-n", "--length"}, absentValue = "0") int length,
            @Descriptor("256 bytes instead") @Parameter(names = {"-x", "--hex"}, presentValue = "true", absentValue = "false") boolean hex,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name,
            @Descriptor("bus:device.function, 00:1f.0") String address) {
        if (length != 0) {
            Quantity.check("--length", length, 1, SPACE);
        }
        PciAddress place = place(address);
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            PciHost host = Targets.part(machine, PciHost.class, "PCI host");
            PciFunction function = function(host, place);
            return length == 0 && !hex ? ConfigDecoder.of(host, function) : dump(function, length == 0 ? 256 : length);
        });
    }

    /** @return the function at an address as the guest has numbered the buses */
    static PciFunction function(PciHost host, PciAddress place) {
        return host.function(place).orElseThrow(() -> {
            List<PciAddress> known = host.functions().stream().map(host::address).toList();
            return known.contains(place) ? new OperatorException(place + " does not answer: its bus has no number, or its link is down; pci:tree shows which")
                    : OperatorException.unknown("PCI function", place.toString(), known.stream().map(PciAddress::toString).toList());
        });
    }

    private static HexDump dump(PciFunction function, int length) {
        int[] bytes = new int[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = function.configRead(i, 1) & 0xFF;
        }
        return new HexDump(0, bytes, 3);
    }

    /** @return base class and subclass in words */
    static String type(PciFunction function) {
        int type = function.configRead(0x0A, 2) & 0xFFFF;
        return CLASSES.getOrDefault(type, "class %04x".formatted(type));
    }

    static PciAddress place(String text) {
        try {
            return PciAddress.parse(text);
        } catch (IllegalArgumentException e) {
            throw new OperatorException(e.getMessage());
        }
    }
}
