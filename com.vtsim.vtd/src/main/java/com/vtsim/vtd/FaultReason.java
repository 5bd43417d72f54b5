package com.vtsim.vtd;

/**
 * Why a request was blocked, with the code that the fault record carries. Source: VT-d specification, DMA Remapping Fault Reasons and
 * Interrupt Remapping Fault Reasons.
 */
enum FaultReason {
    ROOT_NOT_PRESENT(0x01, false, "the root entry is not present"),
    CONTEXT_NOT_PRESENT(0x02, true, "the context entry is not present"),
    CONTEXT_INVALID(0x03, true, "the context entry has an unsupported address width or translation type"),
    BEYOND_WIDTH(0x04, true, "the address is above the guest address width"),
    WRITE_DENIED(0x05, true, "a paging entry does not permit writes"),
    READ_DENIED(0x06, true, "a paging entry does not permit reads"),
    PAGING_ACCESS(0x07, true, "a paging entry cannot be read: its table is not in memory"),
    ROOT_ACCESS(0x08, false, "the root entry cannot be read: the root table is not in memory"),
    CONTEXT_ACCESS(0x09, false, "the context entry cannot be read: the context table is not in memory"),
    ROOT_RESERVED(0x0A, false, "the root entry has reserved bits set"),
    CONTEXT_RESERVED(0x0B, true, "the context entry has reserved bits set"),
    PAGING_RESERVED(0x0C, true, "a paging entry has reserved bits set"),
    TRANSLATION_REQUEST_BLOCKED(0x0D, true, "the context entry does not permit translation requests"),
    INTERRUPT_RANGE(0x0E, true, "the translation leads into the interrupt range FEEx_xxxxh"),
    REQUEST_RESERVED(0x20, false, "the interrupt request has reserved bits set"),
    INDEX_BEYOND_TABLE(0x21, false, "the interrupt index is beyond the interrupt remapping table"),
    IRTE_NOT_PRESENT(0x22, true, "the interrupt remapping table entry is not present"),
    IRTE_ACCESS(0x23, false, "the interrupt remapping table entry cannot be read: the table is not in memory"),
    IRTE_RESERVED(0x24, true, "the interrupt remapping table entry has reserved bits set"),
    COMPATIBILITY_BLOCKED(0x25, false, "interrupt requests in compatibility format are blocked"),
    SOURCE_INVALID(0x26, true, "the requester is not the one that the interrupt remapping table entry names"),
    DESCRIPTOR_ACCESS(0x27, true, "the posted-interrupt descriptor is not in memory"),
    DESCRIPTOR_RESERVED(0x28, true, "the posted-interrupt descriptor has reserved bits set");

    private final int code;
    private final boolean qualified;
    private final String words;

    FaultReason(int code, boolean qualified, String words) {
        this.code = code;
        this.qualified = qualified;
        this.words = words;
    }

    /** @return 8 bits */
    int code() {
        return code;
    }

    /** @return whether fault-processing disable in the entry that governs the request holds it back */
    boolean isQualified() {
        return qualified;
    }

    boolean isInterrupt() {
        return code >= 0x20 && code < 0x30;
    }

    String words() {
        return words;
    }

    /** @return what a code means */
    static String words(int code) {
        for (FaultReason reason : values()) {
            if (reason.code == code) {
                return reason.words;
            }
        }
        return String.format("reason %02xh", code);
    }
}
