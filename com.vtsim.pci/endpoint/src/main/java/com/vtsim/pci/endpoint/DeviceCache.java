package com.vtsim.pci.endpoint;

import com.vtsim.api.pci.RequestTranslator.Translation;
import com.vtsim.api.pci.TestEndpoint.Translated;
import java.util.ArrayList;
import java.util.List;

/** The translations that the endpoint keeps: its device-TLB. Replaces the oldest when it is full. Source: PCI Express Base Specification, Address Translation Cache. */
final class DeviceCache {
    private static final int CAPACITY = 64;

    private final List<Entry> entries = new ArrayList<>();

    /**
     * A translation.
     *
     * @param pasid      20 bits, or -1
     * @param rights     1 read, 2 write, 4 execute
     * @param privileged it holds in privileged mode, rather than in user mode
     * @param global     it holds for every PASID
     */
    record Entry(int pasid, long address, long length, long hostPhysical, int rights, boolean privileged, boolean global) {
        boolean covers(int wanted, long at, boolean inPrivileged) {
            return (pasid == wanted || global && pasid >= 0 && wanted >= 0) && privileged == inPrivileged && Long.compareUnsigned(at - address, length) < 0;
        }
    }

    /** @return the translation of an address, or null */
    Entry find(int pasid, long address, boolean privileged) {
        for (Entry entry : entries) {
            if (entry.covers(pasid, address, privileged)) {
                return entry;
            }
        }
        return null;
    }

    /** Keeps a successful answer that allows anything. */
    Entry keep(Translation answer) {
        int rights = (answer.readable ? 1 : 0) | (answer.writable ? 2 : 0) | (answer.executable ? 4 : 0);
        Entry entry = new Entry(answer.pasid, answer.address & -answer.length, answer.length, answer.hostPhysical, rights, answer.privileged, answer.global);
        entries.removeIf(each -> each.covers(answer.pasid, answer.address, answer.privileged));
        if (entries.size() == CAPACITY) {
            entries.remove(0);
        }
        entries.add(entry);
        return entry;
    }

    /** @param length {@link Long#MIN_VALUE} for all; @param global whatever the PASID */
    void drop(int pasid, long address, long length, boolean global) {
        entries.removeIf(entry -> (global && entry.pasid() >= 0 || entry.pasid() == pasid)
                && (length == Long.MIN_VALUE || overlap(entry, address, length)));
    }

    private static boolean overlap(Entry entry, long address, long length) {
        return Long.compareUnsigned(entry.address(), address + length - 1) <= 0 && Long.compareUnsigned(address, entry.address() + entry.length() - 1) <= 0;
    }

    void clear() {
        entries.clear();
    }

    List<Translated> show() {
        return entries.stream().map(entry -> new Translated(entry.pasid(), entry.address(), entry.length(), entry.hostPhysical(),
                ((entry.rights() & 1) != 0 ? "r" : "") + ((entry.rights() & 2) != 0 ? "w" : "") + ((entry.rights() & 4) != 0 ? "x" : ""))).toList();
    }

    List<Entry> save() {
        return List.copyOf(entries);
    }

    void restore(List<Entry> saved) {
        entries.clear();
        entries.addAll(saved);
    }
}
