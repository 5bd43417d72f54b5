package com.vtsim.api.pci;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** A function that sends whatever request it is told to, by software through its registers or by the operator: proper ones and others. Machine thread only. */
@ConsumerType
public interface TestEndpoint extends DeviceTlb {
    /** Which kind of address a request carries. */
    enum Mode {
        /** As software gave it. */
        UNTRANSLATED,
        /** Passed off as a translation, whether it is one or not. */
        TRANSLATED,
        /** As software gave it, by the function's own cache: asked for where it is missing. */
        CACHED
    }

    /**
     * A request.
     *
     * @param pasid 20 bits, or -1 for none
     */
    record Order(Mode mode, int pasid, boolean execute, boolean privileged, boolean write, long address) { }

    /**
     * A translation the function has.
     *
     * @param pasid        20 bits, or -1
     * @param address      untranslated
     * @param length       bytes
     * @param hostPhysical where it leads
     * @param rights       {@code r}, {@code w}, {@code x} of it
     */
    record Translated(int pasid, long address, long length, long hostPhysical, String rights) { }

    /**
     * Carries a request out at once.
     *
     * @param data what is written, or where what is read goes
     * @return {@code completed}, or why not
     */
    String carryOut(Order order, byte[] data);

    /** @return the translations it has */
    List<Translated> translations();

    /** Pretends to have a reason to wake the platform (PME). @return what was done about it, in words */
    default String wake() {
        return "it cannot";
    }

    /**
     * Pretends to have detected an error.
     *
     * @param error one of the constants of {@link ErrorReporting}
     * @return what was done about it, in words
     */
    String pretend(boolean uncorrectable, int error);
}
