package com.vtsim.pci.virtio;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.osgi.service.component.annotations.Component;

/** Ethernet hubs by name, for all machines of this process: what one port sends all others hear. Any thread. */
@Component(service = Hubs.class)
public final class Hubs {
    private final Map<String, List<Port>> hubs = new HashMap<>();

    /** A place on a hub. */
    public final class Port implements AutoCloseable {
        private final String hub;
        private final List<Port> others;
        private final Consumer<byte[]> receiver;

        private Port(String hub, List<Port> others, Consumer<byte[]> receiver) {
            this.hub = hub;
            this.others = others;
            this.receiver = receiver;
        }

        /** Gives a frame to all others on the hub; it is theirs then. */
        public void send(byte[] frame) {
            for (Port other : others) {
                if (other != this) {
                    other.receiver.accept(frame);
                }
            }
        }

        /** @return how many are on the hub, this one included */
        public int neighbours() {
            return others.size();
        }

        @Override
        public void close() {
            synchronized (hubs) {
                others.remove(this);
                if (others.isEmpty()) {
                    hubs.remove(hub, others);
                }
            }
        }
    }

    /**
     * @param hub      its name; it is there as long as somebody is on it
     * @param receiver takes frames, on the sender's thread; it must return at once
     */
    public Port join(String hub, Consumer<byte[]> receiver) {
        synchronized (hubs) {
            List<Port> others = hubs.computeIfAbsent(hub, name -> new CopyOnWriteArrayList<>());
            Port port = new Port(hub, others, receiver);
            others.add(port);
            return port;
        }
    }
}
