package com.vtsim.machine;

/**
 * To whom a mapping, timer or sink belongs. A part has one from each attach to the next; what it took under it is
 * withdrawn all at once.
 */
final class Owner {
    /** The owner's name in maps and reports: a part's name, or {@link #OPERATOR}. */
    final String name;
    private final boolean lasting;
    private boolean open = true;

    /** What the operator maps, drives and loads; no part can have this name. */
    static final String OPERATOR = "<operator>";

    private Owner(String name, boolean lasting) {
        this.name = name;
        this.lasting = lasting;
    }

    static Owner part(String name) {
        return new Owner(name, false);
    }

    static Owner operator() {
        return new Owner(OPERATOR, true);
    }

    /** Whether its mappings stay when the parts are attached afresh. */
    boolean lasts() {
        return lasting;
    }

    void close() {
        open = false;
    }

    /** A part that takes something through the board of an earlier attach would keep it for ever: that is a defect of the part. */
    void check() {
        if (!open) {
            throw new IllegalStateException(name + " uses the board of an earlier attach");
        }
    }
}
