package com.vtsim.api.machine;

/**
 * The bytes behind one 4 KiB page of RAM or ROM: the one deliberate leak of the memory contract, made for the processor's
 * fast path. There is one object per page and map; identity may be used as key. Machine thread only.
 * <p>
 * Whoever caches decoded code of a page {@linkplain #watch watches} it, and then must not write to {@link #bytes} directly
 * but through {@link MemorySpace#write(long, int, long)}, which tells every watcher. Several processors share a
 * machine: one that starts to watch a page makes the others drop what they cached of it for writing.
 */
public final class MemoryPage {
    /** Host-physical address, a multiple of 4096. */
    public final long address;
    /** The chunk that holds the page. */
    public final byte[] bytes;
    /** Where the page begins in {@link #bytes}. */
    public final int offset;
    /** Whether writes reach these bytes. */
    public final boolean writable;

    private static final Watcher[] NONE = new Watcher[0];
    private Watcher[] watchers = NONE;

    /** Made by the backplane. */
    public MemoryPage(long address, byte[] bytes, int offset, boolean writable) {
        this.address = address;
        this.bytes = bytes;
        this.offset = offset;
        this.writable = writable;
    }

    /** @return whether some processor holds decoded code of this page */
    public boolean isWatched() {
        return watchers.length != 0;
    }

    /** Adds a watcher; no effect if it is one already. */
    public void watch(Watcher watcher) {
        for (Watcher w : watchers) {
            if (w == watcher) {
                return;
            }
        }
        Watcher[] more = java.util.Arrays.copyOf(watchers, watchers.length + 1);
        more[watchers.length] = watcher;
        watchers = more;
    }

    /** Removes a watcher. */
    public void unwatch(Watcher watcher) {
        for (int i = 0; i < watchers.length; i++) {
            if (watchers[i] == watcher) {
                Watcher[] fewer = new Watcher[watchers.length - 1];
                System.arraycopy(watchers, 0, fewer, 0, i);
                System.arraycopy(watchers, i + 1, fewer, i, fewer.length - i);
                watchers = fewer;
                return;
            }
        }
    }

    /**
     * Called by whoever writes to a watched page, after the write.
     *
     * @param from   first byte written, 0–4095
     * @param length bytes
     */
    public void written(int from, int length) {
        for (Watcher w : watchers) {
            w.written(this, from, length);
        }
    }

    /** Holds something derived from a page's content. */
    @FunctionalInterface
    public interface Watcher {
        /** Bytes {@code from} to {@code from + length - 1} of the page have new content. */
        void written(MemoryPage page, int from, int length);
    }
}
