package com.vtsim.pci.virtio;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.register.RegisterBlocks;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
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
    /** Frames that wait for the guest, and for the machine's thread; what comes beyond is dropped. */
    private static final int WAITING = 256;

    private final Hubs hubs;
    private final String hub;
    private final byte[] mac;
    private final byte[] buffer = new byte[HEADER + LARGEST_FRAME];
    private final Deque<byte[]> waiting = new ArrayDeque<>();
    private final AtomicInteger underway = new AtomicInteger();
    private Hubs.Port port;

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

    private record NetworkState(Saved common, List<byte[]> waiting) { }

    /** Made from a configuration. */
    @Activate
    public VirtioNetwork(@Reference Hubs hubs, Config config) {
        this(hubs, config.vtsim_name(), config.vtsim_pci_address(), config.hub(), config.mac().isEmpty() ? address(config.vtsim_machine() + "/" + config.vtsim_name()) : config.mac());
    }

    /**
     * @param name    the part's name
     * @param address bus:device.function
     * @param hub     the hub's name
     * @param mac     the card's address
     */
    public VirtioNetwork(Hubs hubs, String name, String address, String hub, String mac) {
        super(name, MODEL, address, TYPE, 0x02_00_00, MAC | STATUS, QUEUE, QUEUE);
        if (!mac.matches("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}") || (Integer.parseInt(mac.substring(0, 2), 16) & 1) != 0) {
            throw new IllegalArgumentException("mac is six bytes of which the first is even, 52:54:00:00:00:01, not '" + mac + "'");
        }
        this.hubs = hubs;
        this.hub = hub;
        this.mac = HexFormat.ofDelimiter(":").parseHex(mac);
    }

    /** Locally administered. */
    private static String address(String identity) {
        int hash = identity.hashCode();
        return String.format("52:54:%02x:%02x:%02x:%02x", hash >>> 24, hash >> 16 & 0xFF, hash >> 8 & 0xFF, hash & 0xFF);
    }

    @Override
    int configuration(int offset) {
        return offset < MAC_LENGTH ? mac[offset] & 0xFF : offset == MAC_LENGTH ? LINK_UP : 0;
    }

    @Override
    public void attach(Board newBoard) {
        super.attach(newBoard);
        if (port == null) {
            port = hubs.join(hub, this::heard);
        }
    }

    @Override
    public void detach() {
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

    /** On the sender's thread. */
    private void heard(byte[] frame) {
        if (underway.incrementAndGet() > WAITING) {
            underway.decrementAndGet();
            return;
        }
        board().post(() -> {
            underway.decrementAndGet();
            if (waiting.size() < WAITING && isMine(frame)) {
                waiting.add(frame);
                wake();
            }
        });
    }

    /** A card is not promiscuous: frames to it, and to many. */
    private boolean isMine(byte[] frame) {
        return (frame[0] & 1) != 0 || Arrays.equals(frame, 0, MAC_LENGTH, mac, 0, MAC_LENGTH);
    }

    @Override
    boolean serve(int queue) {
        if (queue == RECEIVE) {
            return !waiting.isEmpty() && next(RECEIVE) && receive();
        }
        return next(TRANSMIT) && transmit();
    }

    /** A frame that does not fit into the buffer offered for it is dropped, and the buffer stays for the next. */
    private boolean receive() {
        byte[] frame = waiting.remove();
        if (chain().writable() < HEADER + frame.length) {
            putBack(RECEIVE);
            return true;
        }
        Arrays.fill(buffer, 0, HEADER, (byte) 0);
        buffer[BUFFERS_AT] = 1;
        System.arraycopy(frame, 0, buffer, HEADER, frame.length);
        if (write(0, buffer, 0, HEADER + frame.length)) {
            give(RECEIVE, HEADER + frame.length);
        }
        return true;
    }

    private boolean transmit() {
        long length = chain().readable() - HEADER;
        if (length < SHORTEST_FRAME || length > LARGEST_FRAME) {
            board().report("a frame of " + length + " bytes is not sent");
            give(TRANSMIT, 0);
            return true;
        }
        byte[] frame = new byte[(int) length];
        if (read(HEADER, frame, frame.length)) {
            if (port != null) {
                port.send(frame);
            }
            give(TRANSMIT, 0);
        }
        return true;
    }

    @Override
    public State save() {
        return State.of(MODEL, VERSION, new NetworkState(saveCommon(), new ArrayList<>(waiting)));
    }

    @Override
    public void restore(State state) {
        NetworkState saved = state.as(NetworkState.class, MODEL, VERSION);
        if (saved.waiting().size() > WAITING || saved.waiting().stream().anyMatch(frame -> frame.length < SHORTEST_FRAME || frame.length > LARGEST_FRAME)) {
            throw new StateException("state of " + MODEL + " has frames that no network carries");
        }
        restoreCommon(saved.common());
        waiting.clear();
        waiting.addAll(saved.waiting());
    }

    @Override
    void cleared() {
        waiting.clear();
    }
}
