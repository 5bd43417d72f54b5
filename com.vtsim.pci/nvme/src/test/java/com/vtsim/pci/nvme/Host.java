package com.vtsim.pci.nvme;

import com.vtsim.api.machine.HaltedProcessor;
import com.vtsim.api.machine.HeardMessages;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.machine.Backplane;
import com.vtsim.pci.bus.HostBridge;
import java.nio.file.Path;
import java.util.List;

/** A guest's driver, as far as tests need one: it enters by the controller's registers and the guest's memory only. */
final class Host implements AutoCloseable {
    static final long BAR = 0xC000_0000L;
    static final long TABLE = 0xC001_0000L;
    static final long SUBMISSIONS = 0x10_0000;
    static final long COMPLETIONS = 0x20_0000;
    static final long DATA = 0x30_0000;
    /** Entries of every queue. */
    static final int ENTRIES = 16;

    final Backplane machine = Backplane.of("t", 16 << 20);
    private final HeardMessages target = new HeardMessages();
    final List<Integer> messages = target.data;
    private final int[] tails = new int[Queues.MOST + 1];
    private final int[] heads = new int[Queues.MOST + 1];
    private final boolean[] phases = new boolean[Queues.MOST + 1];
    NvmeController nvme;
    private final Path folder;
    private int commands;

    /** A completion queue entry. */
    record Completion(int result, int submissionHead, int submissionQueue, int command, int type, int code, boolean doNotRetry) { }

    Host(String... files) {
        this(null, files);
    }

    /** @param folder of namespaces that the guest makes, 4 MiB; or null */
    Host(Path folder, String... files) {
        this.folder = folder;
        machine.add(new HaltedProcessor(0));
        machine.add(new HostBridge("host", "q35", "1af4:1100"));
        machine.add(target);
        nvme = made(files);
        machine.add(nvme);
        config(0x10, 4, (int) BAR);
        config(0x20, 4, (int) TABLE);
        config(0x04, 2, 6);
    }

    private NvmeController made(String... files) {
        return new NvmeController("nvme0", "00:04.0", "t", 512, folder == null ? null : new Pool(folder, 4 << 20), files);
    }

    @Override
    public void close() {
        machine.close();
    }

    void config(int offset, int size, int value) {
        machine.call(() -> {
            nvme.configWrite(offset, size, value);
            return null;
        });
    }

    long get(int offset, int size) {
        return machine.call(() -> machine.memory().read(BAR + offset, size));
    }

    void set(int offset, int size, long value) {
        put(BAR + offset, size, value);
    }

    void put(long address, int size, long value) {
        machine.call(() -> {
            machine.memory().write(address, size, value);
            return null;
        });
    }

    long at(long address, int size) {
        return machine.call(() -> machine.memory().read(address, size));
    }

    byte[] bytes(long address, int length) {
        return machine.call(() -> {
            byte[] bytes = new byte[length];
            machine.memory().read(address, bytes, 0, length);
            return bytes;
        });
    }

    void bytes(long address, byte[] bytes) {
        machine.call(() -> {
            machine.memory().write(address, bytes, 0, bytes.length);
            return null;
        });
    }

    void pass(long nanos) {
        try {
            machine.run(new RunLimits(Long.MAX_VALUE, nanos, null));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** CC.EN with admin queues of {@link #ENTRIES}. */
    Host enable() {
        for (int i = 0; i <= Queues.MOST; i++) {
            fresh(i);
        }
        set(0x24, 4, (long) (ENTRIES - 1) << 16 | ENTRIES - 1);
        set(0x28, 8, submissions(0));
        set(0x30, 8, completions(0));
        set(0x14, 4, 0x0046_0001);
        return this;
    }

    private void fresh(int queue) {
        tails[queue] = 0;
        heads[queue] = 0;
        phases[queue] = true;
        bytes(completions(queue), new byte[4096]);
    }

    static long submissions(int queue) {
        return SUBMISSIONS + queue * 0x1000L;
    }

    static long completions(int queue) {
        return COMPLETIONS + queue * 0x1000L;
    }

    /** A pair of I/O queues. @return this */
    Host pair(int queue, int vector) {
        fresh(queue);
        admin(0x05, 0, completions(queue), (ENTRIES - 1) << 16 | queue, vector << 16 | 3);
        admin(0x01, 0, submissions(queue), (ENTRIES - 1) << 16 | queue, queue << 16 | 1);
        return this;
    }

    static int[] command(int opcode, int namespace, long prp1, long prp2, int... from10) {
        int[] dwords = new int[16];
        dwords[0] = opcode;
        dwords[1] = namespace;
        dwords[6] = (int) prp1;
        dwords[7] = (int) (prp1 >> 32);
        dwords[8] = (int) prp2;
        dwords[9] = (int) (prp2 >> 32);
        System.arraycopy(from10, 0, dwords, 10, from10.length);
        return dwords;
    }

    /** An admin command whose data fit in a page. */
    Completion admin(int opcode, int namespace, long prp1, int... from10) {
        return execute(0, command(opcode, namespace, prp1, 0, from10));
    }

    /** Read, write or compare of whole blocks that lie in one or two pages at {@link #DATA}. */
    Completion transfer(int opcode, long block, int blocks, int flags) {
        return execute(1, command(opcode, 1, DATA, DATA + 0x1000, (int) block, (int) (block >> 32), flags | blocks - 1));
    }

    /** Puts a command in a queue and rings. @return its completion */
    Completion execute(int queue, int[] dwords) {
        int id = submit(queue, dwords);
        ring(queue);
        pass(20_000);
        Completion completion = take(queue);
        if (completion == null || completion.command() != id) {
            throw new AssertionError("command " + id + " of queue " + queue + " has the completion " + completion + ", CSTS " + Long.toHexString(get(0x1C, 4)));
        }
        return completion;
    }

    /** Puts a command in a queue. @return its identifier */
    int submit(int queue, int[] dwords) {
        int id = commands++ & 0xFFFF;
        machine.call(() -> {
            long at = submissions(queue) + tails[queue] * 64L;
            for (int i = 0; i < 16; i++) {
                machine.memory().write(at + 4 * i, 4, i == 0 ? dwords[0] | (long) id << 16 : dwords[i]);
            }
            return null;
        });
        tails[queue] = (tails[queue] + 1) % ENTRIES;
        return id;
    }

    void ring(int queue) {
        set(0x1000 + 8 * queue, 4, tails[queue]);
    }

    /** @return the next completion, or null; the doorbell is rung for it */
    Completion take(int queue) {
        long at = completions(queue) + heads[queue] * 16L;
        int last = (int) at(at + 12, 4);
        if ((last >> 16 & 1) != (phases[queue] ? 1 : 0)) {
            return null;
        }
        int middle = (int) at(at + 8, 4);
        heads[queue] = (heads[queue] + 1) % ENTRIES;
        phases[queue] ^= heads[queue] == 0;
        set(0x1004 + 8 * queue, 4, heads[queue]);
        return new Completion((int) at(at, 4), middle & 0xFFFF, middle >>> 16, last & 0xFFFF, last >> 25 & 7, last >> 17 & 0xFF, last < 0);
    }

    /** Another controller, as after an update of the bundle. */
    void replace(String... files) {
        machine.remove(nvme);
        nvme = made(files);
        machine.add(nvme);
    }
}
