package com.vtsim.machine.load;

import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.MemorySpace;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Kernels of the Multiboot2 Specification (2.0), entered as on a machine without EFI: ELF of 32 or 64 bits, or any format with address tags in its header.
 * Options as for version 1. What is relocatable stays where it is linked.
 */
final class Multiboot2Loader implements ImageLoader {
    /** EAX at the entry of the kernel. */
    private static final long LOADED = 0x36D7_6289L;

    @Override
    public Set<String> options() {
        return Set.of("append", "module");
    }

    @Override
    public Image read(Path path, LoadOptions options, List<MemorySpace.Region> memory) {
        ImageFile file = ImageFile.expanded(path);
        Multiboot2Header header = Multiboot2Header.in(file);
        ElfImage kernel = kernel(file, header);
        MultibootPlan plan = new MultibootPlan(file, kernel, options, memory);
        Multiboot2Information information = new Multiboot2Information(options.text("append").orElse(""), plan.modules(), plan.map());
        Image.Segment place = plan.information(information.length());
        int[] pointers = information.write(place.content());
        plan.add(new Image.Segment(Image.ROOT_POINTER, place.address() + pointers[0], new byte[Multiboot2Information.OLD_LENGTH]));
        plan.add(new Image.Segment(Image.ROOT_POINTER, place.address() + pointers[1], new byte[Multiboot2Information.NEW_LENGTH]));
        EntryState entry = new EntryState(EntryState.Mode.PROTECTED, header.entry() < 0 ? kernel.entry() : header.entry(),
            Map.of("rax", LOADED, "rbx", place.address(), Image.TYPES_REGISTER, Image.MEMORY_TYPES));
        return plan.image("Multiboot2 " + (header.addresses().hasAddresses() ? "address tags" : "ELF"), entry);
    }

    private static ElfImage kernel(ImageFile file, Multiboot2Header header) {
        if (header.addresses().hasAddresses()) {
            return MultibootLoader.addressed(file, header.addresses());
        }
        if (!ElfImage.is(file)) {
            throw file.wrong("is no ELF file, and its Multiboot2 header has no addresses (tag 2)");
        }
        ElfImage kernel = ElfImage.of(file);
        if (header.entry() >= 0 && kernel.segments().stream().noneMatch(segment -> segment.overlaps(header.entry(), header.entry() + 1))) {
            throw file.wrong("starts at " + LoadOptions.hexadecimal(header.entry()) + " (tag 3 of its Multiboot2 header), which is in none of its segments");
        }
        return kernel;
    }
}
