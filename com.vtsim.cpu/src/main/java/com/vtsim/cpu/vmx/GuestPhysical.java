package com.vtsim.cpu.vmx;

import com.vtsim.api.ept.EptAccess;
import com.vtsim.cpu.engine.NestedPaging;
import com.vtsim.cpu.engine.Paging;

/** Guest-physical addresses of the VM that runs, made final by the EPT mechanism. @sdm EPT Translation Mechanism */
final class GuestPhysical implements NestedPaging {
    private final Vmx vmx;
    private final EptAccess access = new EptAccess();
    private long pointer;

    GuestPhysical(Vmx vmx) {
        this.vmx = vmx;
    }

    void pointer(long eptp) {
        pointer = eptp;
    }

    @Override
    public long data(long guestPhysical, int kind, long linear) {
        access.read = (kind & (Paging.WRITE | Paging.FETCH)) == 0;
        access.write = (kind & Paging.WRITE) != 0;
        access.fetch = (kind & Paging.FETCH) != 0;
        access.pagingStructure = false;
        return translate(guestPhysical, linear, true);
    }

    @Override
    public long structure(long guestPhysical, boolean write, long linear, boolean linearValid) {
        access.read = !write;
        access.write = write;
        access.fetch = false;
        access.pagingStructure = true;
        return translate(guestPhysical, linear, linearValid);
    }

    @Override
    public long peek(long guestPhysical) {
        access.read = false;
        access.write = false;
        access.fetch = false;
        access.eptp = pointer;
        access.guestPhysical = guestPhysical;
        if (vmx.capabilities.ept() == null) {
            return -1;
        }
        vmx.capabilities.ept().translate(access);
        return access.outcome == EptAccess.OK ? access.hostPhysical : -1;
    }

    private long translate(long guestPhysical, long linear, boolean linearValid) {
        access.eptp = pointer;
        access.guestPhysical = guestPhysical;
        access.guestLinear = linear;
        access.linearValid = linearValid;
        if (vmx.capabilities.ept() == null) {
            // The part has been taken away under a running guest: nothing is mapped until it is back.
            throw vmx.eptExit(ExitReason.EPT_MISCONFIGURATION, 0, guestPhysical, linear);
        }
        vmx.capabilities.ept().translate(access);
        if (access.outcome == EptAccess.OK) {
            return access.hostPhysical;
        }
        boolean violation = access.outcome == EptAccess.VIOLATION;
        throw vmx.eptExit(violation ? ExitReason.EPT_VIOLATION : ExitReason.EPT_MISCONFIGURATION, violation ? access.qualification : 0, guestPhysical,
            linear);
    }
}
