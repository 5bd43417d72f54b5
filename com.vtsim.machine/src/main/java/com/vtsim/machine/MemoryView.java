package com.vtsim.machine;

import com.vtsim.api.machine.MemoryPage;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.Registration;
import com.vtsim.api.machine.Unanswered;
import java.util.List;

/** The memory map as one owner sees it: what is mapped through it belongs to that owner. */
final class MemoryView implements MemorySpace {
    private final MemoryMap map;
    private final Owner owner;
    private PoisonListener poison;

    MemoryView(MemoryMap map, Owner owner) {
        this.map = map;
        this.owner = owner;
    }

    @Override
    public long read(long hpa, int size) {
        return map.read(hpa, size, poison);
    }

    @Override
    public void write(long hpa, int size, long value) {
        noteOperator();
        map.write(hpa, size, value);
    }

    @Override
    public void read(long hpa, byte[] into, int offset, int length) {
        map.read(hpa, into, offset, length, poison);
    }

    @Override
    public void write(long hpa, byte[] from, int offset, int length) {
        noteOperator();
        map.write(hpa, from, offset, length);
    }

    private void noteOperator() {
        if (owner.lasts()) {
            map.operatorWrote();
        }
    }

    @Override
    public MemoryPage page(long hpa) {
        Place place = map.place(hpa);
        // The operator may look at a page with poison in it: nobody's machine check comes from that.
        return place.poisoned != null && owner.lasts() ? place.poisoned.page : place.page;
    }

    @Override
    public Registration map(long base, long length, MmioDevice device) {
        return map.map(owner, base, length, device);
    }

    @Override
    public Registration mapRom(long base, byte[] image) {
        return map.mapImage(owner, base, image, true);
    }

    @Override
    public Registration mapRam(long base, byte[] content) {
        return map.mapImage(owner, base, content, false);
    }

    @Override
    public void route(long base, long length, boolean readsRam, boolean writesRam) {
        map.route(owner, base, length, readsRam, writesRam);
    }

    @Override
    public long ramSize() {
        return map.ram().size();
    }

    @Override
    public List<Region> regions() {
        return map.regions();
    }

    @Override
    public Registration unanswered(Unanswered listener) {
        return map.unanswered(owner, listener);
    }

    @Override
    public Registration observe(MapObserver observer) {
        return map.observe(owner, observer);
    }

    @Override
    public void poison(long hpa, long length) {
        map.poison(hpa, length);
    }

    @Override
    public int heal(long hpa, long length) {
        return map.heal(hpa, length);
    }

    @Override
    public List<Long> poisoned() {
        return map.poisoned();
    }

    @Override
    public void onPoison(PoisonListener listener) {
        poison = listener;
    }
}
