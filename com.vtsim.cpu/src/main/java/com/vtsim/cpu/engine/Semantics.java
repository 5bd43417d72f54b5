package com.vtsim.cpu.engine;

import com.vtsim.cpu.isa.Form;
import java.util.HashMap;
import java.util.Map;

/** The meaning of every instruction form: which factory makes its operations. Filled once by the instruction groups. */
public final class Semantics {
    private final Map<String, OperationFactory> factories = new HashMap<>();
    private PairFactory pairs = (first, second, at) -> null;

    /**
     * Says what a mnemonic means, in every form that has no meaning of its own.
     *
     * @throws IllegalStateException if it has a meaning already
     */
    public void define(String mnemonic, OperationFactory factory) {
        if (factories.put(mnemonic, factory) != null) {
            throw new IllegalStateException(mnemonic + " is defined twice");
        }
    }

    /**
     * Says what one form of a mnemonic means; goes before the mnemonic's meaning.
     *
     * @param operands as {@link Form#operands}: {@code Sw,Ew} for the MOV that loads a segment register
     * @throws IllegalStateException if the form has a meaning of its own already
     */
    public void define(String mnemonic, String operands, OperationFactory factory) {
        define(mnemonic + " " + operands, factory);
    }

    /** @return the factory, or null if the processor does not have the instruction */
    public OperationFactory of(Form form) {
        OperationFactory own = factories.get(form.mnemonic() + " " + form.operands());
        return own != null ? own : factories.get(form.mnemonic());
    }

    /** Says which two instructions at the end of a block make one operation. */
    public void definePairs(PairFactory factory) {
        pairs = factory;
    }

    /** @return what {@link #definePairs} was told */
    PairFactory pairs() {
        return pairs;
    }
}
