package com.vtsim.cpu.engine;

import com.vtsim.api.machine.MemoryPage;
import com.vtsim.api.machine.MemorySpace;
import java.util.Arrays;

/** The decoded blocks of one physical page, and which of its bytes they were made of. */
final class CodePage implements MemoryPage.Watcher {
    private static final int BUCKETS = 64;
    private static final int LINE = 64;
    /** A page that lost its code is watched for so many writes more: self-modifying code puts some there again. */
    private static final int PATIENCE = 16;

    final MemoryPage page;
    private final CodeCache cache;
    private final Block[] buckets = new Block[BUCKETS];
    /** Blocks of the page before whose last instruction reaches into this one. */
    private Block[] reaching = new Block[0];
    /** Bit n: bytes 64n to 64n+63 hold code. */
    private long covered;
    /** Bit n of element m: byte 64m+n holds code. Data often stand in the same line. */
    private final long[] code = new long[MemorySpace.PAGE / LINE];
    private boolean watching;
    private int idleWrites;

    CodePage(MemoryPage page, CodeCache cache) {
        this.page = page;
        this.cache = cache;
    }

    private static int bucket(int offset) {
        return (offset ^ offset >> 6) & BUCKETS - 1;
    }

    Block find(int offset, int key) {
        for (Block b = buckets[bucket(offset)]; b != null; b = b.chained) {
            if (b.offset == offset && b.key == key) {
                return b;
            }
        }
        return null;
    }

    void add(Block block) {
        block.page = this;
        int i = bucket(block.offset);
        block.chained = buckets[i];
        buckets[i] = block;
        int end = Math.min(block.offset + block.length, MemorySpace.PAGE);
        cover(block.offset, end);
        if (block.second != null) {
            block.second.reach(block, block.offset + block.length - MemorySpace.PAGE);
        }
    }

    private void reach(Block block, int end) {
        reaching = Arrays.copyOf(reaching, reaching.length + 1);
        reaching[reaching.length - 1] = block;
        cover(0, end);
    }

    private void cover(int from, int end) {
        covered |= lines(from, end - from);
        for (int at = from; at < end; at = (at & -LINE) + LINE) {
            code[at / LINE] |= bytes(at, Math.min(end, (at & -LINE) + LINE) - at);
        }
        idleWrites = 0;
        if (!watching) {
            watching = true;
            page.watch(this);
            cache.pageWatched(page);
        }
    }

    /** @return bits of the bytes of one line */
    private static long bytes(int from, int length) {
        return -1L >>> LINE - length << from;
    }

    private boolean touches(int from, int length) {
        int end = from + length;
        for (int at = from; at < end; at = (at & -LINE) + LINE) {
            if ((code[at / LINE] & bytes(at, Math.min(end, (at & -LINE) + LINE) - at)) != 0) {
                return true;
            }
        }
        return false;
    }

    private static long lines(int from, int length) {
        int first = from >> 6;
        int last = from + length - 1 >> 6;
        return -1L >>> 63 - last & -1L << first;
    }

    @Override
    public void written(MemoryPage written, int from, int length) {
        if ((covered & lines(from, length)) != 0) {
            if (touches(from, length)) {
                drop(from, from + length);
            }
        } else if (covered == 0 && ++idleWrites > PATIENCE) {
            forget();
        }
    }

    private void drop(int from, int end) {
        covered = 0;
        Arrays.fill(code, 0);
        for (int i = 0; i < BUCKETS; i++) {
            Block kept = null;
            for (Block b = buckets[i]; b != null; ) {
                Block following = b.chained;
                if (b.offset < end && b.offset + b.length > from) {
                    b.valid = false;
                } else {
                    b.chained = kept;
                    kept = b;
                    cover(b.offset, Math.min(b.offset + b.length, MemorySpace.PAGE));
                }
                b = following;
            }
            buckets[i] = kept;
        }
        int count = 0;
        for (Block b : reaching) {
            int reach = b.offset + b.length - MemorySpace.PAGE;
            if (b.valid && from >= reach) {
                reaching[count++] = b;
                cover(0, reach);
            } else {
                b.valid = false;
            }
        }
        reaching = Arrays.copyOf(reaching, count);
        cache.blocksDropped();
    }

    /** Drops every block and stops watching. */
    void forget() {
        for (int i = 0; i < BUCKETS; i++) {
            for (Block b = buckets[i]; b != null; b = b.chained) {
                b.valid = false;
            }
            buckets[i] = null;
        }
        for (Block b : reaching) {
            b.valid = false;
        }
        reaching = new Block[0];
        covered = 0;
        Arrays.fill(code, 0);
        page.unwatch(this);
        watching = false;
    }
}
