package com.vtsim.cpu.vmx;

import com.vtsim.api.ept.EptAccess;
import com.vtsim.cpu.engine.LinearMemory;
import com.vtsim.cpu.engine.NestedPaging;
import com.vtsim.cpu.engine.Paging;
import com.vtsim.cpu.engine.StaleUses;

/**
 * Guest-physical addresses of the VM that runs, made final by the EPT mechanism and cached by EPT pointer.
 *
 * @sdm EPT Translation Mechanism; Information That May Be Cached
 */
final class GuestPhysical implements NestedPaging {
    private static final long FRAME = (1L << Paging.PHYSICAL_BITS) - 1 & ~0xFFFL;

    private final Vmx vmx;
    private final EptAccess access = new EptAccess();
    private final GuestPhysicalMappings mappings = new GuestPhysicalMappings();
    private long pointer;

    GuestPhysical(Vmx vmx) {
        this.vmx = vmx;
    }

    void pointer(long eptp) {
        pointer = eptp;
    }

    /** @return the part of an EPT pointer that mappings are tagged with */
    static long tag(long eptp) {
        return eptp & FRAME;
    }

    /** INVEPT. @param tag of a pointer, or {@link LinearMemory#NO_EPT} for all */
    void invalidate(long tag) {
        mappings.drop(tag);
        vmx.cpu.memory.flushUnder(tag);
    }

    @Override
    public long data(long guestPhysical, int kind, long linear) {
        int wanted = (kind & Paging.WRITE) != 0 ? GuestPhysicalMappings.WRITE : (kind & Paging.FETCH) != 0 ? GuestPhysicalMappings.EXECUTE
            : GuestPhysicalMappings.READ;
        long known = mappings.find(tag(pointer), guestPhysical, wanted);
        if (known != GuestPhysicalMappings.NONE) {
            return used(guestPhysical, known, kind);
        }
        access.read = wanted == GuestPhysicalMappings.READ;
        access.write = wanted == GuestPhysicalMappings.WRITE;
        access.fetch = wanted == GuestPhysicalMappings.EXECUTE;
        access.pagingStructure = false;
        return translate(guestPhysical, linear, true);
    }

    @Override
    public long structure(long guestPhysical, boolean write, long linear, boolean linearValid) {
        boolean writes = write || (pointer & 1 << 6) != 0;
        long known = mappings.find(tag(pointer), guestPhysical, writes ? GuestPhysicalMappings.WRITE : GuestPhysicalMappings.READ);
        if (known != GuestPhysicalMappings.NONE) {
            return used(guestPhysical, known, writes ? Paging.WRITE : Paging.READ);
        }
        access.read = !write;
        access.write = write;
        access.fetch = false;
        access.pagingStructure = true;
        return translate(guestPhysical, linear, linearValid);
    }

    /** A cached mapping answers. */
    private long used(long guestPhysical, long known, int kind) {
        StaleUses stale = vmx.cpu.memory.stale();
        if (stale != null) {
            stale.guestPhysical(guestPhysical, known & -4096L, peek(guestPhysical, kind), tag(pointer));
        }
        return known;
    }

    @Override
    public long peek(long guestPhysical) {
        return peek(guestPhysical, false, false, false);
    }

    @Override
    public long peek(long guestPhysical, int kind) {
        boolean write = (kind & Paging.WRITE) != 0;
        boolean fetch = (kind & Paging.FETCH) != 0;
        return peek(guestPhysical, !write && !fetch, write, fetch);
    }

    private long peek(long guestPhysical, boolean read, boolean write, boolean fetch) {
        access.read = read;
        access.write = write;
        access.fetch = fetch;
        access.pagingStructure = false;
        access.eptp = pointer;
        access.guestPhysical = guestPhysical;
        if (vmx.capabilities.ept() == null) {
            return -1;
        }
        access.dry = true;
        vmx.capabilities.ept().translate(access);
        access.dry = false;
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
            mappings.keep(tag(pointer), guestPhysical, access.hostPhysical, access.allowed);
            return access.hostPhysical;
        }
        mappings.drop(tag(pointer), guestPhysical);
        if (linearValid && !access.pagingStructure) {
            vmx.cpu.memory.violated(linear);
        }
        boolean violation = access.outcome == EptAccess.VIOLATION;
        throw vmx.eptExit(violation ? ExitReason.EPT_VIOLATION : ExitReason.EPT_MISCONFIGURATION, violation ? access.qualification : 0, guestPhysical,
            linear);
    }
}
