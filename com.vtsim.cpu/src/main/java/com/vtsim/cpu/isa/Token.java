package com.vtsim.cpu.isa;

/**
 * @param kind   what it is
 * @param text   as written; for a string its characters
 * @param value  of a number
 * @param column 1-based
 */
record Token(Kind kind, String text, long value, int column) {

    enum Kind { NAME, NUMBER, STRING, SIGN, END }

    boolean is(String sign) {
        return kind == Kind.SIGN && text.equals(sign);
    }

    /** @return how to name it in a message */
    String shown() {
        return kind == Kind.END ? "the end of the line" : "'" + text + "'";
    }
}
