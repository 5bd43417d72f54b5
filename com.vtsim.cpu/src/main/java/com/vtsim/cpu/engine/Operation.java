package com.vtsim.cpu.engine;

/**
 * One decoded instruction, ready to execute: operands are final fields of a small class per form.
 * <p>
 * During {@link #execute} the processor's {@code r[RIP]} holds the instruction pointer of the block's first instruction;
 * an operation that needs its own address was given its offset in the block by {@link Translation}. An operation that
 * transfers control sets {@link Cpu#next}. One that faults throws through {@link Cpu#fault} and must have changed nothing
 * that the manual says is left unchanged.
 */
public abstract class Operation {
    /** Executes it; without a transfer of control, execution goes on with the next operation. */
    public abstract void execute(Cpu cpu);

    /**
     * @return whether a block ends with this operation: it reads {@link Cpu#next}, which then holds the address of the
     *         following instruction, or sets it
     */
    public boolean endsBlock() {
        return false;
    }
}
