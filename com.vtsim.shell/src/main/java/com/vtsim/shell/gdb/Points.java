package com.vtsim.shell.gdb;

import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.api.cpu.LogicalProcessor.Breakpoint;
import com.vtsim.api.machine.OperatorException;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a debugger wants to stop at: on every processor, also on one that takes the place of another. On the machine's thread. */
final class Points {
    private static final int MOST = 4096;

    /**
     * A break- or watchpoint.
     *
     * @param type   the digit of its Z packet
     * @param length bytes watched
     */
    record Point(int type, long address, int length) {
        /** @return whether it stops at an instruction */
        boolean breaks() {
            return type < 2;
        }

        /** How a stop reply names what it does; empty for a breakpoint. */
        String watch() {
            return switch (type) {
                case 2 -> "watch";
                case 3 -> "rwatch";
                case 4 -> "awatch";
                default -> "";
            };
        }

        private Breakpoint breakpoint() {
            Breakpoint.Kind kind = breaks() ? Breakpoint.Kind.EXECUTE : type == 2 ? Breakpoint.Kind.WRITE : Breakpoint.Kind.ACCESS;
            return new Breakpoint(kind, address, breaks() ? 1 : length);
        }
    }

    private final Set<Point> wanted = new LinkedHashSet<>();
    private final Map<LogicalProcessor, Map<Integer, Point>> set = new IdentityHashMap<>();

    void add(List<LogicalProcessor> processors, Point point) {
        if (wanted.size() >= MOST) {
            throw new OperatorException("too many breakpoints: " + MOST);
        }
        if (wanted.add(point)) {
            settle(processors);
        }
    }

    void remove(List<LogicalProcessor> processors, Point point) {
        wanted.remove(point);
        settle(processors);
    }

    void clear(List<LogicalProcessor> processors) {
        wanted.clear();
        settle(processors);
    }

    /** Brings the processors to what is wanted. */
    void settle(List<LogicalProcessor> processors) {
        set.keySet().removeIf(gone -> processors.stream().noneMatch(each -> each == gone));
        for (LogicalProcessor processor : processors) {
            Map<Integer, Point> there = set.computeIfAbsent(processor, each -> new HashMap<>());
            there.entrySet().removeIf(entry -> !wanted.contains(entry.getValue()) && (processor.removeBreakpoint(entry.getKey()) || true));
            for (Point point : wanted) {
                if (!there.containsValue(point)) {
                    there.put(processor.breakpoint(point.breakpoint()), point);
                }
            }
        }
    }

    /** @return the point behind a breakpoint of the processor's; null if it was nothing of the debugger's */
    Point point(LogicalProcessor processor, int number) {
        return set.getOrDefault(processor, Map.of()).get(number);
    }

    /** @return what stopped the processor last; null if it was nothing of the debugger's */
    Point hit(LogicalProcessor processor) {
        return point(processor, processor.breakpointHitNumber());
    }
}
