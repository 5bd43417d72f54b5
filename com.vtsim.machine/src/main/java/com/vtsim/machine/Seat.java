package com.vtsim.machine;

import com.vtsim.api.machine.Machine.PartInfo;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.State;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** The place of a part in its machine: it outlives the part and hands its state to the next one of the name. */
final class Seat {
    final String name;
    /** Factory PID; empty if not known. */
    String pid;
    /** The part, or null while the seat is empty. */
    Part part;
    String bundle = "";
    String carried = "";
    /** Whether the part executes instructions; known once there was one. */
    boolean processor;
    /** What the latest part left behind, until a successor takes it. */
    State left;
    State leftNeutral;
    /** What of the latest part's state the neutral one does not hold. */
    List<String> leftBehind = List.of();
    /** Until when (wall nanoseconds) a run waits for a successor. */
    long heldUntil;
    /** Whether a run does. */
    boolean held;
    /** Whether the part goes, or has gone, for good. */
    boolean dismissed;
    /** Why the part could not be attached, or null. */
    String trouble;
    Owner owner;
    /** Parts of the same name that came before the present one has gone. */
    final Deque<Arrival> waiting = new ArrayDeque<>();

    /** A part with what is known about where it comes from. */
    record Arrival(Part part, String pid, String bundle) { }

    Seat(String name, String pid) {
        this.name = name;
        this.pid = pid;
    }

    PartInfo info() {
        return part == null ? new PartInfo(name, "", pid, "", false, "") : new PartInfo(name, part.model(), pid, bundle, true, carried);
    }

    /** Whether the machine cannot run while the seat is empty: a processor or the interrupt controller. */
    boolean essential() {
        return processor || name.equals("irq") || name.matches("cpu\\d+");
    }
}
