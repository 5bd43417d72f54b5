package com.vtsim.cpu.engine;

import com.vtsim.api.machine.MemoryPage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The entries behind {@link LinearMemory}: by process-context identifier, then by access rights, then direct-mapped by
 * linear page. A set lists the entries that hold something, so that dropping them costs what had been filled.
 *
 * @sdm Caching Translation Information: Process-Context Identifiers (PCIDs); Translation Lookaside Buffers (TLBs);
 *      Operations that Invalidate TLBs and Paging-Structure Caches
 */
final class TranslationBuffer {
    /** Entries of a set. */
    static final int ENTRIES = 1024;
    /** A tag that no page has. */
    static final long INVALID = 1;
    /** Contexts kept; the one unused for the longest time makes room for a new one. */
    private static final int CONTEXTS = 8;
    private static final int LARGE = 21;

    /** One object an entry: a hit costs one bounds check and one cache line. */
    static final class Entry {
        long readTag = INVALID;
        long writeTag = INVALID;
        byte[] bytes;
        int offset;
        /** The page may be written, but somebody has to be told of it: {@link #page}. */
        long watchedTag = INVALID;
        MemoryPage page;
        private byte mapped;
        private boolean global;
        private boolean listed;

        private void drop() {
            readTag = INVALID;
            writeTag = INVALID;
            watchedTag = INVALID;
        }

        private boolean covers(long linear) {
            return readTag != INVALID && (readTag ^ linear) >>> mapped == 0;
        }
    }

    /** A set of entries for one kind of access rights. */
    static final class Set {
        final Entry[] entries = new Entry[ENTRIES];
        private final short[] filled = new short[ENTRIES];
        private int count;
        /** Bit n: some entry is part of a mapping of 2 MiB or more, bits 26:21 of whose addresses can be n. */
        private long large;

        Set() {
            Arrays.setAll(entries, i -> new Entry());
        }

        /**
         * Makes an entry speak of another page.
         *
         * @param mapped bits of the offset in the mapping: 12, 21, 22 or 30
         */
        Entry fill(long tag, MemoryPage page, int mapped, boolean global) {
            int i = index(tag);
            Entry entry = entries[i];
            if (entry.readTag != tag || entry.page != page) {
                entry.writeTag = INVALID;
                entry.watchedTag = INVALID;
            }
            entry.readTag = tag;
            entry.bytes = page.bytes;
            entry.offset = page.offset;
            entry.page = page;
            entry.mapped = (byte) mapped;
            entry.global = global;
            if (mapped >= LARGE) {
                large |= mapped > LARGE + 1 ? -1L : (mapped == LARGE ? 1L : 3L) << (tag >>> LARGE & (mapped == LARGE ? 63 : 62));
            }
            if (!entry.listed) {
                entry.listed = true;
                filled[count++] = (short) i;
            }
            return entry;
        }

        /** Drops all entries, or all but those of global pages. */
        private void drop(boolean globals) {
            int kept = 0;
            for (int i = 0; i < count; i++) {
                Entry entry = entries[filled[i]];
                if (!globals && entry.global && entry.readTag != INVALID) {
                    filled[kept++] = filled[i];
                } else {
                    entry.drop();
                    entry.listed = false;
                }
            }
            count = kept;
            if (kept == 0) {
                large = 0;
            }
        }

        /** Drops what maps an address: of all entries, or of global pages alone. */
        private void dropAddress(long linear, boolean onlyGlobal) {
            if ((large >>> (linear >>> LARGE & 63) & 1) != 0) {
                for (int i = 0; i < count; i++) {
                    dropIf(entries[filled[i]], linear, onlyGlobal);
                }
            } else {
                dropIf(entries[index(linear)], linear, onlyGlobal);
            }
        }

        private static void dropIf(Entry entry, long linear, boolean onlyGlobal) {
            if (entry.covers(linear) && (entry.global || !onlyGlobal)) {
                entry.drop();
            }
        }

        private void dropWritable(MemoryPage page) {
            for (int i = 0; i < count; i++) {
                Entry entry = entries[filled[i]];
                if (entry.writeTag != INVALID && entry.bytes == page.bytes && entry.offset == page.offset) {
                    entry.watchedTag = entry.writeTag;
                    entry.writeTag = INVALID;
                }
            }
        }
    }

    /** What is cached of one address space. */
    static final class Context {
        /** Its place among the contexts: {@link CodeCache} tags with it. */
        final int number;
        /** Supervisor; user; supervisor with EFLAGS.AC set while SMAP is on. */
        final Set[] sets = {new Set(), new Set(), new Set()};
        private int identifier;
        private long lastUse;

        Context(int number) {
            this.number = number;
        }

        private void drop(boolean globals) {
            for (Set set : sets) {
                set.drop(globals);
            }
        }
    }

    private final List<Context> contexts = new ArrayList<>();
    private Context current = new Context(0);
    private long uses;

    TranslationBuffer() {
        contexts.add(current);
    }

    static int index(long linear) {
        return (int) (linear >>> 12) & ENTRIES - 1;
    }

    /** @return the context of the current process-context identifier */
    Context current() {
        return current;
    }

    /**
     * Makes a process-context identifier the current one.
     *
     * @return whether its context had to take the place of another's
     */
    boolean select(int identifier) {
        uses++;
        Context oldest = current;
        for (Context context : contexts) {
            if (context.identifier == identifier) {
                context.lastUse = uses;
                current = context;
                return false;
            }
            if (context.lastUse < oldest.lastUse) {
                oldest = context;
            }
        }
        if (contexts.size() < CONTEXTS) {
            oldest = new Context(contexts.size());
            contexts.add(oldest);
        }
        oldest.drop(true);
        oldest.identifier = identifier;
        oldest.lastUse = uses;
        current = oldest;
        return true;
    }

    /** @return the context of an identifier, or null if nothing is cached under it */
    Context find(int identifier) {
        for (Context context : contexts) {
            if (context.identifier == identifier) {
                return context;
            }
        }
        return null;
    }

    /** Drops everything, in every context. */
    void dropAll() {
        contexts.forEach(context -> context.drop(true));
    }

    /** Drops everything but global pages, in every context. */
    void dropLocal() {
        contexts.forEach(context -> context.drop(false));
    }

    /** Drops one context but for its global pages. */
    void dropLocal(Context context) {
        context.drop(false);
    }

    /** Drops what maps an address in the current context, and global pages that map it in any. */
    void dropAddress(long linear) {
        for (Context context : contexts) {
            dropAddress(context, linear, context != current);
        }
    }

    /** Drops what maps an address in one context. */
    void dropAddress(Context context, long linear, boolean onlyGlobal) {
        for (Set set : context.sets) {
            set.dropAddress(linear, onlyGlobal);
        }
    }

    /** Makes writes to a page tell its watchers from now on. */
    void dropWritable(MemoryPage page) {
        for (Context context : contexts) {
            for (Set set : context.sets) {
                set.dropWritable(page);
            }
        }
    }
}
