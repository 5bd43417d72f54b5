package com.vtsim.api.pci;

import com.vtsim.api.machine.Part;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A part between the bus and memory that translates upstream requests: remapping hardware. The bus asks the first that
 * owns the requester; without one requests pass untranslated. Machine thread only.
 */
@ConsumerType
public interface RequestTranslator extends Part {
    /** @return whether requests of this source-id pass this unit */
    boolean owns(int sourceId);

    /**
     * Translates the page of a request in place: {@link Request#address} in, {@link Request#hostPhysical} out.
     *
     * @return false if it is blocked; the unit has then recorded why
     */
    boolean translate(Request request);

    /**
     * Remaps a message-signalled interrupt: address and data in, address and data out.
     *
     * @return false if it is blocked or was posted; nothing is then delivered
     */
    boolean remap(Message message);

    /** A request, reused by its requester so that translation allocates nothing. */
    final class Request {
        /** Requester: bus 15:8, device 7:3, function 2:0. */
        public int sourceId;
        /** Process address space id (20 bits), or -1. */
        public int pasid = -1;
        /** DMA address. */
        public long address;
        /** Bytes wanted from {@link #address} on, 1 or more. */
        public int length;
        /** A write rather than a read. */
        public boolean write;
        /** Execute requested (with PASID only). */
        public boolean execute;
        /** Privileged mode requested (with PASID only). */
        public boolean privileged;
        /** Out: where {@link #address} goes. */
        public long hostPhysical;
        /** Out: bytes from there that the translation covers; at least 1. */
        public long covered;
    }

    /** A message, reused by its sender. */
    final class Message {
        /** Requester. */
        public int sourceId;
        /** FEEx_xxxxh. */
        public long address;
        /** 32 bits. */
        public int data;
    }
}
