package com.vtsim.cpu.isa;

import com.vtsim.cpu.isa.Operand.Register;
import com.vtsim.cpu.isa.Operand.RegisterFile;
import com.vtsim.cpu.isa.SourceOperand.Reach;
import com.vtsim.cpu.isa.SourceOperand.Scaled;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Parses one line of source into a {@link Statement}. */
final class StatementParser {
    private static final Map<String, Integer> SIZES = Map.ofEntries(Map.entry("byte", 1), Map.entry("word", 2), Map.entry("dword", 4),
            Map.entry("fword", 6), Map.entry("qword", 8), Map.entry("tword", 10), Map.entry("tbyte", 10), Map.entry("oword", 16),
            Map.entry("xmmword", 16), Map.entry("yword", 32), Map.entry("ymmword", 32));
    private static final String[] RISING = {"|", "^", "&", "<< >>", "+ -", "* / %"};

    private final int line;
    private final List<Token> tokens;
    private final String scope;
    private final int bits;
    private int at;

    /**
     * @param line  1-based
     * @param text  the line
     * @param scope the last label that was not local, which local labels belong to
     * @param bits  16, 32 or 64
     */
    StatementParser(int line, String text, String scope, int bits) {
        this.line = line;
        this.scope = scope;
        this.bits = bits;
        tokens = Lexer.tokens(text, line);
    }

    /** @return the statement; its name is null where the line has a label only or nothing */
    Statement parse(boolean defaultRelative) {
        Statement statement = new Statement(line);
        statement.bits = bits;
        statement.defaultRelative = defaultRelative;
        boolean bracketed = peek().is("[");
        if (bracketed) {
            at++;
        }
        parseLabel(statement);
        if (peek().kind() == Token.Kind.END) {
            return statement;
        }
        if (isName("times")) {
            at++;
            statement.times = expression();
        }
        parsePrefixes(statement);
        Token name = take();
        if (name.kind() != Token.Kind.NAME) {
            throw error(name.column(), "an instruction or directive must stand here, not " + name.shown());
        }
        statement.name = name.text().toLowerCase(Locale.ROOT);
        statement.column = name.column();
        if (statement.isData() || statement.name.equals("bits") || statement.name.equals("default")) {
            statement.arguments = arguments();
        } else {
            statement.operands = operands();
        }
        if (bracketed) {
            expect("]");
        }
        if (peek().kind() != Token.Kind.END) {
            throw error(peek().column(), "nothing more was expected here, but there is " + peek().shown());
        }
        return statement;
    }

    private void parseLabel(Statement statement) {
        Token first = peek();
        if (first.kind() != Token.Kind.NAME) {
            return;
        }
        Token second = tokens.get(at + 1);
        boolean colon = second.is(":") && segment(first) < 0;
        boolean beforeData = second.kind() == Token.Kind.NAME && (Statement.isData(second.text().toLowerCase(Locale.ROOT))
                || second.text().equalsIgnoreCase("times"));
        boolean own = Statement.isData(first.text().toLowerCase(Locale.ROOT)) || first.text().equalsIgnoreCase("times");
        if (colon || beforeData && !own) {
            if (register(first) != null) {
                throw error(first.column(), "'" + first.text() + "' is a register and cannot be a label");
            }
            statement.label = complete(first.text());
            statement.labelColumn = first.column();
            at += colon ? 2 : 1;
        }
    }

    private void parsePrefixes(Statement statement) {
        while (peek().kind() == Token.Kind.NAME && tokens.get(at + 1).kind() == Token.Kind.NAME) {
            switch (peek().text().toLowerCase(Locale.ROOT)) {
                case "lock" -> statement.lock = true;
                case "rep", "repe", "repz" -> statement.repeat = 0xF3;
                case "repne", "repnz" -> statement.repeat = 0xF2;
                case "o16", "data16" -> statement.operandSize = 2;
                case "o32", "data32" -> statement.operandSize = 4;
                case "o64" -> statement.operandSize = 8;
                case "a16", "addr16" -> statement.addressSize = 2;
                case "a32", "addr32" -> statement.addressSize = 4;
                case "a64" -> statement.addressSize = 8;
                default -> {
                    int segment = segment(peek());
                    if (segment < 0) {
                        return;
                    }
                    statement.segmentOverride = segment;
                }
            }
            at++;
        }
    }

    private List<Statement.Argument> arguments() {
        List<Statement.Argument> arguments = new ArrayList<>();
        do {
            Token token = peek();
            if (token.kind() == Token.Kind.STRING && isArgumentEnd(tokens.get(at + 1))) {
                at++;
                arguments.add(new Statement.Argument(token.text(), null, token.column()));
            } else {
                arguments.add(new Statement.Argument(null, expression(), token.column()));
            }
        } while (skip(","));
        return arguments;
    }

    private static boolean isArgumentEnd(Token token) {
        return token.kind() == Token.Kind.END || token.is(",") || token.is("]");
    }

    private List<SourceOperand> operands() {
        List<SourceOperand> operands = new ArrayList<>();
        if (peek().kind() != Token.Kind.END && !peek().is("]")) {
            do {
                operands.add(operand());
            } while (skip(","));
        }
        return operands;
    }

    private SourceOperand operand() {
        int column = peek().column();
        int size = 0;
        Reach reach = Reach.ANY;
        boolean far = false;
        while (peek().kind() == Token.Kind.NAME) {
            String word = peek().text().toLowerCase(Locale.ROOT);
            if (SIZES.containsKey(word)) {
                size = SIZES.get(word);
            } else if (word.equals("short")) {
                reach = Reach.SHORT;
            } else if (word.equals("near")) {
                reach = Reach.NEAR;
            } else if (word.equals("far")) {
                far = true;
            } else if (!word.equals("ptr")) {
                break;
            }
            at++;
        }
        if (peek().is("[")) {
            return memory(-1, size, far, column);
        }
        int segment = peek().kind() == Token.Kind.NAME && tokens.get(at + 1).is(":") ? segment(peek()) : -1;
        if (segment >= 0) {
            at += 2;
            if (peek().is("[")) {
                return memory(segment, size, far, column);
            }
            // GNU writes an absolute reference without brackets.
            return new SourceOperand.OfMemory(segment, List.of(), expression(), false, false, size == 0 ? -1 : size, far, column);
        }
        Register register = takeRegister();
        if (register != null) {
            return new SourceOperand.OfRegister(register, column);
        }
        Expression value = expression();
        if (skip(":")) {
            return new SourceOperand.OfFarPointer(value, expression(), size, column);
        }
        return new SourceOperand.OfValue(value, size, reach, column);
    }

    private Register takeRegister() {
        Register register = peek().kind() == Token.Kind.NAME ? register(peek()) : null;
        if (register == null) {
            return null;
        }
        Token name = take();
        if (name.text().equalsIgnoreCase("st") && skip("(")) {
            Token number = take();
            expect(")");
            if (number.kind() != Token.Kind.NUMBER || number.value() > 7) {
                throw error(number.column(), "the x87 stack has st(0) to st(7)");
            }
            return Registers.of(RegisterFile.X87, (int) number.value(), 8);
        }
        return register;
    }

    private Register register(Token token) {
        return RegisterNames.find(token.text().toLowerCase(Locale.ROOT));
    }

    private int segment(Token token) {
        Register register = register(token);
        return register != null && register.file() == RegisterFile.SEGMENT ? register.number() : -1;
    }

    private SourceOperand memory(int override, int size, boolean far, int column) {
        expect("[");
        int segment = override;
        boolean relative = false;
        boolean absolute = false;
        while (isName("rel") || isName("abs") || peek().kind() == Token.Kind.NAME && SIZES.containsKey(peek().text().toLowerCase(Locale.ROOT))) {
            relative |= isName("rel");
            absolute |= isName("abs");
            at++;
        }
        if (peek().kind() == Token.Kind.NAME && tokens.get(at + 1).is(":")) {
            segment = segment(peek());
            if (segment < 0) {
                throw error(peek().column(), peek().shown() + " is no segment register; es, cs, ss, ds, fs or gs can stand before the colon");
            }
            at += 2;
        }
        List<Scaled> registers = new ArrayList<>(2);
        Expression displacement = null;
        boolean instructionPointer = false;
        boolean negative = false;
        do {
            Token token = peek();
            if (isName("rip") || isName("eip")) {
                instructionPointer = true;
                registers.add(new Scaled(Registers.of(RegisterFile.GENERAL, 0, isName("rip") ? 8 : 4), 0));
                at++;
            } else {
                Scaled scaled = scaledRegister();
                if (scaled != null && negative) {
                    throw error(token.column(), "a register can be added to an address, not subtracted");
                }
                if (scaled != null) {
                    registers.add(scaled);
                } else {
                    Expression term = binary(RISING.length - 1);
                    term = negative ? new Expression.Unary('-', term) : term;
                    displacement = displacement == null ? term : new Expression.Binary("+", displacement, term, token.column());
                }
            }
            negative = peek().is("-");
        } while (skip("+") || skip("-"));
        expect("]");
        boolean toRip = relative && !absolute && registers.isEmpty();
        if (instructionPointer) {
            return new SourceOperand.OfMemory(segment, registers, displacement, true, false, size == 0 ? -1 : size, far, column);
        }
        return new SourceOperand.OfMemory(segment, registers, displacement, absolute, toRip, size == 0 ? -1 : size, far, column);
    }

    /** @return {@code eax}, {@code eax*4} or {@code 4*eax} if one stands here, else null with nothing taken */
    private Scaled scaledRegister() {
        int start = at;
        Register register = peek().kind() == Token.Kind.NAME ? register(peek()) : null;
        if (register != null) {
            Token name = take();
            boolean usable = register.file() == RegisterFile.GENERAL && register.size() > 1 || register.file() == RegisterFile.VECTOR;
            if (!usable) {
                throw error(name.column(), name.shown() + " cannot be part of an address");
            }
            return new Scaled(register, skip("*") ? scale() : 0);
        }
        if (peek().kind() == Token.Kind.NUMBER && tokens.get(at + 1).is("*")) {
            Token number = tokens.get(at);
            at += 2;
            register = peek().kind() == Token.Kind.NAME ? register(peek()) : null;
            if (register != null) {
                at++;
                at = start;
                int scale = scale();
                at = start + 3;
                return new Scaled(register, scale);
            }
            at = start;
            if (number.kind() == Token.Kind.NUMBER) {
                return null;
            }
        }
        return null;
    }

    private int scale() {
        Token token = take();
        if (token.kind() != Token.Kind.NUMBER || token.value() != 1 && token.value() != 2 && token.value() != 4 && token.value() != 8) {
            throw error(token.column(), "an index is scaled by 1, 2, 4 or 8, not by " + token.shown());
        }
        return (int) token.value();
    }

    private Expression expression() {
        return binary(0);
    }

    private Expression binary(int level) {
        if (level == RISING.length) {
            return unary();
        }
        Expression left = binary(level + 1);
        while (peek().kind() == Token.Kind.SIGN && (" " + RISING[level] + " ").contains(" " + peek().text() + " ")) {
            Token sign = take();
            left = new Expression.Binary(sign.text(), left, binary(level + 1), sign.column());
        }
        return left;
    }

    private Expression unary() {
        Token token = take();
        if (token.is("-") || token.is("~") || token.is("+")) {
            return new Expression.Unary(token.text().charAt(0), unary());
        }
        if (token.is("(")) {
            Expression inner = expression();
            expect(")");
            return inner;
        }
        return switch (token.kind()) {
            case NUMBER -> new Expression.Number(token.value());
            case STRING -> new Expression.Number(characters(token));
            case NAME -> name(token);
            default -> throw error(token.column(), "a number or name must stand here, not " + token.shown());
        };
    }

    private Expression name(Token token) {
        if (token.text().equals("$") || token.text().equals("$$")) {
            return new Expression.Place(token.text().length() == 2);
        }
        if (register(token) != null) {
            throw error(token.column(), "register " + token.shown() + " cannot be part of a constant");
        }
        return new Expression.Symbol(complete(token.text()), token.column());
    }

    private long characters(Token token) {
        if (token.text().length() > 8) {
            throw error(token.column(), "a string of at most 8 characters can be a number");
        }
        long value = 0;
        for (int i = token.text().length() - 1; i >= 0; i--) {
            value = value << 8 | token.text().charAt(i) & 0xFF;
        }
        return value;
    }

    private String complete(String name) {
        return name.startsWith(".") ? scope + name : name;
    }

    private boolean isName(String word) {
        return peek().kind() == Token.Kind.NAME && peek().text().equalsIgnoreCase(word);
    }

    private Token peek() {
        return tokens.get(at);
    }

    private Token take() {
        Token token = tokens.get(at);
        if (at < tokens.size() - 1) {
            at++;
        }
        return token;
    }

    private boolean skip(String sign) {
        if (peek().is(sign)) {
            at++;
            return true;
        }
        return false;
    }

    private void expect(String sign) {
        if (!skip(sign)) {
            throw error(peek().column(), "'" + sign + "' must stand here, not " + peek().shown());
        }
    }

    private AssemblyException error(int column, String message) {
        return new AssemblyException(line, column, message);
    }
}
