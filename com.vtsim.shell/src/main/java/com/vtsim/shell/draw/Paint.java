package com.vtsim.shell.draw;

/** The colours of the output: escape sequences on a terminal, nothing elsewhere. */
public enum Paint {
    /** For files, pipes and terminals without colour. */
    PLAIN,
    /** ANSI escape sequences. */
    COLOUR;

    /** What a piece of text is, not how it looks. */
    public enum Role {
        /** Column headings and field names. */
        HEADING("1"),
        /** Names that the operator can type. */
        NAME("36"),
        /** What matters less. */
        FAINT("90"),
        /** A state that is as it should be. */
        GOOD("32"),
        /** Something to look at. */
        WARNING("33"),
        /** Something that failed. */
        BAD("31");

        private final String code;

        Role(String code) {
            this.code = code;
        }
    }

    /** The text in the role's colour, or unchanged. */
    public String as(Role role, String text) {
        return this == PLAIN || text.isEmpty() ? text : "\u001b[" + role.code + "m" + text + "\u001b[0m";
    }
}
