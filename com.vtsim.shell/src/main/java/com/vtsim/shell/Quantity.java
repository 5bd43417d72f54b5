package com.vtsim.shell;

import com.vtsim.api.machine.OperatorException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Numbers, byte sizes and durations as operators write them: {@code 10}, {@code 0x10}, {@code ff00_0000h}, {@code 64K}, {@code 512M},
 * {@code 10s}, {@code 250ms}.
 * <p>
 * Factors of sizes are powers of 1024. A number without unit is a count, or bytes, or nanoseconds, as the command says.
 */
public final class Quantity {

    private static final Pattern HEX = Pattern.compile("0[xX]([0-9a-fA-F_]+)|([0-9][0-9a-fA-F_]*)[hH]");
    private static final Pattern DECIMAL = Pattern.compile("(-?[0-9][0-9_]*)(?:\\.([0-9]{1,9}))?([a-zA-Zµ]*)");
    private static final Map<String, Long> SIZES = Map.ofEntries(
            Map.entry("b", 1L),
            Map.entry("k", 1L << 10), Map.entry("kb", 1L << 10), Map.entry("kib", 1L << 10),
            Map.entry("m", 1L << 20), Map.entry("mb", 1L << 20), Map.entry("mib", 1L << 20),
            Map.entry("g", 1L << 30), Map.entry("gb", 1L << 30), Map.entry("gib", 1L << 30),
            Map.entry("t", 1L << 40), Map.entry("tb", 1L << 40), Map.entry("tib", 1L << 40));
    private static final Map<String, Long> TIMES = Map.of(
            "ns", 1L,
            "us", 1_000L,
            "µs", 1_000L,
            "ms", 1_000_000L,
            "s", 1_000_000_000L,
            "min", 60_000_000_000L,
            "h", 3_600_000_000_000L);

    private Quantity() {
    }

    /**
     * A count, a size in bytes or a duration in nanoseconds, by its unit.
     *
     * @param text hexadecimal values may use all 64 bits
     * @return the value; unsigned if written in hexadecimal
     * @throws OperatorException if the text is none of these or does not fit in 64 bits
     */
    public static long number(String text) {
        Matcher hex = HEX.matcher(text);
        if (hex.matches()) {
            return hexadecimal(text, hex.group(1) != null ? hex.group(1) : hex.group(2));
        }
        return decimal(text, true, true);
    }

    /**
     * Checks a number that an option gives.
     *
     * @param option its name, {@code --count}
     * @param least  the least that is possible
     * @param most   the most that is possible; {@link Long#MAX_VALUE} for no bound
     * @throws OperatorException if it is not possible
     */
    public static void check(String option, long value, long least, long most) {
        if (value < least || value > most) {
            throw new OperatorException(option + " " + value + " is not possible; it must be " + least + (most == Long.MAX_VALUE ? " or more" : " to " + most));
        }
    }

    /**
     * A number of bytes.
     *
     * @param text with a unit of size or none
     * @throws OperatorException if the text is no size, is negative or does not fit in 63 bits
     */
    public static long bytes(String text) {
        Matcher hex = HEX.matcher(text);
        long bytes = hex.matches() ? number(text) : decimal(text, true, false);
        if (bytes < 0) {
            throw new OperatorException("'" + text + "' is no size: it is negative");
        }
        return bytes;
    }

    /**
     * A span of time.
     *
     * @param text with a unit of time; only 0 goes without
     * @throws OperatorException if the text is no duration, is negative or exceeds 292 years
     */
    public static Duration duration(String text) {
        if (text.equals("0")) {
            return Duration.ZERO;
        }
        Matcher parts = DECIMAL.matcher(text);
        if (!parts.matches() || !TIMES.containsKey(parts.group(3).toLowerCase(Locale.ROOT))) {
            throw new OperatorException("'" + text + "' is no duration; write it as 250ms or 10s (units: ns, us, ms, s, min, h)");
        }
        long nanoseconds = decimal(text, false, true);
        if (nanoseconds < 0) {
            throw new OperatorException("'" + text + "' is no duration: it is negative");
        }
        return Duration.ofNanos(nanoseconds);
    }

    private static long hexadecimal(String text, String digits) {
        try {
            return Long.parseUnsignedLong(digits.replace("_", ""), 16);
        } catch (NumberFormatException e) {
            throw new OperatorException("'" + text + "' does not fit in 64 bits");
        }
    }

    private static long decimal(String text, boolean sizes, boolean times) {
        Matcher parts = DECIMAL.matcher(text);
        if (!parts.matches()) {
            throw malformed(text, sizes, times);
        }
        String unit = parts.group(3).toLowerCase(Locale.ROOT);
        Long factor = unit.isEmpty() ? Long.valueOf(1) : null;
        if (factor == null && sizes) {
            factor = SIZES.get(unit);
        }
        if (factor == null && times) {
            factor = TIMES.get(unit);
        }
        if (factor == null || unit.isEmpty() && parts.group(2) != null) {
            throw malformed(text, sizes, times);
        }
        try {
            long whole = Math.multiplyExact(Long.parseLong(parts.group(1).replace("_", "")), factor.longValue());
            return parts.group(2) == null ? whole : Math.addExact(whole, fraction(parts.group(1), parts.group(2), factor));
        } catch (ArithmeticException | NumberFormatException e) {
            throw new OperatorException("'" + text + "' does not fit in 63 bits");
        }
    }

    private static long fraction(String whole, String digits, long factor) {
        double part = Double.parseDouble("0." + digits) * factor;
        return Math.round(whole.startsWith("-") ? -part : part);
    }

    private static OperatorException malformed(String text, boolean sizes, boolean times) {
        String example = sizes && times ? "10, 0x10, 64K or 250ms" : "64K, 512M or 0x1000";
        return new OperatorException("'" + text + "' is no " + (times ? "number" : "size") + "; write it as " + example);
    }
}
