package com.vtsim.machine.load;

import com.vtsim.api.machine.OperatorException;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Options of a loader, by name, as the operator wrote them. */
public final class LoadOptions {
    private static final Pattern NUMBER = Pattern.compile("0[xX]([0-9a-fA-F_]+)|([0-9][0-9a-fA-F_]*)[hH]|([0-9][0-9_]*)([kKmMgG]?)");

    private final Map<String, String> values;

    /** @param values name to value */
    public LoadOptions(Map<String, String> values) {
        this.values = Map.copyOf(values);
    }

    /** @return the value, empty if it was not given */
    public Optional<String> text(String name) {
        return Optional.ofNullable(values.get(name));
    }

    /**
     * @param name    of the option
     * @param absent  value if it was not given
     * @throws OperatorException if it is no unsigned number
     */
    public long number(String name, long absent) {
        String text = values.get(name);
        return text == null ? absent : number(name, text, 1L << 52);
    }

    /**
     * Reads an unsigned number: {@code 7c00h}, {@code 0x7c00}, {@code 31744}, {@code 64K}.
     *
     * @param name  for the message
     * @param limit first value too large
     */
    public static long number(String name, String text, long limit) {
        Matcher matcher = NUMBER.matcher(text);
        if (!matcher.matches()) {
            throw new OperatorException(name + " '" + text + "' is no number; write it as 0x7c00, 7c00h, 31744 or 64K");
        }
        try {
            String hex = matcher.group(1) != null ? matcher.group(1) : matcher.group(2);
            long value = hex != null ? Long.parseLong(hex.replace("_", ""), 16)
                    : Math.multiplyExact(Long.parseLong(matcher.group(3).replace("_", "")), 1L << unit(matcher.group(4)));
            if (value < limit) {
                return value;
            }
        } catch (NumberFormatException | ArithmeticException e) {
            // Too large as well: falls through to the message below.
        }
        throw new OperatorException(name + " " + text + " is too large; it must be below " + hexadecimal(limit));
    }

    private static int unit(String letter) {
        return letter.isEmpty() ? 0 : 10 * ("kmg".indexOf(Character.toLowerCase(letter.charAt(0))) + 1);
    }

    /** A number as the messages print it: {@code 10_0000h}. */
    public static String hexadecimal(long value) {
        StringBuilder text = new StringBuilder(Long.toHexString(value));
        for (int i = text.length() - 4; i > 0; i -= 4) {
            text.insert(i, '_');
        }
        return text.append('h').toString();
    }

    /** A number of bytes in the largest unit that leaves it whole: {@code 256 KiB}. */
    public static String size(long bytes) {
        String[] units = {"bytes", "KiB", "MiB", "GiB"};
        int unit = 0;
        while (unit < 3 && bytes != 0 && bytes % 1024 == 0) {
            bytes /= 1024;
            unit++;
        }
        return bytes + " " + units[unit];
    }
}
