package com.vtsim.api.pci;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.register.RegisterState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Configuration space from 40h on: a function's own registers, its capability structures and the two lists that link them. Functions with a
 * Type 0 header have it within {@link ConfigSpace}. Machine thread only.
 * Source: PCI Local Bus Specification, Capabilities List; PCI Express Base Specification, PCI Express Extended Capabilities.
 */
public final class Capabilities {
    private static final int OWN = 0x40;
    private static final int EXTENDED = 0x100;
    private static final int SIZE = 4096;

    private final PciFunction function;
    private final RegisterFile<?> own;
    private final Runnable changed;
    private final byte[] links = new byte[SIZE];
    private final Capability[] at = new Capability[SIZE / 4];
    private final Map<Capability, Integer> places = new java.util.LinkedHashMap<>();
    private int first;
    private int last = -1;
    private int lastExtended = -1;

    /**
     * @param own     registers that belong to no structure, by configuration offset
     * @param changed called when decoding, mastering or the interrupt pin may have changed
     */
    public Capabilities(PciFunction function, RegisterFile<?> own, Runnable changed) {
        this.function = function;
        this.own = own;
        this.changed = changed;
    }

    PciFunction function() {
        return function;
    }

    void changed() {
        changed.run();
    }

    /** Appends a structure whose registers are among the function's own: see {@link ConfigSpace#capability}. */
    public void link(int id, int offset) {
        links[offset] = (byte) id;
        if (last < 0) {
            first = offset;
        } else {
            links[last + 1] = (byte) offset;
        }
        last = offset;
    }

    /** Appends an extended structure whose registers are among the function's own: see {@link ConfigSpace#extendedCapability}. */
    public void linkExtended(int id, int version, int offset) {
        links[offset] = (byte) id;
        links[offset + 1] = (byte) (id >> 8);
        links[offset + 2] = (byte) version;
        if (lastExtended >= 0) {
            links[lastExtended + 2] |= (byte) (offset << 4);
            links[lastExtended + 3] = (byte) (offset >> 4);
        }
        lastExtended = offset;
    }

    /** Appends a structure at the lowest place that is free. @return its offset */
    public int add(Capability capability) {
        boolean extended = capability.version() != 0;
        int limit = extended ? SIZE : EXTENDED;
        for (int offset = extended ? EXTENDED : OWN; offset + capability.length() <= limit; offset += 4) {
            if (free(offset, capability.length())) {
                add(capability, offset);
                return offset;
            }
        }
        throw new IllegalArgumentException("no room for " + capability.name() + " in the configuration space of " + function.name());
    }

    /** Appends a structure at an offset, a multiple of 4. */
    public void add(Capability capability, int offset) {
        if (!free(offset, capability.length())) {
            throw new IllegalArgumentException(capability.name() + " at " + Integer.toHexString(offset) + " overlaps another register");
        }
        if (capability.version() == 0) {
            link(capability.id(), offset);
        } else {
            linkExtended(capability.id(), capability.version(), offset);
        }
        for (int i = offset; i < offset + capability.length(); i += 4) {
            at[i / 4] = capability;
        }
        places.put(capability, offset);
        capability.placed(this);
    }

    private boolean free(int offset, int length) {
        for (int i = offset; i < offset + length; i++) {
            if (at[i / 4] != null || links[i] != 0 || own.at(i) != null) {
                return false;
            }
        }
        return true;
    }

    /** @return offset of the first structure, 0 if there is none */
    public int pointer() {
        return first;
    }

    /** @return the structure of this type */
    public <T extends Capability> Optional<T> find(Class<T> type) {
        return places.keySet().stream().filter(type::isInstance).map(type::cast).findFirst();
    }

    /** @return whether the function is in a power state in which it answers to accesses and sends requests */
    public boolean awake() {
        for (Capability capability : places.keySet()) {
            if (!capability.awake()) {
                return false;
            }
        }
        return true;
    }

    /**
     * The function has detected an error: it is recorded where there are registers for it.
     *
     * @param uncorrectable whether {@code error} is an uncorrectable one
     * @param error         one of the constants of {@link ErrorReporting}
     * @param serr          whether the command register enables SERR
     * @param header        the first four double words of the request
     * @return the message to send, or null if none is
     */
    public ErrorReporting.Severity detected(boolean uncorrectable, int error, boolean serr, int... header) {
        ErrorReporting reporting = find(ErrorReporting.class).orElse(null);
        ErrorReporting.Severity severity = reporting == null ? uncorrectable ? ErrorReporting.Severity.NONFATAL : ErrorReporting.Severity.CORRECTABLE
                : uncorrectable ? reporting.uncorrectable(error, header) : reporting.correctable(error);
        PciExpress express = find(PciExpress.class).orElse(null);
        if (express == null) {
            return null;
        }
        int grade = severity != null ? severity.ordinal() : uncorrectable ? 1 : 0;
        boolean unsupported = uncorrectable && error == ErrorReporting.UNSUPPORTED_REQUEST;
        express.file().raise(ExpressRegister.DEVSTA, 1L << grade | (unsupported ? 8 : 0));
        long enabled = express.file().get(ExpressRegister.DEVCTL);
        boolean wanted = (enabled >> grade & 1) != 0 && (!unsupported || (enabled & 8) != 0) || serr && uncorrectable;
        return wanted ? severity : null;
    }

    /**
     * The function has been asked for what it does not have. A request with a completion is an advisory error unless software calls it fatal: its
     * requester learns of it from the completion.
     *
     * @param posted whether the request has no completion
     * @param serr   whether the command register enables SERR
     * @param tlp    the first four double words of the request
     * @return the message to send, or null if none is
     */
    public ErrorReporting.Severity unsupported(boolean posted, boolean serr, int... tlp) {
        ErrorReporting reporting = find(ErrorReporting.class).orElse(null);
        PciExpress express = find(PciExpress.class).orElse(null);
        if (posted || reporting != null && reporting.isFatal(ErrorReporting.UNSUPPORTED_REQUEST)) {
            return detected(true, ErrorReporting.UNSUPPORTED_REQUEST, serr, tlp);
        }
        boolean advised = reporting != null && reporting.advisory(ErrorReporting.UNSUPPORTED_REQUEST, tlp);
        if (express == null) {
            return null;
        }
        express.file().raise(ExpressRegister.DEVSTA, 9);
        return advised && (express.file().get(ExpressRegister.DEVCTL) & 9) == 9 ? ErrorReporting.Severity.CORRECTABLE : null;
    }

    /** @return whether interrupts go out as messages, and the pin is idle */
    public boolean sendsMessages() {
        for (Capability capability : places.keySet()) {
            if (capability instanceof Messages messages && messages.enabled()) {
                return true;
            }
        }
        return false;
    }

    /** A configuration read at 40h or more. */
    public int read(int offset, int size) {
        Capability capability = at[offset / 4];
        int result = capability == null ? (int) own.load(offset, size) : (int) capability.registers().load(offset - places.get(capability), size);
        for (int i = 0; i < size; i++) {
            result |= (links[offset + i] & 0xFF) << 8 * i;
        }
        return result;
    }

    /** A configuration write at 40h or more. */
    public void write(int offset, int size, int value) {
        Capability capability = at[offset / 4];
        if (capability == null) {
            own.store(offset, size, value);
        } else {
            capability.registers().store(offset - places.get(capability), size, value);
        }
    }

    /** To be called when the function is attached. @param host null if there is none */
    public void attach(Board board, PciHost host) {
        places.keySet().forEach(capability -> capability.attach(board, host));
    }

    /** Gives every register its reset value. */
    public void reset(Reset kind) {
        own.reset(kind);
        for (Capability capability : places.keySet()) {
            capability.registers().reset(kind);
            capability.cleared(kind);
        }
    }

    /** @return every register: the function's own by mnemonic, a structure's by structure and mnemonic */
    public RegisterState save() {
        RegisterState mine = own.save();
        List<String> names = new ArrayList<>(mine.names());
        List<Long> values = new ArrayList<>();
        List<Long> locked = new ArrayList<>();
        put(mine, values, locked);
        for (Capability capability : places.keySet()) {
            RegisterState state = capability.registers().save();
            state.names().forEach(name -> names.add(capability.name() + "." + name));
            put(state, values, locked);
            new java.util.TreeMap<>(capability.more()).forEach((name, value) -> {
                names.add(capability.name() + "." + name);
                values.add(value);
                locked.add(0L);
            });
        }
        return new RegisterState(names, values.stream().mapToLong(Long::longValue).toArray(), locked.stream().mapToLong(Long::longValue).toArray());
    }

    private static void put(RegisterState state, List<Long> values, List<Long> locked) {
        for (int i = 0; i < state.names().size(); i++) {
            values.add(state.values()[i]);
            locked.add(state.locked()[i]);
        }
    }

    /** @throws StateException if a register or structure is unknown; nothing is then changed */
    public void restore(RegisterState state) {
        Map<String, List<Integer>> parts = parts(state);
        RegisterState before = save();
        try {
            adopt(state, parts);
        } catch (StateException e) {
            adopt(before, parts(before));
            throw e;
        }
    }

    /** Positions in the state by structure; those of the function's own registers under the empty name. */
    private Map<String, List<Integer>> parts(RegisterState state) {
        if (state.values().length != state.names().size() || state.locked().length != state.names().size()) {
            throw new StateException("register state has " + state.names().size() + " names, " + state.values().length + " values, " + state.locked().length + " locks");
        }
        Map<String, List<Integer>> parts = new HashMap<>();
        for (int i = 0; i < state.names().size(); i++) {
            String name = state.names().get(i);
            String part = name.contains(".") ? name.substring(0, name.indexOf('.')) : "";
            if (!part.isEmpty() && places.keySet().stream().noneMatch(capability -> capability.name().equals(part))) {
                throw new StateException("register state names " + name + ", which is in no structure of " + function.name());
            }
            parts.computeIfAbsent(part, key -> new ArrayList<>()).add(i);
        }
        return parts;
    }

    private void adopt(RegisterState state, Map<String, List<Integer>> parts) {
        own.restore(part(state, parts.getOrDefault("", List.of()), 0, name -> true));
        for (Capability capability : places.keySet()) {
            List<Integer> positions = parts.getOrDefault(capability.name(), List.of());
            List<String> known = capability.registers().save().names();
            int prefix = capability.name().length() + 1;
            capability.registers().restore(part(state, positions, prefix, known::contains));
            Map<String, Long> more = new HashMap<>();
            positions.forEach(i -> more.put(state.names().get(i).substring(prefix), state.values()[i]));
            capability.more(more);
        }
    }

    private static RegisterState part(RegisterState state, List<Integer> positions, int prefix, java.util.function.Predicate<String> wanted) {
        List<Integer> mine = positions.stream().filter(i -> wanted.test(state.names().get(i).substring(prefix))).toList();
        return new RegisterState(mine.stream().map(i -> state.names().get(i).substring(prefix)).toList(),
                mine.stream().mapToLong(i -> state.values()[i]).toArray(), mine.stream().mapToLong(i -> state.locked()[i]).toArray());
    }

    /** @return every register with its configuration offset */
    public List<RegisterFile.Value> dump() {
        List<RegisterFile.Value> dump = new ArrayList<>(own.dump());
        places.forEach((capability, offset) -> capability.registers().dump().stream().filter(value -> value.offset() < capability.length()).forEach(value -> dump.add(new RegisterFile.Value(
                capability.name() + "." + value.name(), offset + value.offset(), value.width(), value.value(), value.title()))));
        dump.sort(java.util.Comparator.comparingInt(RegisterFile.Value::offset));
        return dump;
    }
}
