package com.vtsim.shell.family;

import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.shell.draw.Drawable;
import com.vtsim.shell.draw.Drawing;
import com.vtsim.shell.draw.Paint;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Disassembled instructions.
 *
 * @param lines in order
 */
public record Listing(List<LogicalProcessor.Line> lines) implements Drawable {
    private static final int BYTES_SHOWN = 10;

    @Override
    public String line() {
        return lines.size() + " instructions";
    }

    @Override
    public String full(Paint paint) {
        return lines.stream().map(line -> row(line, paint)).collect(Collectors.joining("\n"));
    }

    static String row(LogicalProcessor.Line line, Paint paint) {
        StringBuilder bytes = new StringBuilder();
        for (int i = 0; i < line.bytes().length; i++) {
            bytes.append(String.format("%02x", line.bytes()[i]));
        }
        String address = Drawing.hexadecimal(line.address(), line.address() >>> 32 == 0 ? 8 : 16);
        return paint.as(Paint.Role.NAME, address) + "  " + paint.as(Paint.Role.FAINT, String.format("%-" + 2 * BYTES_SHOWN + "s", bytes)) + "  " + line.text();
    }
}
