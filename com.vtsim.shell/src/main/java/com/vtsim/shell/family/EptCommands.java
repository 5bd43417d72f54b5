package com.vtsim.shell.family;

import com.vtsim.api.cpu.Virtualization;
import com.vtsim.api.ept.Ept;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.shell.Complete;
import com.vtsim.shell.Quantity;
import com.vtsim.shell.draw.Hex;
import java.util.List;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The {@code ept:} family: guest-physical addresses and what makes them final. */
@Component(service = EptCommands.class)
@GogoCommand(scope = "ept", function = "walk")
public final class EptCommands {
    private final Machines machines;

    /** Made by Declarative Services. */
    @Activate
    public EptCommands(@Reference Machines machines) {
        this.machines = machines;
    }

    /** An entry of a walk. */
    public record Step(int level, @Hex(10) long address, @Hex(16) long entry, String meaning) { }

    /** Walks the structures. */
    @Descriptor("show each level of the translation of a guest-physical address")
    public List<Step> walk(
            @Descriptor("which processor's current VMCS names the EPT pointer") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Descriptor("EPT pointer, if not that of the current VMCS") @Parameter(names = "--eptp", absentValue = "") String pointer,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name,
            @Descriptor("guest-physical address") long address) {
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            Ept ept = Targets.part(machine, Ept.class, "EPT mechanism; com.vtsim.ept brings it");
            long eptp = pointer.isEmpty() ? Targets.processor(machine, cpu).virtualization().map(Virtualization::eptp).orElse(-1L) : Quantity.number(pointer);
            if (eptp == -1) {
                throw new OperatorException("processor " + cpu + " has no current VMCS that enables EPT; --eptp names a pointer");
            }
            return ept.walk(eptp, address).stream().map(step -> new Step(step.level(), step.address(), step.entry(), step.meaning())).toList();
        });
    }
}
