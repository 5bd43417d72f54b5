package com.vtsim.cpu.engine;

import com.vtsim.cpu.isa.Form;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/** The meaning of every instruction form: which factory makes its operations. Filled once by the instruction groups. */
public final class Semantics {
    private final Map<String, OperationFactory> factories = new HashMap<>();
    private final Map<String, UnaryOperator<OperationFactory>> wrappers = new HashMap<>();
    private PairFactory pairs = (first, second, at) -> null;
    private BlockCompiler compiler = (instructions, operations, starts, length) -> null;

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
        OperationFactory found = own != null ? own : factories.get(form.mnemonic());
        UnaryOperator<OperationFactory> wrapper = wrappers.getOrDefault(form.mnemonic() + " " + form.operands(), wrappers.get(form.mnemonic()));
        return found == null || wrapper == null ? found : wrapper.apply(found);
    }

    /**
     * Puts something around what an instruction means: in VMX non-root operation it may make a VM exit instead.
     *
     * @param instruction a mnemonic, or one with its operands as {@link #define(String, String, OperationFactory)} takes them
     */
    public void wrap(String instruction, UnaryOperator<OperationFactory> by) {
        wrappers.put(instruction, by);
    }

    /** Says which two instructions at the end of a block make one operation. */
    public void definePairs(PairFactory factory) {
        pairs = factory;
    }

    /** Says who makes classes of blocks that are executed often; without, the interpreter executes them all. */
    public void defineCompiler(BlockCompiler maker) {
        compiler = maker;
    }

    /** @return what {@link #defineCompiler} was told */
    BlockCompiler compiler() {
        return compiler;
    }

    /** @return what {@link #definePairs} was told */
    PairFactory pairs() {
        return pairs;
    }
}
