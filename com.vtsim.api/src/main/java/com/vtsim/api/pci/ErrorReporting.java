package com.vtsim.api.pci;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;
import com.vtsim.api.register.RegisterFile;

/**
 * Advanced error reporting. What a function detects is recorded with the header of the request, masked and graded as software says, and reported to the
 * root port above it. Machine thread only. Source: PCI Express Base Specification, Advanced Error Reporting Extended Capability; Error Signaling and Logging.
 */
public final class ErrorReporting extends Capability {
    /** Uncorrectable: a poisoned request was received. */
    public static final int POISONED = 12;
    /** Uncorrectable: a completion did not come. */
    public static final int COMPLETION_TIMEOUT = 14;
    /** Uncorrectable: the completer aborted. */
    public static final int COMPLETER_ABORT = 15;
    /** Uncorrectable: a completion came that nobody asked for. */
    public static final int UNEXPECTED_COMPLETION = 16;
    /** Uncorrectable: malformed. */
    public static final int MALFORMED = 18;
    /** Uncorrectable: nobody takes the request. */
    public static final int UNSUPPORTED_REQUEST = 20;
    /** Uncorrectable: access control services forbid it. */
    public static final int ACS_VIOLATION = 21;
    /** Correctable: receiver error. */
    public static final int RECEIVER_ERROR = 0;
    /** Correctable: an uncorrectable error that need not be reported as one. */
    public static final int ADVISORY = 13;
    private static final int UNCORRECTABLE = 0x007F_F030;
    private static final int CORRECTABLE = 0xF1C1;
    private static final Field FIRST = Field.bits(4, 0);
    private static final Field MESSAGE_NUMBER = Field.bits(31, 27);
    private static final int CORRECTABLE_RECEIVED = 0x01;
    private static final int MULTIPLE_CORRECTABLE = 0x02;
    private static final int UNCORRECTABLE_RECEIVED = 0x04;
    private static final int MULTIPLE_UNCORRECTABLE = 0x08;
    private static final int FIRST_FATAL = 0x10;
    private static final int NONFATAL_RECEIVED = 0x20;
    private static final int FATAL_RECEIVED = 0x40;

    private final RegisterFile<Row> registers = new RegisterFile<>(Row.class, (register, old, now, written) -> { });

    /** How bad an error is, and with it which message reports it. */
    public enum Severity {
        /** ERR_COR: mended by hardware. */
        CORRECTABLE,
        /** ERR_NONFATAL: a request failed. */
        NONFATAL,
        /** ERR_FATAL: the link is not reliable any more. */
        FATAL
    }

    private enum Row implements Register {
        UNCSTS(at(0x04, 4).rw1cs(UNCORRECTABLE).title("Uncorrectable Error Status")),
        UNCMSK(at(0x08, 4).rws(UNCORRECTABLE).title("Uncorrectable Error Mask")),
        UNCSEV(at(0x0C, 4).rws(UNCORRECTABLE).reset(0x0046_2030).title("Uncorrectable Error Severity")),
        CORSTS(at(0x10, 4).rw1cs(CORRECTABLE).title("Correctable Error Status")),
        CORMSK(at(0x14, 4).rws(CORRECTABLE).reset(0xE000).title("Correctable Error Mask")),
        CAPCTL(at(0x18, 4).ro(0x001F).sticky(0x001F).title("Advanced Error Capabilities and Control")),
        HDRLOG0(at(0x1C, 4).ro(0xFFFF_FFFF).sticky(0xFFFF_FFFF).title("Header Log 1")),
        HDRLOG1(at(0x20, 4).ro(0xFFFF_FFFF).sticky(0xFFFF_FFFF).title("Header Log 2")),
        HDRLOG2(at(0x24, 4).ro(0xFFFF_FFFF).sticky(0xFFFF_FFFF).title("Header Log 3")),
        HDRLOG3(at(0x28, 4).ro(0xFFFF_FFFF).sticky(0xFFFF_FFFF).title("Header Log 4")),
        ROOTCMD(at(0x2C, 4).rw(0x0007).title("Root Error Command")),
        ROOTSTS(at(0x30, 4).rw1cs(0x007F).ro(0xF800_0000).title("Root Error Status")),
        ERRSRC(at(0x34, 4).ro(0xFFFF_FFFF).sticky(0xFFFF_FFFF).title("Error Source Identification"));

        private final Layout layout;

        Row(Layout layout) {
            this.layout = layout;
        }

        @Override
        public Layout layout() {
            return layout;
        }
    }

    private ErrorReporting(boolean root) {
        super("AER", 0x0001, 2, root ? 0x38 : 0x2C);
    }

    /** Of an endpoint or bridge. */
    public static ErrorReporting endpoint() {
        return new ErrorReporting(false);
    }

    /** Of a root port, where the messages of those below arrive. @param messageNumber which of its MSI vectors tells of errors */
    public static ErrorReporting rootPort(int messageNumber) {
        ErrorReporting made = new ErrorReporting(true);
        made.registers.strap(Row.ROOTSTS, MESSAGE_NUMBER.in(messageNumber));
        return made;
    }

    @Override
    protected RegisterFile<?> registers() {
        return registers;
    }

    /**
     * The function has detected an uncorrectable error.
     *
     * @param error  one of the constants
     * @param header the first four double words of the request
     * @return how it is to be reported, or null if it is masked
     */
    public Severity uncorrectable(int error, int... header) {
        return record(error, header) ? isFatal(error) ? Severity.FATAL : Severity.NONFATAL : null;
    }

    /** @return whether software calls an uncorrectable error fatal */
    public boolean isFatal(int error) {
        return (registers.get(Row.UNCSEV) >> error & 1) != 0;
    }

    /**
     * The function has detected an uncorrectable error that the requester will handle: both kinds of status tell of it.
     *
     * @return whether it is to be reported as a correctable one
     */
    public boolean advisory(int error, int... header) {
        registers.raise(Row.CORSTS, 1L << ADVISORY);
        if ((registers.get(Row.CORMSK) >> ADVISORY & 1) != 0) {
            registers.raise(Row.UNCSTS, 1L << error);
            return false;
        }
        return record(error, header);
    }

    /** @return whether it is not masked */
    private boolean record(int error, int... header) {
        boolean first = (registers.get(Row.UNCSTS) >> registers.get(Row.CAPCTL, FIRST) & 1) == 0;
        registers.raise(Row.UNCSTS, 1L << error);
        if ((registers.get(Row.UNCMSK) >> error & 1) != 0) {
            return false;
        }
        if (first) {
            registers.set(Row.CAPCTL, FIRST, error);
            for (int i = 0; i < 4; i++) {
                registers.set(Row.values()[Row.HDRLOG0.ordinal() + i], i < header.length ? header[i] & 0xFFFF_FFFFL : 0);
            }
        }
        return true;
    }

    /** The function has detected a correctable error. @return {@link Severity#CORRECTABLE}, or null if it is masked */
    public Severity correctable(int error) {
        registers.raise(Row.CORSTS, 1L << error);
        return (registers.get(Row.CORMSK) >> error & 1) != 0 ? null : Severity.CORRECTABLE;
    }

    /**
     * A root port receives a message.
     *
     * @param sourceId who sent it
     * @return whether the root port interrupts
     */
    public boolean received(Severity severity, int sourceId) {
        long status = registers.get(Row.ROOTSTS);
        boolean correctable = severity == Severity.CORRECTABLE;
        int seen = correctable ? CORRECTABLE_RECEIVED : UNCORRECTABLE_RECEIVED;
        long add = seen;
        if ((status & seen) != 0) {
            add |= correctable ? MULTIPLE_CORRECTABLE : MULTIPLE_UNCORRECTABLE;
        } else {
            registers.set(Row.ERRSRC, correctable ? Field.bits(15, 0) : Field.bits(31, 16), sourceId);
            add |= severity == Severity.FATAL ? FIRST_FATAL : 0;
        }
        add |= severity == Severity.FATAL ? FATAL_RECEIVED : severity == Severity.NONFATAL ? NONFATAL_RECEIVED : 0;
        registers.raise(Row.ROOTSTS, add);
        return (registers.get(Row.ROOTCMD) >> severity.ordinal() & 1) != 0;
    }

    /** @return the vector that a root port tells of errors with */
    public int messageNumber() {
        return (int) registers.get(Row.ROOTSTS, MESSAGE_NUMBER);
    }

    /** @return whether a root port has a reported error that software wants to be interrupted for and has not cleared */
    public boolean isPending() {
        long status = registers.get(Row.ROOTSTS);
        long command = registers.get(Row.ROOTCMD);
        return (status & CORRECTABLE_RECEIVED) != 0 && (command & 1) != 0 || (status & NONFATAL_RECEIVED) != 0 && (command & 2) != 0
                || (status & FATAL_RECEIVED) != 0 && (command & 4) != 0;
    }
}
