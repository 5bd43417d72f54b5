package com.vtsim.shell.family;

import com.vtsim.shell.draw.Drawable;
import com.vtsim.shell.draw.Drawing;
import com.vtsim.shell.draw.Paint;

/**
 * Bytes with their addresses, 16 a line, and as text.
 *
 * @param address of the first byte
 * @param bytes   content; −1 where reading would have disturbed a device
 * @param digits  of the addresses
 */
public record HexDump(long address, int[] bytes, int digits) implements Drawable {
    private static final int ROW = 16;

    @Override
    public String line() {
        return bytes.length + " bytes at " + Drawing.hexadecimal(address, digits);
    }

    @Override
    public String full(Paint paint) {
        StringBuilder text = new StringBuilder();
        for (long row = address & -ROW; row < address + bytes.length; row += ROW) {
            StringBuilder hex = new StringBuilder();
            StringBuilder letters = new StringBuilder();
            for (int i = 0; i < ROW; i++) {
                long at = row + i - address;
                boolean inside = at >= 0 && at < bytes.length;
                int value = inside ? bytes[(int) at] : 0;
                hex.append(i == ROW / 2 ? "  " : " ").append(!inside ? "  " : value < 0 ? "··" : String.format("%02x", value));
                letters.append(!inside ? ' ' : value >= 0x20 && value < 0x7F ? (char) value : '.');
            }
            text.append(text.isEmpty() ? "" : "\n").append(paint.as(Paint.Role.NAME, Drawing.hexadecimal(row, digits)))
                    .append(' ').append(hex).append("  ").append(paint.as(Paint.Role.FAINT, "|" + letters + "|"));
        }
        return text.toString();
    }
}
