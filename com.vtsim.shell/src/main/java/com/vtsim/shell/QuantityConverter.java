package com.vtsim.shell;

import com.vtsim.api.machine.OperatorException;
import java.time.Duration;
import java.util.Set;
import org.apache.felix.service.command.Converter;
import org.osgi.service.component.annotations.Component;

/** Lets command arguments be written as {@link Quantity} reads them. Which thread: the session's. */
@Component(property = {
    "osgi.converter.classes=long", "osgi.converter.classes=java.lang.Long",
    "osgi.converter.classes=int", "osgi.converter.classes=java.lang.Integer",
    "osgi.converter.classes=java.time.Duration"
})
public final class QuantityConverter implements Converter {

    private static final Set<Class<?>> INTEGRAL = Set.of(long.class, Long.class, int.class, Integer.class);

    @Override
    public Object convert(Class<?> desired, Object in) {
        // Gogo takes a plain decimal number of more than 32 bits for a Long, and would cut that to an int.
        if (!(in instanceof CharSequence) && !(in instanceof Long)) {
            return null;
        }
        String text = in.toString();
        if (desired == Duration.class) {
            return Quantity.duration(text);
        }
        if (!INTEGRAL.contains(desired)) {
            return null;
        }
        long value = Quantity.number(text);
        if (desired == long.class || desired == Long.class) {
            return value;
        }
        boolean hexadecimal = text.matches("0[xX].*|.*[hH]");
        if (value != (int) value && (!hexadecimal || value >>> 32 != 0)) {
            throw new OperatorException("'" + text + "' does not fit in 32 bits");
        }
        return (int) value;
    }

    @Override
    public CharSequence format(Object target, int level, Converter escape) {
        return null;
    }
}
