package com.vtsim.api.pci;

/** A capability by which a function sends its interrupts as messages: {@link Msi} or {@link MsiX}. Machine thread only. */
public abstract class Messages extends Capability {
    /** As {@link Capability}'s. */
    protected Messages(String name, int id, int length) {
        super(name, id, length);
    }

    /** @return whether software has enabled it; INTx is then not used */
    public abstract boolean enabled();

    /** @return how many vectors the function has, whatever software enabled */
    public abstract int vectors();

    /**
     * Sends a vector's message, or makes it pending while it is masked: it is sent when the mask is cleared.
     *
     * @param vector 0 to {@link #vectors} - 1
     * @return false if messages are not enabled, there is no way to memory, or the message was blocked
     */
    public abstract boolean raise(int vector);

    /** Takes back what is pending for a masked vector: its cause has gone. */
    public abstract void withdraw(int vector);

    /** Sends a message, unless the function sleeps. @return false if it has not been sent */
    final boolean send(long address, int data) {
        return upstream() != null && isAwake() && upstream().message(address, data);
    }
}
