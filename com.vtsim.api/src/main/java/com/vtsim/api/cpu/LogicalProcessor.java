package com.vtsim.api.cpu;

import com.vtsim.api.machine.Processor;
import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/** An x86-64 logical processor as its operator sees it. Machine thread only. */
@ConsumerType
public interface LogicalProcessor extends Processor {
    /** @return registers in display order */
    List<Register> registers();

    /** @param name lower case: {@code rax}, {@code rip}, {@code cr3}, {@code cs}, {@code cs.base}, {@code rflags}, {@code msr:c0000080}, {@code st0.exponent}, {@code ymm0.q3} (bits 255:192); @throws com.vtsim.api.machine.OperatorException if there is no such register */
    long register(String name);

    /** Sets a register without the checks an instruction makes. @throws com.vtsim.api.machine.OperatorException as above, or if it cannot be set */
    void register(String name, long value);

    /** @return the linear address of the next instruction */
    long nextInstruction();

    /** Disassembles from a linear address on, in the processor's current mode; stops early where memory is not mapped. */
    List<Line> disassemble(long linear, int count);

    /** Translates without side effects. @return host-physical address, or -1 if it is not mapped */
    long translate(long linear);

    /** @return each step of translating the address, one line each, for the operator */
    List<String> walk(long linear);

    /** @return entries of paging and EPT paging structures that walks have read since power-on; what was cached was not read */
    default long structureReads() {
        return 0;
    }

    /** @return uses of cached translations that said other than the structures in memory did, in the order of their first; empty while they are not counted */
    default List<Stale> stale() {
        return List.of();
    }

    /** @return whether stale uses are counted */
    default boolean countsStale() {
        return false;
    }

    /** Starts to count stale uses, or forgets them and ends; execution is slower meanwhile. */
    default void countStale(boolean on) {
        // A processor that caches nothing has nothing to count.
    }

    /** Adds a breakpoint. @return its number */
    int breakpoint(Breakpoint breakpoint);

    /** Removes a breakpoint. @return false if there is none of that number */
    boolean removeBreakpoint(int number);

    /** @return breakpoints by number */
    java.util.Map<Integer, Breakpoint> breakpoints();

    /** @return what stopped {@link #run} with {@link Outcome#BREAKPOINT} last, one line */
    String breakpointHit();

    /** @return number of the breakpoint that stopped {@link #run} with {@link Outcome#BREAKPOINT} last; 0 if none has */
    int breakpointHitNumber();

    /** Starts (or with 0 ends) recording of the last {@code count} executed instructions. */
    void history(int count);

    /** @return the recorded instructions, oldest first */
    List<Line> history();

    /** @return the first fault of the latest chain (fault, double fault, triple fault), in words, with the state then; empty if there was none */
    List<String> why();

    /** @return what looks wrong about the memory types of the current address space; no side effects */
    default List<TypeFinding> typeFindings() {
        return List.of();
    }

    /**
     * Shows Intel Processor Trace, as the guest uses it.
     *
     * @param packets how many of the latest packets, at most
     * @return how it is set up, and the packets in words, oldest first; empty if the processor has none
     */
    default List<String> processorTrace(int packets) {
        return List.of();
    }

    /** @return the machine-check registers, in words; empty if it has none */
    default List<String> machineChecks() {
        return List.of();
    }

    /**
     * Logs an error in a machine-check bank and signals it as its bits ask for.
     *
     * @param bank    number, from 0
     * @param status  IA32_MCi_STATUS; VAL is set, EN becomes what the bank's control register says
     * @param address IA32_MCi_ADDR, where ADDRV is set
     * @param misc    IA32_MCi_MISC, where MISCV is set
     * @throws com.vtsim.api.machine.OperatorException if there is no such bank
     */
    default void machineCheck(int bank, long status, long address, long misc) {
        throw new com.vtsim.api.machine.OperatorException("this processor has no machine-check banks");
    }

    /** @return {@link #retired} when that first fault happened; -1 if there was none */
    default long faultedAt() {
        return -1;
    }

    /** @return its VMX operation; empty if it has none */
    default Optional<Virtualization> virtualization() {
        return Optional.empty();
    }

    /**
     * A mapping whose memory type looks wrong.
     *
     * @param what     is wrong
     * @param linear   address of its beginning
     * @param physical host-physical address there
     * @param length   bytes
     * @param type     name of the type, or of both
     * @param why      what the type comes from, or where the other mapping is
     */
    record TypeFinding(String what, long linear, long physical, long length, String type, String why) { }

    /**
     * A register.
     *
     * @param name  lower case
     * @param bits  width
     * @param value low 64 bits
     * @param text  decoded where that helps (flags, CR0), else empty
     */
    record Register(String name, int bits, long value, String text) { }

    /**
     * A cached translation that was used although its structures have changed in memory and nobody has invalidated it.
     *
     * @param kind       {@code linear}, {@code combined} or {@code guest-physical}; {@code paging-structure} where a walk began at a cached entry of a table
     * @param address    linear or guest-physical, of the page
     * @param old        host-physical page it was translated to, or -1 where that gave a page fault
     * @param now        host-physical page a walk would give, or -1 where the access would fault or exit
     * @param vpid       virtual processor, 0 outside of VMs and for guest-physical mappings
     * @param pcid       process context
     * @param eptPointer address in the EPT pointer, or -1
     * @param uses       how often
     * @param rip        linear address of the instruction that used it last
     */
    record Stale(String kind, long address, long old, long now, int vpid, int pcid, long eptPointer, long uses, long rip) { }

    /**
     * A disassembled instruction.
     *
     * @param address linear
     * @param bytes   encoding
     * @param text    Intel syntax
     */
    record Line(long address, byte[] bytes, String text) { }

    /**
     * An operator's breakpoint: unseen by the guest.
     *
     * @param kind    what it waits for
     * @param address linear, or a port; a basic exit reason or the encoding of a VMCS field
     * @param length  bytes, 1 or more
     */
    record Breakpoint(Kind kind, long address, int length) {
        /** Kinds. */
        public enum Kind {
            /** Before the instruction at the address. */
            EXECUTE,
            /** After a write. */
            WRITE,
            /** After a read or write. */
            ACCESS,
            /** After a port access. */
            PORT,
            /** At a VM exit for a basic reason. */
            VM_EXIT,
            /** After a VMWRITE of a field. */
            VMWRITE
        }
    }
}
