package com.vtsim.shell.draw;

import com.vtsim.shell.draw.Paint.Role;
import java.util.ArrayList;
import java.util.List;

/** Rows under headings, each column as wide as its widest cell; columns of numbers stand to the right. */
public final class Table implements Drawable {

    private static final String GAP = "  ";

    private final List<String> headings;
    private final List<List<String>> rows = new ArrayList<>();
    private final boolean[] right;

    /** @param headings one per column; a heading that starts with {@code >} sets its column to the right */
    public Table(String... headings) {
        this.headings = new ArrayList<>();
        right = new boolean[headings.length];
        for (int i = 0; i < headings.length; i++) {
            right[i] = headings[i].startsWith(">");
            this.headings.add(right[i] ? headings[i].substring(1) : headings[i]);
        }
    }

    /**
     * Adds a row.
     *
     * @param cells at most one per column; null draws nothing
     * @return this table
     */
    public Table row(Object... cells) {
        if (cells.length > right.length) {
            throw new IllegalArgumentException(cells.length + " cells for " + right.length + " columns");
        }
        List<String> row = new ArrayList<>();
        for (int i = 0; i < right.length; i++) {
            row.add(i < cells.length && cells[i] != null ? cells[i].toString() : "");
        }
        rows.add(row);
        return this;
    }

    @Override
    public String line() {
        return rows.size() + (rows.size() == 1 ? " row" : " rows");
    }

    @Override
    public String full(Paint paint) {
        int[] widths = new int[right.length];
        widen(widths, headings);
        rows.forEach(row -> widen(widths, row));
        StringBuilder text = new StringBuilder();
        draw(text, widths, headings, paint, true);
        rows.forEach(row -> draw(text, widths, row, paint, false));
        return text.toString();
    }

    private static void widen(int[] widths, List<String> row) {
        for (int i = 0; i < widths.length; i++) {
            widths[i] = Math.max(widths[i], row.get(i).length());
        }
    }

    private void draw(StringBuilder text, int[] widths, List<String> row, Paint paint, boolean heading) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String cell = row.get(i);
            String space = " ".repeat(widths[i] - cell.length());
            Role role = heading ? Role.HEADING : i == 0 ? Role.NAME : null;
            String shown = role == null ? cell : paint.as(role, cell);
            line.append(i == 0 ? "" : GAP).append(right[i] ? space + shown : shown + space);
        }
        text.append(text.isEmpty() ? "" : "\n").append(line.toString().stripTrailing());
    }
}
