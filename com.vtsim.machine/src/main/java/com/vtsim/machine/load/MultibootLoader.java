package com.vtsim.machine.load;

import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.machine.acpi.AcpiTables;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Kernels of the Multiboot Specification, version 1 (0.6.96): 32-bit ELF, or any format with the address fields in its
 * header. {@code append}: command line; {@code module}: files, separated by commas, each with its own command line after a space.
 */
final class MultibootLoader implements ImageLoader {
    /** EAX at the entry of the kernel. */
    private static final long LOADED = 0x2BAD_B002L;
    /** Where the information goes if it fits: low memory that no kernel is linked to, clear of the BIOS data area and of boot sectors. */
    private static final long LOW_INFORMATION = 0x9000;
    private static final long TOP = 1L << 32;

    @Override
    public Set<String> options() {
        return Set.of("append", "module");
    }

    @Override
    public Image read(Path path, LoadOptions options, List<MemorySpace.Region> memory) {
        ImageFile file = ImageFile.expanded(path);
        MultibootHeader header = MultibootHeader.in(file);
        Elf32 kernel = header.hasAddresses() ? addressed(file, header) : elf(file);
        Ram ram = new Ram(memory);
        kernel.segments().forEach(segment -> ram.take(file, segment));
        List<Image.Segment> handlers = LowMemory.in(ram);
        long end = kernel.segments().stream().mapToLong(Image.Segment::end).max().orElseThrow();

        List<MultibootInformation.Module> modules = new ArrayList<>();
        for (String module : options.text("module").map(list -> list.split(",")).orElse(new String[0])) {
            modules.add(module(module.strip(), ram, end));
        }
        String commandLine = (path.getFileName() + " " + options.text("append").orElse("")).strip();
        MultibootInformation information = new MultibootInformation(commandLine, modules, MemoryRange.of(ram, memory));
        Image.Segment place = ram.place("information", new byte[information.length()], 8, LOW_INFORMATION, LowMemory.END);
        if (place == null) {
            place = ram.placed("Multiboot information", new byte[information.length()], 8, Math.max(end, Ram.HIGH), TOP);
        }
        information.write(place.content(), place.address());

        List<Image.Segment> segments = new ArrayList<>(ram.taken());
        segments.addAll(handlers);
        // Where an operating system looks for them (ACPI Specification, Finding the RSDP on IA-PC Systems).
        segments.add(new Image.Segment(Image.TABLES, LowMemory.FIRMWARE, new byte[AcpiTables.LENGTH]));
        EntryState entry = new EntryState(EntryState.Mode.PROTECTED, kernel.entry(), Map.of("rax", LOADED, "rbx", place.address(), Image.TYPES_REGISTER, Image.MEMORY_TYPES));
        String summary = file.name() + ": Multiboot " + (header.hasAddresses() ? "address header" : "ELF") + ", " + kernel.segments().get(0)
                + (kernel.segments().size() > 1 ? " and " + (kernel.segments().size() - 1) + " more" : "")
                + (modules.isEmpty() ? "" : ", " + modules.size() + (modules.size() == 1 ? " module" : " modules"))
                + ", entry " + LoadOptions.hexadecimal(kernel.entry());
        return new Image(summary, List.of(), segments, entry);
    }

    private static Elf32 elf(ImageFile file) {
        if (!Elf32.is(file)) {
            throw file.wrong("is no ELF file, and its Multiboot header has no address fields (flag 16)");
        }
        return Elf32.of(file);
    }

    /** OS image format, The address fields of Multiboot header. */
    private static Elf32 addressed(ImageFile file, MultibootHeader header) {
        long from = header.offset() - (header.header() - header.load());
        if (header.load() > header.header() || from < 0) {
            throw file.wrong("has a wrong Multiboot header: its load address " + LoadOptions.hexadecimal(header.load()) + " does not fit header address "
                    + LoadOptions.hexadecimal(header.header()) + " at byte " + header.offset());
        }
        long length = header.loadEnd() == 0 ? file.length() - from : header.loadEnd() - header.load();
        if (length <= 0 || header.bssEnd() != 0 && header.bssEnd() < header.load() + length) {
            throw file.wrong("has a wrong Multiboot header: load address " + LoadOptions.hexadecimal(header.load()) + ", its end "
                    + LoadOptions.hexadecimal(header.loadEnd()) + " and the end of its zeros " + LoadOptions.hexadecimal(header.bssEnd()) + " do not ascend");
        }
        long inMemory = header.bssEnd() == 0 ? length : header.bssEnd() - header.load();
        Image.Segment segment = new Image.Segment("image", header.load(), file.slice("the image", from, length), inMemory);
        if (!segment.overlaps(header.entry(), header.entry() + 1)) {
            throw file.wrong("starts at " + LoadOptions.hexadecimal(header.entry()) + ", which is outside of the " + segment);
        }
        return new Elf32(List.of(segment), header.entry());
    }

    private static MultibootInformation.Module module(String text, Ram ram, long after) {
        if (text.isEmpty()) {
            throw new OperatorException("an empty module; modules are files, separated by commas");
        }
        int space = text.indexOf(' ');
        Path path = Path.of(space < 0 ? text : text.substring(0, space));
        ImageFile file = ImageFile.read(path);
        Image.Segment segment = ram.placed("module " + file.name(), Arrays.copyOf(file.bytes(), file.length()), MemorySpace.PAGE, Math.max(after, Ram.HIGH), TOP);
        return new MultibootInformation.Module(segment, text);
    }
}
