package com.vtsim.machine;

import com.vtsim.api.machine.Lines;

/** The interrupt lines as one owner sees them. */
final class LineView implements Lines {
    private final Wiring wiring;
    private final Owner owner;

    LineView(Wiring wiring, Owner owner) {
        this.wiring = wiring;
        this.owner = owner;
    }

    @Override
    public Driver driver(int line, String pin) {
        return wiring.driver(owner, line, pin);
    }

    @Override
    public void listen(Sink sink) {
        wiring.listen(owner, sink);
    }

    @Override
    public boolean level(int line) {
        return wiring.level(line);
    }
}
