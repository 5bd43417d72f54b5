package com.vtsim.cpu.isa;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Assembles whole sources in Intel syntax, close to NASM's. The language is described in docs/assembler.md.
 * <p>
 * Addresses are found in passes: every instruction starts at its shortest and only ever grows, until nothing moves.
 */
public final class Assembler {
    private static final int MAXIMUM_PASSES = 64;
    private static final int MAXIMUM_IMAGE = 64 << 20;
    private static final int NOP = 0x90;

    private final List<Statement> statements = new ArrayList<>();
    private final InstructionSelector selector = new InstructionSelector();
    private final Map<String, Long> symbols = new LinkedHashMap<>();
    private final Map<String, Integer> defined = new LinkedHashMap<>();
    private final List<Assembly.Line> lines = new ArrayList<>();
    private final Names names = new Names();
    private ByteArrayOutputStream image = new ByteArrayOutputStream();
    private long origin;
    private boolean changed;
    private boolean last;
    private Statement current;

    /** Symbols and place, as the statement under way sees them. */
    private final class Names implements Expression.Scope {
        private boolean unknown;

        @Override
        public long symbol(Expression.Symbol symbol) {
            Long value = symbols.get(symbol.name());
            if (value != null) {
                return value;
            }
            if (last || !defined.containsKey(symbol.name())) {
                throw error(symbol.column(), "symbol '" + symbol.name() + "' is not defined; a label is defined by '" + symbol.name() + ":'");
            }
            unknown = true;
            // No label lies before the origin, so differences with it do not go out of range.
            return origin;
        }

        @Override
        public boolean unknown() {
            return unknown;
        }

        @Override
        public long here() {
            return origin + image.size();
        }

        @Override
        public long start() {
            return origin;
        }

        @Override
        public AssemblyException error(int column, String message) {
            return new AssemblyException(current.line, column, message);
        }
    }

    private Assembler(long origin) {
        this.origin = origin;
    }

    /**
     * Assembles a source.
     *
     * @param source lines of text; 16-bit code until a {@code bits} directive
     * @param origin address of the first byte, unless an {@code org} before it says otherwise
     * @return the image
     * @throws AssemblyException naming line and column, what is wrong and what would be right
     */
    public static Assembly assemble(String source, long origin) {
        return assemble(source, origin, 16);
    }

    /**
     * Assembles a source.
     *
     * @param bits what code is made until a {@code bits} directive: 16, 32 or 64
     * @see #assemble(String, long)
     */
    public static Assembly assemble(String source, long origin, int bits) {
        Assembler assembler = new Assembler(origin);
        assembler.parse(source, bits);
        return assembler.layout();
    }

    private void parse(String source, int initialBits) {
        int bits = initialBits;
        boolean defaultRelative = false;
        String scope = "";
        int number = 0;
        for (String text : source.split("\n", -1)) {
            number++;
            Statement statement = new StatementParser(number, text.endsWith("\r") ? text.substring(0, text.length() - 1) : text, scope, bits)
                    .parse(defaultRelative);
            current = statement;
            if (statement.label != null) {
                Integer before = defined.putIfAbsent(statement.label, number);
                if (before != null) {
                    throw names.error(statement.labelColumn, "'" + statement.label + "' is already defined in line " + before);
                }
                // The name of an EQU opens no scope for local labels.
                if (!statement.label.contains(".") && !"equ".equals(statement.name)) {
                    scope = statement.label;
                }
            }
            if (statement.name == null) {
                if (statement.label != null) {
                    statements.add(statement);
                }
            } else if (statement.name.equals("bits") || statement.name.equals("use16") || statement.name.equals("use32")) {
                bits = bits(statement);
            } else if (statement.name.equals("default")) {
                defaultRelative = relative(statement);
            } else {
                statements.add(statement);
            }
        }
    }

    private int bits(Statement statement) {
        if (statement.name.startsWith("use")) {
            return Integer.parseInt(statement.name.substring(3));
        }
        long bits = statement.arguments.size() == 1 && statement.arguments.get(0).value() instanceof Expression.Number given ? given.number() : 0;
        if (bits != 16 && bits != 32 && bits != 64) {
            throw names.error(statement.column, "bits is followed by 16, 32 or 64");
        }
        return (int) bits;
    }

    private boolean relative(Statement statement) {
        String choice = statement.arguments.get(0).value() instanceof Expression.Symbol symbol ? symbol.name().toLowerCase(Locale.ROOT) : "";
        if (!choice.equals("rel") && !choice.equals("abs")) {
            throw names.error(statement.column, "default is followed by rel or abs");
        }
        return choice.equals("rel");
    }

    private Assembly layout() {
        long givenOrigin = origin;
        for (int pass = 0; pass < MAXIMUM_PASSES; pass++) {
            changed = false;
            origin = givenOrigin;
            image = new ByteArrayOutputStream(Math.max(64, image.size()));
            lines.clear();
            for (Statement statement : statements) {
                place(statement);
            }
            if (last) {
                return new Assembly(image.toByteArray(), origin, Map.copyOf(symbols), List.copyOf(lines));
            }
            // Once nothing moved, one more pass with every symbol known reports what is still wrong.
            last = !changed;
        }
        throw new AssemblyException(1, 1, "the addresses do not settle: some size depends on itself; look for a times or align that uses a later label");
    }

    private void place(Statement statement) {
        current = statement;
        names.unknown = false;
        if ("equ".equals(statement.name)) {
            equate(statement);
            return;
        }
        if (statement.label != null) {
            define(statement.label, names.here());
        }
        if (statement.name == null) {
            return;
        }
        long address = names.here();
        int before = image.size();
        long times = statement.times == null ? 1 : statement.times.value(names);
        if (names.unknown && statement.times != null) {
            times = 0;
        } else if (times < 0) {
            if (last) {
                throw names.error(statement.column, "times needs a count of 0 or more, not " + times);
            }
            times = 0;
        }
        for (long i = 0; i < times; i++) {
            emit(statement);
        }
        int length = image.size() - before;
        if (length != statement.length) {
            statement.length = length;
            changed = true;
        }
        if (length > 0) {
            lines.add(new Assembly.Line(statement.line, address, length));
        }
    }

    private void equate(Statement statement) {
        if (statement.label == null || statement.arguments.size() != 1 || statement.arguments.get(0).value() == null) {
            throw names.error(statement.column, "equ gives a name a number: name equ 5");
        }
        long value = statement.arguments.get(0).value().value(names);
        if (names.unknown) {
            changed = true;
        } else {
            define(statement.label, value);
        }
    }

    private void define(String label, long value) {
        Long before = symbols.put(label, value);
        changed |= before == null || before != value;
    }

    private void emit(Statement statement) {
        switch (statement.name) {
            case "db" -> data(statement, 1);
            case "dw" -> data(statement, 2);
            case "dd" -> data(statement, 4);
            case "dq" -> data(statement, 8);
            case "resb" -> fill(number(statement), 0, statement);
            case "resw" -> fill(number(statement) * 2, 0, statement);
            case "resd" -> fill(number(statement) * 4, 0, statement);
            case "resq" -> fill(number(statement) * 8, 0, statement);
            case "align" -> align(statement);
            case "org" -> org(statement);
            default -> image.writeBytes(selector.select(statement, names, statement.times == null ? statement.length : 0));
        }
    }

    private void data(Statement statement, int size) {
        for (Statement.Argument argument : statement.arguments) {
            if (argument.string() != null) {
                byte[] bytes = argument.string().getBytes(StandardCharsets.ISO_8859_1);
                image.writeBytes(bytes);
                fill((size - bytes.length % size) % size, 0, statement);
                continue;
            }
            long value = argument.value().value(names);
            long high = size == 8 ? 0 : value >> size * 8 - 1;
            if (last && high != 0 && high != 1 && high != -1) {
                throw names.error(argument.column(), "0x" + Long.toHexString(value) + " does not fit into " + size * 8 + " bits");
            }
            for (int i = 0; i < size; i++) {
                image.write((int) (value >> i * 8));
            }
        }
    }

    private long number(Statement statement) {
        if (statement.arguments.isEmpty() || statement.arguments.get(0).value() == null) {
            throw names.error(statement.column, statement.name + " needs a number");
        }
        return statement.arguments.get(0).value().value(names);
    }

    private void align(Statement statement) {
        long boundary = number(statement);
        if (Long.bitCount(boundary) != 1 || boundary < 0) {
            throw names.error(statement.column, "align needs a power of two, not " + boundary);
        }
        int fill = statement.arguments.size() > 1 ? (int) statement.arguments.get(1).value().value(names) : NOP;
        fill(-names.here() & boundary - 1, fill, statement);
    }

    private void org(Statement statement) {
        long address = number(statement);
        if (image.size() == 0 && lines.isEmpty()) {
            origin = address;
        } else if (Long.compareUnsigned(address, names.here()) < 0) {
            if (last) {
                throw names.error(statement.column, "org cannot go back: the image has reached 0x" + Long.toHexString(names.here()));
            }
        } else {
            fill(address - names.here(), 0, statement);
        }
    }

    private void fill(long count, int value, Statement statement) {
        if (count < 0 || count + image.size() > MAXIMUM_IMAGE) {
            throw names.error(statement.column, "the image would be larger than 64 MiB");
        }
        for (long i = 0; i < count; i++) {
            image.write(value);
        }
    }
}
