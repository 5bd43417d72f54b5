package com.vtsim.pci.nvme;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.pci.RequestTranslator;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Remapping hardware reduced to what tests need: it lets requests for listed pages pass, and no message unless told so. */
final class Guard implements RequestTranslator {
    final Set<Long> pages = new TreeSet<>();
    boolean messages;
    int blocked;

    @Override
    public boolean owns(int sourceId) {
        return true;
    }

    @Override
    public boolean translate(Request request) {
        boolean good = pages.contains(request.address >>> 12);
        blocked += good ? 0 : 1;
        return good;
    }

    @Override
    public boolean remap(Message message) {
        blocked += messages ? 0 : 1;
        return messages;
    }

    Guard allow(long... addresses) {
        for (long address : addresses) {
            pages.add(address >>> 12);
        }
        return this;
    }

    @Override
    public String name() {
        return "guard";
    }

    @Override
    public String model() {
        return "guard";
    }

    @Override
    public void attach(Board board) { }

    @Override
    public void reset(Reset kind) { }

    @Override
    public State save() {
        return new State("guard", 1, Map.of());
    }

    @Override
    public void restore(State state) { }
}
