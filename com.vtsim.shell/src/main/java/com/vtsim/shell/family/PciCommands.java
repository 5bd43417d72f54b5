package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.shell.Complete;
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
@GogoCommand(scope = "pci", function = {"list", "config"})
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
        int type = function.configRead(0x0A, 2) & 0xFFFF;
        int command = function.configRead(0x04, 2);
        int pin = function.configRead(0x3D, 1) & 0xFF;
        String decodes = ((command & 1) != 0 ? "ports " : "") + ((command & 2) != 0 ? "memory " : "") + ((command & 4) != 0 ? "master" : "");
        String routed = pin < 1 || pin > 4 ? "" : "INT" + (char) ('A' + pin - 1) + " line " + (function.configRead(0x3C, 1) & 0xFF);
        return new Function(host.address(function).toString(), "%04x:%04x".formatted(function.configRead(0, 2) & 0xFFFF, function.configRead(2, 2) & 0xFFFF),
                CLASSES.getOrDefault(type, "class %04x".formatted(type)), decodes.strip(), routed, function.name());
    }

    /** A function's configuration space. */
    @Descriptor("show the configuration space of a PCI function")
    public HexDump config(
            @Descriptor("bytes, up to 4096") @Parameter(names = {"-n", "--length"}, absentValue = "256") int length,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name,
            @Descriptor("bus:device.function, 00:1f.0") String address) {
        if (length < 1 || length > SPACE) {
            throw new OperatorException("--length " + length + " is not possible; it must be 1 to " + SPACE);
        }
        PciAddress place = place(address);
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            PciHost host = Targets.part(machine, PciHost.class, "PCI host");
            PciFunction function = host.function(place).orElseThrow(() ->
                    OperatorException.unknown("PCI function", place.toString(), host.functions().stream().map(each -> host.address(each).toString()).toList()));
            int[] bytes = new int[length];
            for (int i = 0; i < length; i++) {
                bytes[i] = function.configRead(i, 1) & 0xFF;
            }
            return new HexDump(0, bytes, 3);
        });
    }

    static PciAddress place(String text) {
        try {
            return PciAddress.parse(text);
        } catch (IllegalArgumentException e) {
            throw new OperatorException(e.getMessage());
        }
    }
}
