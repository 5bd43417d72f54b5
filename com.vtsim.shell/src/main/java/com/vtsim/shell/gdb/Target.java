package com.vtsim.shell.gdb;

import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.api.cpu.LogicalProcessor.Breakpoint;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Recorder;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import java.util.Arrays;
import java.util.List;

/** A machine as a debugger sees it. Any thread; what touches the machine is done on its own. */
final class Target {
    private final Machine machine;
    private final Points points = new Points();
    private Description description;

    Target(Machine machine) {
        this.machine = machine;
    }

    Machine machine() {
        return machine;
    }

    /** Settles how registers are numbered. @param given null for what the first processor is in now */
    void describe(Description.Architecture given) {
        description = new Description(given != null ? given : machine.call(() -> Description.of(processors().get(0))));
    }

    Description description() {
        return description;
    }

    private List<LogicalProcessor> processors() {
        List<LogicalProcessor> all = machine.findAll(LogicalProcessor.class);
        if (all.isEmpty()) {
            throw new OperatorException("machine " + machine.name() + " has no processor");
        }
        return all;
    }

    private LogicalProcessor processor(int index) {
        return processors().stream().filter(each -> each.index() == index).findFirst().orElseThrow(() -> new OperatorException("no processor " + index));
    }

    /** @return numbers of the processors, ascending */
    int[] indices() {
        return machine.call(() -> processors().stream().mapToInt(LogicalProcessor::index).sorted().toArray());
    }

    /** One line about a processor. */
    String about(int index) {
        return machine.call(() -> {
            LogicalProcessor processor = processor(index);
            String mode = switch (Description.of(processor)) {
                case I8086 -> "real mode";
                case I386 -> "protected mode";
                case X86_64 -> "long mode";
            };
            return processor.name() + ", " + mode + ", CPL " + processor.register("cpl") + (processor.idle() ? ", halted" : "");
        });
    }

    /** All registers. */
    String registers(int index) {
        return machine.call(() -> {
            LogicalProcessor processor = processor(index);
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < description.count(); i++) {
                text.append(description.read(processor, i));
            }
            return text.toString();
        });
    }

    /** Sets all registers that differ. */
    void registers(int index, byte[] values) {
        machine.call(() -> {
            LogicalProcessor processor = processor(index);
            int at = 0;
            for (int i = 0; i < description.count() && at + description.bytes(i) <= values.length; i++) {
                byte[] value = Arrays.copyOfRange(values, at, at + description.bytes(i));
                at += value.length;
                if (!Hexadecimal.of(value).equals(description.read(processor, i))) {
                    description.write(processor, i, value);
                }
            }
            return null;
        });
    }

    /** One register. */
    String register(int index, int number) {
        return machine.call(() -> description.read(processor(index), number));
    }

    /** Sets one register. */
    void register(int index, int number, byte[] value) {
        if (value.length != description.bytes(number)) {
            throw new NumberFormatException("a register has other bytes");
        }
        machine.call(() -> {
            description.write(processor(index), number, value);
            return null;
        });
    }

    /** @return the bytes from a linear address on, as far as memory without side effects is mapped there */
    byte[] read(int index, long linear, int length) {
        return machine.call(() -> {
            LogicalProcessor processor = processor(index);
            byte[] bytes = new byte[length];
            int done = 0;
            while (done < length) {
                long at = linear + done & description.linearMask();
                int part = (int) Math.min(length - done, MemorySpace.PAGE - (at & MemorySpace.PAGE - 1));
                long physical = processor.translate(at);
                if (physical == -1 || machine.memory().page(physical) == null) {
                    break;
                }
                machine.memory().read(physical, bytes, done, part);
                done += part;
            }
            return Arrays.copyOf(bytes, done);
        });
    }

    /** Stores bytes from a linear address on. @return false where not all are stored: not mapped, a device, or read-only */
    boolean write(int index, long linear, byte[] bytes) {
        return machine.call(() -> {
            LogicalProcessor processor = processor(index);
            int done = 0;
            while (done < bytes.length) {
                long at = linear + done & description.linearMask();
                int part = (int) Math.min(bytes.length - done, MemorySpace.PAGE - (at & MemorySpace.PAGE - 1));
                long physical = processor.translate(at);
                if (physical == -1 || machine.memory().page(physical) == null) {
                    return false;
                }
                byte[] stored = new byte[part];
                machine.memory().write(physical, bytes, done, part);
                machine.memory().read(physical, stored, 0, part);
                if (!Arrays.equals(stored, 0, part, bytes, done, done + part)) {
                    return false;
                }
                done += part;
            }
            return true;
        });
    }

    void add(Points.Point point) {
        machine.call(() -> {
            points.add(processors(), point);
            return null;
        });
    }

    void remove(Points.Point point) {
        machine.call(() -> {
            points.remove(processors(), point);
            return null;
        });
    }

    void removeAll() {
        machine.call(() -> {
            points.clear(processors());
            return null;
        });
    }

    /** What a processor stopped at. @param name the part's; @return null if it was nothing of the debugger's */
    Hit hit(String name) {
        return machine.call(() -> processors().stream().filter(each -> each.name().equals(name)).findFirst()
            .map(each -> new Hit(each.index(), points.hit(each), each.breakpointHit())).orElse(null));
    }

    /**
     * A processor that stopped by itself.
     *
     * @param point null if it was nothing of the debugger's
     * @param text  what it stopped at, for the operator
     */
    record Hit(int index, Points.Point point, String text) { }

    /** Runs until something stops the machine, and waits for that. */
    Stop go() throws InterruptedException {
        machine.call(() -> {
            points.settle(processors());
            return null;
        });
        return machine.run(RunLimits.NONE);
    }

    /** Goes back to what the debugger waits for. @return null if there is none of it in what is recorded: the machine is at its beginning then */
    Hit back() {
        machine.call(() -> {
            points.settle(processors());
            return null;
        });
        Recorder.Hit hit = machine.recorder().back().orElse(null);
        return hit == null ? null : machine.call(() -> {
            LogicalProcessor processor = processors().stream().filter(each -> each.name().equals(hit.processor())).findFirst().orElseThrow();
            return new Hit(processor.index(), points.point(processor, hit.breakpoint()), hit.text());
        });
    }

    /** Takes back one instruction of a processor. @return null at the beginning of what is recorded */
    Hit stepBack(int index) {
        String name = machine.call(() -> processor(index).name());
        long retired = machine.call(() -> processor(index).retired());
        return machine.recorder().before(name, retired) ? new Hit(index, null, "") : null;
    }

    /**
     * Executes one instruction of a processor. Others execute some too where it is not that processor's turn.
     *
     * @return {@link Stop.Cause#INSTRUCTIONS} if it was executed, else what stopped the machine before
     */
    Stop step(int index) throws InterruptedException {
        long before = machine.call(() -> processor(index).retired());
        Stop stop = machine.run(RunLimits.instructions(1));
        if (stop.cause() != Stop.Cause.INSTRUCTIONS || machine.call(() -> processor(index).retired()) != before) {
            return stop;
        }
        LogicalProcessor stepped = machine.call(() -> processor(index));
        int turn = machine.call(() -> stepped.breakpoint(new Breakpoint(Breakpoint.Kind.EXECUTE, stepped.nextInstruction(), 1)));
        boolean reached;
        try {
            stop = machine.run(RunLimits.NONE);
            reached = stop.cause() == Stop.Cause.BREAKPOINT && machine.call(() -> stop(stepped, turn));
        } finally {
            machine.call(() -> stepped.removeBreakpoint(turn));
        }
        return reached ? machine.run(RunLimits.instructions(1)) : stop;
    }

    private static boolean stop(LogicalProcessor processor, int number) {
        return processor.breakpointHitNumber() == number;
    }
}
