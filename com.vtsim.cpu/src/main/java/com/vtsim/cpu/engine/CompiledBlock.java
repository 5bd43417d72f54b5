package com.vtsim.cpu.engine;

/** A block as one method of a class of its own: what a {@link BlockCompiler} makes. */
public abstract class CompiledBlock {
    /**
     * Executes the block from its first operation, and again while it branches to itself and {@link Execution#again} lets it.
     *
     * @return how many instructions of the last time have been executed: all, or fewer where an operation has ended the block
     */
    public abstract int run(Cpu cpu, Execution execution);
}
