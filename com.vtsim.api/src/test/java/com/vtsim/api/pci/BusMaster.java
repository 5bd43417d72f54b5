package com.vtsim.api.pci;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;

/** A function that can master the bus and has nothing but its configuration space. Tests that need more of one fill the space. */
public class BusMaster implements PciFunction {
    /** Its configuration space. */
    public final ConfigSpace config;
    /** Its way to memory; null on a board without a bus. */
    public Upstream upstream;
    /** The bus it is on; null on a board without one. */
    public PciHost host;
    /** Resets. */
    public int resets;
    private final String name;
    private final PciAddress address;

    private record Saved(ConfigState config) { }

    /** A function 8086:1234 of no class. @param address as {@link PciAddress#parse} takes it */
    public BusMaster(String name, String address) {
        this(name, address, new ConfigSpace.Identity(0x8086, 0x1234, 0, 0xFF_00_00));
    }

    /** @param address as {@link PciAddress#parse} takes it */
    public BusMaster(String name, String address, ConfigSpace.Identity identity) {
        this.name = name;
        this.address = PciAddress.parse(address);
        config = new ConfigSpace(this, identity);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String model() {
        return "bus-master";
    }

    @Override
    public PciAddress address() {
        return address;
    }

    @Override
    public int configRead(int offset, int size) {
        return config.read(offset, size);
    }

    @Override
    public void configWrite(int offset, int size, int value) {
        config.write(offset, size, value);
    }

    @Override
    public void attach(Board board) {
        config.attach(board);
        host = board.find(PciHost.class).orElse(null);
        upstream = host == null ? null : host.upstream(this);
    }

    @Override
    public void reset(Reset kind) {
        resets++;
        config.reset(kind);
    }

    @Override
    public State save() {
        return State.of(model(), 1, new Saved(config.save()));
    }

    @Override
    public void restore(State state) {
        config.restore(state.as(Saved.class, model(), 1).config());
    }
}
