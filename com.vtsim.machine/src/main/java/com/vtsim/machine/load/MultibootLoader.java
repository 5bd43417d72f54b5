package com.vtsim.machine.load;

import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.MemorySpace;
import java.nio.file.Path;
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

    @Override
    public Set<String> options() {
        return Set.of("append", "module");
    }

    @Override
    public Image read(Path path, LoadOptions options, List<MemorySpace.Region> memory) {
        ImageFile file = ImageFile.expanded(path);
        MultibootHeader header = MultibootHeader.in(file);
        ElfImage kernel = header.hasAddresses() ? addressed(file, header) : elf(file);
        MultibootPlan plan = new MultibootPlan(file, kernel, options, memory);
        String commandLine = (path.getFileName() + " " + options.text("append").orElse("")).strip();
        MultibootInformation information = new MultibootInformation(commandLine, plan.modules(), plan.map());
        Image.Segment place = plan.information(information.length());
        information.write(place.content(), place.address());
        EntryState entry = new EntryState(EntryState.Mode.PROTECTED, kernel.entry(),
            Map.of("rax", LOADED, "rbx", place.address(), Image.TYPES_REGISTER, Image.MEMORY_TYPES));
        return plan.image("Multiboot " + (header.hasAddresses() ? "address header" : "ELF"), entry);
    }

    private static ElfImage elf(ImageFile file) {
        if (!ElfImage.is(file)) {
            throw file.wrong("is no ELF file, and its Multiboot header has no address fields (flag 16)");
        }
        return ElfImage.of32(file);
    }

    /** OS image format, The address fields of Multiboot header. */
    static ElfImage addressed(ImageFile file, MultibootHeader header) {
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
        return new ElfImage(List.of(segment), header.entry());
    }
}
