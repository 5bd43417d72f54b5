package com.vtsim.cpu.engine;

/** Names of the architecture's exceptions. @sdm Exception and Interrupt Vectors */
public final class Vectors {
    private static final String[] NAMES = {"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "9", "#TS", "#NP", "#SS", "#GP", "#PF", "15",
        "#MF", "#AC", "#MC", "#XM", "#VE", "#CP"};

    private Vectors() { }

    /** @return the mnemonic, or the number where there is none */
    public static String name(int vector) {
        return vector < NAMES.length ? NAMES[vector] : "vector " + vector;
    }
}
