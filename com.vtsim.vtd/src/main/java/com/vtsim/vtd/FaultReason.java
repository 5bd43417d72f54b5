package com.vtsim.vtd;

/**
 * Why a request was blocked, with the code that the fault record carries. Source: VT-d specification, DMA Remapping Fault Reasons and
 * Interrupt Remapping Fault Reasons; those from 30h on are of scalable mode.
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
    TABLE_MODE_RESERVED(0x30, false, "the root table address register has a reserved translation table mode"),
    LEGACY_WITH_PASID(0x31, false, "a request with a PASID in legacy mode"),
    LEGACY_PAGE_REQUEST(0x32, false, "a page request in legacy mode"),
    ABORT_MODE(0x33, false, "the unit aborts all DMA (abort-DMA mode)"),
    SM_ROOT_ACCESS(0x38, false, "the root entry cannot be read: the root table is not in memory"),
    SM_ROOT_NOT_PRESENT(0x39, false, "the half of the root entry for the device is not present"),
    SM_ROOT_RESERVED(0x3A, false, "the root entry has reserved bits set"),
    SM_CONTEXT_ACCESS(0x40, false, "the context entry cannot be read: the context table is not in memory"),
    SM_CONTEXT_NOT_PRESENT(0x41, true, "the context entry is not present"),
    SM_CONTEXT_RESERVED(0x42, true, "the context entry has reserved bits set"),
    SM_CONTEXT_INVALID(0x43, true, "the context entry enables what the unit or the entry does not support"),
    DEVICE_TLB_DISABLED(0x44, true, "the context entry does not permit translation requests and translated requests (DTE)"),
    PASID_DISABLED(0x45, true, "the context entry does not permit requests with a PASID (PASIDE)"),
    PASID_BEYOND_DIRECTORY(0x46, true, "the PASID is beyond the PASID directory"),
    PAGE_REQUEST_DISABLED(0x47, true, "the context entry does not permit page requests (PRE)"),
    RID_PASID_USED(0x48, true, "the request has the PASID that stands for requests without one (RID_PASID)"),
    DIRECTORY_ACCESS(0x50, false, "the PASID directory entry cannot be read: the directory is not in memory"),
    DIRECTORY_NOT_PRESENT(0x51, true, "the PASID directory entry is not present"),
    DIRECTORY_RESERVED(0x52, true, "the PASID directory entry has reserved bits set"),
    PASID_ACCESS(0x58, false, "the PASID table entry cannot be read: the table is not in memory"),
    PASID_NOT_PRESENT(0x59, true, "the PASID table entry is not present"),
    PASID_RESERVED(0x5A, true, "the PASID table entry has reserved bits set"),
    PASID_INVALID(0x5B, true, "the PASID table entry has an unsupported translation type or address width"),
    EXECUTE_DISABLED(0x5C, true, "the PASID table entry does not permit execute requests (ERE)"),
    SUPERVISOR_DISABLED(0x5D, true, "the PASID table entry does not permit privileged requests (SRE)"),
    FIRST_ACCESS(0x70, true, "a first-stage paging entry cannot be read: its table is not in memory"),
    FIRST_NOT_PRESENT(0x71, true, "a first-stage paging entry is not present"),
    FIRST_RESERVED(0x72, true, "a first-stage paging entry has reserved bits set"),
    FIRST_TOP_ACCESS(0x73, true, "the top first-stage paging entry cannot be read: its table is not in memory"),
    FIRST_BEYOND_WIDTH(0x74, true, "a first-stage paging entry leads above the width of the second stage"),
    FIRST_TOP_DENIED(0x75, true, "the second stage does not permit the top first-stage paging entry to be read"),
    FIRST_READ_DENIED(0x76, true, "the second stage does not permit a first-stage paging entry to be read"),
    FIRST_WRITE_DENIED(0x77, true, "the second stage does not permit accessed and dirty bits of the first stage to be set"),
    SECOND_ACCESS(0x78, true, "a second-stage paging entry cannot be read: its table is not in memory"),
    SECOND_NOT_PRESENT(0x79, true, "a second-stage paging entry permits neither reads nor writes"),
    SECOND_RESERVED(0x7A, true, "a second-stage paging entry has reserved bits set"),
    SECOND_TOP_ACCESS(0x7B, true, "the top second-stage paging entry cannot be read: its table is not in memory"),
    SECOND_NOT_SNOOPED(0x7C, true, "accessed and dirty bits of the second stage would have to be set, and its tables are not snooped (PWSNP)"),
    NOT_CANONICAL(0x80, true, "the address is not canonical"),
    USER_DENIED(0x81, true, "a first-stage paging entry is the supervisor's, the request is not"),
    EXECUTE_DENIED(0x82, true, "a paging entry does not permit execution"),
    HOST_BEYOND_WIDTH(0x83, true, "the host-physical address is above the host address width"),
    SM_BEYOND_WIDTH(0x84, true, "the address is above the width of the second stage"),
    SM_WRITE_DENIED(0x85, true, "a paging entry does not permit writes"),
    SM_READ_DENIED(0x86, true, "a paging entry does not permit reads"),
    SM_INTERRUPT_RANGE(0x87, true, "the request leads into the interrupt range FEEx_xxxxh"),
    PASID_TOO_WIDE(0x89, true, "the PASID has more bits than the unit supports"),
    FIRST_NOT_SNOOPED(0x90, true, "accessed and dirty bits of the first stage would have to be set, and its tables are not snooped (PWSNP)"),
    REQUEST_RESERVED(0x20, false, "the interrupt request has reserved bits set"),
    INDEX_BEYOND_TABLE(0x21, false, "the interrupt index is beyond the interrupt remapping table"),
    IRTE_NOT_PRESENT(0x22, true, "the interrupt remapping table entry is not present"),
    IRTE_ACCESS(0x23, false, "the interrupt remapping table entry cannot be read: the table is not in memory"),
    IRTE_RESERVED(0x24, true, "the interrupt remapping table entry has reserved bits set"),
    COMPATIBILITY_BLOCKED(0x25, false, "interrupt requests in compatibility format are blocked"),
    SOURCE_INVALID(0x26, true, "the requester is not the one that the interrupt remapping table entry names"),
    DESCRIPTOR_ACCESS(0x27, true, "the posted-interrupt descriptor is not in memory"),
    DESCRIPTOR_RESERVED(0x28, true, "the posted-interrupt descriptor has reserved bits set"),
    NOT_AN_INTERRUPT(0x29, false, "a request to the interrupt range FEEx_xxxxh is not a write of four bytes");

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

    /** @return whether a translation request is aborted (completer abort) rather than not supported, as Table "Fault Conditions and Remapping Hardware Behavior" has it */
    boolean isBroken() {
        return switch (this) {
            case ROOT_ACCESS, ROOT_RESERVED, CONTEXT_ACCESS, CONTEXT_RESERVED, CONTEXT_INVALID, PAGING_ACCESS, PAGING_RESERVED, INTERRUPT_RANGE, TABLE_MODE_RESERVED,
                SM_ROOT_ACCESS, SM_ROOT_RESERVED, SM_CONTEXT_ACCESS, SM_CONTEXT_RESERVED, SM_CONTEXT_INVALID, DIRECTORY_ACCESS, DIRECTORY_RESERVED, PASID_ACCESS,
                PASID_RESERVED, PASID_INVALID, SECOND_ACCESS, SECOND_RESERVED, SECOND_TOP_ACCESS, SECOND_NOT_SNOOPED, SM_INTERRUPT_RANGE -> true;
            default -> false;
        };
    }

    /** @return whether it may be mended by software: a translation request gets an answer without rights, and nothing is recorded */
    boolean isRecoverable() {
        return switch (this) {
            case WRITE_DENIED, READ_DENIED, BEYOND_WIDTH, DIRECTORY_NOT_PRESENT, PASID_NOT_PRESENT, EXECUTE_DISABLED, SUPERVISOR_DISABLED, FIRST_ACCESS, FIRST_NOT_PRESENT,
                FIRST_RESERVED, FIRST_TOP_ACCESS, FIRST_BEYOND_WIDTH, FIRST_TOP_DENIED, FIRST_READ_DENIED, FIRST_WRITE_DENIED, FIRST_NOT_SNOOPED, SECOND_NOT_PRESENT,
                NOT_CANONICAL, USER_DENIED, EXECUTE_DENIED, HOST_BEYOND_WIDTH, SM_BEYOND_WIDTH, SM_WRITE_DENIED, SM_READ_DENIED -> true;
            default -> false;
        };
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
