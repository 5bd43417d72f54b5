package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.api.pci.PciSlot;
import com.vtsim.shell.Complete;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The {@code pci:} family, cards: what a person in front of the machine does to its slots. */
@Component(service = SlotCommands.class)
@GogoCommand(scope = "pci", function = {"slots", "plug", "unplug", "press"})
public final class SlotCommands {
    private static final String FAMILY = "com.vtsim.pci.";

    private final Machines machines;

    /** Made by Declarative Services. */
    @Activate
    public SlotCommands(@Reference Machines machines) {
        this.machines = machines;
    }

    /**
     * A slot.
     *
     * @param slot       its number
     * @param port       name of the port it is behind
     * @param card       name of the part in it
     * @param power      whether it has power
     * @param link       whether the link is up
     * @param indicators what they show
     */
    public record Slot(int slot, String port, String card, String power, String link, String indicators) { }

    /** All slots. */
    @Descriptor("list the slots of a machine with what is in them")
    public List<Slot> slots(@Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        return machine.call(() -> all(machine).stream().map(slot -> new Slot(slot.number(), slot.name(), slot.occupant().orElse(""), slot.isPowered() ? "on" : "off",
                slot.isLinkUp() ? "up" : "down", slot.indicators())).toList());
    }

    /** Puts a card into a slot. */
    @Descriptor("put a card into a slot, and press the attention button if the guest has switched the slot off; the machine may be running")
    public Notice plug(
            @Descriptor("do not press the button") @Parameter(names = "--no-button", presentValue = "true", absentValue = "false") boolean noButton,
            @Descriptor("name of the new part; without it the model's") @Parameter(names = {"-n", "--name"}, absentValue = "") String part,
            @Descriptor("properties of its configuration: NAME=VALUE,...") @Parameter(names = {"-o", "--options"}, absentValue = "") String options,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name,
            @Descriptor("what to put there: edu, endpoint, nvme, virtio.block, virtio.network, ..., or a factory PID") String model,
            @Complete(Names.PART) @Descriptor("the slot: its port's name, or the address of a function to be, 01:00.0") String slot) {
        Machine machine = machines.machine(name);
        Map<String, Object> properties = properties(options);
        String card = part.isEmpty() ? model.substring(model.lastIndexOf('.') + 1) : part;
        properties.put(PciFunction.ADDRESS, machine.call(() -> place(machine, slot)));
        machines.add(name, card, model.startsWith("com.") ? model : FAMILY + model, properties);
        boolean pressed = !noButton && machine.call(() -> press(machine, card));
        return new Notice(name, card + " is at " + properties.get(PciFunction.ADDRESS) + (pressed ? "; attention button pressed" : ""));
    }

    /** @return whether there was a reason to press it */
    private static boolean press(Machine machine, String card) {
        PciSlot slot = all(machine).stream().filter(each -> each.occupant().filter(card::equals).isPresent()).findFirst().orElse(null);
        boolean waits = slot != null && slot.isHotPluggable() && !slot.isPowered();
        if (waits) {
            slot.pressButton();
        }
        return waits;
    }

    /** Takes a card out of its slot. */
    @Descriptor("take a card out of its slot: press the attention button, wait for the guest to switch the slot off, and take it out")
    public Notice unplug(
            @Descriptor("take it out at once, without asking the guest") @Parameter(names = {"-s", "--surprise"}, presentValue = "true", absentValue = "false") boolean surprise,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name,
            @Complete(Names.PART) @Descriptor("the slot: its port's name, or bus:device.function of the card, or its part's name") String slot) {
        Machine machine = machines.machine(name);
        String card = machine.call(() -> {
            PciSlot from = find(machine, slot);
            String there = from.occupant().orElseThrow(() -> new OperatorException("the slot of " + from.name() + " is empty"));
            if (!surprise && from.isPowered() && from.isHotPluggable() && machine.status().instructions() != 0) {
                from.pressButton();
                return "";
            }
            if (!from.isHotPluggable() && machine.status().instructions() != 0) {
                throw new OperatorException("the slot of " + from.name() + " is not made for that; reset the machine with --cold first");
            }
            return there;
        });
        if (card.isEmpty()) {
            return new Notice(name, "attention button pressed; when the guest has switched the slot off (pci:slots shows it), pci:unplug takes the card out");
        }
        machines.remove(name, card);
        return new Notice(name, card + " is out");
    }

    /** Presses the attention button. */
    @Descriptor("press the attention button of a slot, and do nothing else")
    public Notice press(@Complete(Names.MACHINE) @Descriptor("name of a machine") String name,
            @Complete(Names.PART) @Descriptor("the slot: its port's name, or bus:device.function of the card") String slot) {
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            PciSlot pressed = find(machine, slot);
            if (!pressed.isHotPluggable()) {
                throw new OperatorException("the slot of " + pressed.name() + " has no button");
            }
            pressed.pressButton();
            return new Notice(name, "attention button of slot " + pressed.number() + " pressed");
        });
    }

    private static Map<String, Object> properties(String text) {
        Map<String, Object> properties = new HashMap<>();
        for (String option : text.isEmpty() ? new String[0] : text.split(",")) {
            int equals = option.indexOf('=');
            if (equals < 1) {
                throw new OperatorException("'" + option + "' is no property; write --options NAME=VALUE,...");
            }
            properties.put(option.substring(0, equals).strip(), option.substring(equals + 1).strip());
        }
        return properties;
    }

    private static List<PciSlot> all(Machine machine) {
        return machine.findAll(PciSlot.class).stream().filter(slot -> slot.number() != 0).toList();
    }

    /** @return the configured address of a card in a slot that is free */
    private static String place(Machine machine, String text) {
        PciSlot slot = all(machine).stream().filter(each -> each.name().equals(text)).findFirst().orElse(null);
        PciAddress place = slot != null ? new PciAddress(slot.behind(), 0, 0) : address(machine, text);
        Targets.part(machine, PciHost.class, "PCI host").functions().stream().filter(each -> each.address().equals(place)).findFirst().ifPresent(taken -> {
            throw new OperatorException("%s is taken by %s".formatted(slot == null ? place : "the slot of " + slot.name(), taken.name()));
        });
        PciSlot at = slot != null ? slot : all(machine).stream().filter(each -> each.behind() == place.bus()).findFirst().orElse(null);
        if (machine.status().instructions() != 0 && (at == null || !at.isHotPluggable())) {
            throw new OperatorException((at == null ? place + " is no slot" : "the slot of " + at.name() + " is not made for that")
                    + ", and the machine has been running; hot-plug slots are those of " + Stream.of(names(machine)).toList());
        }
        return place.toString();
    }

    private static String[] names(Machine machine) {
        return all(machine).stream().filter(PciSlot::isHotPluggable).map(PciSlot::name).toArray(String[]::new);
    }

    private static PciAddress address(Machine machine, String text) {
        try {
            return PciAddress.parse(text);
        } catch (IllegalArgumentException e) {
            throw OperatorException.unknown("slot of machine " + machine.name(), text, List.of(names(machine)));
        }
    }

    private static PciSlot find(Machine machine, String text) {
        PciHost host = Targets.part(machine, PciHost.class, "PCI host");
        List<PciSlot> slots = all(machine);
        return slots.stream().filter(each -> each.name().equals(text) || each.occupant().filter(text::equals).isPresent()).findFirst()
                .or(() -> host.functions().stream().filter(each -> host.address(each).toString().equals(text)).findFirst()
                        .flatMap(host::bridge).flatMap(bridge -> slots.stream().filter(each -> each == bridge).findFirst()))
                .orElseThrow(() -> OperatorException.unknown("slot of machine " + machine.name(), text, List.of(names(machine))));
    }
}
