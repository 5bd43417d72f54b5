package com.vtsim.machine.profile;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.machine.load.LoadOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What an operator may choose when a machine is created, checked and in one spelling. */
final class CreateOptions {
    private static final long MEBIBYTE = 1 << 20;
    private static final long MOST_MEMORY = 64L << 30;
    private static final int MOST_PROCESSORS = 64;
    private static final long MOST_CACHED = 1 << 16;
    private static final long MOST_MIPS = 100_000;

    private CreateOptions() { }

    /**
     * @param given by name, as the operator wrote them
     * @return all options of the profile
     * @throws OperatorException if the profile does not know an option, or a value is not possible
     */
    static Map<String, String> of(Profile profile, Map<String, String> given) {
        for (String name : given.keySet()) {
            if (!profile.defaults().containsKey(name)) {
                List<String> known = new ArrayList<>(profile.defaults().keySet());
                throw OperatorException.unknown("option of profile " + profile, name, known);
            }
        }
        Map<String, String> values = new LinkedHashMap<>(profile.defaults());
        values.putAll(given);
        values.replaceAll(CreateOptions::canonical);
        return values;
    }

    private static String canonical(String name, String value) {
        return switch (name) {
            case "memory" -> memory(value);
            case Profile.CPUS -> number(name, value, MOST_PROCESSORS);
            case "mips" -> number(name, value, MOST_MIPS);
            case "irq" -> word(name, value);
            case "serial" -> serial(value);
            case "cpu-model" -> processor(value);
            case "test-devices", "vtd", "edu", "x2apic", "root-ports", "endpoint", "structure-caches" -> flag(name, value);
            case "vtd-profile" -> choice(name, value, "gm45", "client", "server", "scalable", "scalable-second");
            case "vtd-replacement" -> choice(name, value, "LRU", "FIFO");
            case "vtd-cache" -> capacity(name, value);
            default -> value;
        };
    }

    private static String choice(String name, String value, String... possible) {
        if (!List.of(possible).contains(value)) {
            throw new OperatorException(name + " '" + value + "' is not possible; it must be " + String.join(", ", Arrays.copyOf(possible, possible.length - 1))
                    + " or " + possible[possible.length - 1]);
        }
        return value;
    }

    private static String capacity(String name, String value) {
        String number = number(name, value, MOST_CACHED);
        if (Long.bitCount(Long.parseLong(number)) != 1) {
            throw new OperatorException(name + " " + value + " is not possible; it must be a power of two, 1 to " + MOST_CACHED);
        }
        return number;
    }

    private static String memory(String value) {
        long bytes = LoadOptions.number("memory", value, Long.MAX_VALUE);
        if (bytes < MEBIBYTE || bytes > MOST_MEMORY || bytes % MEBIBYTE != 0) {
            throw new OperatorException("memory " + value + " is not possible; it must be 1M to 64G, in whole MiB");
        }
        return Long.toString(bytes);
    }

    private static String number(String name, String value, long most) {
        long number = LoadOptions.number(name, value, Long.MAX_VALUE);
        if (number < 1 || number > most) {
            throw new OperatorException(name + " " + value + " is not possible; it must be 1 to " + most);
        }
        return Long.toString(number);
    }

    private static String word(String name, String value) {
        if (!value.matches("[a-z0-9.]+")) {
            throw new OperatorException(name + " '" + value + "' is no model; one is pic");
        }
        return value;
    }

    private static String serial(String value) {
        if (!value.matches("console|file:.+|tcp:\\d{1,5}")) {
            throw new OperatorException("serial '" + value + "' is no back end; it must be console, file:PATH or tcp:PORT");
        }
        return value;
    }

    private static String processor(String value) {
        if (!value.matches("x86-64-v[23]")) {
            throw new OperatorException("cpu-model '" + value + "' is no processor; it must be x86-64-v2 or x86-64-v3");
        }
        return value;
    }

    private static String flag(String name, String value) {
        if (!value.equals("true") && !value.equals("false")) {
            throw new OperatorException(name + " '" + value + "' must be true or false");
        }
        return value;
    }
}
