package com.vtsim.pci.hub;

import com.vtsim.api.network.Hubs;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.osgi.service.component.annotations.Component;

/** Hubs whose places outlive those who stand on them for a while: frames for a card that is being replaced wait for its successor. */
@Component(service = Hubs.class)
public final class EthernetHubs implements Hubs {
    /** Places kept for successors, of all hubs; of more the one left first is forgotten. */
    private static final int KEPT = 16;

    /** All of it is guarded by the map. */
    private final Map<String, Map<String, Place>> hubs = new HashMap<>();
    private final Map<Place, Boolean> left = new LinkedHashMap<>();

    /** Where frames for an owner wait. */
    private static final class Place {
        final String hub;
        final String owner;
        final Queue<byte[]> frames = new ArrayDeque<>();
        /** Who stands here; null while nobody does. */
        Connection taken;

        Place(String hub, String owner) {
            this.hub = hub;
            this.owner = owner;
        }
    }

    @Override
    public Port join(String hub, String owner, boolean resumed, Runnable bell) {
        synchronized (hubs) {
            Place place = hubs.computeIfAbsent(hub, name -> new LinkedHashMap<>()).computeIfAbsent(owner, name -> new Place(hub, owner));
            if (!resumed) {
                place.frames.clear();
            }
            left.remove(place);
            place.taken = new Connection(place, bell);
            return place.taken;
        }
    }

    private void forgetOldest() {
        for (Iterator<Place> oldest = left.keySet().iterator(); left.size() > KEPT; ) {
            Place place = oldest.next();
            oldest.remove();
            Map<String, Place> places = hubs.get(place.hub);
            places.remove(place.owner);
            if (places.isEmpty()) {
                hubs.remove(place.hub);
            }
        }
    }

    private final class Connection implements Port {
        private final Place place;
        private final Runnable bell;

        Connection(Place place, Runnable bell) {
            this.place = place;
            this.bell = bell;
        }

        /** Bells are rung outside the lock. */
        @Override
        public void send(byte[] frame) {
            List<Connection> heard;
            synchronized (hubs) {
                if (place.taken != this) {
                    return;
                }
                heard = hubs.get(place.hub).values().stream().filter(each -> each != place && each.frames.size() < WAITING && each.frames.add(frame) && each.taken != null)
                        .map(each -> each.taken).toList();
            }
            heard.forEach(each -> each.bell.run());
        }

        @Override
        public byte[] receive() {
            synchronized (hubs) {
                return place.taken == this ? place.frames.poll() : null;
            }
        }

        @Override
        public int neighbours() {
            synchronized (hubs) {
                return (int) hubs.get(place.hub).values().stream().filter(each -> each.taken != null).count();
            }
        }

        @Override
        public void close() {
            synchronized (hubs) {
                if (place.taken == this) {
                    place.taken = null;
                    left.put(place, true);
                    forgetOldest();
                }
            }
        }
    }
}
