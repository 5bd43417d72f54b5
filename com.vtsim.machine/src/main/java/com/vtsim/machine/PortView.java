package com.vtsim.machine;

import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.PortSpace;
import com.vtsim.api.machine.Registration;
import com.vtsim.api.machine.Unanswered;
import java.util.List;

/** The port space as one owner sees it. */
final class PortView implements PortSpace {
    private final PortMap map;
    private final Owner owner;

    PortView(PortMap map, Owner owner) {
        this.map = map;
        this.owner = owner;
    }

    @Override
    public int read(int port, int size) {
        return map.read(port, size);
    }

    @Override
    public void write(int port, int size, int value) {
        map.write(port, size, value);
    }

    @Override
    public Registration map(int base, int length, int width, PortDevice device) {
        return map.map(owner, base, length, width, device);
    }

    @Override
    public Registration unanswered(Unanswered listener) {
        return map.unanswered(owner, listener);
    }

    @Override
    public List<Range> ranges() {
        return map.ranges();
    }
}
