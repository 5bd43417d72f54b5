package com.vtsim.cpu.vmx;

import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.Interrupts.Source;

/**
 * Exceptions and software events of the VM that runs: which make it exit, and which one is under delivery.
 *
 * @sdm Exception Bitmap; Information for VM Exits That Occur During Event Delivery
 */
public final class GuestEvents {
    private static final int VECTOR_DB = 1, VECTOR_PF = 14;

    private final Vmx vmx;
    private long exceptionBitmap;
    /** IDT-vectoring information of the event under delivery, its error code and instruction length; 0 while there is none. */
    long delivering;
    int deliveringCode;
    int deliveringLength;

    GuestEvents(Vmx vmx) {
        this.vmx = vmx;
    }

    /** Takes the controls of the VM that runs. */
    void adopt() {
        exceptionBitmap = vmx.image.get(VmcsField.EXCEPTION_BITMAP);
    }

    /**
     * Asks before an exception or software event is delivered in non-root operation.
     *
     * @param information CR2 of a page fault, DR6 bits of a debug exception
     * @return whether it made the VM exit; else it is noted as the event under delivery
     */
    public boolean takes(int vector, int errorCode, long information, Source source) {
        boolean exception = source == Source.EXCEPTION;
        if (exception && intercepted(vector, errorCode)) {
            vmx.exit().begin(ExitReason.EXCEPTION_OR_NMI, vector == VECTOR_PF || vector == VECTOR_DB ? information : 0);
            vmx.exit().exception(3, vector, errorCode);
            vmx.exit().perform();
            return true;
        }
        note(vector, errorCode, source, 0);
        return false;
    }

    /** Asks about a fault raised by the delivery of an event, before the two become a double fault. @return whether it made the VM exit */
    public boolean takesWhileDelivering(GuestFault fault) {
        if (!intercepted(fault.vector, fault.errorCode)) {
            return false;
        }
        vmx.exit().begin(ExitReason.EXCEPTION_OR_NMI, fault.vector == VECTOR_PF || fault.vector == VECTOR_DB ? fault.information : 0);
        vmx.exit().exception(3, fault.vector, fault.errorCode);
        vmx.exit().perform();
        return true;
    }

    /** Asks about what became of a fault during delivery: the second exception, or a double fault, which says nothing of the first event. */
    public boolean takesNested(int vector, int errorCode, long information, boolean doubled) {
        if (doubled) {
            delivering = 0;
            return takes(vector, errorCode, information, Source.EXCEPTION);
        }
        note(vector, errorCode, Source.EXCEPTION, 0);
        return false;
    }

    /** A triple fault makes the VM exit. */
    public void tripleFault() {
        delivering = 0;
        vmx.leave(ExitReason.TRIPLE_FAULT, 0);
    }

    void note(int vector, int errorCode, Source source, int length) {
        int type = switch (source) {
            case EXTERNAL -> vector == 2 ? 2 : 0;
            case EXCEPTION -> 3;
            case SOFTWARE -> 4;
            case PRIVILEGED_SOFTWARE -> 5;
            case SOFTWARE_EXCEPTION -> 6;
        };
        delivering = Vmx.VALID | type << 8 | vector | (errorCode == GuestFault.NO_CODE ? 0 : 1 << 11);
        deliveringCode = errorCode == GuestFault.NO_CODE ? 0 : errorCode;
        deliveringLength = length;
    }

    /** The same for INT n and its kin: throws the exit, or notes the event. */
    public void software(int vector, Source source) {
        if (source != Source.SOFTWARE && intercepted(vector, GuestFault.NO_CODE)) {
            GuestFault fault = vmx.instructionExit(ExitReason.EXCEPTION_OR_NMI, 0, 0);
            vmx.exit().interruption(Vmx.VALID | (source == Source.PRIVILEGED_SOFTWARE ? 5 : 6) << 8 | vector, 0);
            throw fault;
        }
        note(vector, GuestFault.NO_CODE, source, vmx.cpu.execution.instructionLength());
    }

    /** The event under delivery has been delivered. */
    public void delivered() {
        delivering = 0;
    }

    /** @return whether the exception bitmap says that the exception makes the VM exit */
    private boolean intercepted(int vector, int errorCode) {
        boolean bit = (exceptionBitmap >> vector & 1) != 0;
        if (vector != VECTOR_PF) {
            return bit;
        }
        boolean matches = (errorCode & vmx.image.get(VmcsField.PAGE_FAULT_MASK)) == vmx.image.get(VmcsField.PAGE_FAULT_MATCH);
        return bit == matches;
    }
}
