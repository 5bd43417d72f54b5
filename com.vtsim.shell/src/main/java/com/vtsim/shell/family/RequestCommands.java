package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.api.pci.TestEndpoint;
import com.vtsim.api.pci.Upstream;
import com.vtsim.api.vtd.RemappingUnit;
import com.vtsim.shell.Complete;
import com.vtsim.shell.Quantity;
import com.vtsim.shell.draw.Drawing;
import com.vtsim.shell.draw.Paint;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The {@code pci:} family, requests: what a device could send, sent by the operator in its name. */
@Component(service = RequestCommands.class)
@GogoCommand(scope = "pci", function = {"dma", "translations", "error", "wake"})
public final class RequestCommands {
    private static final int MOST = 1 << 20;
    private static final int SHOWN = 256;
    private static final long PASIDS = 1 << 20;
    /** Uncorrectable and correctable errors by the words that {@code pci:config} has for them. */
    private static final Map<String, Integer> UNCORRECTABLE = new TreeMap<>(Map.of("poisoned", 12, "timeout", 14, "abort", 15, "unexpected", 16, "malformed", 18, "unsupported", 20, "acs", 21));
    private static final Map<String, Integer> CORRECTABLE = new TreeMap<>(Map.of("receiver", 0, "bad-tlp", 6, "bad-dllp", 7, "replay", 12, "advisory", 13));

    private final Machines machines;

    /** Made by Declarative Services. */
    @Activate
    public RequestCommands(@Reference Machines machines) {
        this.machines = machines;
    }

    /** A translation that a device keeps. */
    public record Translation(String pasid, String address, String length, String leads, String rights) { }

    /** Sends a request. */
    @Descriptor("have a PCI function read or write memory; a write of four bytes to fee0_0000 and up is an interrupt")
    public Notice dma(
            @Descriptor("with this process address space id") @Parameter(names = "--pasid", absentValue = "") String pasid,
            @Descriptor("ask for execution (with --pasid)") @Parameter(names = "--execute", presentValue = "true", absentValue = "false") boolean execute,
            @Descriptor("in privileged mode (with --pasid)") @Parameter(names = "--privileged", presentValue = "true", absentValue = "false") boolean privileged,
            @Descriptor("pass the address off as a translation") @Parameter(names = "--translated", presentValue = "true", absentValue = "false") boolean translated,
            @Descriptor("through the test endpoint's own translations: it asks for them by ATS, and for pages by PRI") @Parameter(names = "--cached", presentValue = "true", absentValue = "false") boolean cached,
            @Descriptor("the address as it is: the default") @Parameter(names = "--untranslated", presentValue = "true", absentValue = "false") boolean untranslated,
            @Descriptor("pretend to be this function: bus:device.function") @Parameter(names = "--as", absentValue = "") String as,
            @Descriptor("bytes to write, \"55 aa\"; repeated to the length") @Parameter(names = {"-d", "--data"}, absentValue = "") String data,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name,
            @Descriptor("bus:device.function") String function,
            @Descriptor("read or write") String direction,
            @Descriptor("address as the device has it") String address,
            @Descriptor("bytes, up to 1 MiB") String length) {
        if ((translated ? 1 : 0) + (cached ? 1 : 0) + (untranslated ? 1 : 0) > 1) {
            throw new OperatorException("--translated, --cached and --untranslated exclude each other");
        }
        boolean write = write(direction);
        if (!write && !data.isEmpty()) {
            throw new OperatorException("--data is for write");
        }
        long bytes = Quantity.bytes(length);
        if (bytes < 1 || bytes > MOST) {
            throw new OperatorException("a length of " + length + " is not possible; it must be 1 to 1M");
        }
        int process = pasid(pasid, execute || privileged);
        TestEndpoint.Mode mode = cached ? TestEndpoint.Mode.CACHED : translated ? TestEndpoint.Mode.TRANSLATED : TestEndpoint.Mode.UNTRANSLATED;
        TestEndpoint.Order order = new TestEndpoint.Order(mode, process, execute, privileged, write, Quantity.number(address));
        byte[] content = write ? filled(data, (int) bytes) : new byte[(int) bytes];
        PciAddress place = PciCommands.place(function);
        PciAddress pretended = as.isEmpty() ? null : PciCommands.place(as);
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            PciHost host = Targets.part(machine, PciHost.class, "PCI host");
            PciFunction sender = PciCommands.function(host, place);
            List<String> before = faults(machine);
            String outcome = send(host, sender, pretended, order, content);
            List<String> after = new ArrayList<>(faults(machine));
            before.forEach(after::remove);
            return new Notice(place + (pretended == null ? "" : " as " + pretended), "%s of %d byte%s %s %s: %s%s%s".formatted(write ? "write" : "read", bytes, bytes == 1 ? "" : "s", write ? "to" : "from",
                    Drawing.hexadecimal(order.address(), 4), outcome, after.isEmpty() ? "" : "; recorded: " + String.join("; ", after), write ? "" : "\n" + shown(order.address(), content)));
        });
    }

    private static boolean write(String direction) {
        return switch (direction) {
            case "write" -> true;
            case "read" -> false;
            default -> throw new OperatorException("'" + direction + "' is no direction; it must be read or write");
        };
    }

    private static int pasid(String text, boolean needed) {
        if (text.isEmpty()) {
            if (needed) {
                throw new OperatorException("--execute and --privileged are said with --pasid only");
            }
            return -1;
        }
        long number = Quantity.number(text);
        if (number < 0 || number >= PASIDS) {
            throw new OperatorException("PASID " + text + " is not possible; it has 20 bits");
        }
        return (int) number;
    }

    private static byte[] filled(String data, int length) {
        byte[] pattern = data.isEmpty() ? new byte[] {0} : Targets.bytes(data);
        byte[] content = new byte[length];
        for (int i = 0; i < length; i++) {
            content[i] = pattern[i % pattern.length];
        }
        return content;
    }

    private static String send(PciHost host, PciFunction sender, PciAddress pretended, TestEndpoint.Order order, byte[] content) {
        if (sender instanceof TestEndpoint endpoint && pretended == null) {
            return endpoint.carryOut(order, content);
        }
        if (order.mode() == TestEndpoint.Mode.CACHED) {
            throw new OperatorException(host.address(sender) + " has no translations of its own; a test endpoint has (machine:create --options endpoint=true, or pci:plug)");
        }
        Upstream upstream = pretended == null ? host.upstream(sender) : host.upstream(sender, pretended.sourceId());
        boolean translated = order.mode() == TestEndpoint.Mode.TRANSLATED;
        Upstream.Prefix prefix = new Upstream.Prefix(order.pasid(), order.execute(), order.privileged(), translated);
        boolean plain = order.pasid() < 0 && !translated;
        boolean done = order.write() ? plain ? upstream.write(order.address(), content, 0, content.length) : upstream.write(prefix, order.address(), content, 0, content.length)
                : upstream.read(prefix, order.address(), content, 0, content.length);
        return done ? "completed" : upstream.refusal().isEmpty() ? "not completed" : upstream.refusal();
    }

    /** @return what the remapping units have recorded */
    private static List<String> faults(Machine machine) {
        List<String> faults = new ArrayList<>();
        for (RemappingUnit unit : machine.findAll(RemappingUnit.class)) {
            unit.faults().forEach(fault -> faults.add("%s %s %02xh %s (%s at %s)".formatted(unit.name(), PciAddress.of(fault.sourceId()), fault.reason(), fault.words(), fault.kind(),
                    Drawing.hexadecimal(fault.address(), 4))));
        }
        return faults;
    }

    private static String shown(long address, byte[] content) {
        int[] bytes = new int[Math.min(content.length, SHOWN)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = content[i] & 0xFF;
        }
        return new HexDump(address, bytes, 8).full(Paint.PLAIN);
    }

    /** What a test endpoint has cached. */
    @Descriptor("list the translations that a test endpoint keeps")
    public List<Translation> translations(@Complete(Names.MACHINE) @Descriptor("name of a machine") String name, @Descriptor("bus:device.function") String function) {
        Machine machine = machines.machine(name);
        PciAddress place = PciCommands.place(function);
        return machine.call(() -> endpoint(machine, place).translations().stream().map(each -> new Translation(each.pasid() < 0 ? "" : String.format(Locale.ROOT, "%05x", each.pasid()),
                Drawing.hexadecimal(each.address(), 8), Drawing.bytes(each.length()), Drawing.hexadecimal(each.hostPhysical(), 8), each.rights())).toList());
    }

    /** Pretends an error. */
    @Descriptor("have a test endpoint report an error that it has not had")
    public Notice error(@Complete(Names.MACHINE) @Descriptor("name of a machine") String name, @Descriptor("bus:device.function") String function,
            @Descriptor("uncorrectable: abort, acs, malformed, poisoned, timeout, unexpected, unsupported; correctable: advisory, bad-dllp, bad-tlp, receiver, replay") String error) {
        boolean uncorrectable = UNCORRECTABLE.containsKey(error);
        if (!uncorrectable && !CORRECTABLE.containsKey(error)) {
            List<String> known = new ArrayList<>(UNCORRECTABLE.keySet());
            known.addAll(CORRECTABLE.keySet());
            throw OperatorException.unknown("error", error, known);
        }
        Machine machine = machines.machine(name);
        PciAddress place = PciCommands.place(function);
        return machine.call(() -> new Notice(place.toString(), endpoint(machine, place).pretend(uncorrectable, uncorrectable ? UNCORRECTABLE.get(error) : CORRECTABLE.get(error))));
    }

    /** Pretends a power management event. */
    @Descriptor("have a test endpoint wake the platform (PME)")
    public Notice wake(@Complete(Names.MACHINE) @Descriptor("name of a machine") String name, @Descriptor("bus:device.function") String function) {
        Machine machine = machines.machine(name);
        PciAddress place = PciCommands.place(function);
        return machine.call(() -> new Notice(place.toString(), endpoint(machine, place).wake()));
    }

    private static TestEndpoint endpoint(Machine machine, PciAddress place) {
        if (PciCommands.function(Targets.part(machine, PciHost.class, "PCI host"), place) instanceof TestEndpoint endpoint) {
            return endpoint;
        }
        throw new OperatorException(place + " is no test endpoint; machine:create --options endpoint=true or pci:plug make one");
    }
}
