package com.vtsim.shell.family;

import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.shell.draw.Drawable;
import com.vtsim.shell.draw.Drawing;
import com.vtsim.shell.draw.Paint;
import java.util.List;

/**
 * Registers: plain ones side by side, a segment's parts behind it, those whose bits have names on lines of their own.
 *
 * @param registers in the processor's order
 */
public record Registers(List<LogicalProcessor.Register> registers) implements Drawable {
    private static final int COLUMNS = 3;
    private static final int NAME = 6;

    @Override
    public String line() {
        return registers.size() + " registers";
    }

    @Override
    public String full(Paint paint) {
        StringBuilder text = new StringBuilder();
        LogicalProcessor.Register last = null;
        int column = 0;
        for (LogicalProcessor.Register register : registers) {
            boolean field = last != null && owner(register).equals(owner(last));
            boolean beside = field || last != null && plain(last) && plain(register) && register.bits() == last.bits() && column < COLUMNS;
            if (last != null) {
                text.append(beside ? "  " : "\n");
            }
            column = beside ? column + 1 : 1;
            String name = field ? register.name().substring(owner(register).length() + 1) : String.format("%-" + (NAME - 1) + "s", register.name());
            text.append(paint.as(Paint.Role.HEADING, name)).append(' ').append(Drawing.hexadecimal(register.value(), (Math.min(register.bits(), 64) + 3) / 4));
            if (!register.text().isEmpty()) {
                text.append("  ").append(paint.as(Paint.Role.FAINT, register.text()));
            }
            last = register;
        }
        return text.toString();
    }

    /** {@code cs} of {@code cs.base}. */
    private static String owner(LogicalProcessor.Register register) {
        int dot = register.name().indexOf('.');
        return dot < 0 ? register.name() : register.name().substring(0, dot);
    }

    private static boolean plain(LogicalProcessor.Register register) {
        return register.text().isEmpty();
    }
}
