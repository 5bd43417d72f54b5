package com.vtsim.cpu.engine;

import java.util.HashMap;
import java.util.Map;

/** The meaning of every mnemonic: which factory makes its operations. Filled once by the instruction groups. */
public final class Semantics {
    private final Map<String, OperationFactory> factories = new HashMap<>();

    /**
     * Says what a mnemonic means.
     *
     * @throws IllegalStateException if it has a meaning already
     */
    public void define(String mnemonic, OperationFactory factory) {
        if (factories.put(mnemonic, factory) != null) {
            throw new IllegalStateException(mnemonic + " is defined twice");
        }
    }

    /** @return the factory, or null if the processor does not have the instruction */
    public OperationFactory of(String mnemonic) {
        return factories.get(mnemonic);
    }
}
