package com.vtsim.api.pci;

import org.osgi.annotation.versioning.ProviderType;

/**
 * The way of one requester towards memory. A write to FEEx_xxxxh is a message-signalled interrupt. Requests of a function
 * whose bus-master enable is clear are not sent: ask before. Machine thread only.
 */
@ProviderType
public interface Upstream {
    /**
     * @param dmaAddress as the device has it
     * @return false if the request was blocked or reached nothing (unsupported request): {@code into} is then all ones
     */
    boolean read(long dmaAddress, byte[] into, int offset, int length);

    /** @return false if the request was blocked; nothing is then written from the blocked page on */
    boolean write(long dmaAddress, byte[] from, int offset, int length);

    /** Sends a message-signalled interrupt: a 4-byte write. @return false if it was blocked */
    boolean message(long address, int data);

    /** @return why the latest request failed, in words; empty if it did not, or nothing is known */
    default String refusal() {
        return "";
    }

    /** @return the 16-bit source-id the requests carry */
    int sourceId();

    /**
     * What a request carries besides its address: a PASID prefix and the address type.
     *
     * @param pasid      process address space id (20 bits), or -1 for no prefix; {@code execute} and {@code privileged} need one
     * @param execute    execute requested
     * @param privileged privileged mode requested
     * @param translated the address is a translation that {@link #translation} gave
     */
    record Prefix(int pasid, boolean execute, boolean privileged, boolean translated) {
        /** Neither PASID nor translated. */
        public static final Prefix NONE = new Prefix(-1, false, false, false);
        /** An address from the function's own translations. */
        public static final Prefix TRANSLATED = new Prefix(-1, false, false, true);

        /** @return a prefix for requests of a process in user mode */
        public static Prefix process(int pasid) {
            return new Prefix(pasid, false, false, false);
        }
    }

    /** As {@link #read(long, byte[], int, int)}, with a prefix. */
    default boolean read(Prefix prefix, long address, byte[] into, int offset, int length) {
        java.util.Arrays.fill(into, offset, offset + length, (byte) 0xFF);
        return false;
    }

    /** As {@link #write(long, byte[], int, int)}, with a prefix. A translated request, or one with a PASID, is never an interrupt. */
    default boolean write(Prefix prefix, long address, byte[] from, int offset, int length) {
        return false;
    }

    /**
     * Asks for a translation; the source-id is filled in. Without a remapping unit: an unsupported request.
     *
     * @return whether it completed successfully, see {@link RequestTranslator#translation}
     */
    default boolean translation(RequestTranslator.Translation translation) {
        return translation.fail(RequestTranslator.Translation.UNSUPPORTED);
    }

    /**
     * Sends a page request message; the source-id is filled in.
     *
     * @return whether a remapping unit took it, see {@link RequestTranslator#pageRequest}
     */
    default boolean pageRequest(RequestTranslator.PageRequest request) {
        return false;
    }

    /**
     * Sends an invalidation completion message, for requests that {@link DeviceTlb#invalidate(int, int, long, long, boolean)} did not answer.
     *
     * @param tags  of the requests, a bit each
     * @param count how many such messages the function sends for each request: 1 to 7, or 0 for 8
     * @pcie Address Translation Services, Invalidate Completion Message
     */
    default void invalidated(int tags, int count) { }
}
