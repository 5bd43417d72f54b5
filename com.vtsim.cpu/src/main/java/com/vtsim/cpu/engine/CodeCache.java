package com.vtsim.cpu.engine;

import com.vtsim.api.machine.MemoryPage;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.cpu.isa.ByteSource;
import com.vtsim.cpu.isa.Decoded;
import com.vtsim.cpu.isa.Decoder;
import com.vtsim.cpu.isa.Form;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.OpcodeTable;
import com.vtsim.cpu.isa.Undecodable;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Decoded blocks by linear address (a direct-mapped look-aside), by physical page behind it, and the decoding of new ones.
 */
final class CodeCache {
    private static final int SLOTS = 1 << 14;
    private static final int PAGES = 1 << 10;
    private static final int CONTEXTS = TranslationBuffer.CONTEXTS;
    private static final int MODE_BITS = 16;
    private static final int MOST_OPERATIONS = 48;

    private static final long NO_PAGE = 0x800;

    private final Cpu cpu;
    private final Semantics semantics;
    private static final OperationFactory ABSENT = (instruction, at) -> null;

    /** Factory of each form, by {@link Form#index}, as far as it has been asked for. */
    private final OperationFactory[] factories = new OperationFactory[OpcodeTable.instance().forms().size()];
    private final Decoder decoder = new Decoder();
    private final Fetch fetch = new Fetch();
    private final Map<MemoryPage, CodePage> pages = new HashMap<>();

    private final long[] tags = new long[SLOTS];
    private final Block[] blocks = new Block[SLOTS];
    /** When and for which mode the slot was filled: {@link #epoch} and {@link Mode}. */
    private final long[] stamps = new long[SLOTS];
    /**
     * Look-aside for fetch translations: linear page with bit 0 for user mode and the number of the TLB context from bit 1,
     * its code page, the epoch in which it was filled, and how it is mapped.
     */
    private final long[] pageTags = new long[PAGES];
    private final CodePage[] pageOf = new CodePage[PAGES];
    private final long[] pageEpochs = new long[PAGES];
    private final byte[] pageMapped = new byte[PAGES];
    private final boolean[] pageGlobal = new boolean[PAGES];
    private boolean anyLarge;
    private boolean compilesAtOnce;
    /** Counts the times linear addresses changed their meaning: links between blocks hold within one. */
    long epoch = 1;
    /** Epochs since which fetch translations of each TLB context hold, and those of its global pages. */
    private final long[] since = new long[CONTEXTS];
    private final long[] globalSince = new long[CONTEXTS];
    /** Processors of the same machine, told of pages that get their first block. */
    private LinearTranslation[] peers;

    private final Operation[] operations = new Operation[MOST_OPERATIONS];
    private final short[] starts = new short[MOST_OPERATIONS];

    CodeCache(Cpu cpu, Semantics semantics) {
        this.cpu = cpu;
        this.semantics = semantics;
        this.peers = new LinearTranslation[0];
        Arrays.fill(pageTags, NO_PAGE);
    }

    void peers(LinearTranslation[] others) {
        peers = others;
    }

    void compilesAtOnce(boolean wanted) {
        compilesAtOnce = wanted;
    }

    // Linear addresses that mean something else: look-asides and links are not emptied but grow old.

    /** Every fetch translation goes. */
    void dropAll() {
        drop(TranslationBuffer.ALL, true);
    }

    /**
     * Fetch translations of TLB contexts go.
     *
     * @param contexts bit n stands for context n
     * @param globals  whether those of global pages go too
     */
    void drop(int contexts, boolean globals) {
        epoch++;
        for (int i = 0; i < CONTEXTS; i++) {
            if ((contexts >> i & 1) != 0) {
                since[i] = epoch;
                globalSince[i] = globals ? epoch : globalSince[i];
            }
        }
    }

    /** Another TLB context is the current one: what blocks are linked to may be elsewhere. */
    void contextChanged() {
        epoch++;
    }

    /** What maps an address goes, in these TLB contexts: of all pages, or of global ones alone. */
    void dropAddress(int contexts, long linear, boolean onlyGlobal) {
        epoch++;
        if (!anyLarge) {
            dropIf((int) (linear >>> 12) & PAGES - 1, contexts, linear, onlyGlobal);
            return;
        }
        for (int i = 0; i < PAGES; i++) {
            dropIf(i, contexts, linear, onlyGlobal);
        }
    }

    /** A fault concerned the address: what maps the page there goes, in these TLB contexts. */
    void faulted(int contexts, long linear) {
        int slot = (int) (linear >>> 12) & PAGES - 1;
        long before = pageTags[slot];
        if (before != NO_PAGE) {
            dropIf(slot, contexts, linear, false);
            epoch += before != pageTags[slot] ? 1 : 0;
        }
    }

    private void dropIf(int slot, int contexts, long linear, boolean onlyGlobal) {
        boolean concerned = (contexts >> (int) (pageTags[slot] >> 1) & 1) != 0 && (pageGlobal[slot] || !onlyGlobal);
        if (concerned && (pageTags[slot] ^ linear) >>> pageMapped[slot] == 0) {
            pageTags[slot] = NO_PAGE;
        }
    }

    /** Forgets every block: pages mean something else. */
    void forget() {
        pages.values().forEach(CodePage::forget);
        pages.clear();
        Arrays.fill(blocks, null);
        Arrays.fill(stamps, 0);
        Arrays.fill(pageTags, NO_PAGE);
        Arrays.fill(pageOf, null);
        anyLarge = false;
        dropAll();
    }

    void pageWatched(MemoryPage page) {
        cpu.translation.dropWritable(page);
        for (LinearTranslation peer : peers) {
            peer.dropWritable(page);
        }
    }

    void blocksDropped() {
        cpu.execution.endBlock();
    }

    /** @return the block at a linear address in the current mode; throws the guest's fault where it cannot be fetched */
    Block at(long linear) {
        if (cpu.translation.stale() != null) {
            // No look-aside and no link answers then: each block asks for its page.
            epoch++;
        }
        int slot = (int) (linear ^ linear >>> 12) & SLOTS - 1;
        Block block = blocks[slot];
        long stamp = epoch << MODE_BITS | cpu.mode;
        if (tags[slot] == linear && stamps[slot] == stamp && block.valid) {
            return block;
        }
        boolean former = tags[slot] == linear && block != null && block.key == cpu.mode && block.valid;
        if (!former || !confirmed(block, linear)) {
            block = look(linear);
        }
        tags[slot] = linear;
        blocks[slot] = block;
        stamps[slot] = stamp;
        return block;
    }

    /** @return the block at a linear address, which is executed after another; throws the guest's fault where it cannot be fetched */
    Block follow(Block before, long linear) {
        if (cpu.translation.stale() != null) {
            return at(linear);
        }
        Block former = before.formerSuccessor(linear, cpu.mode);
        if (former != null && confirmed(former, linear)) {
            before.confirm(linear, epoch);
            return former;
        }
        Block block = at(linear);
        before.succeededBy(block, linear, epoch);
        return block;
    }

    /** Whether a linear address still means the pages a block was decoded from. */
    private boolean confirmed(Block block, long linear) {
        return block.page != null && block.page == page(linear) && (block.second == null || block.second == pageBehind(block, linear));
    }

    /** @return the code page that the last instruction of a block reaches into */
    private CodePage pageBehind(Block block, long linear) {
        long last = linear + block.length - 1;
        return page((cpu.mode & Mode.SIZE_MASK) == 2 ? last : last & 0xFFFF_FFFFL);
    }

    private Block look(long linear) {
        CodePage page = page(linear);
        int key = cpu.mode;
        int offset = (int) linear & MemorySpace.PAGE - 1;
        if (page != null) {
            Block block = page.find(offset, key);
            if (block != null && (block.second == null || block.second == pageBehind(block, linear))) {
                return block;
            }
            if (block != null) {
                // The page behind has been mapped elsewhere: the instruction that reaches into it is another one now.
                page.written(page.page, offset, 1);
            }
        }
        Block block = decode(linear, page);
        if (page != null && block.valid) {
            page.add(block);
            if (compilesAtOnce) {
                compile(block);
            }
        }
        return block;
    }

    /** @return the code page of a linear address, null where code is fetched from a device or nothing */
    private CodePage page(long linear) {
        int context = cpu.translation.context();
        long tag = linear & -MemorySpace.PAGE | context << 1 | (cpu.cpl == 3 ? 1 : 0);
        int slot = (int) (linear >>> 12) & PAGES - 1;
        if (pageTags[slot] == tag && pageEpochs[slot] >= (pageGlobal[slot] ? globalSince : since)[context]) {
            if (cpu.translation.stale() != null) {
                cpu.translation.stale().linear(linear, pageOf[slot].page.address, Paging.FETCH | (cpu.cpl == 3 ? Paging.USER : 0));
            }
            return pageOf[slot];
        }
        MemoryPage memory = cpu.memory.space().page(translate(linear));
        if (memory == null) {
            return null;
        }
        int mapped = cpu.memory.paging().mapped();
        CodePage page = pages.get(memory);
        if (page == null) {
            page = new CodePage(memory, this);
            pages.put(memory, page);
        }
        pageTags[slot] = tag;
        pageOf[slot] = page;
        pageEpochs[slot] = epoch;
        pageMapped[slot] = (byte) mapped;
        pageGlobal[slot] = cpu.memory.paging().global();
        anyLarge |= mapped > 12;
        return page;
    }

    /** The segment's limit, or that the address is canonical, is checked before the page. */
    private long translate(long linear) {
        boolean legal = (cpu.mode & Mode.SIZE_MASK) == 2 ? cpu.memory.paging().canonical(linear)
            : (linear - cpu.segBase[Cpu.CS] & 0xFFFF_FFFFL) <= cpu.segments.limit[Cpu.CS];
        if (!legal) {
            throw cpu.protection(0);
        }
        return cpu.translation.allowed(cpu.memory.paging().translate(linear, Paging.FETCH | (cpu.cpl == 3 ? Paging.USER : 0)), Paging.FETCH);
    }

    /** Decodes until control may go elsewhere, the page ends or the block is long enough. */
    private Block decode(long linear, CodePage page) {
        int key = cpu.mode;
        int codeSize = Mode.codeSize(key);
        int offset = (int) linear & MemorySpace.PAGE - 1;
        int count = 0;
        int length = 0;
        boolean ends = false;
        Instruction beforeLast = null;
        Instruction last = null;
        fetch.begin(linear, page);
        while (!ends && count < MOST_OPERATIONS && offset + length < MemorySpace.PAGE) {
            fetch.at(length);
            Decoded decoded;
            try {
                decoded = decoder.decode(fetch, codeSize);
            } catch (GuestFault notFetched) {
                if (count == 0) {
                    throw notFetched;
                }
                break;
            }
            if (offset + length + decoder.fetched() > MemorySpace.PAGE && count > 0) {
                // An instruction that reaches into the next page is a block of its own.
                break;
            }
            Operation operation = operation(decoded, new Translation(key, length, length + decoder.fetched()));
            beforeLast = last;
            last = decoded instanceof Instruction instruction ? instruction : null;
            starts[count] = (short) length;
            operations[count++] = operation;
            length += decoder.fetched();
            ends = operation.endsBlock() || page == null;
        }
        CodePage second = offset + length > MemorySpace.PAGE ? fetch.second : null;
        boolean cacheable = page != null && (second != null || offset + length <= MemorySpace.PAGE);
        Operation[] all = Arrays.copyOf(operations, count);
        Operation pair = count < 2 || beforeLast == null || last == null ? null
            : semantics.pairs().create(beforeLast, last, new Translation(key, starts[count - 1], length));
        Operation[] whole = all;
        if (pair != null) {
            whole = Arrays.copyOf(operations, count - 1);
            whole[count - 2] = pair;
        }
        Block block = new Block(key, offset, length, all, Arrays.copyOf(starts, count), whole, second);
        block.valid = cacheable;
        return block;
    }

    /** @return the instruction there, null if it cannot be fetched or decoded */
    Instruction instructionAt(long linear) {
        try {
            fetch.begin(linear, page(linear));
            fetch.at(0);
            return decoder.decode(fetch, Mode.codeSize(cpu.mode)) instanceof Instruction instruction ? instruction : null;
        } catch (GuestFault notFetched) {
            return null;
        }
    }

    /** Makes a class of a block that has been executed often, or notes that it stays with the interpreter. */
    void compile(Block block) {
        block.heat = Integer.MIN_VALUE;
        if (!block.valid || block.page == null || block.second != null || (block.key & Mode.SIZE_MASK) != 2) {
            return;
        }
        MemoryPage page = block.page.page;
        Instruction[] instructions = new Instruction[block.operations.length];
        for (int i = 0; i < instructions.length; i++) {
            int from = page.offset + block.offset + block.starts[i];
            ByteSource bytes = new ByteSource() {
                private int at = from;

                @Override
                public int next() {
                    return page.bytes[at++] & 0xFF;
                }
            };
            if (!(decoder.decode(bytes, 64) instanceof Instruction instruction)) {
                return;
            }
            instructions[i] = instruction;
        }
        block.compiled = semantics.compiler().compile(instructions, block.operations, block.starts, block.length);
    }

    private OperationFactory factory(Form form) {
        OperationFactory factory = factories[form.index()];
        if (factory == null) {
            Form executed = cpu.cpuid.model.executed(form);
            factory = executed == null ? null : semantics.of(executed);
            factory = factory == null ? ABSENT : factory;
            factories[form.index()] = factory;
        }
        return factory;
    }

    private Operation operation(Decoded decoded, Translation at) {
        if (decoded instanceof Instruction instruction) {
            Operation operation = factory(instruction.form()).create(instruction, at);
            return operation == null ? Raise.UNDEFINED : operation;
        }
        return decoded == Undecodable.TOO_LONG ? Raise.PROTECTION : Raise.UNDEFINED;
    }

    /** An operation that only raises an exception. */
    private static final class Raise extends Operation {
        static final Raise UNDEFINED = new Raise(6, GuestFault.NO_CODE);
        static final Raise PROTECTION = new Raise(13, 0);
        private final int vector;
        private final int errorCode;

        private Raise(int vector, int errorCode) {
            this.vector = vector;
            this.errorCode = errorCode;
        }

        @Override
        public void execute(Cpu cpu) {
            throw cpu.fault(vector, errorCode);
        }

        @Override
        public boolean endsBlock() {
            return true;
        }
    }

    /** Hands the decoder the bytes of one page and, where an instruction needs them, those of the next. */
    private final class Fetch implements ByteSource {
        private long linear;
        private CodePage first;
        private CodePage second;
        private long secondPhysical;
        private int offset;
        private int at;

        void begin(long start, CodePage page) {
            linear = start;
            offset = (int) start & MemorySpace.PAGE - 1;
            first = page;
            second = null;
            secondPhysical = -1;
        }

        void at(int position) {
            at = position;
        }

        @Override
        public int next() {
            int index = offset + at++;
            if (index < MemorySpace.PAGE) {
                if (first != null) {
                    return first.page.bytes[first.page.offset + index] & 0xFF;
                }
                return fetched((translate(linear) & -MemorySpace.PAGE) + index);
            }
            if (secondPhysical == -1) {
                long following = (linear & -MemorySpace.PAGE) + MemorySpace.PAGE;
                long wrapped = (cpu.mode & Mode.SIZE_MASK) == 2 ? following : following & 0xFFFF_FFFFL;
                second = page(wrapped);
                secondPhysical = translate(wrapped);
            }
            return fetched(secondPhysical + index - MemorySpace.PAGE);
        }

        private int fetched(long physical) {
            cpu.machineChecks.fetches(true);
            int value = (int) cpu.memory.space().read(physical, 1);
            cpu.machineChecks.fetches(false);
            return value;
        }
    }
}
