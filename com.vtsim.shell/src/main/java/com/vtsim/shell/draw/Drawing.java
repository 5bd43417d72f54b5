package com.vtsim.shell.draw;

import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.StringJoiner;

/** Draws what commands return: records as fields, lists of records as tables, and what draws itself. */
public final class Drawing {

    private Drawing() {
    }

    /**
     * All of a value, over several lines.
     *
     * @return null if this is no value that VTSim draws
     */
    public static String full(Object value, Paint paint) {
        if (value instanceof Drawable drawable) {
            return drawable.full(paint);
        }
        if (value instanceof Record fields) {
            return fields(fields, paint);
        }
        if (value instanceof Collection<?> collection) {
            return collection(collection, paint);
        }
        return null;
    }

    /**
     * A value on one line.
     *
     * @return null if this is no value that VTSim draws
     */
    public static String line(Object value) {
        if (value instanceof Drawable drawable) {
            return drawable.line();
        }
        if (value instanceof Record fields) {
            StringJoiner line = new StringJoiner("  ");
            for (RecordComponent component : fields.getClass().getRecordComponents()) {
                line.add(cell(fields, component));
            }
            return line.toString();
        }
        return null;
    }

    /** A value in hexadecimal, grouped by four digits: {@code ff00_0000}. */
    public static String hexadecimal(long value, int digits) {
        String all = Long.toHexString(value);
        StringBuilder text = new StringBuilder("0".repeat(Math.max(0, digits - all.length())) + all);
        for (int i = text.length() - 4; i > 0; i -= 4) {
            text.insert(i, '_');
        }
        return text.toString();
    }

    /** A number of bytes in the largest unit that leaves it whole: {@code 512M}. */
    public static String bytes(long value) {
        int unit = 0;
        long rest = value;
        while (rest != 0 && rest % 1024 == 0 && unit < 4) {
            rest /= 1024;
            unit++;
        }
        return rest + List.of("", "K", "M", "G", "T").get(unit);
    }

    /** A span of time in the largest unit that is not below one: {@code 1.5 ms}. */
    public static String duration(Duration span) {
        long nanoseconds = span.toNanos();
        if (nanoseconds < 1_000) {
            return nanoseconds + " ns";
        }
        double value = nanoseconds / 1e3;
        String unit = "us";
        if (nanoseconds >= 1_000_000_000L) {
            value = nanoseconds / 1e9;
            unit = "s";
        } else if (nanoseconds >= 1_000_000L) {
            value = nanoseconds / 1e6;
            unit = "ms";
        }
        String digits = String.format(Locale.ROOT, "%.3f", value).replaceAll("\\.?0+$", "");
        return digits + " " + unit;
    }

    private static String collection(Collection<?> collection, Paint paint) {
        if (collection.isEmpty()) {
            return "";
        }
        Class<?> type = collection.iterator().next().getClass();
        if (!type.isRecord() || Drawable.class.isAssignableFrom(type) || !collection.stream().allMatch(type::isInstance)) {
            return null;
        }
        RecordComponent[] components = type.getRecordComponents();
        String[] headings = new String[components.length];
        for (int i = 0; i < headings.length; i++) {
            headings[i] = (isNumber(components[i].getType()) ? ">" : "") + words(components[i].getName()).toUpperCase(Locale.ROOT);
        }
        Table table = new Table(headings);
        for (Object element : collection) {
            Object[] cells = new Object[components.length];
            for (int i = 0; i < cells.length; i++) {
                cells[i] = cell((Record) element, components[i]);
            }
            table.row(cells);
        }
        return table.full(paint);
    }

    private static String fields(Record fields, Paint paint) {
        RecordComponent[] components = fields.getClass().getRecordComponents();
        int width = 0;
        for (RecordComponent component : components) {
            width = Math.max(width, words(component.getName()).length());
        }
        StringJoiner text = new StringJoiner("\n");
        for (RecordComponent component : components) {
            String name = words(component.getName());
            text.add(paint.as(Paint.Role.HEADING, name) + " ".repeat(width - name.length() + 2) + cell(fields, component));
        }
        return text.toString();
    }

    private static String cell(Record fields, RecordComponent component) {
        Object value;
        try {
            component.getAccessor().setAccessible(true);
            value = component.getAccessor().invoke(fields);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot read " + component, e);
        }
        if (value instanceof Optional<?> optional) {
            value = optional.orElse(null);
        }
        if (value == null) {
            return "";
        }
        Hex hex = component.getAnnotation(Hex.class);
        if (hex != null && value instanceof Number number) {
            long bits = value instanceof Integer ? Integer.toUnsignedLong(number.intValue()) : number.longValue();
            return hexadecimal(bits, hex.value());
        }
        if (value instanceof Duration span) {
            return duration(span);
        }
        String line = line(value);
        return line != null ? line : value.toString();
    }

    private static boolean isNumber(Class<?> type) {
        return type.isPrimitive() && type != boolean.class && type != char.class || Number.class.isAssignableFrom(type);
    }

    /** {@code retiredInstructions} as {@code retired instructions}. */
    private static String words(String name) {
        return name.replaceAll("([a-z0-9])([A-Z])", "$1 $2").toLowerCase(Locale.ROOT);
    }
}
