package com.vtsim.cpu.engine;

import com.vtsim.api.cpu.LogicalProcessor.Stale;
import com.vtsim.cpu.engine.TranslationBuffer.Entry;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Counts uses of cached translations that say other than a walk would now. While it does, nothing is answered from the entries directly:
 * every access comes here, and is walked for once more, without side effects.
 */
public final class StaleUses {
    private static final int MOST = 1000;

    /** What is counted apart. */
    private record Key(String kind, long address, long old, long now, int vpid, int pcid, long pointer) { }

    private record Count(long uses, long rip) { }

    /** Entries that know nothing, in place of the true ones. */
    final Entry[] none = new TranslationBuffer.Set().entries;

    private final Cpu cpu;
    private final Map<Key, Count> uses = new LinkedHashMap<>();

    StaleUses(Cpu cpu) {
        this.cpu = cpu;
    }

    /** @return host-physical address of a data access as it is cached, its use noted; -1 if it is not cached */
    long data(TranslationBuffer.Set set, long linear, boolean write, int asked) {
        Entry e = set.entries[TranslationBuffer.index(linear)];
        long tag = linear & -4096L;
        if (write ? e.writeTag != tag && e.watchedTag != tag : e.readTag != tag) {
            return -1;
        }
        linear(linear, e.page.address, asked);
        return e.page.address + (linear & 0xFFF);
    }

    /** An access was answered from the cache. @param frame host-physical address of the page */
    void linear(long linear, long frame, int asked) {
        long now = cpu.memory.paging().fresh(linear, asked);
        if (now == -1 || (now & -4096L) != frame) {
            TranslationBuffer.Context context = cpu.translation.currentContext();
            note(context.pointer() == TranslationBuffer.NO_EPT ? "linear" : "combined", linear & -4096L, frame, now, context.processor(), context.identifier(),
                context.pointer());
        }
    }

    /** A walk began at a cached paging structure. @param frame host-physical address of the page, or -1 if the walk ended with a page fault */
    void structures(long linear, long frame, int asked) {
        long now = cpu.memory.paging().fresh(linear, asked);
        if ((now == -1 ? -1 : now & -4096L) != frame) {
            TranslationBuffer.Context context = cpu.translation.currentContext();
            note("paging-structure", linear & -4096L, frame, now, context.processor(), context.identifier(), context.pointer());
        }
    }

    /** A guest-physical address was made final from the cache. @param now page that EPT gives it now, or -1 */
    public void guestPhysical(long address, long frame, long now, long pointer) {
        if (now == -1 || (now & -4096L) != frame) {
            note("guest-physical", address & -4096L, frame, now, 0, 0, pointer);
        }
    }

    private void note(String kind, long address, long old, long now, int vpid, int pcid, long pointer) {
        Key key = new Key(kind, address, old, now == -1 ? -1 : now & -4096L, vpid, pcid, pointer);
        Count before = uses.get(key);
        if (before != null || uses.size() < MOST) {
            uses.put(key, new Count(before == null ? 1 : before.uses + 1, cpu.execution.linearIp()));
        }
    }

    /** @return what was counted, in the order of the first use */
    public List<Stale> list() {
        List<Stale> all = new ArrayList<>();
        uses.forEach((key, count) -> all.add(new Stale(key.kind, key.address, key.old, key.now, key.vpid, key.pcid, key.pointer, count.uses, count.rip)));
        return all;
    }
}
