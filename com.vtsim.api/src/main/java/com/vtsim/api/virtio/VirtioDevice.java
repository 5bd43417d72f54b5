package com.vtsim.api.virtio;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.register.RegisterBlocks;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A virtio device: a part that says what becomes of the chains of its queues, and leaves the rest to its transport. It stands here, among the
 * contracts, because devices live in many bundles and providers do not import providers. Machine thread only.
 */
@ConsumerType
public abstract class VirtioDevice implements PciFunction, RegisterBlocks {
    private static final String TRANSPORT = "common";
    private static final String VERSION = "version";

    private final VirtioIdentity identity;
    private final VirtioFunction function;
    private Board board;

    /** As after power-on. */
    protected VirtioDevice(VirtioTransport transport, VirtioIdentity identity) {
        this.identity = identity;
        function = transport.function(this, identity);
    }

    /** Carries out one chain of a queue, if there is one, with {@link VirtioFunction#next} and {@link VirtioFunction#give}. @return whether there was one */
    public abstract boolean serve(int queue);

    /** @return a byte of the device's own configuration */
    public abstract int configuration(int offset);

    /** A byte of the device's own configuration is written; most are read-only. */
    public void configure(int offset, int value) { }

    /** The driver has reset the device, or the bus has. */
    public void cleared() { }

    /** @return the state of what the device has beside the transport's, tagged with {@link #model} */
    protected abstract State saveDevice();

    /** @throws StateException if it does not fit; nothing is then changed */
    protected abstract void restoreDevice(State state);

    /** @return what the transport has of it */
    protected final VirtioFunction function() {
        return function;
    }

    /** @return the board; null until attached */
    protected final Board board() {
        return board;
    }

    @Override
    public final String name() {
        return identity.name();
    }

    @Override
    public final String model() {
        return identity.model();
    }

    @Override
    public final PciAddress address() {
        return identity.address();
    }

    @Override
    public final int configRead(int offset, int size) {
        return function.configRead(offset, size);
    }

    @Override
    public final void configWrite(int offset, int size, int value) {
        function.configWrite(offset, size, value);
    }

    @Override
    public void attach(Board newBoard) {
        board = newBoard;
        function.attach(newBoard);
    }

    @Override
    public void detach() {
        function.detach();
    }

    @Override
    public final void reset(Reset kind) {
        function.reset(kind);
    }

    @Override
    public final List<Block> registerBlocks() {
        return function.registerBlocks();
    }

    /** The transport's state is a field of the device's, with a version of its own. */
    @Override
    public final State save() {
        State own = saveDevice();
        State carried = function.save();
        Map<String, Object> transport = new TreeMap<>(carried.fields());
        transport.put(VERSION, (long) carried.version());
        Map<String, Object> fields = new TreeMap<>(own.fields());
        fields.put(TRANSPORT, transport);
        return new State(own.model(), own.version(), fields);
    }

    @Override
    public final void restore(State state) {
        if (!(state.fields().get(TRANSPORT) instanceof Map<?, ?> found)) {
            throw new StateException("state of " + model() + " is none of a virtio device");
        }
        Map<String, Object> transport = new TreeMap<>();
        found.forEach((key, value) -> transport.put(String.valueOf(key), value));
        int version = transport.remove(VERSION) instanceof Long number ? (int) Math.min(number, Integer.MAX_VALUE) : 1;
        State before = function.save();
        function.restore(new State(before.model(), version, transport));
        try {
            restoreDevice(state);
        } catch (StateException e) {
            function.restore(before);
            throw e;
        }
    }
}
