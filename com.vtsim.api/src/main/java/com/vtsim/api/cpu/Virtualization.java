package com.vtsim.api.cpu;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** VMX operation of a processor, as its operator sees it. Machine thread only. */
@ConsumerType
public interface Virtualization {
    /** @return where the processor stands */
    Operation operation();

    /** @return physical address of the current VMCS, or -1 */
    long current();

    /** @return whether the current VMCS is in the launched state */
    boolean launched();

    /** @return EPT pointer of the current VMCS where it enables EPT, or -1 */
    long eptp();

    /** @return the fields of the current VMCS; empty if there is none */
    List<Field> fields();

    /** @return every rule that a VM entry with the current VMCS would break now, in the manual's order */
    List<Broken> check();

    /** @return the latest failed entry and the latest exit, in words */
    List<String> why();

    /** @return how often VMs left, by reason and place, most frequent first */
    List<Exit> exits();

    /** @return successful VM entries since power-on */
    long entries();

    /**
     * Stops the run at VM exits, or behind VMWRITEs of a field.
     *
     * @param what number or name of a basic exit reason ({@code 48}, {@code EPT_VIOLATION}), or mnemonic of a field ({@code GUEST_RIP}); case does not matter
     * @return number of the breakpoint, one of {@link LogicalProcessor#breakpoints()}
     * @throws com.vtsim.api.machine.OperatorException if there is no such reason or field
     */
    default int breakAt(String what) {
        throw new com.vtsim.api.machine.OperatorException("this processor cannot stop at VM exits");
    }

    /** Tells a listener of every entry and exit from now on; null ends it. */
    default void listen(Transitions listener) {
        // A processor without VMs has nothing to tell.
    }

    /** Hears of entries and exits, on the machine thread. */
    @ConsumerType
    interface Transitions {
        /**
         * A VM runs from now on.
         *
         * @param time virtual nanoseconds
         * @param vmcs physical address
         * @param rip  its next instruction
         */
        void entered(long time, long vmcs, long rip);

        /**
         * A VM has left, or an entry has failed as an exit does.
         *
         * @param time          virtual nanoseconds
         * @param failed        whether it was a failed entry
         * @param reason        basic exit reason
         * @param name          of the reason
         * @param qualification exit qualification
         * @param rip           guest's instruction pointer
         */
        void exited(long time, boolean failed, int reason, String name, long qualification, long rip);
    }

    /** Kinds of operation. */
    enum Operation {
        /** Not in VMX operation. */
        OFF,
        /** VMX root operation: the monitor. */
        ROOT,
        /** VMX non-root operation: a guest. */
        NON_ROOT
    }

    /**
     * A field of a VMCS.
     *
     * @param name     mnemonic
     * @param title    in the manual
     * @param encoding as VMREAD takes it
     * @param bits     width
     * @param type     control, exit information, guest state or host state
     * @param value    zero-extended
     */
    record Field(String name, String title, int encoding, int bits, String type, long value) { }

    /**
     * A rule of VM entry that does not hold.
     *
     * @param rule    in words
     * @param field   mnemonic
     * @param value   of the field
     * @param allowed what would be right
     * @param section title in the manual
     */
    record Broken(String rule, String field, long value, String allowed, String section) { }

    /**
     * Exits of one kind.
     *
     * @param reason basic exit reason
     * @param failed whether it was a failed entry
     * @param name   of the reason
     * @param rip    guest's instruction pointer
     * @param count  times
     */
    record Exit(int reason, boolean failed, String name, long rip, long count) { }
}
