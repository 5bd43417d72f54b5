package com.vtsim.cpu.engine;

import com.vtsim.api.machine.MemoryPage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The entries behind {@link LinearTranslation}: by virtual-processor identifier, process-context identifier and EPT pointer (linear
 * mappings without, combined mappings with one), then by access rights, then direct-mapped by linear page. A context is
 * picked when one of its tags changes, so that a look-up compares none of them. A set lists the entries that hold
 * something, so that dropping them costs what had been filled.
 *
 * @sdm Caching Translation Information: Process-Context Identifiers (PCIDs); Translation Lookaside Buffers (TLBs);
 *      Operations that Invalidate TLBs and Paging-Structure Caches; Information That May Be Cached (VPIDs and EPT)
 */
final class TranslationBuffer {
    /** Entries of a set. */
    static final int ENTRIES = 1024;
    /** A tag that no page has. */
    static final long INVALID = 1;
    /** Contexts kept; the one unused for the longest time makes room for a new one. */
    static final int CONTEXTS = 16;
    /** In place of an EPT pointer: linear mappings, which no EPT takes part in. */
    static final long NO_EPT = -1;
    /** Every context. */
    static final int ALL = -1;
    private static final int LARGE = 21;
    /** In place of a protection key where keys have no say. */
    static final int NO_KEY = -1;

    /** One object an entry: a hit costs one bounds check and one cache line. */
    static final class Entry {
        long readTag = INVALID;
        long writeTag = INVALID;
        byte[] bytes;
        int offset;
        /** The page may be written, but somebody has to be told of it: {@link #page}. */
        long watchedTag = INVALID;
        MemoryPage page;
        /** The page it speaks of, whatever the protection key allows now, or {@link #INVALID}. */
        private long held = INVALID;
        /** Whether it could be written to but for the key. */
        private boolean writes;
        private byte key;
        private byte mapped;
        private boolean global;
        private boolean listed;

        private void drop() {
            held = INVALID;
            readTag = INVALID;
            writeTag = INVALID;
            watchedTag = INVALID;
        }

        private boolean covers(long linear) {
            return held != INVALID && (held ^ linear) >>> mapped == 0;
        }

        /** Writes have been allowed. */
        void allowWrites() {
            writes = true;
            takeWrites();
        }

        private void takeWrites() {
            boolean watched = page.isWatched();
            writeTag = watched ? INVALID : held;
            watchedTag = watched ? held : INVALID;
        }

        /** Protection-key rights have changed. @param protectedWrites whether a key's write-disable bit counts */
        private void rekey(int rights, boolean protectedWrites) {
            if (key == NO_KEY || held == INVALID) {
                return;
            }
            int bits = rights >>> 2 * key;
            boolean reads = (bits & 1) == 0;
            readTag = reads ? held : INVALID;
            writeTag = INVALID;
            watchedTag = INVALID;
            if (reads && writes && ((bits & 2) == 0 || !protectedWrites)) {
                takeWrites();
            }
        }
    }

    /** A set of entries for one kind of access rights. */
    static final class Set {
        final Entry[] entries = new Entry[ENTRIES];
        private final short[] filled = new short[ENTRIES];
        private int count;
        /** Bit n: some entry is part of a mapping of 2 MiB or more, bits 26:21 of whose addresses can be n. */
        private long large;
        /** Bit n: some entry has had protection key n. */
        private int keys;

        Set() {
            Arrays.setAll(entries, i -> new Entry());
        }

        /**
         * Makes an entry speak of another page.
         *
         * @param mapped bits of the offset in the mapping: 12, 21, 22 or 30
         * @param key    0–15, or {@link #NO_KEY}
         */
        Entry fill(long tag, MemoryPage page, int mapped, boolean global, int key) {
            int i = index(tag);
            Entry entry = entries[i];
            if (entry.held != tag || entry.page != page) {
                entry.writes = false;
                entry.writeTag = INVALID;
                entry.watchedTag = INVALID;
            }
            entry.held = tag;
            entry.readTag = tag;
            entry.key = (byte) key;
            keys |= key == NO_KEY ? 0 : 1 << key;
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
                if (!globals && entry.global && entry.held != INVALID) {
                    filled[kept++] = filled[i];
                } else {
                    entry.drop();
                    entry.listed = false;
                }
            }
            count = kept;
            if (kept == 0) {
                large = 0;
                keys = 0;
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

        /** A fault concerned the address: what maps the page there goes, and with a part of a large page all of that. */
        private boolean dropFaulted(long linear) {
            Entry entry = entries[index(linear)];
            if (!entry.covers(linear)) {
                return false;
            }
            if (entry.mapped >= LARGE) {
                dropAddress(linear, false);
            } else {
                entry.drop();
            }
            return true;
        }

        private void dropPage(long linear) {
            Entry entry = entries[index(linear)];
            if (entry.held == (linear & -4096L)) {
                entry.drop();
            }
        }

        private void rekey(int changed, int rights, boolean protectedWrites) {
            if ((keys & changed) != 0) {
                for (int i = 0; i < count; i++) {
                    entries[filled[i]].rekey(rights, protectedWrites);
                }
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

    /** Index of the users' set in {@link Context#sets}. */
    static final int USER = 1;

    /** What is cached of one address space under one set of rules. */
    static final class Context {
        /** Its place among the contexts: {@link CodeCache} tags with it. */
        final int number;
        /** Supervisor; user; supervisor with EFLAGS.AC set while SMAP is on. */
        final Set[] sets = {new Set(), new Set(), new Set()};
        /** Paging structures, where they are cached. */
        final StructureCache structures = new StructureCache();
        private int processor;
        private int identifier;
        private long pointer = NO_EPT;
        private int rules;
        private long lastUse;
        /** PKRU as its entries obey it. */
        private int keyRights;

        Context(int number) {
            this.number = number;
        }

        private boolean is(int vpid, int pcid, long ept, int control) {
            return processor == vpid && identifier == pcid && pointer == ept && rules == control;
        }

        /** @return its virtual-processor identifier */
        int processor() {
            return processor;
        }

        /** @return its process-context identifier */
        int identifier() {
            return identifier;
        }

        /** @return the address part of its EPT pointer, or {@link #NO_EPT} */
        long pointer() {
            return pointer;
        }

        private void drop(boolean globals) {
            for (Set set : sets) {
                set.drop(globals);
            }
            structures.drop();
        }

        private void rekey(int rights) {
            int differences = keyRights ^ rights;
            if (differences != 0) {
                keyRights = rights;
                int changed = 0;
                for (int key = 0; key < 16; key++) {
                    changed |= (differences >>> 2 * key & 3) != 0 ? 1 << key : 0;
                }
                boolean writeProtect = (rules & SystemState.CR0_WP) != 0;
                for (int i = 0; i < sets.length; i++) {
                    sets[i].rekey(changed, rights, writeProtect || i == USER);
                }
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

    /** @return the current context */
    Context current() {
        return current;
    }

    /** @return every context that holds something, or has */
    List<Context> contexts() {
        return contexts;
    }

    /**
     * Makes a context the current one.
     *
     * @param vpid    virtual-processor identifier, 0 outside of VMs
     * @param pcid    process-context identifier
     * @param pointer address part of the EPT pointer, or {@link #NO_EPT}
     * @param rules   bits of control registers that decide what a translation allows: other rules, other entries
     * @param keyRights PKRU
     * @return whether it had to take the place of another
     */
    boolean select(int vpid, int pcid, long pointer, int rules, int keyRights) {
        uses++;
        Context oldest = current;
        for (int i = 0; i < contexts.size(); i++) {
            Context context = contexts.get(i);
            if (context.is(vpid, pcid, pointer, rules)) {
                context.lastUse = uses;
                context.rekey(keyRights);
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
        oldest.processor = vpid;
        oldest.identifier = pcid;
        oldest.pointer = pointer;
        oldest.rules = rules;
        oldest.keyRights = keyRights;
        oldest.lastUse = uses;
        current = oldest;
        return true;
    }

    /** PKRU has changed: entries hide what their protection keys forbid, and show what they no longer do. Other contexts follow when they are picked. */
    void rekey(int keyRights) {
        current.rekey(keyRights);
    }

    // Contexts by what they are tagged with: bit n stands for number n

    /** @return contexts of a virtual processor */
    int of(int vpid) {
        int mask = 0;
        for (Context context : contexts) {
            mask |= context.processor == vpid ? 1 << context.number : 0;
        }
        return mask;
    }

    /** @return contexts of a virtual processor and a process-context identifier */
    int of(int vpid, int pcid) {
        int mask = 0;
        for (Context context : contexts) {
            mask |= context.processor == vpid && context.identifier == pcid ? 1 << context.number : 0;
        }
        return mask;
    }

    /** @return contexts of all virtual processors but 0000h */
    int ofVirtual() {
        return ~of(0);
    }

    /** @return contexts under an EPT pointer, or with {@link #NO_EPT} under any */
    int under(long pointer) {
        int mask = 0;
        for (Context context : contexts) {
            mask |= context.pointer != NO_EPT && (pointer == NO_EPT || context.pointer == pointer) ? 1 << context.number : 0;
        }
        return mask;
    }

    /** Drops what contexts hold; without {@code globals} all but global pages. */
    void drop(int mask, boolean globals) {
        for (Context context : contexts) {
            if ((mask >> context.number & 1) != 0) {
                context.drop(globals);
            }
        }
    }

    /** Drops what maps an address in contexts: of all entries, or of global pages alone. */
    void dropAddress(int mask, long linear, boolean onlyGlobal) {
        for (Context context : contexts) {
            if ((mask >> context.number & 1) != 0) {
                for (Set set : context.sets) {
                    set.dropAddress(linear, onlyGlobal);
                }
            }
        }
    }

    /** A fault concerned the address: what contexts hold of the page there goes. @return whether they held something */
    boolean dropFaulted(int mask, long linear) {
        boolean held = false;
        for (Context context : contexts) {
            if ((mask >> context.number & 1) != 0) {
                for (Set set : context.sets) {
                    held |= set.dropFaulted(linear);
                }
            }
        }
        return held;
    }

    /** Drops all paging structures that contexts hold. */
    void dropStructures(int mask) {
        for (Context context : contexts) {
            if ((mask >> context.number & 1) != 0) {
                context.structures.drop();
            }
        }
    }

    /** Drops the paging structures that contexts would use for an address. */
    void dropStructures(int mask, long linear) {
        for (Context context : contexts) {
            if ((mask >> context.number & 1) != 0) {
                context.structures.drop(linear);
            }
        }
    }

    /** Drops entries of 4 KiB at an address, in every context: accesses to the page are to be looked at one by one. */
    void dropPage(long linear) {
        for (Context context : contexts) {
            for (Set set : context.sets) {
                set.dropPage(linear);
            }
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
