package com.vtsim.shell.gdb;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A debugger's visit, as gdb's manual describes it in "Remote Protocol"; all processors stop and go together. On a thread of
 * its own; another waits for the machine, a third for the connection.
 */
final class Session {
    private static final String INVALID = "E16";
    private static final String FAULT = "E0e";
    private static final String REFUSED = "E01";
    private static final Pattern POINT = Pattern.compile("([0-4]),([0-9a-fA-F]{1,16}),([0-9a-fA-F]{1,4})(;.*)?");
    private static final Pattern MEMORY = Pattern.compile("([0-9a-fA-F]{1,16}),([0-9a-fA-F]{1,8})");
    private static final int PAUSE_AGAIN_MILLISECONDS = 5;
    private static final int TRAP = 5, INTERRUPTED = 2, ABORTED = 6;

    private final Target target;
    private final Link link;
    private final Queries queries;
    private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
    /** The processor that registers and memory are asked of. */
    private int current;
    /** The processor that steps. */
    private int stepping;
    /** The latest stop reply. */
    private String stopped;
    private Thread runner;
    /** Whether the machine ran when the debugger came, and the debugger has not let it go since: a visitor who does nothing changes nothing. */
    private boolean asFound;

    /** @param shell executes commands and gives what they print */
    Session(Target target, Link link, Function<String, String> shell) {
        this.target = target;
        this.link = link;
        queries = new Queries(target, link, shell, this::run);
    }

    /** Takes what happens. Any thread. */
    void accept(Event event) {
        events.add(event);
    }

    /** Stops the machine, serves until the debugger goes, and takes its breakpoints along. */
    void serve(Description.Architecture architecture) throws InterruptedException {
        Machine machine = target.machine();
        asFound = machine.status().running();
        machine.pause();
        boolean resume = asFound;
        try {
            target.describe(architecture);
            current = target.indices()[0];
            stepping = current;
            stopped = reply(TRAP, "");
            resume = loop();
        } catch (IOException e) {
            resume = runner != null || asFound;
        } finally {
            leave(resume);
        }
    }

    /** @return whether the machine is to go on */
    private boolean loop() throws IOException, InterruptedException {
        while (true) {
            Event event = events.take();
            if (event instanceof Event.Gone) {
                return runner != null || asFound;
            }
            if (event instanceof Event.Stopped end) {
                runner = null;
                report(end.stop());
            } else if (event instanceof Event.Returned returned) {
                runner = null;
                report(returned.hit());
            } else if (event instanceof Event.Answered answer) {
                queries.answered(answer.text());
            } else if (event instanceof Event.Interrupt) {
                interrupt();
            } else if (event instanceof Event.Packet packet && packet.data().length > 0) {
                String text = new String(packet.data(), StandardCharsets.ISO_8859_1);
                boolean detached = text.charAt(0) == 'D';
                if (detached || text.startsWith("vKill")) {
                    link.send("OK");
                }
                if (detached || text.startsWith("vKill") || text.charAt(0) == 'k') {
                    return detached;
                }
                answer(text, packet.data());
            }
        }
    }

    private void leave(boolean resume) throws InterruptedException {
        try {
            halt();
            queries.close();
            target.removeAll();
            Stop last = target.machine().status().stop();
            boolean able = last == null || last.cause() != Stop.Cause.POWER_OFF && last.cause() != Stop.Cause.FAILED;
            if (resume && able && !target.machine().status().running()) {
                target.machine().start(RunLimits.NONE);
            }
        } catch (OperatorException e) {
            // The machine has been removed, or somebody else runs it: nothing is left to be done for it.
            return;
        }
    }

    private void interrupt() throws InterruptedException {
        if (runner != null) {
            halt();
        } else {
            queries.interrupt();
        }
    }

    /** Stops what {@link #start} has begun. A pause means nothing to a machine whose run has not begun yet, so it is asked until the run has ended. */
    private void halt() throws InterruptedException {
        while (runner != null && runner.isAlive()) {
            target.machine().pause();
            runner.join(PAUSE_AGAIN_MILLISECONDS);
        }
    }

    private void answer(String text, byte[] data) throws IOException {
        if (runner != null) {
            link.send(REFUSED); // all processors run: nothing can be asked
            return;
        }
        String reply;
        try {
            reply = command(text, data);
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            reply = INVALID;
        } catch (OperatorException e) {
            reply = REFUSED;
        }
        if (reply != null) {
            link.send(reply);
        }
    }

    /** @return the reply; null if there is none now */
    private String command(String text, byte[] data) throws IOException {
        String rest = text.substring(1);
        return switch (text.charAt(0)) {
            case '?' -> stopped;
            case 'g' -> target.registers(current);
            case 'G' -> {
                target.registers(current, Hexadecimal.bytes(rest));
                yield "OK";
            }
            case 'p' -> readRegister(rest);
            case 'P' -> writeRegister(rest);
            case 'm' -> read(rest);
            case 'M', 'X' -> write(text, data);
            case 'Z', 'z' -> point(text.charAt(0) == 'Z', rest);
            case 'c', 'C' -> resume(text.charAt(0) == 'C' ? after(rest) : rest, false);
            case 's', 'S' -> resume(text.charAt(0) == 'S' ? after(rest) : rest, true);
            case 'b' -> reverse(rest);
            case 'H' -> thread(rest);
            case 'T' -> known(processor(rest)) ? "OK" : REFUSED;
            case 'v' -> text.startsWith("vCont") ? vCont(text.substring(5)) : "";
            case 'q', 'Q' -> queries.answer(text, current);
            default -> "";
        };
    }

    /** What stands behind a signal, which means nothing to a machine. */
    private static String after(String rest) {
        int semicolon = rest.indexOf(';');
        return semicolon < 0 ? "" : rest.substring(semicolon + 1);
    }

    // Registers and memory

    private String readRegister(String rest) {
        int number = Hexadecimal.small(rest);
        return number < target.description().count() ? target.register(current, number) : INVALID;
    }

    private String writeRegister(String rest) {
        int equals = rest.indexOf('=');
        int number = Hexadecimal.small(rest.substring(0, equals));
        if (number >= target.description().count()) {
            return INVALID;
        }
        target.register(current, number, Hexadecimal.bytes(rest.substring(equals + 1)));
        return "OK";
    }

    private String read(String rest) {
        Matcher matcher = MEMORY.matcher(rest);
        if (!matcher.matches()) {
            return INVALID;
        }
        long wanted = Hexadecimal.number(matcher.group(2));
        byte[] bytes = target.read(current, Hexadecimal.number(matcher.group(1)), (int) Math.min(wanted, (Link.MOST - 16) / 2));
        return bytes.length == 0 && wanted > 0 ? FAULT : Hexadecimal.of(bytes);
    }

    private String write(String text, byte[] data) {
        int colon = text.indexOf(':');
        Matcher matcher = MEMORY.matcher(text.substring(1, colon));
        if (!matcher.matches()) {
            return INVALID;
        }
        byte[] bytes = text.charAt(0) == 'M' ? Hexadecimal.bytes(text.substring(colon + 1)) : Arrays.copyOfRange(data, colon + 1, data.length);
        if (bytes.length != Hexadecimal.number(matcher.group(2))) {
            return INVALID;
        }
        return target.write(current, Hexadecimal.number(matcher.group(1)), bytes) ? "OK" : FAULT;
    }

    private String point(boolean add, String rest) {
        Matcher matcher = POINT.matcher(rest);
        if (!matcher.matches()) {
            return INVALID;
        }
        long address = Hexadecimal.number(matcher.group(2)) & target.description().linearMask();
        Points.Point point = new Points.Point(rest.charAt(0) - '0', address, Math.max(1, Hexadecimal.small(matcher.group(3))));
        if (add) {
            target.add(point);
        } else {
            target.remove(point);
        }
        return "OK";
    }

    // Processors as threads

    /** Thread numbers begin at 1. @return the processor's number; -1 for any */
    private static int processor(String thread) {
        return thread.startsWith("-") ? -1 : Hexadecimal.small(thread) - 1;
    }

    private boolean known(int processor) {
        return Arrays.stream(target.indices()).anyMatch(each -> each == processor);
    }

    private String thread(String rest) {
        int processor = processor(rest.substring(1));
        if (processor >= 0 && !known(processor)) {
            return REFUSED;
        }
        if (rest.charAt(0) == 'g') {
            current = processor < 0 ? current : processor;
        } else {
            stepping = processor < 0 ? current : processor;
        }
        return "OK";
    }

    // Running

    private String vCont(String rest) {
        if (rest.equals("?")) {
            return "vCont;c;C;s;S";
        }
        int stepped = -1;
        for (String action : rest.substring(1).split(";")) {
            int colon = action.indexOf(':');
            int thread = colon < 0 ? -1 : processor(action.substring(colon + 1));
            if (thread >= 0 && !known(thread)) {
                return REFUSED;
            }
            switch (action.charAt(0)) {
                case 's', 'S' -> stepped = stepped < 0 ? thread < 0 ? current : thread : stepped;
                case 'c', 'C' -> { }
                default -> {
                    return INVALID;
                }
            }
        }
        start(stepped);
        return null;
    }

    private String resume(String address, boolean step) {
        if (!address.isEmpty()) {
            return INVALID; // no debugger sends one since there are target descriptions
        }
        start(step ? stepping : -1);
        return null;
    }

    /** @param stepped the processor that executes one instruction; -1 to run */
    private void start(int stepped) {
        asFound = false;
        if (stepped >= 0) {
            current = stepped;
        }
        runner = run("runs", () -> {
            Stop stop;
            try {
                stop = stepped >= 0 ? target.step(stepped) : target.go();
            } catch (OperatorException e) {
                stop = Stop.of(Stop.Cause.PARKED, e.getMessage());
            }
            return new Event.Stopped(stop);
        });
    }

    /** @param how {@code s} for one instruction of the processor that steps, {@code c} until something is met */
    private String reverse(String how) throws IOException {
        if (!how.equals("s") && !how.equals("c")) {
            return "";
        }
        if (target.machine().recorder().recorded().isEmpty()) {
            say("the past is not recorded; monitor machine:record $machine begins it");
            return REFUSED;
        }
        asFound = false;
        runner = run("goes back", () -> new Event.Returned(how.equals("s") ? target.stepBack(stepping) : target.back()));
        return null;
    }

    private void report(Target.Hit hit) throws IOException {
        if (hit == null) {
            stopped = reply(TRAP, "replaylog:begin;");
        } else {
            current = hit.index();
            stepping = current;
            stopped = reply(TRAP, hit.point() == null ? "" : queries.reason(hit.point()));
        }
        link.send(stopped);
    }

    private Thread run(String what, Callable<Event> work) {
        Thread thread = new Thread(() -> {
            Event end;
            try {
                end = work.call();
            } catch (InterruptedException e) {
                end = new Event.Stopped(Stop.of(Stop.Cause.PAUSED, ""));
            } catch (OperatorException e) {
                end = new Event.Stopped(Stop.of(Stop.Cause.PARKED, e.getMessage()));
            } catch (Exception e) {
                end = new Event.Stopped(Stop.of(Stop.Cause.FAILED, e.toString()));
            }
            events.add(end);
        }, "gdb " + target.machine().name() + " " + what);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private void report(Stop stop) throws IOException {
        switch (stop.cause()) {
            case BREAKPOINT -> stopped = atBreakpoint(stop.text());
            case PAUSED -> stopped = reply(INTERRUPTED, "");
            case POWER_OFF -> stopped = String.format("W%02x", Math.max(0, stop.exitStatus()));
            case FAILED -> {
                say("the machine failed: " + stop.text());
                stopped = reply(ABORTED, "");
            }
            case IDLE -> {
                say("every processor is halted, and nothing will wake one");
                stopped = reply(INTERRUPTED, "");
            }
            case PARKED -> {
                say("the machine does not run: " + stop.text());
                stopped = reply(INTERRUPTED, "");
            }
            default -> stopped = reply(TRAP, "");
        }
        link.send(stopped);
    }

    private String atBreakpoint(String processor) throws IOException {
        Target.Hit hit = target.hit(processor);
        if (hit == null) {
            say(processor); // the run loop's own words: a triple fault
            return reply(ABORTED, "");
        }
        current = hit.index();
        stepping = current;
        if (hit.point() == null) {
            say("stopped by the operator's " + hit.text());
            return reply(TRAP, "");
        }
        return reply(TRAP, queries.reason(hit.point()));
    }

    private void say(String text) throws IOException {
        link.send("O" + Hexadecimal.of("vtsim: " + text + "\n"));
    }

    private String reply(int signal, String reason) {
        return String.format("T%02x%sthread:%x;", signal, reason, current + 1);
    }
}
