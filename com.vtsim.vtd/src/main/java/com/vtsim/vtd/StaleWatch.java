package com.vtsim.vtd;

import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.vtd.RemappingUnit.Stale;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Uses of cached entries whose tables had changed without invalidation. Watching changes nothing that a guest can see. */
final class StaleWatch {
    private static final int KINDS = 256;

    private final Map<List<String>, long[]> uses = new LinkedHashMap<>();
    private boolean on;

    boolean isOn() {
        return on;
    }

    void turn(boolean newOn) {
        on = newOn;
        if (!on) {
            uses.clear();
        }
    }

    /** @param fresh what the tables say, or null if they say nothing */
    void context(int sourceId, Outcome cached, Outcome fresh) {
        add("context", PciAddress.of(sourceId).toString(), halves(cached.low, cached.high), fresh == null ? "no entry" : halves(fresh.low, fresh.high));
    }

    /** @param fresh what the tables say, or null if they say nothing */
    void process(int sourceId, Outcome cached, Outcome fresh) {
        add("PASID", String.format("%s PASID %x", PciAddress.of(sourceId), cached.pasid), entry(cached), fresh == null ? "no entry" : entry(fresh));
    }

    private static String entry(Outcome outcome) {
        return String.format("%016x %016x %016x", outcome.entry0, outcome.entry1, outcome.entry2);
    }

    /**
     * @param tag   PASID of a first-stage translation, or {@link Caches#NO_PASID}
     * @param fresh what the tables say, or null if the access would be blocked
     */
    void page(int sourceId, int tag, long address, Outcome cached, Outcome fresh) {
        String process = tag < 0 ? "" : String.format(" PASID %x", tag);
        add("IOTLB", String.format("%s%s address %x", PciAddress.of(sourceId), process, address & ~0xFFFL), place(cached, address), fresh == null ? "blocked" : place(fresh, address));
    }

    void interrupt(int sourceId, int index, long[] cached, long low, long high) {
        add("interrupt entry", String.format("%s index %x", PciAddress.of(sourceId), index), halves(cached[0], cached[1]), halves(low, high));
    }

    private static String halves(long low, long high) {
        return String.format("%016x %016x", low, high);
    }

    private static String place(Outcome outcome, long address) {
        return String.format("%x %s%s", outcome.hostPhysical(address & ~0xFFFL), (outcome.rights & Caches.READ) != 0 ? "R" : "-", (outcome.rights & Caches.WRITE) != 0 ? "W" : "-");
    }

    private void add(String cache, String who, String cached, String now) {
        List<String> key = List.of(cache, who, cached, now);
        if (uses.size() < KINDS || uses.containsKey(key)) {
            uses.computeIfAbsent(key, k -> new long[1])[0]++;
        }
    }

    List<Stale> list() {
        List<Stale> list = new ArrayList<>();
        uses.forEach((key, count) -> list.add(new Stale(key.get(0), key.get(1), key.get(2), key.get(3), count[0])));
        return list;
    }
}
