package com.vtsim.cpu.isa;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The opcode table: every instruction form VTSim knows, read once from the text files beside this class.
 * Decoder, disassembler and assembler are made from it. Immutable.
 */
public final class OpcodeTable {
    private static final String[] FILES = {"integer.txt", "system.txt", "x87.txt", "sse.txt", "vex.txt"};
    private static final String[] CONDITIONS = {"O", "NO", "B", "NB", "Z", "NZ", "BE", "NBE", "S", "NS", "P", "NP", "L", "NL", "LE", "NLE"};

    private final List<Row> rows = new ArrayList<>(2000);
    private final List<Form> forms;
    private final Map<String, List<Row>> byMnemonic = new HashMap<>(2000);
    private final Map<String, String> aliases = new HashMap<>();
    /** By mode (legacy, 64-bit), map, opcode. */
    private final Cell[][][] cells = new Cell[2][Row.MAPS][256];

    private static final class Holder {
        static final OpcodeTable TABLE = new OpcodeTable();
    }

    /** What stands in one place of the opcode map: the rows to try in turn, by ModRM.reg where there is a ModRM byte. */
    static final class Cell {
        private static final Row[] EMPTY = {};

        final boolean modRm;
        final Row[][] byReg;

        Cell(boolean modRm) {
            this.modRm = modRm;
            byReg = new Row[modRm ? 8 : 1][];
            Arrays.fill(byReg, EMPTY);
        }

        void add(Row row) {
            for (int reg = 0; reg < byReg.length; reg++) {
                if (row.digit < 0 || row.digit == reg || !modRm) {
                    Row[] longer = Arrays.copyOf(byReg[reg], byReg[reg].length + 1);
                    longer[longer.length - 1] = row;
                    byReg[reg] = longer;
                }
            }
        }
    }

    private OpcodeTable() {
        for (String file : FILES) {
            read(file);
        }
        List<Form> all = new ArrayList<>(rows.size());
        for (Row row : rows) {
            all.add(row.form);
            List<Row> same = byMnemonic.get(row.form.mnemonic());
            if (same == null) {
                same = new ArrayList<>(4);
                byMnemonic.put(row.form.mnemonic(), same);
            }
            same.add(row);
            place(row);
        }
        forms = List.copyOf(all);
    }

    /** @return the table; read on first use */
    public static OpcodeTable instance() {
        return Holder.TABLE;
    }

    /** @return all forms, in table order: {@link Form#index()} is the position */
    public List<Form> forms() {
        return forms;
    }

    /** @return the rows in table order */
    List<Row> rows() {
        return rows;
    }

    /** @return the rows of a mnemonic or of another name for it, empty if there is none */
    List<Row> rows(String mnemonic) {
        List<Row> found = byMnemonic.get(mnemonic);
        if (found == null) {
            String meant = aliases.get(mnemonic);
            found = meant == null ? null : byMnemonic.get(meant);
        }
        return found == null ? List.of() : found;
    }

    Cell[][] cells(boolean longMode) {
        return cells[longMode ? 1 : 0];
    }

    private void read(String file) {
        int number = 0;
        String feature = "";
        try (InputStream stream = OpcodeTable.class.getResourceAsStream(file);
                BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                number++;
                if (line.isEmpty() || line.charAt(0) == '#') {
                    continue;
                }
                if (line.charAt(0) == '[') {
                    feature = line.substring(1, line.indexOf(']'));
                } else if (line.startsWith("alias ")) {
                    List<String> names = RowText.split(line.substring(6), '=');
                    aliases.put(names.get(0), names.get(1));
                } else {
                    add(RowText.parse(line, feature));
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } catch (IllegalArgumentException | IndexOutOfBoundsException failure) {
            throw new IllegalStateException(file + ":" + number + ": " + failure.getMessage(), failure);
        }
    }

    private void add(RowText text) {
        if (!text.condition) {
            rows.add(new Row(text, rows.size()));
            return;
        }
        for (int code = 0; code < 16; code++) {
            rows.add(new Row(text.forCondition(code, CONDITIONS[code]), rows.size()));
        }
    }

    private void place(Row row) {
        for (int mode = 0; mode < 2; mode++) {
            if ((row.allowed & (mode == 0 ? Row.LEGACY : Row.LONG)) == 0) {
                continue;
            }
            for (int opcode = row.opcode; opcode < row.opcode + row.opcodes; opcode++) {
                Cell cell = cells[mode][row.map][opcode];
                if (cell == null) {
                    cell = new Cell(row.modRm);
                    cells[mode][row.map][opcode] = cell;
                }
                if (cell.modRm != row.modRm) {
                    throw new IllegalStateException("some rows of an opcode have a ModRM byte, some not: " + row);
                }
                cell.add(row);
            }
        }
    }
}
