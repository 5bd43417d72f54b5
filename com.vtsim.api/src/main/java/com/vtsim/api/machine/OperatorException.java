package com.vtsim.api.machine;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Something an operator asked for cannot be done; the message is one line that says what was wrong and what would be right. */
public class OperatorException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message one line */
    public OperatorException(String message) {
        super(message);
    }

    /** @param message one line; @param cause what lies behind it */
    public OperatorException(String message, Throwable cause) {
        super(message, cause);
    }

    /**
     * A name that stands for nothing: says so, proposes the nearest known one and lists the others.
     *
     * @param what  kind of thing, {@code machine}
     * @param name  as the operator gave it
     * @param known names there are, in the order to list them
     */
    public static OperatorException unknown(String what, String name, Collection<String> known) {
        if (known.isEmpty()) {
            return new OperatorException("no " + what + " '" + name + "'; there is none at all");
        }
        Optional<String> nearest = known.stream().min(Comparator.comparingInt(candidate -> distance(name, candidate)))
                .filter(candidate -> distance(name, candidate) <= Math.max(1, Math.min(name.length(), candidate.length()) / 2));
        String suggestion = nearest.filter(candidate -> known.size() > 1).map(candidate -> "; did you mean '" + candidate + "'?").orElse("");
        return new OperatorException("no " + what + " '" + name + "'" + suggestion + (suggestion.isEmpty() ? ";" : "") + " there "
                + (known.size() == 1 ? "is " : "are ") + String.join(", ", known));
    }

    /** Letters to insert, remove or replace to get from one to the other, letter case aside. */
    private static int distance(String from, String to) {
        String a = from.toLowerCase(Locale.ROOT);
        String b = to.toLowerCase(Locale.ROOT);
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
