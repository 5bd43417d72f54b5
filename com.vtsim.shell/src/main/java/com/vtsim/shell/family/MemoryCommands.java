package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.shell.Complete;
import com.vtsim.shell.Quantity;
import com.vtsim.shell.draw.Drawing;
import com.vtsim.shell.draw.Hex;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The {@code mem:} family: host-physical memory, also by linear address. */
@Component(service = MemoryCommands.class)
@GogoCommand(scope = "mem", function = {"map", "dump", "write", "find", "walk", "poison", "types"})
public final class MemoryCommands {
    private static final int MOST_SHOWN = 1 << 16;
    private static final int WINDOW = 1 << 20;

    private final Machines machines;

    /** Made by Declarative Services. */
    @Activate
    public MemoryCommands(@Reference Machines machines) {
        this.machines = machines;
    }

    /** A range of the map. */
    public record Range(@Hex(8) long from, @Hex(8) long to, String size, String kind, String owner) { }

    /** Where something was found. */
    public record Hit(@Hex(8) long address, String kind) { }

    /** The memory map. */
    @Descriptor("show what answers where in host-physical memory")
    public List<Range> map(@Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        return machine.call(() -> machine.memory().regions().stream()
                .map(region -> new Range(region.base(), region.base() + region.length() - 1, Drawing.bytes(region.length()), region.kind(), region.owner())).toList());
    }

    /** Memory in hexadecimal. */
    @Descriptor("show memory in hexadecimal and as text; registers of devices are left alone")
    public HexDump dump(
            @Descriptor("the address is linear: translate it as the processor does now") @Parameter(names = {"-l", "--linear"}, presentValue = "true", absentValue = "false") boolean linear,
            @Descriptor("read registers of devices too, with what that does to them") @Parameter(names = "--devices", presentValue = "true", absentValue = "false") boolean devices,
            @Descriptor("the processor that translates") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Descriptor("bytes") @Parameter(names = {"-n", "--length"}, absentValue = "128") int length,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name,
            @Descriptor("address, or a register's name: rsp, rip+10h") String address) {
        Quantity.check("--length", length, 1, MOST_SHOWN);
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            long from = Targets.address(machine, cpu, address);
            int[] values = new int[length];
            for (int i = 0; i < length; i++) {
                long at = from + i;
                long hpa = linear ? Targets.processor(machine, cpu).translate(at) : at;
                if (hpa < 0 && linear) {
                    throw new OperatorException("linear address " + Long.toHexString(at) + "h is not mapped; mem:walk says why");
                }
                values[i] = value(machine.memory(), hpa, devices);
            }
            return new HexDump(from, values, from >>> 32 == 0 ? 8 : 16);
        });
    }

    private static int value(MemorySpace memory, long hpa, boolean devices) {
        return devices || memory.page(hpa) != null ? (int) memory.read(hpa, 1) : -1;
    }

    /** Writes memory. */
    @Descriptor("write numbers, a row of bytes or text to memory")
    public Notice write(
            @Descriptor("the address is linear") @Parameter(names = {"-l", "--linear"}, presentValue = "true", absentValue = "false") boolean linear,
            @Descriptor("the processor that translates") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Descriptor("the value is a number of so many bytes: 1, 2, 4 or 8") @Parameter(names = {"-s", "--size"}, absentValue = "0") int size,
            @Descriptor("the value is text") @Parameter(names = {"-t", "--text"}, presentValue = "true", absentValue = "false") boolean text,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name,
            @Descriptor("address, or a register's name") String address,
            @Descriptor("bytes, \"55 aa\", unless an option says otherwise") String value) {
        Machine machine = machines.machine(name);
        byte[] bytes = text ? value.getBytes(StandardCharsets.ISO_8859_1) : size == 0 ? Targets.bytes(value) : number(size, value);
        return machine.call(() -> {
            long from = Targets.address(machine, cpu, address);
            long[] places = new long[bytes.length];
            for (int i = 0; i < bytes.length; i++) {
                places[i] = linear ? Targets.processor(machine, cpu).translate(from + i) : from + i;
                if (linear && places[i] < 0) {
                    throw new OperatorException("linear address " + Long.toHexString(from + i) + "h is not mapped; nothing was written");
                }
            }
            if (size > 0 && !linear) {
                machine.memory().write(from, size, Quantity.number(value));
            } else {
                for (int i = 0; i < bytes.length; i++) {
                    machine.memory().write(places[i], 1, bytes[i]);
                }
            }
            return new Notice(name, bytes.length + (bytes.length == 1 ? " byte" : " bytes") + " written at " + Drawing.hexadecimal(from, 8));
        });
    }

    private static byte[] number(int size, String text) {
        if (size != 1 && size != 2 && size != 4 && size != 8) {
            throw new OperatorException("--size " + size + " is not possible; it must be 1, 2, 4 or 8");
        }
        long value = Quantity.number(text);
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) (value >>> 8 * i);
        }
        return bytes;
    }

    /** Finds bytes or text. */
    @Descriptor("find a row of bytes (\"55 aa\") or text in RAM and ROM")
    public List<Hit> find(
            @Descriptor("lowest address") @Parameter(names = "--from", absentValue = "0") long from,
            @Descriptor("highest address") @Parameter(names = "--to", absentValue = "0xfffffffffffff") long to,
            @Descriptor("what is looked for is text, even if it looks like bytes") @Parameter(names = {"-t", "--text"}, presentValue = "true", absentValue = "false") boolean text,
            @Descriptor("stop after so many") @Parameter(names = {"-n", "--count"}, absentValue = "20") int count,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name,
            @Descriptor("bytes or text") String what) {
        Quantity.check("--count", count, 1, Long.MAX_VALUE);
        boolean isText = text || !what.matches("\\s*([0-9a-fA-F]{2}\\s*)+");
        byte[] wanted = isText ? what.getBytes(StandardCharsets.ISO_8859_1) : Targets.bytes(what);
        if (wanted.length == 0) {
            throw new OperatorException("nothing to look for");
        }
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            List<Hit> hits = new ArrayList<>();
            for (MemorySpace.Region region : machine.memory().regions()) {
                if (region.kind().equals("ram") || region.kind().equals("rom")) {
                    long last = Math.min(to, region.base() + region.length() - 1);
                    search(machine.memory(), Math.max(from, region.base()), last, wanted, count, region.kind(), hits);
                }
            }
            return hits;
        });
    }

    private static void search(MemorySpace memory, long from, long last, byte[] wanted, int count, String kind, List<Hit> hits) {
        byte[] window = new byte[WINDOW + wanted.length - 1];
        for (long at = from; at <= last && hits.size() < count; at += WINDOW) {
            int length = (int) Math.min(window.length, last - at + 1);
            memory.read(at, window, 0, length);
            for (int i = 0; i + wanted.length <= length && i < WINDOW && hits.size() < count; i++) {
                if (window[i] == wanted[0] && Arrays.equals(window, i, i + wanted.length, wanted, 0, wanted.length)) {
                    hits.add(new Hit(at + i, kind));
                }
            }
        }
    }

    /** A mapping whose type looks wrong. */
    public record TypeRow(String what, @Hex(16) long linear, @Hex(10) long physical, String size, String type, String why) { }

    /** Looks for mappings of a wrong type. */
    @Descriptor("look through the current address space for memory types that look wrong: RAM that is not cached, registers of devices that are, a page under two types")
    public Object types(
            @Descriptor("whose address space") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            List<TypeRow> rows = Targets.processor(machine, cpu).typeFindings().stream()
                .map(found -> new TypeRow(found.what(), found.linear(), found.physical(), Drawing.bytes(found.length()), found.type(), found.why())).toList();
            return rows.isEmpty() ? new Notice(name, "no memory type of processor " + cpu + "'s address space looks wrong") : rows;
        });
    }

    /** A line of RAM with an uncorrectable error. */
    public record PoisonedLine(@Hex(8) long address) { }

    /** Lists the poisoned lines. */
    @Descriptor("list the lines of RAM that have an uncorrectable error; see also its form with an address")
    public List<PoisonedLine> poison(
            @Descriptor("heal all of them") @Parameter(names = "--clear", presentValue = "true", absentValue = "false") boolean clear,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            if (clear) {
                machine.memory().heal(0, Long.MAX_VALUE);
            }
            return machine.memory().poisoned().stream().map(PoisonedLine::new).toList();
        });
    }

    /** Poisons lines. */
    @Descriptor("give lines of RAM (64 bytes) an uncorrectable error: a processor that reads one gets a machine check, a device a poisoned completion; overwriting the whole line heals it")
    public Notice poison(
            @Descriptor("heal the lines instead") @Parameter(names = "--clear", presentValue = "true", absentValue = "false") boolean clear,
            @Descriptor("the address is linear") @Parameter(names = {"-l", "--linear"}, presentValue = "true", absentValue = "false") boolean linear,
            @Descriptor("the processor that translates") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Descriptor("bytes; every line they touch counts") @Parameter(names = {"-n", "--length"}, absentValue = "1") long length,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name,
            @Descriptor("address, or a register's name") String address) {
        Quantity.check("--length", length, 1, WINDOW);
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            long at = Targets.address(machine, cpu, address);
            long hpa = linear ? Targets.processor(machine, cpu).translate(at) : at;
            if (linear && hpa < 0) {
                throw new OperatorException("linear address " + Long.toHexString(at) + "h is not mapped; mem:walk says why");
            }
            if (clear) {
                int healed = machine.memory().heal(hpa, length);
                return new Notice(name, healed + (healed == 1 ? " line" : " lines") + " healed");
            }
            machine.memory().poison(hpa, length);
            long lines = ((hpa + length - 1) / MemorySpace.LINE) - hpa / MemorySpace.LINE + 1;
            return new Notice(name, lines + (lines == 1 ? " line" : " lines") + " poisoned from " + Drawing.hexadecimal(hpa & -MemorySpace.LINE, 8) + " on");
        });
    }

    /** Explains a translation. */
    @Descriptor("show each step of translating a linear address")
    public String walk(
            @Descriptor("the processor that translates") @Parameter(names = "--cpu", absentValue = "0") int cpu,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String name,
            @Descriptor("linear address, or a register's name") String address) {
        Machine machine = machines.machine(name);
        return machine.call(() -> String.join("\n", Targets.processor(machine, cpu).walk(Targets.address(machine, cpu, address))));
    }
}
