package com.vtsim.pci.virtio.network;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.network.Hubs;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.register.RegisterBlocks;
import com.vtsim.api.virtio.VirtioDevice;
import com.vtsim.api.virtio.VirtioIdentity;
import com.vtsim.api.virtio.VirtioTransport;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
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
 * A network card on a hub that it shares with cards of other machines. It offers no offloads and does not merge buffers. Frames from other machines
 * come when their threads send them: a machine with company does not repeat itself. Source: Virtual I/O Device (VIRTIO) 1.2, Network Device.
 */
@Component(configurationPid = "com.vtsim.pci.virtio.network", configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = {Part.class, PciFunction.class, RegisterBlocks.class})
public final class VirtioNetwork extends VirtioDevice {
    private static final String MODEL = "virtio-network";
    private static final int VERSION = 1;
    private static final int TYPE = 1;
    private static final int QUEUE = 256;
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final long MAC = 1L << 5;
    private static final long STATUS = 1L << 16;
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
    private final byte[] mac;
    private final byte[] buffer = new byte[HEADER + LARGEST_FRAME];
    private final Deque<byte[]> waiting = new ArrayDeque<>();
    private final AtomicBoolean underway = new AtomicBoolean();
    private volatile Hubs.Port port;
    /** Whether it goes on where another, or it itself in another machine's component, has been. */
    private boolean resumed;

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
    }

    private record NetworkState(List<byte[]> waiting) { }

    /** Made from a configuration. */
    @Activate
    public VirtioNetwork(@Reference VirtioTransport transport, @Reference Hubs hubs, Config config) {
        this(transport, hubs, config.vtsim_machine(), config.vtsim_name(), config.vtsim_pci_address(), config.hub(), config.mac().isEmpty() ? address(config.vtsim_machine() + "/" + config.vtsim_name()) : config.mac());
    }

    /**
     * @param transport what carries it
     * @param hubs      where it joins one
     * @param machine   the machine's name
     * @param name      the part's name
     * @param address   bus:device.function
     * @param hub       the hub's name
     * @param mac       the card's address
     */
    public VirtioNetwork(VirtioTransport transport, Hubs hubs, String machine, String name, String address, String hub, String mac) {
        super(transport, new VirtioIdentity(name, MODEL, PciAddress.parse(address), TYPE, 0x02_00_00, MAC | STATUS, List.of(QUEUE, QUEUE)));
        if (!mac.matches("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}") || (Integer.parseInt(mac.substring(0, 2), 16) & 1) != 0) {
            throw new IllegalArgumentException("mac is six bytes of which the first is even, 52:54:00:00:00:01, not '" + mac + "'");
        }
        this.hubs = hubs;
        this.machine = machine;
        this.hub = hub;
        this.mac = HexFormat.ofDelimiter(":").parseHex(mac);
    }

    /** Locally administered. */
    private static String address(String identity) {
        int hash = identity.hashCode();
        return String.format("52:54:%02x:%02x:%02x:%02x", hash >>> 24, hash >> 16 & 0xFF, hash >> 8 & 0xFF, hash & 0xFF);
    }

    @Override
    public int configuration(int offset) {
        return offset < MAC_LENGTH ? mac[offset] & 0xFF : offset == MAC_LENGTH ? LINK_UP : 0;
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
            if (isMine(frame)) {
                waiting.add(frame);
            }
        }
    }

    /** A card is not promiscuous: frames to it, and to many. */
    private boolean isMine(byte[] frame) {
        return (frame[0] & 1) != 0 || Arrays.equals(frame, 0, MAC_LENGTH, mac, 0, MAC_LENGTH);
    }

    @Override
    public boolean serve(int queue) {
        if (queue == RECEIVE) {
            collect();
            return !waiting.isEmpty() && function().next(RECEIVE) && receive();
        }
        return function().next(TRANSMIT) && transmit();
    }

    /** A frame that does not fit into the buffer offered for it is dropped, and the buffer stays for the next. */
    private boolean receive() {
        byte[] frame = waiting.remove();
        if (function().writable() < HEADER + frame.length) {
            function().putBack(RECEIVE);
            return true;
        }
        Arrays.fill(buffer, 0, HEADER, (byte) 0);
        buffer[BUFFERS_AT] = 1;
        System.arraycopy(frame, 0, buffer, HEADER, frame.length);
        if (function().write(0, buffer, HEADER + frame.length)) {
            function().give(RECEIVE, HEADER + frame.length);
        }
        return true;
    }

    private boolean transmit() {
        long length = function().readable() - HEADER;
        if (length < SHORTEST_FRAME || length > LARGEST_FRAME) {
            board().report("a frame of " + length + " bytes is not sent");
            function().give(TRANSMIT, 0);
            return true;
        }
        byte[] frame = new byte[(int) length];
        if (function().read(HEADER, frame, frame.length)) {
            if (port != null) {
                port.send(frame);
            }
            function().give(TRANSMIT, 0);
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
        return State.of(MODEL, VERSION, new NetworkState(new ArrayList<>(waiting)));
    }

    @Override
    protected void restoreDevice(State state) {
        NetworkState saved = state.as(NetworkState.class, MODEL, VERSION);
        if (saved.waiting().size() > Hubs.WAITING || saved.waiting().stream().anyMatch(frame -> frame.length < SHORTEST_FRAME || frame.length > LARGEST_FRAME)) {
            throw new StateException("state of " + MODEL + " has frames that no network carries");
        }
        waiting.clear();
        waiting.addAll(saved.waiting());
        resumed = true;
    }

    @Override
    public void cleared() {
        waiting.clear();
        while (port != null && port.receive() != null) {
            continue;
        }
    }
}
