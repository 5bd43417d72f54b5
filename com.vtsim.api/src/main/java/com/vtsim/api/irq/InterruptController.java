package com.vtsim.api.irq;

import com.vtsim.api.machine.Part;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The interrupt controller of a machine: it hears the board's lines and drives the INTR pins of the processors.
 * The pair of 8259As is one controller, local APICs and I/O APICs together are one. Part name: {@link #PART}.
 */
@ConsumerType
public interface InterruptController extends Part {
    /** The name every interrupt controller has in its machine, so that one replaces the other. */
    String PART = "irq";
    /** Model of the neutral state of the family: see {@link InterruptState}. */
    String FAMILY = "irq";

    /**
     * The interrupt-acknowledge cycle of a processor whose INTR is asserted: moves the request to in-service.
     *
     * @param processor index of the acknowledging processor
     * @return the vector, 0–255; where the request has gone, the controller's spurious vector
     */
    int acknowledge(int processor);

    /** @return the local APIC of a processor, or null if this controller has none */
    LocalApicPort localApic(int processor);

    /** @return each input with its state, in order of line number, for the operator */
    List<Input> inputs();

    /** @return register values worth showing, name = value lines */
    List<String> registers();

    /** @return for the operator, one line each: how often each line has interrupted, storms, spurious interrupts; since the machine was created, whatever controller was there */
    default List<String> counts() {
        return List.of();
    }

    /** @return for the operator, lines of a picture of priorities: what is requested, in service and held back, class by class */
    default List<String> picture() {
        return List.of();
    }

    /** @return for the operator, one line each: where this vector (0–255) is pending or in service, and what holds it back */
    default List<String> why(int vector) {
        return List.of();
    }

    /** An edge on the platform's NMI wire: goes to LINT1 of each local APIC, or where there is none to processor 0. */
    default void nmi() { }

    /**
     * An input of the controller.
     *
     * @param line      the board's line
     * @param vector    what it is delivered as, or -1 if that is not set up
     * @param asserted  the line's level
     * @param masked    whether the controller holds it back
     * @param requested IRR
     * @param inService ISR
     * @param level     level-triggered rather than edge
     */
    record Input(int line, int vector, boolean asserted, boolean masked, boolean requested, boolean inService, boolean level) { }
}
