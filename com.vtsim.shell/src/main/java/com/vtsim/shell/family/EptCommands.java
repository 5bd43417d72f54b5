package com.vtsim.shell.family;

import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.api.cpu.Virtualization;
import com.vtsim.api.ept.Ept;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.shell.Complete;
import com.vtsim.shell.Quantity;
import com.vtsim.shell.draw.Hex;
import java.util.ArrayList;
import java.util.List;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The {@code ept:} family: guest-physical addresses, what makes them final, and what processors keep of that. */
@Component(service = EptCommands.class)
@GogoCommand(scope = "ept", function = {"walk", "stale"})
public final class EptCommands {
    private final Machines machines;

    /** Made by Declarative Services. */
    @Activate
    public EptCommands(@Reference Machines machines) {
        this.machines = machines;
    }

    /**
     * A use of a cached translation.
     *
     * @param cpu     processor
     * @param kind    linear, combined, guest-physical or paging-structure
     * @param address of the page
     * @param cached  host-physical page that was used
     * @param now     what a walk would give
     * @param tags    VPID, PCID and EPT pointer
     * @param uses    how often
     * @param rip     where the latest was
     */
    public record StaleRow(int cpu, String kind, @Hex(16) long address, @Hex(10) long cached, String now, String tags, long uses, @Hex(16) long rip) { }

    /** Stale uses. */
    @Descriptor("list uses of cached translations and paging structures whose paging or EPT entries had changed without invalidation; watching begins with the first call, and slows execution")
    public Object stale(
            @Descriptor("stop watching and forget") @Parameter(names = {"-o", "--off"}, presentValue = "true", absentValue = "false") boolean off,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            List<LogicalProcessor> processors = machine.findAll(LogicalProcessor.class);
            boolean watched = processors.stream().allMatch(LogicalProcessor::countsStale);
            if (off || !watched) {
                processors.forEach(processor -> processor.countStale(!off));
                return new Notice(name, off ? "does not compare cached translations any more" : "compares every use of a cached translation with a walk from now on");
            }
            List<StaleRow> rows = new ArrayList<>();
            processors.forEach(processor -> processor.stale().forEach(use -> rows.add(row(processor.index(), use))));
            return rows;
        });
    }

    private static StaleRow row(int cpu, LogicalProcessor.Stale use) {
        String tags = (use.kind().equals("guest-physical") ? "" : "VPID " + use.vpid() + " PCID " + use.pcid())
                + (use.eptPointer() == -1 ? "" : String.format(" EPT %010x", use.eptPointer()));
        return new StaleRow(cpu, use.kind(), use.address(), use.old(), use.now() == -1 ? "not allowed" : String.format("%010x", use.now()), tags.strip(), use.uses(), use.rip());
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
            long levels = (eptp >> 3 & 7) + 1;
            if (levels != 4 && levels != 5) {
                throw new OperatorException("EPT pointer " + Long.toHexString(eptp) + "h asks for a walk of " + levels + " levels in its bits 5:3; 4 and 5 are possible");
            }
            return ept.walk(eptp, address).stream().map(step -> new Step(step.level(), step.address(), step.entry(), step.meaning())).toList();
        });
    }
}
