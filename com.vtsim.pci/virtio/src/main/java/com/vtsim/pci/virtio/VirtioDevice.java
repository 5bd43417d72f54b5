package com.vtsim.pci.virtio;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.pci.ConfigSpace;
import com.vtsim.api.pci.ConfigState;
import com.vtsim.api.pci.MsiX;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciExpress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.api.pci.PowerManagement;
import com.vtsim.api.pci.Upstream;
import com.vtsim.api.register.RegisterBlocks;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.register.RegisterState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What virtio devices have in common: the function on the bus, the structures a driver sets it up by, its queues and interrupts. A notification does
 * no work: chains are carried out when the clock says so, a bounded number at a time, each whole; so nothing is half done when the device is replaced.
 * All access to memory is the function's own upstream request. Source: Virtual I/O Device (VIRTIO) 1.2, Basic Facilities of a Virtio Device, Virtio Over PCI Bus.
 */
abstract class VirtioDevice implements PciFunction, RegisterBlocks {
    /** Bytes from one queue's notification address to the next. */
    static final int NOTIFY_STRIDE = 4;
    /** VIRTIO_F_INDIRECT_DESC. */
    static final long INDIRECT = 1L << 28;
    /** VIRTIO_F_EVENT_IDX. */
    static final long EVENT_INDEX = 1L << 29;
    /** VIRTIO_F_VERSION_1. */
    static final long VERSION_1 = 1L << 32;
    /** VIRTIO_F_ACCESS_PLATFORM. */
    static final long ACCESS_PLATFORM = 1L << 33;
    private static final long RING_FEATURES = INDIRECT | EVENT_INDEX | VERSION_1 | ACCESS_PLATFORM;
    private static final int VENDOR = 0x1AF4;
    private static final int FIRST_DEVICE = 0x1040;
    private static final int WINDOW = 0x4000;
    private static final int ISR_AT = 0x1000;
    private static final int DEVICE_AT = 0x2000;
    private static final int NOTIFY_AT = 0x3000;
    private static final int DEVICE_LENGTH = 0x100;
    private static final int QUEUE_INTERRUPT = 1;
    private static final int CONFIG_INTERRUPT = 2;
    private static final long LATENCY = 4_000;
    /** Chains of a turn, one with much data counting for several; the one that passes this is the last. */
    private static final int TURN_CHAINS = 64;
    private static final int CHAIN_BYTES = 1 << 14;
    private static final long IDLE = -1;

    private final String name;
    private final String model;
    private final PciAddress address;
    private final long offered;
    private final SplitQueue[] queues;
    private final Chain chain = new Chain();
    private final RegisterFile<CommonRegister> common = new RegisterFile<>(CommonRegister.class, new Setup());
    private final MsiX messages;
    private final ConfigSpace config;
    private long accepted;
    private int isr;
    private long due = IDLE;
    /** There was a reason to work while the device could not. */
    private boolean owed;
    /** Chains that the present turn may still take. */
    private int left;
    private Board board;
    private Upstream upstream;
    private Clock.Timer turn;

    /** As saved, by what is common. */
    record Saved(ConfigState config, RegisterState common, List<SplitQueue.Saved> queues, long accepted, int isr, long due, boolean owed) { }

    /**
     * @param model     what the part's state is tagged with
     * @param type      device type: 1 network, 2 block, 3 console, 4 entropy
     * @param classCode 24 bits
     * @param features  of the type
     * @param sizes     entries of each queue at most
     */
    VirtioDevice(String name, String model, String address, int type, int classCode, long features, int... sizes) {
        this.name = name;
        this.model = model;
        this.address = PciAddress.parse(address);
        offered = features | RING_FEATURES;
        queues = Arrays.stream(sizes).mapToObj(SplitQueue::new).toArray(SplitQueue[]::new);
        messages = new MsiX(queues.length + 1, 4);
        Window window = new Window();
        config = new ConfigSpace(this, new ConfigSpace.Identity(VENDOR, FIRST_DEVICE + type, 1, classCode, VENDOR, 0x40 + type))
                .memory64(0, WINDOW, false, window).memory(4, messages.windowSize(), false, messages.window())
                .add(Structure.of("VIRTIO-COMMON", Structure.COMMON, 0, 0, 0x38)).add(Structure.of("VIRTIO-NOTIFY", Structure.NOTIFY, 0, NOTIFY_AT, sizes.length * NOTIFY_STRIDE))
                .add(Structure.of("VIRTIO-ISR", Structure.ISR, 0, ISR_AT, 1)).add(Structure.of("VIRTIO-DEVICE", Structure.DEVICE, 0, DEVICE_AT, DEVICE_LENGTH))
                .add(Structure.access(0, WINDOW, new Peephole(window))).add(new PowerManagement()).add(PciExpress.at(this.address)).add(messages).pin(1);
        common.strap(CommonRegister.NUM_QUEUES, sizes.length);
    }

    /**
     * Carries out one chain of a queue, if there is one, with {@link #next} and {@link #give}.
     *
     * @return whether there was one
     */
    abstract boolean serve(int queue);

    /** @return a byte of the device's own configuration */
    abstract int configuration(int offset);

    /** A byte of the device's own configuration is written; most are read-only. */
    void configure(int offset, int value) { }

    /** The driver has reset the device, or the bus has. */
    void cleared() { }

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final String model() {
        return model;
    }

    @Override
    public final PciAddress address() {
        return address;
    }

    @Override
    public final int configRead(int offset, int size) {
        return config.read(offset, size);
    }

    @Override
    public final void configWrite(int offset, int size, int value) {
        config.write(offset, size, value);
        remember();
    }

    /** @return the board; null until attached */
    final Board board() {
        return board;
    }

    /** @return whether the driver has accepted a feature */
    final boolean has(long feature) {
        return (accepted & feature) != 0;
    }

    private int status() {
        return (int) common.get(CommonRegister.DEVICE_STATUS);
    }

    /** @return whether the driver is set up, and the device works */
    final boolean isOperating() {
        return (status() & (CommonRegister.DRIVER_OK | CommonRegister.DEVICE_NEEDS_RESET)) == CommonRegister.DRIVER_OK && config.isBusMaster() && upstream != null;
    }

    /** The chain that {@link #next} took: its length and content. */
    final Chain chain() {
        return chain;
    }

    /** Takes the next chain of a queue. @return false if there is none, or the device has just failed */
    final boolean next(int queue) {
        if (!isOperating() || !queues[queue].enabled) {
            return false;
        }
        SplitQueue.Found found = queues[queue].take(upstream, chain, has(INDIRECT), has(EVENT_INDEX));
        if (found == SplitQueue.Found.BROKEN) {
            fail("queue " + queue + " is malformed, or memory does not answer");
        }
        return found == SplitQueue.Found.CHAIN;
    }

    /** Reads from the chain. @return false if that is not possible; the device has then failed */
    final boolean read(long from, byte[] into, int length) {
        boolean good = chain.read(upstream, from, into, length);
        if (!good) {
            fail("a chain with " + chain.readable() + " readable bytes has no " + length + " at " + from + ", or memory does not answer");
        }
        return good;
    }

    /** Writes to the chain. @return false if that is not possible; the device has then failed */
    final boolean write(long at, byte[] bytes, int offset, int length) {
        boolean good = chain.write(upstream, at, bytes, offset, length);
        if (!good) {
            fail("a chain with " + chain.writable() + " writable bytes has no room for " + length + " at " + at + ", or memory refuses");
        }
        return good;
    }

    /** As {@link #read}, but a failure is the caller's to report. */
    final boolean tryRead(long from, byte[] into, int length) {
        return chain.read(upstream, from, into, length);
    }

    /** As {@link #write}, but a failure is the caller's to report. */
    final boolean tryWrite(long at, byte[] bytes, int length) {
        return chain.write(upstream, at, bytes, 0, length);
    }

    /** Gives the chain back. @param written bytes written to it */
    final void give(int queue, int written) {
        if (isOperating() && !queues[queue].give(upstream, chain.head(), written)) {
            fail("the ring of used buffers of queue " + queue + " cannot be written");
        }
    }

    /** Takes note of what a chain costs the host beside itself. @param bytes moved, written or looked at */
    final void spend(long bytes) {
        left -= (int) Math.min(bytes / CHAIN_BYTES, TURN_CHAINS);
    }

    /** Lets the chain be taken again. */
    final void putBack(int queue) {
        queues[queue].putBack();
    }

    /** What a driver cannot have meant: DEVICE_NEEDS_RESET, and nothing is taken any more until it resets the device. */
    final void fail(String why) {
        if ((status() & CommonRegister.DEVICE_NEEDS_RESET) != 0) {
            return;
        }
        common.raise(CommonRegister.DEVICE_STATUS, CommonRegister.DEVICE_NEEDS_RESET);
        board.report("needs reset: " + why);
        configurationChanged();
    }

    /** Tells the driver that the device's configuration or status is another. */
    final void configurationChanged() {
        common.set(CommonRegister.CONFIG_GENERATION, common.get(CommonRegister.CONFIG_GENERATION) + 1 & 0xFF);
        if ((status() & CommonRegister.DRIVER_OK) != 0) {
            interrupt((int) common.get(CommonRegister.CONFIG_MSIX_VECTOR), CONFIG_INTERRUPT);
        }
    }

    private void interrupt(int vector, int cause) {
        if (messages.enabled()) {
            if (vector != SplitQueue.NO_VECTOR) {
                messages.raise(vector);
            }
        } else {
            isr |= cause;
            config.interrupt(true);
        }
    }

    /** There may be work: a notification, something from the host, a driver that is set up. */
    final void wake() {
        owed = !isOperating();
        if (due == IDLE && turn != null && !owed) {
            due = board.clock().now() + LATENCY;
            turn.at(due);
        }
    }

    /** The device may be able to do now what it could not. It is not woken without a reason: that would cost the guest's time a detour. */
    private void remember() {
        if (owed) {
            wake();
        }
    }

    private void work() {
        due = IDLE;
        owed = !isOperating();
        left = TURN_CHAINS;
        for (boolean any = true; any && left > 0; ) {
            any = false;
            for (int i = 0; i < queues.length && left > 0; i++) {
                if (serve(i)) {
                    any = true;
                    left--;
                }
            }
        }
        for (SplitQueue queue : queues) {
            if (isOperating() && queue.isToSignal(upstream, has(EVENT_INDEX))) {
                interrupt(queue.vector, QUEUE_INTERRUPT);
            }
        }
        if (left <= 0) {
            wake();
        }
    }

    /** The reset that a driver asks for by writing 0 to device_status. */
    private void clear() {
        common.reset(Reset.COLD);
        for (SplitQueue queue : queues) {
            queue.reset();
        }
        accepted = 0;
        isr = 0;
        due = IDLE;
        owed = false;
        if (turn != null) {
            turn.cancel();
        }
        config.interrupt(false);
        cleared();
    }

    @Override
    public void attach(Board newBoard) {
        board = newBoard;
        upstream = board.find(PciHost.class).map(host -> host.upstream(this)).orElse(null);
        turn = board.clock().timer("turn", this::work);
        config.attach(board);
        if (due != IDLE) {
            turn.at(due);
        } else {
            remember();
        }
    }

    @Override
    public void detach() {
        turn = null;
    }

    @Override
    public void reset(Reset kind) {
        clear();
        config.reset(kind);
    }

    /** Rows that show what is selected are brought up to date first: equal devices have equal states. */
    final Saved saveCommon() {
        common.dump();
        return new Saved(config.save(), common.save(), Arrays.stream(queues).map(SplitQueue::save).toList(), accepted, isr, due, owed);
    }

    /** @throws StateException if it does not fit; nothing is then changed */
    final void restoreCommon(Saved saved) {
        Saved before = saveCommon();
        try {
            adopt(saved);
        } catch (StateException e) {
            adopt(before);
            throw e;
        }
    }

    private void adopt(Saved saved) {
        if (saved.queues().size() != queues.length) {
            throw new StateException("state of " + model + " has " + saved.queues().size() + " queues, expected " + queues.length);
        }
        config.restore(saved.config());
        common.restore(saved.common());
        for (int i = 0; i < queues.length; i++) {
            queues[i].restore(saved.queues().get(i));
        }
        accepted = saved.accepted() & offered;
        isr = saved.isr();
        due = saved.due();
        owed = saved.owed();
    }

    @Override
    public final List<Block> registerBlocks() {
        List<Block> blocks = new ArrayList<>();
        blocks.add(new Block("virtio common configuration", "memory", config.base(0), common.dump()));
        blocks.add(new Block("virtio configuration space", "configuration", 0, config.dump()));
        return blocks;
    }

    /** What writes to the common configuration do, and what its selected rows show. */
    private final class Setup implements RegisterFile.Device<CommonRegister> {
        private SplitQueue selected() {
            long index = common.get(CommonRegister.QUEUE_SELECT);
            return index < queues.length ? queues[(int) index] : null;
        }

        private int half(CommonRegister select) {
            long which = common.get(select);
            return which == 0 ? 0 : which == 1 ? 32 : -1;
        }

        @Override
        public void refresh(CommonRegister register) {
            SplitQueue queue = selected();
            switch (register) {
                case DEVICE_FEATURE -> common.set(register, half(CommonRegister.DEVICE_FEATURE_SELECT) < 0 ? 0 : offered >>> half(CommonRegister.DEVICE_FEATURE_SELECT) & 0xFFFF_FFFFL);
                case DRIVER_FEATURE -> common.set(register, half(CommonRegister.DRIVER_FEATURE_SELECT) < 0 ? 0 : accepted >>> half(CommonRegister.DRIVER_FEATURE_SELECT) & 0xFFFF_FFFFL);
                case QUEUE_SIZE -> common.set(register, queue == null ? 0 : queue.size);
                case QUEUE_MSIX_VECTOR -> common.set(register, queue == null ? SplitQueue.NO_VECTOR : queue.vector);
                case QUEUE_ENABLE -> common.set(register, queue != null && queue.enabled ? 1 : 0);
                case QUEUE_NOTIFY_OFF -> common.set(register, queue == null ? 0 : common.get(CommonRegister.QUEUE_SELECT));
                case QUEUE_DESC -> common.set(register, queue == null ? 0 : queue.descriptors);
                case QUEUE_DRIVER -> common.set(register, queue == null ? 0 : queue.available);
                case QUEUE_DEVICE -> common.set(register, queue == null ? 0 : queue.used);
                default -> { }
            }
        }

        @Override
        public void written(CommonRegister register, long old, long now, long written) {
            SplitQueue queue = selected();
            switch (register) {
                case DEVICE_STATUS -> statusWritten((int) old, (int) now);
                case DRIVER_FEATURE -> {
                    int half = half(CommonRegister.DRIVER_FEATURE_SELECT);
                    if (half >= 0 && (status() & CommonRegister.FEATURES_OK) == 0) {
                        accepted = accepted & ~(0xFFFF_FFFFL << half) | now << half;
                    }
                }
                case CONFIG_MSIX_VECTOR -> common.set(register, possible((int) now));
                default -> {
                    if (queue != null) {
                        queueWritten(queue, register, now);
                    }
                }
            }
        }

        private int possible(int vector) {
            return vector < messages.vectors() ? vector : SplitQueue.NO_VECTOR;
        }

        /** What is in use is not changed. */
        private void queueWritten(SplitQueue queue, CommonRegister register, long now) {
            if (register == CommonRegister.QUEUE_MSIX_VECTOR) {
                queue.vector = possible((int) now);
            } else if (register == CommonRegister.QUEUE_ENABLE) {
                queue.enabled |= (now & 1) != 0;
                wake();
            } else if (!queue.enabled) {
                switch (register) {
                    case QUEUE_SIZE -> queue.size = Long.bitCount(now) == 1 && now <= queue.largest ? (int) now : queue.size;
                    case QUEUE_DESC -> queue.descriptors = now;
                    case QUEUE_DRIVER -> queue.available = now;
                    case QUEUE_DEVICE -> queue.used = now;
                    default -> { }
                }
            }
        }

        /** Features are agreed on if the device has them all and virtio 1 is among them; DEVICE_NEEDS_RESET is the device's. */
        private void statusWritten(int old, int now) {
            if (now == 0) {
                clear();
                return;
            }
            int kept = now & ~CommonRegister.DEVICE_NEEDS_RESET | old & CommonRegister.DEVICE_NEEDS_RESET;
            boolean agreed = (accepted & ~offered) == 0 && (accepted & VERSION_1) != 0;
            common.set(CommonRegister.DEVICE_STATUS, agreed ? kept : kept & ~CommonRegister.FEATURES_OK);
            wake();
        }
    }

    /** Region 0 as configuration space reaches it: looking does not acknowledge an interrupt. */
    private final class Peephole implements MmioDevice {
        private final Window window;

        Peephole(Window window) {
            this.window = window;
        }

        @Override
        public long read(int offset, int size) {
            return offset == ISR_AT ? isr : window.read(offset, size);
        }

        @Override
        public void write(int offset, int size, long value) {
            window.write(offset, size, value);
        }
    }

    /** Region 0. */
    private final class Window implements MmioDevice {
        @Override
        public long read(int offset, int size) {
            if (offset < ISR_AT) {
                return common.load(offset, size);
            }
            if (offset == ISR_AT) {
                int seen = isr;
                isr = 0;
                config.interrupt(false);
                return seen;
            }
            long result = 0;
            for (int i = 0; i < size && offset >= DEVICE_AT && offset + i < DEVICE_AT + DEVICE_LENGTH; i++) {
                result |= (long) configuration(offset - DEVICE_AT + i) << 8 * i;
            }
            return result;
        }

        @Override
        public void write(int offset, int size, long value) {
            if (offset < ISR_AT) {
                common.store(offset, size, value);
            } else if (offset >= NOTIFY_AT) {
                wake();
            } else if (offset >= DEVICE_AT && offset < DEVICE_AT + DEVICE_LENGTH) {
                for (int i = 0; i < size; i++) {
                    configure(offset - DEVICE_AT + i, (int) (value >>> 8 * i) & 0xFF);
                }
            }
        }
    }
}
