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
