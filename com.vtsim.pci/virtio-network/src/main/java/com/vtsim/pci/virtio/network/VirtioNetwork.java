package com.vtsim.pci.virtio.network;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.network.Hubs;
import com.vtsim.api.network.NetworkCard;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.register.RegisterBlocks;
import com.vtsim.api.virtio.VirtioDevice;
import com.vtsim.api.virtio.VirtioIdentity;
import com.vtsim.api.virtio.VirtioTransport;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * A network card on a hub that it shares with cards of other machines. It offers no offloads and does not merge buffers. Frames of a flow come by one pair of queues. Frames from other machines
 * come when their threads send them: a machine with company does not repeat itself. Source: Virtual I/O Device (VIRTIO) 1.2, Network Device.
 */
@Component(configurationPid = "com.vtsim.pci.virtio.network", configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = {Part.class, PciFunction.class, NetworkCard.class, RegisterBlocks.class})
public final class VirtioNetwork extends VirtioDevice implements NetworkCard {
    private static final String MODEL = "virtio-network";
    private static final int VERSION = 1;
    private static final int TYPE = 1;
    private static final int QUEUE = 256;
    private static final int CONTROL_QUEUE = 64;
    private static final int MOST_PAIRS = 8;
    private static final long MAC = 1L << 5;
    private static final long STATUS = 1L << 16;
    private static final long MULTIQUEUE = 1L << 22;
    private static final int PAIRS_AT = 8;
    private static final int MAC_LENGTH = 6;
    private static final int LINK_UP = 1;
    /** The header before each frame: all zeros where nothing is offloaded, but for the count of buffers. */
    private static final int HEADER = 12;
    private static final int BUFFERS_AT = 10;
    private static final int LARGEST_FRAME = 1518;
    private static final int SHORTEST_FRAME = 14;

    private final Hubs hubs;
    private final String machine;
    private final String hub;
    private final int pairs;
    private final NetworkControl control;
    private final byte[] buffer = new byte[HEADER + LARGEST_FRAME];
    private final Deque<byte[]> waiting = new ArrayDeque<>();
    private final AtomicBoolean underway = new AtomicBoolean();
    private volatile Hubs.Port port;
    /** Whether it goes on where another, or it itself in another machine's component, has been. */
    private boolean resumed;
    private boolean linkUp = true;

    /** A configuration of the card. */
    public @interface Config {
        /** @return the machine's name */
        String vtsim_machine();

        /** @return the part's name */
        String vtsim_name() default "net0";

        /** @return bus:device.function */
        String vtsim_pci_address() default "00:08.0";

        /** @return the hub's name */
        String hub() default "hub";

        /** @return the card's address, {@code 52:54:00:00:00:01}; without one it follows from the names of machine and part */
        String mac() default "";

        /** @return pairs of queues, 1 to 8; a driver uses as many as it has processors */
        int pairs() default 4;

        /** @return whether the driver may choose packed rings */
        boolean packed() default true;
    }

    private record NetworkState(List<byte[]> waiting, boolean linkUp, NetworkControl.Saved control) { }

    /** Made from a configuration. */
    @Activate
    public VirtioNetwork(@Reference VirtioTransport transport, @Reference Hubs hubs, Config config) {
        this(transport, hubs, config.vtsim_machine(), config.vtsim_name(), config.vtsim_pci_address(), config.hub(), config.mac().isEmpty() ? address(config.vtsim_machine() + "/" + config.vtsim_name()) : config.mac(), config.pairs(), config.packed());
    }

    /**
     * @param transport what carries it
     * @param hubs      where it joins one
     * @param machine   the machine's name
     * @param name      the part's name
     * @param address   bus:device.function
     * @param hub       the hub's name
     * @param mac       the card's address
     * @param pairs     of queues, 1 to 8
     * @param packed    whether the driver may choose packed rings
     */
    public VirtioNetwork(VirtioTransport transport, Hubs hubs, String machine, String name, String address, String hub, String mac, int pairs, boolean packed) {
        super(transport, new VirtioIdentity(name, MODEL, PciAddress.parse(address), TYPE, 0x02_00_00, MAC | STATUS | MULTIQUEUE | NetworkControl.FEATURES, packed, queues(pairs)));
        if (!mac.matches("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}") || (Integer.parseInt(mac.substring(0, 2), 16) & 1) != 0) {
            throw new IllegalArgumentException("mac is six bytes of which the first is even, 52:54:00:00:00:01, not '" + mac + "'");
        }
        this.pairs = pairs;
        this.hubs = hubs;
        this.machine = machine;
        this.hub = hub;
        control = new NetworkControl(HexFormat.ofDelimiter(":").parseHex(mac), pairs);
    }

    /** Pairs of a queue to receive and one to transmit, and one for control. */
    private static List<Integer> queues(int pairs) {
        if (pairs < 1 || pairs > MOST_PAIRS) {
            throw new IllegalArgumentException("pairs is 1 to " + MOST_PAIRS + ", not " + pairs);
        }
        List<Integer> sizes = new ArrayList<>(Collections.nCopies(2 * pairs, QUEUE));
        sizes.add(CONTROL_QUEUE);
        return sizes;
    }

    /** Locally administered. */
    private static String address(String identity) {
        int hash = identity.hashCode();
        return String.format("52:54:%02x:%02x:%02x:%02x", hash >>> 24, hash >> 16 & 0xFF, hash >> 8 & 0xFF, hash & 0xFF);
    }

    @Override
    public int configuration(int offset) {
        return offset < MAC_LENGTH ? control.mac()[offset] & 0xFF : offset == MAC_LENGTH && linkUp ? LINK_UP : offset == PAIRS_AT ? pairs : 0;
    }

    @Override
    public void attach(Board newBoard) {
        super.attach(newBoard);
        if (port == null) {
            port = hubs.join(hub, machine + "/" + name(), resumed, this::heard);
            underway.set(false);
            heard();
        }
    }

    @Override
    public void detach() {
        resumed = true;
        close();
        super.detach();
    }

    /** The component goes; a machine that had it has let it go already. */
    @Deactivate
    void close() {
        Hubs.Port open = port;
        port = null;
        if (open != null) {
            open.close();
        }
    }

    /** On the sender's thread: frames wait on the hub until the machine's thread has time for them. */
    private void heard() {
        if (underway.compareAndSet(false, true)) {
            board().post(() -> {
                underway.set(false);
                collect();
                if (!waiting.isEmpty()) {
                    function().wake();
                }
            });
        }
    }

    private void collect() {
        byte[] frame = null;
        while (port != null && waiting.size() < Hubs.WAITING && (frame = port.receive()) != null) {
            if (linkUp && control.isWanted(frame)) {
                waiting.add(frame);
            }
        }
    }

    @Override
    public String hub() {
        return hub;
    }

    @Override
    public String hardwareAddress() {
        return HexFormat.ofDelimiter(":").formatHex(control.mac());
    }

    @Override
    public boolean isLinkUp() {
        return linkUp;
    }

    @Override
    public void link(boolean up) {
        collect();
        if (linkUp != up) {
            linkUp = up;
            function().configurationChanged();
        }
    }

    /** Where the queue for control lies follows from what has been agreed on. */
    private int controlQueue() {
        return function().has(MULTIQUEUE) ? 2 * pairs : 2;
    }

    @Override
    public boolean serve(int queue) {
        if (function().has(NetworkControl.CONTROL) && queue == controlQueue()) {
            return function().next(queue) && control.carryOut(function(), queue);
        }
        if ((queue & 1) == 0) {
            collect();
            return !waiting.isEmpty() && queue == 2 * control.pair(waiting.peek()) && function().next(queue) && receive(queue);
        }
        return function().next(queue) && transmit(queue);
    }

    /** A frame that does not fit into the buffer offered for it is dropped, and the buffer stays for the next. */
    private boolean receive(int queue) {
        byte[] frame = waiting.remove();
        if (function().writable() < HEADER + frame.length) {
            function().putBack(queue);
            return true;
        }
        Arrays.fill(buffer, 0, HEADER, (byte) 0);
        buffer[BUFFERS_AT] = 1;
        System.arraycopy(frame, 0, buffer, HEADER, frame.length);
        if (function().write(0, buffer, HEADER + frame.length)) {
            function().give(queue, HEADER + frame.length);
        }
        return true;
    }

    private boolean transmit(int queue) {
        long length = function().readable() - HEADER;
        if (length < SHORTEST_FRAME || length > LARGEST_FRAME) {
            board().report("a frame of " + length + " bytes is not sent");
            function().give(queue, 0);
            return true;
        }
        byte[] frame = new byte[(int) length];
        if (function().read(HEADER, frame, frame.length)) {
            if (port != null && linkUp) {
                port.send(frame);
            }
            function().give(queue, 0);
        }
        return true;
    }

    /** Other machines have heard what was said, and say what they like. */
    @Override
    public String irrevocable() {
        return "speaks with other machines over hub " + hub;
    }

    /** What has come is the card's; so it outlives the hub too. */
    @Override
    protected State saveDevice() {
        collect();
        return State.of(MODEL, VERSION, new NetworkState(new ArrayList<>(waiting), linkUp, control.save()));
    }

    @Override
    protected void restoreDevice(State state) {
        NetworkState saved = state.as(NetworkState.class, MODEL, VERSION);
        if (saved.waiting().size() > Hubs.WAITING || saved.waiting().stream().anyMatch(frame -> frame.length < SHORTEST_FRAME || frame.length > LARGEST_FRAME)) {
            throw new StateException("state of " + MODEL + " has frames that no network carries");
        }
        waiting.clear();
        waiting.addAll(saved.waiting());
        linkUp = saved.linkUp();
        control.restore(saved.control());
        resumed = true;
    }

    @Override
    public void cleared() {
        control.reset();
        waiting.clear();
        while (port != null && port.receive() != null) {
            continue;
        }
    }
}
