package com.vtsim.machine.load;

import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.machine.acpi.AcpiTables;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A Linux kernel (bzImage), entered by the 64-bit boot protocol: {@code append} is its command line, {@code initrd} the file
 * of its initial RAM disk. (The Linux/x86 Boot Protocol, 64-bit Boot Protocol; Zero Page.)
 */
final class LinuxLoader implements ImageLoader {
    private static final int TABLE = 4096;
    private static final long BOOT_CODE = 0x00AF_9B00_0000_FFFFL;
    private static final long BOOT_DATA = 0x00CF_9300_0000_FFFFL;
    private static final int ENTRY_64 = 0x200;
    private static final long STACK = 0x9_0000;

    @Override
    public Set<String> options() {
        return Set.of("append", "initrd");
    }

    @Override
    public Image read(Path path, LoadOptions options, List<MemorySpace.Region> memory) {
        ImageFile file = ImageFile.read(path);
        LinuxHeader header = LinuxHeader.in(file);
        String commandLine = options.text("append").orElse("");
        if (commandLine.length() > header.commandLineSize()) {
            throw file.wrong("takes a command line of at most " + header.commandLineSize() + " characters, this one has " + commandLine.length());
        }
        Ram ram = new Ram(memory);
        Image.Segment kernel = new Image.Segment("kernel", header.preferredAddress(),
            file.slice("the kernel behind the setup sectors", header.kernelOffset(), file.length() - header.kernelOffset()),
            header.initSize());
        ram.take(file, kernel);
        Image.Segment disk = null;
        if (options.text("initrd").isPresent()) {
            ImageFile content = ImageFile.read(Path.of(options.text("initrd").get()));
            disk = ram.placed("initial RAM disk", content.bytes(), TABLE, kernel.end(), header.initrdLimit() + 1);
        }
        Map<String, Long> registers = new HashMap<>();
        registers.put("cr3", IdentityTables.in(ram));
        byte[] text = (commandLine + "\0").getBytes(StandardCharsets.ISO_8859_1);
        Image.Segment line = ram.placed("command line", text, 16, TABLE, Ram.LOW_END);
        Image.Segment table = ram.placed("GDT", gdt(), 16, TABLE, Ram.LOW_END);
        Image.Segment tables = ram.last(Image.TABLES, AcpiTables.LENGTH, header.initrdLimit() + 1);
        Image.Segment zeroPage = ram.placed("boot parameters", header.bootParameters(line, disk, e820(ram), tables), TABLE, TABLE, Ram.LOW_END);
        registers.put("rsi", zeroPage.address());
        registers.put("rsp", STACK);
        registers.put(Image.TYPES_REGISTER, Image.MEMORY_TYPES);
        registers.put("gdtr.base", table.address());
        registers.put("gdtr.limit", 31L);
        String summary = file.name() + ": Linux " + header.version() + ", " + kernel + (disk == null ? "" : ", " + disk);
        return new Image(summary, List.of(), ram.taken(), new EntryState(EntryState.Mode.LONG, kernel.address() + ENTRY_64, registers));
    }

    /** Selectors 10h and 18h, as the protocol wants them. */
    private static byte[] gdt() {
        return ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN).putLong(16, BOOT_CODE).putLong(24, BOOT_DATA).array();
    }

    /** RAM as a PC's firmware reports it: the last KiB below A0000h and the ROM area are not the kernel's. */
    private static List<long[]> e820(Ram ram) {
        return ram.ranges().stream()
            .map(range -> new long[] {range[0], range[0] == 0 ? Math.min(range[1], Ram.LOW_END - 1024) : range[1]})
            .toList();
    }
}
