package com.vtsim.api.machine;

import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A part of a machine: a processor, a controller, a device. A part is a Declarative Services component created by a
 * factory configuration and registered under {@code Part} and its family's interface, with {@link #MACHINE} and
 * {@link #NAME} as service properties.
 * <p>
 * Life: constructed (state as at power-on) → {@link #restore} if a predecessor of the same name left a state →
 * {@link #attach}, again after every change of the machine's parts → {@link #save} → {@link #detach}.
 * Every method is called on the machine's thread, between two instructions. A part holds no reference to another part
 * but what it asked of the {@link Board} in its latest {@link #attach}.
 */
@ConsumerType
public interface Part {
    /** Service property, {@code String}: name of the machine the part belongs to. */
    String MACHINE = "vtsim.machine";
    /** Service property, {@code String}: the part's name, unique in its machine: {@code cpu0}, {@code irq}, {@code com1}. */
    String NAME = "vtsim.name";

    /** @return the value of {@link #NAME} */
    String name();

    /** @return what it models, the tag of its {@link State}: {@code i8259a}, {@code ns16550a} */
    String model();

    /**
     * Takes what the part needs from the board: maps its registers, creates its timers and arms those its state says are
     * running, looks up the parts it talks to. What an earlier attach mapped, created or listened to is gone by then.
     */
    void attach(Board board);

    /** Lets go of host resources (files, sockets). Mappings, timers and line drivers are withdrawn by the machine. */
    default void detach() { }

    /** Returns the state to what a newly built part has; wiring is not state. */
    void reset(Reset kind);

    /**
     * An image is about to be entered that no firmware has prepared the machine for: what firmware would have programmed (a base address, a
     * routing, virtual wire mode), and nothing else. After each {@link #reset} of such a machine again; does nothing in most parts.
     */
    default void asFirmwareLeaves() { }

    /**
     * @return the whole state, with no class of the part's bundle in it. It follows from the part's condition alone: what is
     *         brought up to date only when somebody looks is brought up to date first, so that equal machines have equal digests
     */
    State save();

    /**
     * Adopts a saved state: one of this model, or the family's neutral state (see {@link #neutral}).
     *
     * @throws StateException if the state is of another model, a newer version, or a field is missing or malformed;
     *         the part is then unchanged
     */
    void restore(State state);

    /** @return what it does beyond its state, which {@link #restore} cannot take back, in a few words; empty where there is nothing */
    default String irrevocable() {
        return "";
    }

    /**
     * @return what another model of the same family can adopt, tagged with the family's name as its model; empty where
     *         the family has no such state
     */
    default Optional<State> neutral() {
        return Optional.empty();
    }

    /** @return for the operator, what of the present state {@link #neutral} leaves behind, a few words each; empty where it has everything */
    default List<String> leftBehind() {
        return List.of();
    }
}
