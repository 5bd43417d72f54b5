package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.register.RegisterBlocks;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.vtd.RemappingUnit;
import com.vtsim.shell.Complete;
import com.vtsim.shell.Quantity;
import com.vtsim.shell.draw.Tree;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The {@code vtd:} family: remapping units, their tables, caches and faults. */
@Component(service = VtdCommands.class)
@GogoCommand(scope = "vtd", function = {"show", "walk", "faults", "cache", "domains", "stale", "lint"})
public final class VtdCommands {
    private static final long MOST_PASID = 0xF_FFFF;

    private final Machines machines;

    /** Made by Declarative Services. */
    @Activate
    public VtdCommands(@Reference Machines machines) {
        this.machines = machines;
    }

    static List<RemappingUnit> units(Machine machine) {
        List<RemappingUnit> units = machine.findAll(RemappingUnit.class);
        if (units.isEmpty()) {
            throw new OperatorException("machine '" + machine.name() + "' has no remapping unit; machine:create -o vtd=true makes one with");
        }
        return units;
    }

    private <T> List<T> each(String name, Function<RemappingUnit, List<T>> rows) {
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            List<T> all = new ArrayList<>();
            units(machine).forEach(unit -> all.addAll(rows.apply(unit)));
            return all;
        });
    }

    /** Registers. */
    @Descriptor("show the remapping units: window, scope, and each register with its fields")
    public Tree show(@Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            Tree tree = new Tree(name);
            for (RemappingUnit unit : units(machine)) {
                RemappingUnit.Announcement about = unit.announcement();
                String scope = about.includeAll() ? "all devices no other unit has" : about.scope().stream().map(Object::toString).collect(Collectors.joining(" "));
                Tree branch = tree.add(unit.name(), (about.base() < 0 ? "not mapped" : String.format("at %x", about.base())) + ", " + scope);
                unit.tallies().forEach(tally -> branch.add("faults of " + PciAddress.of(tally.sourceId()), Long.toString(tally.faults())));
                if (unit instanceof RegisterBlocks blocks) {
                    blocks.registerBlocks().forEach(block -> block.registers().forEach(register -> branch.add(register.name(), text(register))));
                }
            }
            return tree;
        });
    }

    private static String text(RegisterFile.Value register) {
        String fields = VtdFields.of(register.name(), register.value());
        return String.format("%03x  %0" + 2 * register.width() + "x  %s%s", register.offset(), register.value(), register.title(), fields.isEmpty() ? "" : ": " + fields);
    }

    /** A walk. */
    @Descriptor("walk the tables for a DMA address of a device, without caches and without a trace in the unit")
    public Tree walk(
            @Descriptor("process address space id, 0 to 0xfffff; without it, as a request without one") @Parameter(names = {"-p", "--pasid"}, absentValue = "") String pasid,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name,
            @Descriptor("bus:device.function, 00:03.0") String device,
            @Descriptor("DMA address") String address) {
        PciAddress place = place(device);
        long dma = Quantity.number(address);
        int process = process(pasid);
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            RemappingUnit unit = units(machine).stream().filter(each -> each.owns(place.sourceId())).findFirst()
                    .orElseThrow(() -> new OperatorException("no remapping unit has " + place + "; vtd:show tells what each has"));
            RemappingUnit.Walk walk = unit.walk(place.sourceId(), process, dma);
            Tree tree = new Tree(unit.name(), String.format("%s%s %x %s", place, process < 0 ? "" : String.format(" PASID %x", process), dma, walk.fault().isEmpty() ? String.format("-> %x", walk.hostPhysical()) : "blocked: " + walk.fault()));
            Tree at = tree;
            for (RemappingUnit.Step step : walk.steps()) {
                String entry = step.entry().stream().map(half -> String.format("%016x", half)).collect(Collectors.joining(" "));
                at = at.add(step.table(), String.format("%x: %s  %s", step.address(), entry, step.meaning()));
            }
            return tree;
        });
    }

    private static int process(String text) {
        if (text.isEmpty()) {
            return -1;
        }
        long pasid = Quantity.number(text);
        if (pasid < 0 || pasid > MOST_PASID) {
            throw new OperatorException("no PASID " + text + "; there are 0 to 0xfffff");
        }
        return (int) pasid;
    }

    static PciAddress place(String text) {
        try {
            return PciAddress.parse(text);
        } catch (IllegalArgumentException e) {
            throw new OperatorException(e.getMessage());
        }
    }

    /**
     * A recorded fault.
     *
     * @param unit    part
     * @param record  fault recording register
     * @param device  requester
     * @param request read, write or interrupt
     * @param address page, or interrupt index
     * @param reason  code and words
     * @param entry   the entry that is there now
     */
    public record FaultRow(String unit, int record, String device, String request, String address, String reason, String entry) { }

    /** Faults. */
    @Descriptor("list the recorded faults in words, with the entry that a walk ends at now")
    public List<FaultRow> faults(@Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        return each(name, unit -> unit.faults().stream().map(fault -> new FaultRow(unit.name(), fault.index(), PciAddress.of(fault.sourceId()).toString(), fault.kind(),
                Long.toHexString(fault.address()), String.format("%02xh %s", fault.reason(), fault.words()), fault.entry())).toList());
    }

    /**
     * A cached entry.
     *
     * @param unit   part
     * @param cache  which
     * @param domain tag
     * @param key    requester, DMA address or interrupt index
     * @param value  what it says
     */
    public record CacheRow(String unit, String cache, String domain, String key, String value) { }

    /** Caches. */
    @Descriptor("list what the context, PASID, IOTLB, paging-structure and interrupt-entry caches hold")
    public List<CacheRow> cache(@Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        return each(name, unit -> unit.cached().stream().map(entry -> new CacheRow(unit.name(), entry.cache(), entry.domain() < 0 ? "" : Integer.toString(entry.domain()),
                entry.key(), entry.value())).toList());
    }

    /** Domains. */
    @Descriptor("draw the domains: who is in each, and which memory each reaches")
    public Tree domains(@Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            Tree tree = new Tree(name);
            for (RemappingUnit unit : units(machine)) {
                List<RemappingUnit.Domain> domains = unit.domains();
                Tree branch = tree.add(unit.name(), domains.isEmpty() ? "no domains: remapping is off, or no context entry is present" : "");
                for (RemappingUnit.Domain domain : domains) {
                    String members = domain.members().stream().map(Object::toString).collect(Collectors.joining(" "));
                    Tree leaf = branch.add("domain " + domain.id(), members + (domain.remark().isEmpty() ? "" : "; " + domain.remark()));
                    domain.reaches().forEach(range -> leaf.add("reaches", range));
                }
            }
            return tree;
        });
    }

    /**
     * A mistake.
     *
     * @param unit  part
     * @param where device, domain, table or region
     * @param what  what is wrong
     */
    public record LintRow(String unit, String where, String what) { }

    /** Mistakes. */
    @Descriptor("list mistakes in tables and regions: reserved bits, tables a device can write, one table under two domain ids, interrupts from anyone, overlapping RMRRs")
    public Object lint(@Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            List<LintRow> rows = new ArrayList<>();
            List<RemappingUnit> units = units(machine);
            units.forEach(unit -> unit.lint().forEach(each -> rows.add(new LintRow(unit.name(), each.where(), each.what()))));
            overlaps(units, rows);
            return rows.isEmpty() ? new Notice(name, "has no mistakes that can be seen now") : rows;
        });
    }

    /** Regions of one unit against those of the others; within a unit it looks itself. */
    private static void overlaps(List<RemappingUnit> units, List<LintRow> rows) {
        for (int i = 0; i < units.size(); i++) {
            for (RemappingUnit.Reserved a : units.get(i).announcement().reserved()) {
                for (RemappingUnit other : units.subList(0, i)) {
                    for (RemappingUnit.Reserved b : other.announcement().reserved()) {
                        boolean same = a.base() == b.base() && a.limit() == b.limit();
                        if (!same && a.base() <= b.limit() && b.base() <= a.limit()) {
                            rows.add(new LintRow(units.get(i).name(), String.format("reserved region %x-%x", a.base(), a.limit()),
                                    String.format("it overlaps reserved region %x-%x of %s", b.base(), b.limit(), other.name())));
                        }
                    }
                }
            }
        }
    }

    /**
     * A use of a stale entry.
     *
     * @param unit   part
     * @param cache  which
     * @param who    requester and address or index
     * @param cached what was used
     * @param now    what the tables say
     * @param uses   how often
     */
    public record StaleRow(String unit, String cache, String who, String cached, String now, long uses) { }

    /** Stale uses. */
    @Descriptor("list uses of cached entries whose tables had changed without invalidation; watching begins with the first call")
    public Object stale(
            @Descriptor("stop watching and forget") @Parameter(names = {"-o", "--off"}, presentValue = "true", absentValue = "false") boolean off,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            List<RemappingUnit> units = units(machine);
            boolean watched = units.stream().allMatch(RemappingUnit::watchesStale);
            if (off || !watched) {
                units.forEach(unit -> unit.watchStale(!off));
                return new Notice(name, off ? "does not compare cached translations any more" : "compares every cached translation with its tables from now on");
            }
            List<StaleRow> rows = new ArrayList<>();
            units.forEach(unit -> unit.stale().forEach(use -> rows.add(new StaleRow(unit.name(), use.cache(), use.who(), use.cached(), use.now(), use.uses()))));
            return rows;
        });
    }
}
