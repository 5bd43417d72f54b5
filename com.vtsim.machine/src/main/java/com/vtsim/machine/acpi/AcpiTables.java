package com.vtsim.machine.acpi;

import com.vtsim.api.machine.MemorySpace;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The tables of a machine as it is wired, in two files as firmware takes them: the tables, FACS first, with pointers as offsets in the file, and the RSDP.
 * {@link #at} puts them at an address; {@link #script} tells firmware how to do that itself. Built afresh whenever they are asked for.
 */
public final class AcpiTables {
    /** Bytes of the block that {@link #at} makes, always. */
    public static final int LENGTH = 0x8000;
    /** Name of the file with the tables. */
    public static final String TABLES = "etc/acpi/tables";
    /** Name of the file with the root pointer. */
    public static final String RSDP = "etc/acpi/rsdp";
    /** Name of the file with the {@link #script}. */
    public static final String SCRIPT = "etc/table-loader";

    private static final int HEADER = 36;
    private static final int RSDP_LENGTH = 36;
    private static final int CHECKSUM = 9;
    /** In the block of {@link #at} the tables follow the RSDP here: the FACS wants 64 bytes. */
    private static final int TABLES_AT = 64;
    private static final int SCI = 9;
    private static final int SCRIPT_ENTRY = 128;
    private static final int SCRIPT_ENTRIES = 64;
    private static final int FILE_NAME = 56;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final List<Pointer> pointers = new ArrayList<>();
    private final List<int[]> checksums = new ArrayList<>();
    private final byte[] tables;
    private final byte[] rsdp;

    private record Pointer(boolean inRsdp, int at, int size) { }

    private AcpiTables(Wired machine) {
        int facs = facs();
        int dsdt = table("DSDT", 2, DifferentiatedDescription.of(machine));
        List<Integer> roots = new ArrayList<>();
        int fadt = out.size();
        roots.add(table("FACP", 4, fadt(machine, facs, dsdt)));
        pointers.add(new Pointer(false, fadt + 36, 4));
        pointers.add(new Pointer(false, fadt + 40, 4));
        pointers.add(new Pointer(false, fadt + 140, 8));
        if (machine.apic()) {
            roots.add(table("APIC", 3, madt(machine)));
        }
        if (machine.hpet()) {
            roots.add(table("HPET", 1, hpet()));
        }
        if (machine.ecamBase() != 0) {
            roots.add(table("MCFG", 1, mcfg(machine)));
        }
        byte[] remapping = DmaRemappingTable.of(machine);
        if (remapping.length > 0) {
            roots.add(table("DMAR", 1, remapping));
        }
        int rsdt = roots("RSDT", roots, 4);
        int xsdt = roots("XSDT", roots, 8);
        tables = Arrays.copyOf(out.toByteArray(), LENGTH - TABLES_AT);
        rsdp = rsdp(rsdt, xsdt);
    }

    /**
     * @param board  all parts of a type, by name
     * @param memory the machine's
     */
    public static AcpiTables of(Finder board, MemorySpace memory) {
        return new AcpiTables(Wired.of(board, memory));
    }

    /** Who knows the parts of a machine. */
    public interface Finder {
        /** @return all parts of a type, by name */
        <T> List<T> findAll(Class<T> type);
    }

    // Tables

    private static ByteBuffer buffer(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] ascii(String text, int length) {
        return Arrays.copyOf(text.getBytes(StandardCharsets.US_ASCII), length);
    }

    /** Firmware ACPI Control Structure. */
    private int facs() {
        int at = out.size();
        out.writeBytes(buffer(64).put(ascii("FACS", 4)).putInt(64).put(32, (byte) 1).array());
        return at;
    }

    /** Appends a table. @return where it begins */
    private int table(String signature, int revision, byte[] body) {
        int at = out.size();
        ByteBuffer header = buffer(HEADER).put(ascii(signature, 4)).putInt(HEADER + body.length).put((byte) revision).put((byte) 0)
            .put(ascii("VTSIM ", 6)).put(ascii("VTSIM   ", 8)).putInt(1).put(ascii("VTSM", 4)).putInt(1);
        out.writeBytes(header.array());
        out.writeBytes(body);
        checksums.add(new int[] {at + CHECKSUM, at, HEADER + body.length});
        while ((out.size() & 15) != 0) {
            out.write(0);
        }
        return at;
    }

    private int roots(String signature, List<Integer> entries, int size) {
        int at = out.size();
        ByteBuffer body = buffer(entries.size() * size);
        for (int i = 0; i < entries.size(); i++) {
            body.putInt(i * size, entries.get(i));
            pointers.add(new Pointer(false, at + HEADER + i * size, size));
        }
        return table(signature, 1, body.array());
    }

    /** Fixed ACPI Description Table, revision 4; offsets here are those of the table. */
    private static byte[] fadt(Wired machine, int facs, int dsdt) {
        ByteBuffer t = buffer(244);
        int pm = machine.pmBase();
        t.putInt(36, facs).putInt(40, dsdt);
        t.putShort(46, (short) SCI);
        if (pm == 0) {
            return Arrays.copyOfRange(t.putInt(112, 1).array(), HEADER, 244);
        }
        // SMI_CMD with ACPI_ENABLE and ACPI_DISABLE: the APM ports hand SCI_EN over.
        t.putInt(48, 0xB2).put(52, (byte) 2).put(53, (byte) 3);
        t.putInt(56, pm).putInt(64, pm + 4).putInt(76, pm + 8).putInt(80, pm + 0x20);
        t.put(88, (byte) 4).put(89, (byte) 2).put(91, (byte) 4).put(92, (byte) 16);
        // No C2 and C3.
        t.putShort(96, (short) 0xFFF).putShort(98, (short) 0xFFF);
        t.put(108, (byte) 0x32);
        // Legacy devices, 8042, no VGA.
        t.putShort(109, (short) 0x07);
        // WBINVD, C1 on all, no sleep button, RTC wake is not a fixed event, reset register.
        t.putInt(112, 1 | 1 << 2 | 1 << 5 | 1 << 6 | 1 << 10);
        address(t, 116, 1, 8, 0xCF9);
        t.put(128, (byte) 0x06);
        t.putLong(140, dsdt);
        address(t, 148, 1, 32, pm);
        address(t, 172, 1, 16, pm + 4);
        address(t, 208, 1, 32, pm + 8);
        address(t, 220, 1, 128, pm + 0x20);
        return Arrays.copyOfRange(t.array(), HEADER, 244);
    }

    /** Generic Address Structure. */
    private static void address(ByteBuffer t, int at, int space, int width, long address) {
        t.put(at, (byte) space).put(at + 1, (byte) width).put(at + 2, (byte) 0).put(at + 3, (byte) 0).putLong(at + 4, address);
    }

    /** Multiple APIC Description Table. */
    private static byte[] madt(Wired machine) {
        ByteBuffer t = buffer(8 + machine.processors().length * 8 + 12 + 2 * 10 + 6);
        t.putInt(0xFEE0_0000).putInt(1);
        for (int id : machine.processors()) {
            t.put((byte) 0).put((byte) 8).put((byte) id).put((byte) id).putInt(1);
        }
        t.put((byte) 1).put((byte) 12).put((byte) 0).put((byte) 0).putInt(0xFEC0_0000).putInt(0);
        override(t, 0, 2, 0);
        // The SCI: active high, level-triggered.
        override(t, SCI, SCI, 0x0D);
        t.put((byte) 4).put((byte) 6).put((byte) 0xFF).putShort((short) 0).put((byte) 1);
        return t.array();
    }

    private static void override(ByteBuffer t, int line, int input, int flags) {
        t.put((byte) 2).put((byte) 10).put((byte) 0).put((byte) line).putInt(input).putShort((short) flags);
    }

    /** IA-PC HPET Description Table. */
    private static byte[] hpet() {
        ByteBuffer t = buffer(20).putInt(0x8086_A301);
        address(t, 4, 0, 0, 0xFED0_0000L);
        return t.putShort(17, (short) 0x80).array();
    }

    /** PCI Express Memory-mapped Configuration Space base address description table. */
    private static byte[] mcfg(Wired machine) {
        return buffer(24).putLong(8, machine.ecamBase()).put(19, (byte) (machine.ecamBuses() - 1)).array();
    }

    private byte[] rsdp(int rsdt, int xsdt) {
        pointers.add(new Pointer(true, 16, 4));
        pointers.add(new Pointer(true, 24, 8));
        return buffer(RSDP_LENGTH).put(ascii("RSD PTR ", 8)).put((byte) 0).put(ascii("VTSIM ", 6)).put((byte) 2).putInt(rsdt).putInt(RSDP_LENGTH)
            .putLong(xsdt).array();
    }

    // Placing

    /** @return the tables, pointers as offsets in them, checksums open */
    public byte[] tables() {
        return tables.clone();
    }

    /** @return the root pointer, pointers as offsets in the {@link #tables}, checksums open */
    public byte[] rsdp() {
        return rsdp.clone();
    }

    /**
     * The whole at an address: the RSDP first.
     *
     * @param address a multiple of 64, below 4 GiB
     * @return {@link #LENGTH} bytes
     */
    public byte[] at(long address) {
        byte[] block = new byte[LENGTH];
        System.arraycopy(rsdp, 0, block, 0, rsdp.length);
        System.arraycopy(tables, 0, block, TABLES_AT, tables.length);
        ByteBuffer view = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
        for (Pointer p : pointers) {
            int at = p.at + (p.inRsdp ? 0 : TABLES_AT);
            view.putInt(at, view.getInt(at) + (int) address + TABLES_AT);
        }
        for (int[] c : checksums) {
            close(block, c[0] + TABLES_AT, c[1] + TABLES_AT, c[2]);
        }
        close(block, 8, 0, 20);
        close(block, 32, 0, RSDP_LENGTH);
        return block;
    }

    private static void close(byte[] block, int at, int from, int length) {
        byte sum = 0;
        for (int i = from; i < from + length; i++) {
            sum += block[i];
        }
        block[at] -= sum;
    }

    /** @return commands for firmware: allocate, add pointers, add checksums. (QEMU's linker and loader interface of fw_cfg, as SeaBIOS and OVMF take it.) */
    public byte[] script() {
        List<ByteBuffer> commands = new ArrayList<>();
        commands.add(command(1, RSDP).putInt(60, 16).put(64, (byte) 2));
        commands.add(command(1, TABLES).putInt(60, 64).put(64, (byte) 1));
        for (Pointer p : pointers) {
            ByteBuffer command = command(2, p.inRsdp ? RSDP : TABLES);
            command.position(60);
            command.put(ascii(TABLES, FILE_NAME)).putInt(116, p.at).put(120, (byte) p.size);
            commands.add(command);
        }
        for (int[] c : checksums) {
            commands.add(command(3, TABLES).putInt(60, c[0]).putInt(64, c[1]).putInt(68, c[2]));
        }
        commands.add(command(3, RSDP).putInt(60, 8).putInt(64, 0).putInt(68, 20));
        commands.add(command(3, RSDP).putInt(60, 32).putInt(64, 0).putInt(68, RSDP_LENGTH));
        ByteArrayOutputStream script = new ByteArrayOutputStream();
        commands.forEach(command -> script.writeBytes(command.array()));
        // Firmware has read the length before it placed configuration space: that must not follow from which tables there are.
        return Arrays.copyOf(script.toByteArray(), SCRIPT_ENTRIES * SCRIPT_ENTRY);
    }

    private static ByteBuffer command(int number, String file) {
        ByteBuffer command = buffer(SCRIPT_ENTRY).putInt(number).put(ascii(file, FILE_NAME));
        command.position(0);
        return command;
    }
}
