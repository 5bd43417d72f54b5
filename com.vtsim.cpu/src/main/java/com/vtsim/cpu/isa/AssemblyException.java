package com.vtsim.cpu.isa;

/** Source that cannot be assembled: where, what is wrong, and what would be right. */
public final class AssemblyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int line;
    private final int column;

    AssemblyException(int line, int column, String message) {
        super("line " + line + ", column " + column + ": " + message);
        this.line = line;
        this.column = column;
    }

    /** @return 1-based */
    public int line() {
        return line;
    }

    /** @return 1-based, in characters */
    public int column() {
        return column;
    }
}
