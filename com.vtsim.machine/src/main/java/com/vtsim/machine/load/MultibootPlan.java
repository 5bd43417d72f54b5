package com.vtsim.machine.load;

import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.machine.acpi.AcpiTables;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What lies where when a Multiboot kernel of either version is entered: the kernel, its modules, what firmware has left, and the information. */
final class MultibootPlan {
    /** Where the information goes if it fits: low memory that no kernel is linked to, clear of the BIOS data area and of boot sectors. */
    private static final long LOW_INFORMATION = 0x9000;
    private static final long TOP = 1L << 32;

    private final ImageFile file;
    private final ElfImage kernel;
    private final Ram ram;
    private final List<MemoryRange> map;
    private final long end;
    private final List<MultibootInformation.Module> modules = new ArrayList<>();
    /** Outside of what RAM there is for programs, or over it. */
    private final List<Image.Segment> more = new ArrayList<>();

    /** Places the kernel and its modules. @throws OperatorException if they do not fit */
    MultibootPlan(ImageFile file, ElfImage kernel, LoadOptions options, List<MemorySpace.Region> memory) {
        this.file = file;
        this.kernel = kernel;
        ram = new Ram(memory);
        map = MemoryRange.of(ram, memory);
        kernel.segments().forEach(segment -> ram.take(file, segment));
        more.addAll(LowMemory.in(ram));
        end = Math.max(kernel.segments().stream().mapToLong(Image.Segment::end).max().orElseThrow(), Ram.HIGH);
        for (String module : options.text("module").map(list -> list.split(",")).orElse(new String[0])) {
            modules.add(module(module.strip()));
        }
        // Where an operating system looks for them (ACPI Specification, Finding the RSDP on IA-PC Systems).
        more.add(new Image.Segment(Image.TABLES, LowMemory.FIRMWARE, new byte[AcpiTables.LENGTH]));
    }

    private MultibootInformation.Module module(String text) {
        if (text.isEmpty()) {
            throw new OperatorException("an empty module; modules are files, separated by commas");
        }
        int space = text.indexOf(' ');
        ImageFile content = ImageFile.read(Path.of(space < 0 ? text : text.substring(0, space)));
        Image.Segment segment = ram.placed("module " + content.name(), Arrays.copyOf(content.bytes(), content.length()), MemorySpace.PAGE, end, TOP);
        return new MultibootInformation.Module(segment, text);
    }

    List<MultibootInformation.Module> modules() {
        return modules;
    }

    List<MemoryRange> map() {
        return map;
    }

    /** @return a place for the information, empty */
    Image.Segment information(int length) {
        Image.Segment place = ram.place("information", new byte[length], 8, LOW_INFORMATION, LowMemory.END);
        return place != null ? place : ram.placed("Multiboot information", new byte[length], 8, end, TOP);
    }

    /** Adds what is placed last. */
    void add(Image.Segment segment) {
        more.add(segment);
    }

    /** @param what which version, and how the kernel is described */
    Image image(String what, EntryState entry) {
        List<Image.Segment> segments = new ArrayList<>(ram.taken());
        segments.addAll(more);
        String summary = file.name() + ": " + what + ", " + kernel.segments().get(0)
                + (kernel.segments().size() > 1 ? " and " + (kernel.segments().size() - 1) + " more" : "")
                + (modules.isEmpty() ? "" : ", " + modules.size() + (modules.size() == 1 ? " module" : " modules"))
                + ", entry " + LoadOptions.hexadecimal(entry.entry());
        return new Image(summary, List.of(), segments, entry);
    }
}
