package com.vtsim.api.pci;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.register.RegisterFile;
import java.util.Map;

/**
 * A capability structure in a function's configuration space: its registers, and what a write to them does. {@link ConfigSpace#add} or
 * {@link Capabilities#add} places it, links it, saves and resets it with the function. Machine thread only.
 */
public abstract class Capability {
    private final String name;
    private final int id;
    private final int version;
    private final int length;
    private Capabilities list;
    private Board board;
    private PciHost host;
    private Upstream upstream;

    /**
     * A structure in the list below 100h.
     *
     * @param name   prefix of its registers in state and dump: {@code MSI}
     * @param id     8 bits
     * @param length bytes, a multiple of 4
     */
    protected Capability(String name, int id, int length) {
        this(name, id, 0, length);
    }

    /**
     * An extended structure, from 100h on.
     *
     * @param id      16 bits
     * @param version 1–15; 0 for a structure below 100h
     */
    protected Capability(String name, int id, int version, int length) {
        this.name = name;
        this.id = id;
        this.version = version;
        this.length = length + 3 & ~3;
    }

    /** @return its registers; their offsets count from the start of the structure, and begin behind identifier and link */
    protected abstract RegisterFile<?> registers();

    /** The function has been attached: board, host and upstream are there. */
    protected void attached() { }

    /** The registers have been reset; what is beside them follows. */
    protected void cleared(Reset kind) { }

    /** @return state beside the registers, by name */
    protected Map<String, Long> more() {
        return Map.of();
    }

    /** Adopts state beside the registers; names that are missing mean their reset value, others are ignored. */
    protected void more(Map<String, Long> values) { }

    /** Whether the function may answer to memory and port accesses and send requests, as far as this structure has a say. */
    boolean awake() {
        return true;
    }

    /** Decoding, mastering or the interrupt pin may follow from what has changed here. */
    protected final void changed() {
        if (list != null) {
            list.changed();
        }
    }

    /** Whether no structure of the function forbids it to send. */
    final boolean isAwake() {
        return list == null || list.awake();
    }

    void placed(Capabilities in) {
        list = in;
    }

    void attach(Board newBoard, PciHost newHost) {
        board = newBoard;
        host = newHost;
        upstream = newHost == null ? null : newHost.upstream(function());
        attached();
    }

    /** @return the function whose capability it is; null until it has been added */
    protected final PciFunction function() {
        return list == null ? null : list.function();
    }

    /** @return another structure of the same function, or null */
    protected final <T extends Capability> T other(Class<T> type) {
        return list == null ? null : list.find(type).orElse(null);
    }

    /** @return the board; null until attached */
    protected final Board board() {
        return board;
    }

    /** @return the host; null while there is none */
    protected final PciHost host() {
        return host;
    }

    /** @return the way to memory; null while there is none */
    protected final Upstream upstream() {
        return upstream;
    }

    /** @return prefix of its registers in state and dump */
    public final String name() {
        return name;
    }

    /** @return the identifier, 8 or 16 bits */
    public final int id() {
        return id;
    }

    /** @return version of an extended structure, 0 for one below 100h */
    public final int version() {
        return version;
    }

    /** @return bytes, a multiple of 4 */
    public final int length() {
        return length;
    }
}
