package com.vtsim.machine;

import com.vtsim.api.machine.Console;
import com.vtsim.api.machine.FirmwareFiles;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Registration;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.Stop;
import com.vtsim.machine.acpi.AcpiTables;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** The hardware of a machine: everything its thread alone touches. */
final class Chassis implements Failures {
    final Settings settings;
    final VirtualClock clock;
    final Trace trace;
    final Reports reports = new Reports();
    final Consoles consoles;
    final MemoryMap memory;
    final PortMap ports;
    final Wiring wiring;
    final Seats seats;
    final Loads loads;
    final Owner operator = Owner.operator();
    private final MemoryView operatorMemory;
    /** Processors by index; made anew when the parts are attached. */
    private List<Processor> processors = List.of();
    private final List<Registration> tables = new ArrayList<>();
    private final Consumer<Runnable> mailbox;
    private Past past;
    private boolean running;
    private boolean attachNeeded;
    private String missing;
    private String trouble;
    private boolean holding;
    private Stop stopAsked;
    private Reset resetAsked;

    /** @param mailbox takes what is to run on the machine's thread; any thread */
    Chassis(Settings settings, Consumer<Runnable> mailbox) {
        this.settings = settings;
        this.mailbox = mailbox;
        clock = new VirtualClock(settings.mips());
        trace = new Trace(clock);
        consoles = new Consoles(() -> askStop(Stop.of(Stop.Cause.TEXT, "")));
        memory = new MemoryMap(new Ram(settings.memory(), settings.low()), this, trace);
        ports = new PortMap(this, trace);
        wiring = new Wiring(this, trace);
        seats = new Seats(settings.expects(), this, reports);
        operatorMemory = new MemoryView(memory, operator);
        loads = new Loads(this);
        missing = seats.missing();
    }

    MemoryView operatorMemory() {
        return operatorMemory;
    }

    List<Processor> processors() {
        return processors;
    }

    void record(Past recorded) {
        past = recorded;
    }

    /** Whether what happens now has happened before. */
    boolean repeating() {
        return past.repeating();
    }

    /** What the operator is told is told once. */
    void mute(boolean now) {
        consoles.mute(now);
        trace.mute(now);
        reports.mute(now);
    }

    /** Whether a run is on, which decides what becomes of a failure. */
    void running(boolean now) {
        running = now;
    }

    void arrive(Seat.Arrival arrival) {
        past.partsChanged();
        attachNeeded |= seats.arrive(arrival);
    }

    /** @param wall now, in wall nanoseconds: a run waits a while for a successor */
    void leave(Part part, long wall) {
        past.partsChanged();
        Seat seat = seats.taken().stream().filter(s -> s.part == part).findFirst().orElse(null);
        if (seat == null) {
            seats.forget(part);
            return;
        }
        if (seat.owner != null) {
            withdraw(seat.owner);
        }
        seats.leave(seat);
        if (running && seat.part == null && !seat.dismissed && settings.grace() > 0) {
            seat.heldUntil = wall + settings.grace() * 1_000_000;
            seat.held = true;
            holding = true;
        }
        attachNeeded = true;
    }

    /** Nobody will come to the seat once it is empty. */
    void dismiss(String part) {
        Seat seat = seats.seat(part);
        if (seat != null) {
            seat.dismissed = true;
            seat.held = false;
        }
    }

    private void withdraw(Owner owner) {
        owner.close();
        memory.withdraw(owner);
        ports.withdraw(owner);
        clock.withdraw(owner);
        wiring.withdraw(owner);
    }

    /** Carries out what was put off: parts attached afresh after a change, a reset asked for while nothing ran. */
    void settle() {
        if (resetAsked != null && !running) {
            Reset kind = resetAsked;
            resetAsked = null;
            reset(kind);
        }
        if (attachNeeded) {
            attachAll();
        }
    }

    boolean settled() {
        return !attachNeeded && (resetAsked == null || running);
    }

    void attachNeeded() {
        attachNeeded = true;
    }

    private void attachAll() {
        attachNeeded = false;
        memory.withdrawParts();
        ports.withdrawParts();
        clock.withdrawParts();
        wiring.beginAttach();
        for (Seat seat : seats.taken()) {
            if (seat.owner != null) {
                seat.owner.close();
            }
            seat.owner = Owner.part(seat.name);
        }
        processors = seats.processors();
        for (Seat seat : seats.taken()) {
            attach(seat);
        }
        giveTables();
        wiring.endAttach(seats.present());
        missing = seats.missing();
        trouble = seats.trouble();
    }

    /** Firmware finds the tables of the machine as it is wired when it asks. */
    private void giveTables() {
        tables.forEach(Registration::close);
        tables.clear();
        seats.find(FirmwareFiles.class).ifPresent(files -> {
            tables.add(files.add(AcpiTables.TABLES, () -> acpi().tables()));
            tables.add(files.add(AcpiTables.RSDP, () -> acpi().rsdp()));
            tables.add(files.add(AcpiTables.SCRIPT, () -> acpi().script()));
        });
    }

    /** @return the tables of the machine as it is wired */
    AcpiTables acpi() {
        return AcpiTables.of(new AcpiTables.Finder() {
            @Override
            public <T> List<T> findAll(Class<T> type) {
                return seats.findAll(type);
            }
        }, operatorMemory);
    }

    /** @return the part without which nothing can run, or null */
    String missing() {
        return missing;
    }

    /** @return what is wrong with a part that could not be attached, or null */
    String trouble() {
        return trouble;
    }

    /** @return wall nanoseconds for which the run waits for successors of parts that have left it, 0 for none */
    long held(LongSupplier wall) {
        if (!holding) {
            return 0;
        }
        long left = 0;
        long now = wall.getAsLong();
        for (Seat seat : seats.all()) {
            if (seat.part == null && seat.held) {
                seat.held = seat.heldUntil - now > 0;
                left = Math.max(left, seat.heldUntil - now);
            }
        }
        holding = left > 0;
        return left;
    }

    private void attach(Seat seat) {
        try {
            seat.trouble = null;
            seat.part.attach(new PartBoard(this, seat.part, seat.owner));
            if (seat.part instanceof Console console) {
                console.output(value -> consoles.output(seat.name, value));
            }
        } catch (RuntimeException | Error e) {
            withdraw(seat.owner);
            seat.trouble = why("attach", seat.part, e);
            note(seat.name, seat.trouble, e);
        }
    }

    /** Resets every part; what they map and drive follows from their new state. */
    void reset(Reset kind) {
        if (kind == Reset.COLD) {
            memory.ram(memory.ram().empty());
        }
        for (Seat seat : seats.taken()) {
            try {
                seat.part.reset(kind);
            } catch (RuntimeException | Error e) {
                noted(seat.name, "reset", e);
            }
        }
        attachNeeded = true;
        settle();
        loads.again();
    }

    /** An image is entered without firmware. */
    void asFirmwareLeaves() {
        for (Seat seat : seats.taken()) {
            try {
                seat.part.asFirmwareLeaves();
            } catch (RuntimeException | Error e) {
                noted(seat.name, "what firmware would have set up", e);
            }
        }
    }

    /** The end: parts let go of what they hold of the host. */
    void dismantle() {
        for (Seat seat : seats.taken()) {
            try {
                seat.part.detach();
            } catch (RuntimeException | Error e) {
                noted(seat.name, "detach", e);
            }
            seat.part = null;
        }
        attachNeeded = false;
    }

    void post(Part part, String name, Runnable action) {
        mailbox.accept(() -> {
            settle();
            if (past.on()) {
                past.arrived(() -> posted(part, name, action), running);
            } else {
                posted(part, name, action);
            }
        });
    }

    private void posted(Part part, String name, Runnable action) {
        Seat seat = seats.seat(name);
        if (seat == null || seat.part != part) {
            return; // it has left meanwhile
        }
        try {
            action.run();
        } catch (RuntimeException | Error e) {
            noted(name, "a posted action", e);
        }
    }

    void askReset(Reset kind) {
        if (resetAsked != Reset.COLD) {
            resetAsked = kind;
        }
        leaveBlock();
    }

    void askStop(Stop stop) {
        if (stopAsked == null) {
            stopAsked = stop;
        }
        leaveBlock();
    }

    private void leaveBlock() {
        Processor processor = clock.running();
        if (processor != null) {
            processor.leave();
        }
    }

    /** @return the stop asked for, once */
    Stop takeStop() {
        Stop stop = stopAsked;
        stopAsked = null;
        return stop;
    }

    /** @return the reset asked for, once */
    Reset takeReset() {
        Reset kind = resetAsked;
        resetAsked = null;
        return kind;
    }

    @Override
    public void failed(String part, String doing, Throwable cause) {
        noted(part, doing, cause);
        if (!running && cause instanceof Error error) {
            throw error;
        }
        if (!running) {
            throw (RuntimeException) cause;
        }
    }

    @Override
    public void noted(String part, String doing, Throwable cause) {
        Seat seat = seats.seat(part);
        String text = why(doing, seat == null ? null : seat.part, cause);
        note(part, text, cause);
        if (running) {
            askStop(Stop.of(Stop.Cause.FAILED, part + " " + text));
        }
    }

    private void note(String part, String text, Throwable cause) {
        reports.add(part, text);
        trace.record(part, "machine.failed", cause.toString());
        for (StackTraceElement frame : cause.getStackTrace()) {
            trace.record(part, "machine.failed", "at " + frame);
        }
    }

    /** One line: what was asked, the first place in the part's own code, and the message. */
    private static String why(String doing, Part part, Throwable cause) {
        StackTraceElement[] frames = cause.getStackTrace();
        StackTraceElement place = frames.length == 0 ? null : frames[0];
        if (part != null) {
            String home = part.getClass().getPackageName();
            for (StackTraceElement frame : frames) {
                if (frame.getClassName().startsWith(home)) {
                    place = frame;
                    break;
                }
            }
        }
        String where = place == null ? "" : " at " + place.getClassName() + "." + place.getMethodName() + ":" + place.getLineNumber();
        String message = cause.getMessage() == null ? "" : ": " + cause.getMessage();
        return "failed in " + doing + where + ": " + cause.getClass().getSimpleName() + message;
    }
}
