package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.network.NetworkCard;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.shell.Complete;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Commands of the {@code machine:} family that add PCI functions to a machine, take parts away and pull cables. */
@Component(service = PartCommands.class)
@GogoCommand(scope = "machine", function = {"add", "remove", "link"})
public final class PartCommands {
    private static final String PREFIX = "com.vtsim.pci.";

    private final Machines machines;

    /** Made by Declarative Services. */
    @Activate
    public PartCommands(@Reference Machines machines) {
        this.machines = machines;
    }

    /** Adds a PCI function. */
    @Descriptor("add a PCI function to a machine, which may be running")
    public Notice add(
            @Descriptor("bus:device.function; without it the first free device from 00:04.0 on") @Parameter(names = {"-a", "--address"}, absentValue = "") String address,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine,
            @Descriptor("edu, nvme, virtio.block, virtio.console, virtio.entropy, virtio.network, or a factory PID") String model,
            @Descriptor("name of the new part, such as net0") String name,
            @Descriptor("its configuration, such as hub=lan: see docs/machine-descriptions.md") String... settings) {
        Machine owner = machines.machine(machine);
        PciAddress place = owner.call(() -> DiskCommands.place(Targets.part(owner, PciHost.class, "PCI host"), address));
        Map<String, Object> properties = new HashMap<>();
        for (String setting : settings) {
            int equals = setting.indexOf('=');
            if (equals < 1) {
                throw new OperatorException("'" + setting + "' is no setting; write NAME=VALUE");
            }
            properties.put(setting.substring(0, equals), setting.substring(equals + 1));
        }
        properties.put(PciFunction.ADDRESS, place.toString());
        machines.add(machine, name, model.startsWith("com.") ? model : PREFIX + model, properties);
        return new Notice(machine, "%s at %s (%s)".formatted(name, place, model));
    }

    /** Removes a part. */
    @Descriptor("take a part away from a machine, which may be running: the hardware is gone, whatever its guest thinks")
    public Notice remove(@Complete(Names.MACHINE) @Descriptor("name of a machine") String machine, @Complete(Names.PART) @Descriptor("name of a part") String name) {
        machines.remove(machine, name);
        return new Notice(machine, name + " removed");
    }

    /** Plugs a network card's cable in, or pulls it. */
    @Descriptor("pull the cable of a network card, or plug it in again: the guest is told of it")
    public Notice link(@Complete(Names.MACHINE) @Descriptor("name of a machine") String machine, @Complete(Names.PART) @Descriptor("name of a network card") String card,
            @Descriptor("up or down") String state) {
        if (!state.matches("up|down")) {
            throw new OperatorException("the link is up or down, not '" + state + "'");
        }
        Machine owner = machines.machine(machine);
        return owner.call(() -> {
            List<NetworkCard> cards = owner.findAll(NetworkCard.class);
            NetworkCard found = cards.stream().filter(each -> each.name().equals(card)).findFirst()
                    .orElseThrow(() -> OperatorException.unknown("network card of machine " + machine, card, cards.stream().map(NetworkCard::name).toList()));
            found.link(state.equals("up"));
            return new Notice(machine, "%s (%s) on hub %s: link %s".formatted(card, found.hardwareAddress(), found.hub(), state));
        });
    }
}
