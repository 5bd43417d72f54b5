package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/** A machine that says a text and ends for a given reason; what it is asked is kept. */
final class StubMachine {
    final List<String> asked = new ArrayList<>();
    final Machine machine = proxy(Machine.class, (proxy, method, arguments) -> answer(method.getName(), arguments));
    Stop stop = Stop.of(Stop.Cause.PAUSED, "");
    RunLimits limits;
    Map<String, String> options = Map.of();
    /** What it says: console, then text, and so on. */
    String[] says = {};
    private Machine.ConsoleListener listener;
    List<String> reports = List.of();
    Runnable whileRunning = () -> { };
    private long instructions = 1000;

    Machines machines() {
        return proxy(Machines.class, (proxy, method, arguments) -> switch (method.getName()) {
            case "machine" -> {
                if (!arguments[0].equals("m")) {
                    throw OperatorException.unknown("machine", arguments[0].toString(), List.of("m"));
                }
                yield machine;
            }
            case "machines" -> List.of(machine);
            case "create" -> {
                asked.add(arguments[0] + " " + arguments[1] + " " + arguments[2]);
                throw new OperatorException("far enough");
            }
            default -> throw new UnsupportedOperationException(method.toString());
        });
    }

    private Object answer(String name, Object[] arguments) throws Exception {
        return switch (name) {
            case "name" -> "m";
            case "hashCode" -> System.identityHashCode(this);
            case "equals" -> arguments[0] == machine;
            case "status" -> new Machine.Status(false, stop, instructions, 2 * instructions, reports);
            case "run" -> {
                limits = (RunLimits) arguments[0];
                speak();
                whileRunning.run();
                instructions += 500;
                yield stop;
            }
            case "listen" -> {
                listener = (Machine.ConsoleListener) arguments[0];
                yield (com.vtsim.api.machine.Registration) () -> listener = null;
            }
            case "pause" -> {
                asked.add("pause");
                yield null;
            }
            case "load" -> {
                asked.add("load " + arguments[0]);
                @SuppressWarnings("unchecked") // The interface says so.
                Map<String, String> given = (Map<String, String>) arguments[2];
                options = given;
                yield "loaded";
            }
            case "call" -> ((Callable<?>) arguments[0]).call();
            default -> throw new UnsupportedOperationException(name);
        };
    }

    private void speak() {
        for (int i = 0; i < says.length && listener != null; i += 2) {
            String part = says[i];
            says[i + 1].chars().forEach(letter -> listener.output(part, letter));
        }
    }

    static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }
}
