package com.vtsim.pci.nvme;

/** What a completion queue entry says. Source: NVM Express Base Specification 1.4, Status Field Definition. */
enum Status {
    SUCCESS(0, 0x00, false),
    INVALID_COMMAND_OPCODE(0, 0x01, true),
    INVALID_FIELD(0, 0x02, true),
    DATA_TRANSFER_ERROR(0, 0x04, false),
    INTERNAL_ERROR(0, 0x06, false),
    ABORT_REQUESTED(0, 0x07, true),
    INVALID_NAMESPACE(0, 0x0B, true),
    COMMAND_SEQUENCE_ERROR(0, 0x0C, true),
    INVALID_SGL_SEGMENT(0, 0x0D, true),
    INVALID_SGL_COUNT(0, 0x0E, true),
    SGL_LENGTH_INVALID(0, 0x0F, true),
    SGL_TYPE_INVALID(0, 0x11, true),
    PRP_OFFSET_INVALID(0, 0x13, true),
    NAMESPACE_WRITE_PROTECTED(0, 0x20, true),
    LBA_OUT_OF_RANGE(0, 0x80, true),
    NAMESPACE_NOT_READY(0, 0x82, false),
    COMPLETION_QUEUE_INVALID(1, 0x00, true),
    INVALID_QUEUE_IDENTIFIER(1, 0x01, true),
    INVALID_QUEUE_SIZE(1, 0x02, true),
    TOO_MANY_EVENT_REQUESTS(1, 0x05, true),
    INVALID_INTERRUPT_VECTOR(1, 0x08, true),
    INVALID_LOG_PAGE(1, 0x09, true),
    INVALID_FORMAT(1, 0x0A, true),
    INVALID_QUEUE_DELETION(1, 0x0C, true),
    FEATURE_NOT_SAVEABLE(1, 0x0D, true),
    FEATURE_NOT_CHANGEABLE(1, 0x0E, true),
    INSUFFICIENT_CAPACITY(1, 0x15, true),
    IDENTIFIER_UNAVAILABLE(1, 0x16, true),
    ALREADY_ATTACHED(1, 0x18, true),
    NOT_ATTACHED(1, 0x1A, true),
    THIN_PROVISIONING(1, 0x1B, true),
    CONTROLLER_LIST_INVALID(1, 0x1C, true),
    WRITE_FAULT(2, 0x80, false),
    UNRECOVERED_READ_ERROR(2, 0x81, false),
    COMPARE_FAILURE(2, 0x85, true),
    /** The command is not complete: an asynchronous event request waits for its event. */
    PENDING(7, 0xFF, false);

    private final int field;

    Status(int type, int code, boolean doNotRetry) {
        field = code | type << 8 | (doNotRetry ? 0x4000 : 0);
    }

    /** @return the status field, without the phase: code 7:0, type 10:8, do not retry 14 */
    int field() {
        return field;
    }
}
