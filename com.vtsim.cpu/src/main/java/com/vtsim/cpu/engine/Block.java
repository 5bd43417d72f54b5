package com.vtsim.cpu.engine;

/** A straight run of operations decoded from one page (its last instruction may reach into the next). */
final class Block {
    /** Nobody has asked yet. */
    static final int UNKNOWN = -1;
    /** @return what was executed before anything was */
    static Block none() {
        return new Block(-1, 0, 0, new Operation[0], new short[0], new Operation[0], null);
    }

    /** {@link Mode} it was decoded for. */
    final int key;
    /** Offset of its first byte in its page. */
    final int offset;
    /** Bytes. */
    final int length;
    /** In order. */
    final Operation[] operations;
    /** The same for an execution of the whole block: the last two may be one. */
    final Operation[] whole;
    /** Offset of each instruction from the first. */
    final short[] starts;
    /** The page its last instruction reaches into, or null. */
    final CodePage second;
    /** False once a byte of it has been written. */
    boolean valid = true;
    /** Instructions executed in it by the interpreter, whole executions only; negative once it is to stay there. */
    int heat;
    /** What a trace tells of its only instruction, or {@link #UNKNOWN}. */
    int branch = UNKNOWN;
    /** What executes it in place of the interpreter, or null. */
    CompiledBlock compiled;
    /** The page that keeps it; null until it is kept, or where code is fetched from a device. */
    CodePage page;
    /** Next in its bucket of {@link CodePage}. */
    Block chained;
    /** The blocks last executed after this one, by linear address; good while {@link CodeCache#epoch} is the noted one. */
    private Block firstSuccessor;
    private Block secondSuccessor;
    private long firstAddress;
    private long secondAddress;
    private long firstEpoch = -1;
    private long secondEpoch = -1;

    Block(int key, int offset, int length, Operation[] operations, short[] starts, Operation[] whole, CodePage second) {
        this.key = key;
        this.offset = offset;
        this.length = length;
        this.operations = operations;
        this.starts = starts;
        this.whole = whole;
        this.second = second;
    }

    /** @return the block that followed this one at a linear address, or null if that has to be looked up */
    Block successor(long linear, int mode, long epoch) {
        if (firstAddress == linear && firstEpoch == epoch && firstSuccessor.valid && firstSuccessor.key == mode) {
            return firstSuccessor;
        }
        if (secondAddress == linear && secondEpoch == epoch && secondSuccessor.valid && secondSuccessor.key == mode) {
            return secondSuccessor;
        }
        return null;
    }

    /** Notes the block that followed this one. */
    void succeededBy(Block block, long linear, long epoch) {
        secondSuccessor = firstSuccessor;
        secondAddress = firstAddress;
        secondEpoch = firstEpoch;
        firstSuccessor = block;
        firstAddress = linear;
        firstEpoch = epoch;
    }

    /** @return the block that once followed this one at a linear address, or null; the address may mean something else since */
    Block formerSuccessor(long linear, int mode) {
        Block former = firstAddress == linear ? firstSuccessor : secondAddress == linear ? secondSuccessor : null;
        return former != null && former.valid && former.key == mode ? former : null;
    }

    /** The former successor is one again. */
    void confirm(long linear, long epoch) {
        if (firstAddress == linear) {
            firstEpoch = epoch;
        } else {
            secondEpoch = epoch;
        }
    }
}
