package com.vtsim.pci.virtio;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.pci.ConfigSpace;
import com.vtsim.api.pci.ConfigState;
import com.vtsim.api.pci.MsiX;
import com.vtsim.api.pci.PciExpress;
import com.vtsim.api.pci.PciHost;
import com.vtsim.api.pci.PowerManagement;
import com.vtsim.api.pci.Upstream;
import com.vtsim.api.register.RegisterBlocks;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.register.RegisterState;
import com.vtsim.api.virtio.VirtioDevice;
import com.vtsim.api.virtio.VirtioFunction;
import com.vtsim.api.virtio.VirtioIdentity;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A virtio device over PCI, whatever it does: the function on the bus, the structures a driver sets it up by, its queues and interrupts. A notification does
 * no work: chains are carried out when the clock says so, a bounded number at a time, each whole; so nothing is half done when the device is replaced.
 * All access to memory is the function's own upstream request. Source: Virtual I/O Device (VIRTIO) 1.2, Basic Facilities of a Virtio Device, Virtio Over PCI Bus.
 */
final class PciVirtio implements VirtioFunction {
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
    /** VIRTIO_F_RING_PACKED. */
    static final long PACKED = 1L << 34;
    /** VIRTIO_F_ORDER_PLATFORM. */
    static final long ORDER_PLATFORM = 1L << 36;
    /** VIRTIO_F_RING_RESET. */
    static final long RING_RESET = 1L << 40;
    private static final long RING_FEATURES = INDIRECT | EVENT_INDEX | VERSION_1 | ACCESS_PLATFORM | ORDER_PLATFORM | RING_RESET;
    private static final Ring SPLIT_RING = new SplitRing();
    private static final Ring PACKED_RING = new PackedRing();
    private static final String MODEL = "virtio-pci";
    private static final int VERSION = 1;
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

    private final VirtioDevice device;
    private final long offered;
    private final Virtqueue[] queues;
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

    /** As saved. */
    private record Saved(ConfigState config, RegisterState common, List<Virtqueue.Saved> queues, long accepted, int isr, long due, boolean owed) { }

    PciVirtio(VirtioDevice device, VirtioIdentity identity) {
        this.device = device;
        offered = identity.features() | RING_FEATURES | (identity.packed() ? PACKED : 0);
        queues = identity.queues().stream().map(Virtqueue::new).toArray(Virtqueue[]::new);
        messages = new MsiX(queues.length + 1, 4);
        Window window = new Window();
        config = new ConfigSpace(device, new ConfigSpace.Identity(VENDOR, FIRST_DEVICE + identity.type(), 1, identity.classCode(), VENDOR, 0x40 + identity.type()))
                .memory64(0, WINDOW, false, window).memory(4, messages.windowSize(), false, messages.window())
                .add(Structure.of("VIRTIO-COMMON", Structure.COMMON, 0, 0, 0x3C)).add(Structure.of("VIRTIO-NOTIFY", Structure.NOTIFY, 0, NOTIFY_AT, queues.length * NOTIFY_STRIDE))
                .add(Structure.of("VIRTIO-ISR", Structure.ISR, 0, ISR_AT, 1)).add(Structure.of("VIRTIO-DEVICE", Structure.DEVICE, 0, DEVICE_AT, DEVICE_LENGTH))
                .add(Structure.access(0, WINDOW, new Peephole(window))).add(new PowerManagement()).add(PciExpress.at(identity.address())).add(messages).pin(1);
        common.strap(CommonRegister.NUM_QUEUES, queues.length);
    }

    @Override
    public int configRead(int offset, int size) {
        return config.read(offset, size);
    }

    @Override
    public void configWrite(int offset, int size, int value) {
        config.write(offset, size, value);
        remember();
    }

    @Override
    public boolean has(long feature) {
        return (accepted & feature) != 0;
    }

    private Ring ring() {
        return has(PACKED) ? PACKED_RING : SPLIT_RING;
    }

    private int status() {
        return (int) common.get(CommonRegister.DEVICE_STATUS);
    }

    @Override
    public boolean isOperating() {
        return (status() & (CommonRegister.DRIVER_OK | CommonRegister.DEVICE_NEEDS_RESET)) == CommonRegister.DRIVER_OK && config.isBusMaster() && upstream != null;
    }

    @Override
    public long readable() {
        return chain.readable();
    }

    @Override
    public long writable() {
        return chain.writable();
    }

    @Override
    public boolean next(int queue) {
        if (!isOperating() || !queues[queue].enabled) {
            return false;
        }
        Ring.Found found = ring().take(queues[queue], upstream, chain, has(INDIRECT), has(EVENT_INDEX));
        if (found == Ring.Found.BROKEN) {
            fail("queue " + queue + " is malformed, or memory does not answer");
        }
        return found == Ring.Found.CHAIN;
    }

    @Override
    public boolean read(long from, byte[] into, int length) {
        boolean good = chain.read(upstream, from, into, length);
        if (!good) {
            fail("a chain with " + chain.readable() + " readable bytes has no " + length + " at " + from + ", or memory does not answer");
        }
        return good;
    }

    @Override
    public boolean write(long at, byte[] bytes, int length) {
        boolean good = chain.write(upstream, at, bytes, 0, length);
        if (!good) {
            fail("a chain with " + chain.writable() + " writable bytes has no room for " + length + " at " + at + ", or memory refuses");
        }
        return good;
    }

    @Override
    public boolean tryRead(long from, byte[] into, int length) {
        return chain.read(upstream, from, into, length);
    }

    @Override
    public boolean tryWrite(long at, byte[] bytes, int length) {
        return chain.write(upstream, at, bytes, 0, length);
    }

    @Override
    public void give(int queue, int written) {
        if (isOperating() && !ring().give(queues[queue], upstream, chain, written)) {
            fail("the ring of used buffers of queue " + queue + " cannot be written");
        }
    }

    @Override
    public void spend(long bytes) {
        left -= (int) Math.min(bytes / CHAIN_BYTES, TURN_CHAINS);
    }

    @Override
    public void putBack(int queue) {
        ring().putBack(queues[queue], chain);
    }

    @Override
    public void fail(String why) {
        if ((status() & CommonRegister.DEVICE_NEEDS_RESET) != 0) {
            return;
        }
        common.raise(CommonRegister.DEVICE_STATUS, CommonRegister.DEVICE_NEEDS_RESET);
        board.report("needs reset: " + why);
        configurationChanged();
    }

    @Override
    public void configurationChanged() {
        common.set(CommonRegister.CONFIG_GENERATION, common.get(CommonRegister.CONFIG_GENERATION) + 1 & 0xFF);
        if ((status() & CommonRegister.DRIVER_OK) != 0) {
            interrupt((int) common.get(CommonRegister.CONFIG_MSIX_VECTOR), CONFIG_INTERRUPT);
        }
    }

    private void interrupt(int vector, int cause) {
        if (messages.enabled()) {
            if (vector != Virtqueue.NO_VECTOR) {
                messages.raise(vector);
            }
        } else {
            isr |= cause;
            config.interrupt(true);
        }
    }

    @Override
    public void wake() {
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
                if (device.serve(i)) {
                    any = true;
                    left--;
                }
            }
        }
        for (Virtqueue queue : queues) {
            if (isOperating() && ring().isToSignal(queue, upstream, has(EVENT_INDEX))) {
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
        for (Virtqueue queue : queues) {
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
        device.cleared();
    }

    @Override
    public void attach(Board newBoard) {
        board = newBoard;
        upstream = board.find(PciHost.class).map(host -> host.upstream(device)).orElse(null);
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
    @Override
    public State save() {
        common.dump();
        return State.of(MODEL, VERSION, new Saved(config.save(), common.save(), Arrays.stream(queues).map(Virtqueue::save).toList(), accepted, isr, due, owed));
    }

    @Override
    public void restore(State state) {
        Saved saved = state.as(Saved.class, MODEL, VERSION);
        Saved before = save().as(Saved.class, MODEL, VERSION);
        try {
            adopt(saved);
        } catch (StateException e) {
            adopt(before);
            throw e;
        }
    }

    private void adopt(Saved saved) {
        if (saved.queues().size() != queues.length) {
            throw new StateException("state of " + device.model() + " has " + saved.queues().size() + " queues, expected " + queues.length);
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
    public List<RegisterBlocks.Block> registerBlocks() {
        List<RegisterBlocks.Block> blocks = new ArrayList<>();
        blocks.add(new RegisterBlocks.Block("virtio common configuration", "memory", config.base(0), common.dump()));
        blocks.add(new RegisterBlocks.Block("virtio configuration space", "configuration", 0, config.dump()));
        return blocks;
    }

    /** What writes to the common configuration do, and what its selected rows show. */
    private final class Setup implements RegisterFile.Device<CommonRegister> {
        private Virtqueue selected() {
            long index = common.get(CommonRegister.QUEUE_SELECT);
            return index < queues.length ? queues[(int) index] : null;
        }

        private int half(CommonRegister select) {
            long which = common.get(select);
            return which == 0 ? 0 : which == 1 ? 32 : -1;
        }

        @Override
        public void refresh(CommonRegister register) {
            Virtqueue queue = selected();
            switch (register) {
                case DEVICE_FEATURE -> common.set(register, half(CommonRegister.DEVICE_FEATURE_SELECT) < 0 ? 0 : offered >>> half(CommonRegister.DEVICE_FEATURE_SELECT) & 0xFFFF_FFFFL);
                case DRIVER_FEATURE -> common.set(register, half(CommonRegister.DRIVER_FEATURE_SELECT) < 0 ? 0 : accepted >>> half(CommonRegister.DRIVER_FEATURE_SELECT) & 0xFFFF_FFFFL);
                case QUEUE_SIZE -> common.set(register, queue == null ? 0 : queue.size);
                case QUEUE_MSIX_VECTOR -> common.set(register, queue == null ? Virtqueue.NO_VECTOR : queue.vector);
                case QUEUE_ENABLE -> common.set(register, queue != null && queue.enabled ? 1 : 0);
                case QUEUE_NOTIFY_OFF -> common.set(register, queue == null ? 0 : common.get(CommonRegister.QUEUE_SELECT));
                case QUEUE_DESC -> common.set(register, queue == null ? 0 : queue.descriptors);
                case QUEUE_DRIVER -> common.set(register, queue == null ? 0 : queue.driver);
                case QUEUE_DEVICE -> common.set(register, queue == null ? 0 : queue.device);
                default -> { }
            }
        }

        @Override
        public void written(CommonRegister register, long old, long now, long written) {
            Virtqueue queue = selected();
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
            return vector < messages.vectors() ? vector : Virtqueue.NO_VECTOR;
        }

        /** What is in use is not changed. */
        private void queueWritten(Virtqueue queue, CommonRegister register, long now) {
            if (register == CommonRegister.QUEUE_MSIX_VECTOR) {
                queue.vector = possible((int) now);
            } else if (register == CommonRegister.QUEUE_ENABLE) {
                if (!queue.enabled && (now & 1) != 0) {
                    queue.enabled = true;
                    ring().begin(queue);
                }
                wake();
            } else if (register == CommonRegister.QUEUE_RESET) {
                if (has(RING_RESET) && (now & 1) != 0) {
                    queue.reset();
                }
                common.set(register, 0);
            } else if (!queue.enabled) {
                switch (register) {
                    case QUEUE_SIZE -> queue.size = now >= 1 && now <= queue.largest && (Long.bitCount(now) == 1 || has(PACKED)) ? (int) now : queue.size;
                    case QUEUE_DESC -> queue.descriptors = now;
                    case QUEUE_DRIVER -> queue.driver = now;
                    case QUEUE_DEVICE -> queue.device = now;
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
                result |= (long) device.configuration(offset - DEVICE_AT + i) << 8 * i;
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
                    device.configure(offset - DEVICE_AT + i, (int) (value >>> 8 * i) & 0xFF);
                }
            }
        }
    }
}
