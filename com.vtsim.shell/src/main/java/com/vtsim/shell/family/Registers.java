package com.vtsim.shell.family;

import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.shell.draw.Drawable;
import com.vtsim.shell.draw.Drawing;
import com.vtsim.shell.draw.Paint;
import java.util.List;

/**
 * Registers: plain ones side by side, those whose bits have names on lines of their own.
 *
 * @param registers in the processor's order
 */
public record Registers(List<LogicalProcessor.Register> registers) implements Drawable {
    private static final int COLUMNS = 4;
    private static final int NAME = 7;

    @Override
    public String line() {
        return registers.size() + " registers";
    }

    @Override
    public String full(Paint paint) {
        StringBuilder text = new StringBuilder();
        int column = 0;
        int bits = 0;
        for (LogicalProcessor.Register register : registers) {
            boolean alone = !register.text().isEmpty();
            if (!text.isEmpty()) {
                boolean ends = alone || column == COLUMNS || register.bits() != bits;
                text.append(ends ? "\n" : "  ");
                column = ends ? 0 : column;
            }
            int digits = (Math.min(register.bits(), 64) + 3) / 4;
            text.append(paint.as(Paint.Role.HEADING, String.format("%-" + NAME + "s", register.name()))).append(' ').append(Drawing.hexadecimal(register.value(), digits));
            if (alone) {
                text.append("  ").append(paint.as(Paint.Role.FAINT, register.text()));
            }
            column = alone ? COLUMNS : column + 1;
            bits = register.bits();
        }
        return text.toString();
    }
}
