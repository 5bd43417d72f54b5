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

    /**
     * Answers an ATS translation request (address type 01b). The answer is for the function's own cache: it may use {@link Translation#hostPhysical} in
     * requests with {@link Request#translated} until {@link DeviceTlb#invalidate} takes it back.
     *
     * @pcie Address Translation Services, Translation Completion
     * @return whether the completion is successful: no rights at all is a success too, the page may then be asked for with {@link #pageRequest}.
     *         False with {@link Translation#status} otherwise
     */
    default boolean translation(Translation translation) {
        translation.status = Translation.UNSUPPORTED;
        return false;
    }

    /**
     * Takes a page request message of a function (PRI). The answer comes as {@link DeviceTlb#pageResponse} for the whole group, at once if the unit
     * gives it itself, later if software does.
     *
     * @pcie Page Request Services
     * @return false if the message was dropped: there is no page request queue
     */
    default boolean pageRequest(PageRequest request) {
        return false;
    }

    /**
     * Takes an invalidation completion message of a function.
     *
     * @param sourceId requester
     * @param tags     of the requests that are done, a bit each
     * @param count    how many such messages the function sends for each request: 1 to 7, or 0 for 8
     * @pcie Address Translation Services, Invalidate Completion Message
     */
    default void invalidated(int sourceId, int tags, int count) { }

    /** A request, reused by its requester so that translation allocates nothing. */
    final class Request {
        /** Requester: bus 15:8, device 7:3, function 2:0. */
        public int sourceId;
        /** Process address space id (20 bits), or -1. */
        public int pasid = -1;
        /** DMA address. */
        public long address;
        /** Bytes wanted from {@link #address} on; 0 for a read that only flushes. */
        public int length;
        /** A write rather than a read. */
        public boolean write;
        /** Execute requested (with PASID only). */
        public boolean execute;
        /** Privileged mode requested (with PASID only). */
        public boolean privileged;
        /** {@link #address} is what a {@link Translation} gave (address type 10b): the unit checks that it may be, and passes it on. */
        public boolean translated;
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

    /** A translation request and its completion, reused by its requester. One translation is asked for at a time. */
    final class Translation {
        /** {@link #status}: as asked. */
        public static final int SUCCESS = 0;
        /** {@link #status}: translation requests are not supported or not permitted; the function must not ask again before it is told to. */
        public static final int UNSUPPORTED = 1;
        /** {@link #status}: completer abort; the tables are broken. */
        public static final int ABORT = 4;

        /** Requester. */
        public int sourceId;
        /** Process address space id (20 bits), or -1. */
        public int pasid = -1;
        /** Untranslated address; the low 12 bits do not count. */
        public long address;
        /** No write is meant (NW): an entry need not become dirty. */
        public boolean noWrite;
        /** Execute requested (with PASID only). */
        public boolean execute;
        /** Privileged mode requested (with PASID only). */
        public boolean privileged;

        /** Out: {@link #SUCCESS}, {@link #UNSUPPORTED} or {@link #ABORT}. */
        public int status;
        /** Out: where the range begins, a multiple of {@link #length}. */
        public long hostPhysical;
        /** Out: bytes, a power of two from 4096 (S and the address bits that follow it in the completion); the range is aligned and has {@link #address} in it. */
        public long length;
        /** Out: R. */
        public boolean readable;
        /** Out: W. */
        public boolean writable;
        /** Out: the range must be asked for with untranslated requests (U). */
        public boolean untranslatedOnly;
        /** Out: requests to it are not snooped (N). */
        public boolean noSnoop;
        /** Out: the translation is the same for every PASID (Global). */
        public boolean global;
        /** Out: code may be fetched from it (Exe). */
        public boolean executable;

        /** Completes without a translation. @return false */
        public boolean fail(int newStatus) {
            status = newStatus;
            hostPhysical = 0;
            length = 0;
            readable = false;
            writable = false;
            executable = false;
            return false;
        }
    }

    /** A page request message, reused by its sender. */
    final class PageRequest {
        /** Requester. */
        public int sourceId;
        /** Process address space id (20 bits), or -1. */
        public int pasid = -1;
        /** Untranslated address; the low 12 bits do not count. */
        public long address;
        /** Read access wanted. With neither read nor write, with a PASID and {@link #last}: a stop marker, which is not answered. */
        public boolean read;
        /** Write access wanted. */
        public boolean write;
        /** Execute wanted (with PASID only). */
        public boolean execute;
        /** Privileged mode wanted (with PASID only). */
        public boolean privileged;
        /** The last of its group. */
        public boolean last;
        /** Page request group index, 9 bits. */
        public int group;
    }
}
