package com.vtsim.cpu.isa;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Cuts a source line into tokens. */
final class Lexer {
    private static final String SIGNS = "+-*/%&|^~()[],:=";

    private final String line;
    private final int number;
    private int at;

    private Lexer(String line, int number) {
        this.line = line;
        this.number = number;
    }

    /**
     * @param line   one line; a comment runs from a semicolon to its end
     * @param number 1-based, for messages
     * @return the tokens, the last of kind END
     */
    static List<Token> tokens(String line, int number) {
        Lexer lexer = new Lexer(line, number);
        List<Token> tokens = new ArrayList<>();
        for (Token token = lexer.next(); token != null; token = lexer.next()) {
            tokens.add(token);
        }
        tokens.add(new Token(Token.Kind.END, "", 0, lexer.at + 1));
        return tokens;
    }

    private Token next() {
        while (at < line.length() && Character.isWhitespace(line.charAt(at))) {
            at++;
        }
        if (at == line.length() || line.charAt(at) == ';') {
            return null;
        }
        int start = at;
        char first = line.charAt(at);
        if (first == '\'' || first == '"' || first == '`') {
            return string(first);
        }
        if (Character.isDigit(first)) {
            return number();
        }
        if (isNamePart(first)) {
            while (at < line.length() && (isNamePart(line.charAt(at)) || Character.isDigit(line.charAt(at)))) {
                at++;
            }
            return new Token(Token.Kind.NAME, line.substring(start, at), 0, start + 1);
        }
        String two = line.substring(at, Math.min(line.length(), at + 2));
        if (two.equals("<<") || two.equals(">>")) {
            at += 2;
            return new Token(Token.Kind.SIGN, two, 0, start + 1);
        }
        if (SIGNS.indexOf(first) < 0) {
            throw new AssemblyException(number, start + 1, "character '" + first + "' has no meaning here; a comment starts with ';'");
        }
        at++;
        return new Token(Token.Kind.SIGN, String.valueOf(first), 0, start + 1);
    }

    private static boolean isNamePart(char c) {
        return Character.isLetter(c) || c == '_' || c == '.' || c == '$' || c == '?' || c == '@' || c == '#';
    }

    private Token string(char quote) {
        int start = at;
        int end = line.indexOf(quote, at + 1);
        if (end < 0) {
            throw new AssemblyException(number, start + 1, "string without its closing " + quote);
        }
        at = end + 1;
        return new Token(Token.Kind.STRING, line.substring(start + 1, end), 0, start + 1);
    }

    private Token number() {
        int start = at;
        while (at < line.length() && (Character.isLetterOrDigit(line.charAt(at)) || line.charAt(at) == '_')) {
            at++;
        }
        String text = line.substring(start, at);
        String plain = text.replace("_", "").toLowerCase(Locale.ROOT);
        try {
            return new Token(Token.Kind.NUMBER, text, value(plain), start + 1);
        } catch (NumberFormatException failure) {
            throw new AssemblyException(number, start + 1,
                    "'" + text + "' is not a number of at most 64 bits; write 123, 0x7b, 7bh, 0b1111011 or 1111011b");
        }
    }

    private static long value(String text) {
        if (text.startsWith("0x")) {
            return Long.parseUnsignedLong(text.substring(2), 16);
        }
        if (text.endsWith("h")) {
            return Long.parseUnsignedLong(text.substring(0, text.length() - 1), 16);
        }
        if (text.startsWith("0b")) {
            return Long.parseUnsignedLong(text.substring(2), 2);
        }
        if (text.endsWith("b")) {
            return Long.parseUnsignedLong(text.substring(0, text.length() - 1), 2);
        }
        return Long.parseUnsignedLong(text);
    }
}
