package com.vtsim.cpu.vmx;

import com.vtsim.api.ept.EptAccess;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.LinearTranslation;
import com.vtsim.cpu.engine.NestedPaging;
import com.vtsim.cpu.engine.Paging;
import com.vtsim.cpu.engine.StaleUses;
import com.vtsim.cpu.engine.SystemState;

/**
 * Guest-physical addresses of the VM that runs, made final by the EPT mechanism and cached by EPT pointer.
 *
 * @sdm EPT Translation Mechanism; Information That May Be Cached
 */
final class GuestPhysical implements NestedPaging {
    private static final int VECTOR_VE = 20;
    /** Qualification of an SPP-related event. */
    private static final int SUB_PAGE_MISS = 1 << 11;
    private static final long FRAME = (1L << Paging.PHYSICAL_BITS) - 1 & ~0xFFFL;

    private final Vmx vmx;
    private final EptAccess access = new EptAccess();
    private final GuestPhysicalMappings mappings = new GuestPhysicalMappings();
    private long pointer;
    /** First structure of HLAT paging, or {@link #ORDINARY} where that is off. */
    private long managed = ORDINARY;
    private boolean managesAll;
    private boolean keepsWrites = true;
    /** Whether the access under way belongs to no instruction. */
    private boolean asynchronous;
    private long reads;

    GuestPhysical(Vmx vmx) {
        this.vmx = vmx;
        access.poison = vmx.cpu.machineChecks;
    }

    /** Takes what concerns translation from the VMCS of the VM that runs. */
    void adopt(VmcsImage image) {
        pointer = image.get(VmcsField.EPTP);
        managed = Control.ENABLE_HLAT.in(image) ? image.get(VmcsField.HLATP) & FRAME : ORDINARY;
        managesAll = image.get(VmcsField.HLAT_PREFIX_SIZE) == 0;
        access.modeBased = Control.MODE_BASED_EXECUTE.in(image);
        access.log = Control.ENABLE_PML.in(image) ? image.get(VmcsField.PML_ADDRESS) : EptAccess.NONE;
        access.pagingWrite = Control.PAGING_WRITE_CONTROL.in(image);
        access.verifies = Control.GUEST_PAGING_VERIFICATION.in(image);
        access.subPageTable = Control.SUB_PAGE_WRITE.in(image) ? image.get(VmcsField.SPPTP) : EptAccess.NONE;
    }

    /** @return the part of an EPT pointer that mappings are tagged with */
    static long tag(long eptp) {
        return eptp & FRAME;
    }

    /** @return EPT entries that walks have read since power-on */
    long reads() {
        return reads;
    }

    /** INVEPT. @param tag of a pointer, or {@link LinearTranslation#NO_EPT} for all */
    void invalidate(long tag) {
        mappings.drop(tag);
        vmx.cpu.translation.flushUnder(tag);
    }

    /** A prefix of any size is bit 63, as a maximum of 1 in IA32_VMX_EPT_VPID_CAP says. @sdm Ordinary Paging and HLAT Paging */
    @Override
    public long root(long linear) {
        return managesAll || linear < 0 ? managed : ORDINARY;
    }

    @Override
    public void begin() {
        access.verified = true;
    }

    @Override
    public long data(long guestPhysical, int kind, long linear) {
        boolean user = access.modeBased && (kind & Paging.USER_PAGE) != 0;
        int wanted = (kind & Paging.WRITE) != 0 ? GuestPhysicalMappings.WRITE
            : (kind & Paging.FETCH) == 0 ? GuestPhysicalMappings.READ : user ? GuestPhysicalMappings.EXECUTE_USER : GuestPhysicalMappings.EXECUTE;
        keepsWrites = true;
        long known = mappings.find(tag(pointer), guestPhysical, wanted);
        boolean unverified = access.verifies && !access.verified && mappings.has(guestPhysical, GuestPhysicalMappings.VERIFY);
        if (known != GuestPhysicalMappings.NONE && !unverified) {
            return used(guestPhysical, known, kind);
        }
        access.read = wanted == GuestPhysicalMappings.READ;
        access.write = wanted == GuestPhysicalMappings.WRITE;
        access.fetch = (kind & Paging.FETCH) != 0;
        access.pagingStructure = false;
        page(kind);
        long physical = translate(guestPhysical, linear, true);
        keepsWrites = (access.allowed & GuestPhysicalMappings.WRITE) != 0;
        return physical;
    }

    /** Translates a page of a processor trace's output, or of its tables. @sdm Trace-Address Pre-Translation (TAPT) */
    long trace(long guestPhysical, boolean write) {
        int wanted = write ? GuestPhysicalMappings.WRITE : GuestPhysicalMappings.READ;
        long known = mappings.find(tag(pointer), guestPhysical, wanted);
        if (known == GuestPhysicalMappings.NONE) {
            access.verified = true;
            access.read = !write;
            access.write = write;
            access.fetch = false;
            access.pagingStructure = false;
            page(0);
            asynchronous = true;
            try {
                known = translate(guestPhysical, 0, false);
            } finally {
                asynchronous = false;
            }
        }
        if (vmx.accessesApic(known)) {
            throw vmx.asynchronousExit(ExitReason.APIC_ACCESS, guestPhysical & 0xFFF | ApicPage.PHYSICAL << 12, 0);
        }
        return known;
    }

    private void page(int kind) {
        access.userLinear = (kind & Paging.USER_PAGE) != 0;
        access.writableLinear = (kind & Paging.WRITABLE_PAGE) != 0;
        access.noExecuteLinear = (kind & Paging.NO_EXECUTE_PAGE) != 0;
    }

    @Override
    public boolean keepsWrites() {
        return keepsWrites;
    }

    @Override
    public long structure(long guestPhysical, boolean write, long linear, boolean linearValid) {
        boolean writes = write || linearValid && (pointer & 1 << 6) != 0;
        long known = mappings.find(tag(pointer), guestPhysical, writes ? GuestPhysicalMappings.WRITE : GuestPhysicalMappings.READ);
        if (known == GuestPhysicalMappings.NONE && writes && access.pagingWrite) {
            known = mappings.find(tag(pointer), guestPhysical, GuestPhysicalMappings.READ | GuestPhysicalMappings.PAGING_WRITE);
        }
        if (known != GuestPhysicalMappings.NONE) {
            access.verified &= mappings.has(guestPhysical, GuestPhysicalMappings.PAGING_WRITE);
            return entryAt(used(guestPhysical, known, writes ? Paging.WRITE : Paging.READ));
        }
        access.read = !write;
        access.write = write;
        access.fetch = false;
        access.pagingStructure = true;
        long physical = translate(guestPhysical, linear, linearValid);
        access.verified &= (access.allowed & GuestPhysicalMappings.PAGING_WRITE) != 0;
        return entryAt(physical);
    }

    /** The APIC-access page holds no paging structures. */
    private long entryAt(long hostPhysical) {
        if (vmx.accessesApic(hostPhysical)) {
            throw vmx.apicPage().refuseStructure();
        }
        return hostPhysical;
    }

    /** A cached mapping answers. */
    private long used(long guestPhysical, long known, int kind) {
        StaleUses stale = vmx.cpu.translation.stale();
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
    public int memoryType(long guestPhysical) {
        return peek(guestPhysical) == -1 ? NO_TYPE : access.memoryType;
    }

    @Override
    public long peek(long guestPhysical, int kind) {
        boolean write = (kind & Paging.WRITE) != 0;
        boolean fetch = (kind & Paging.FETCH) != 0;
        page(kind);
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
        boolean verified = access.verified;
        access.verified = true;
        access.dry = true;
        vmx.capabilities.ept().translate(access);
        access.dry = false;
        access.verified = verified;
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
        if (access.log != EptAccess.NONE) {
            access.logIndex = (int) vmx.image.get(VmcsField.PML_INDEX);
        }
        vmx.capabilities.ept().translate(access);
        reads += access.reads;
        if (access.outcome == EptAccess.OK) {
            if (access.log != EptAccess.NONE && access.logIndex != vmx.image.get(VmcsField.PML_INDEX)) {
                vmx.update(VmcsField.PML_INDEX, access.logIndex);
            }
            mappings.keep(tag(pointer), guestPhysical, access.hostPhysical, access.allowed);
            return access.hostPhysical;
        }
        mappings.drop(tag(pointer), guestPhysical);
        if (linearValid && !access.pagingStructure) {
            vmx.cpu.translation.violated(linear);
        }
        throw failure(guestPhysical, linear, linearValid);
    }

    /** @return what becomes of an access that EPT does not let through, to throw */
    private GuestFault failure(long guestPhysical, long linear, boolean linearValid) {
        if (asynchronous) {
            return asynchronousFailure(guestPhysical);
        }
        switch (access.outcome) {
            case EptAccess.VIOLATION:
                return converted(guestPhysical, linear, linearValid) ? vmx.cpu.fault(VECTOR_VE, GuestFault.NO_CODE)
                    : vmx.eptExit(ExitReason.EPT_VIOLATION, access.qualification, guestPhysical, linear);
            case EptAccess.LOG_FULL:
                return vmx.eptExit(ExitReason.PML_FULL, 0, 0, 0);
            case EptAccess.SUB_PAGE_MISS:
                return vmx.eptExit(ExitReason.SUB_PAGE_EVENT, SUB_PAGE_MISS, guestPhysical, linear);
            case EptAccess.SUB_PAGE_MISCONFIGURATION:
                return vmx.eptExit(ExitReason.SUB_PAGE_EVENT, 0, guestPhysical, linear);
            default:
                return vmx.eptExit(ExitReason.EPT_MISCONFIGURATION, 0, guestPhysical, linear);
        }
    }

    /** The same for an access that belongs to no instruction: it never becomes a #VE. */
    private GuestFault asynchronousFailure(long guestPhysical) {
        return switch (access.outcome) {
            case EptAccess.VIOLATION -> vmx.asynchronousExit(ExitReason.EPT_VIOLATION, access.qualification, guestPhysical);
            case EptAccess.LOG_FULL -> vmx.asynchronousExit(ExitReason.PML_FULL, 0, 0);
            case EptAccess.SUB_PAGE_MISS -> vmx.asynchronousExit(ExitReason.SUB_PAGE_EVENT, SUB_PAGE_MISS, guestPhysical);
            case EptAccess.SUB_PAGE_MISCONFIGURATION -> vmx.asynchronousExit(ExitReason.SUB_PAGE_EVENT, 0, guestPhysical);
            default -> vmx.asynchronousExit(ExitReason.EPT_MISCONFIGURATION, 0, guestPhysical);
        };
    }

    /**
     * Makes a violation a virtualization exception, if it is to be one and the information area is free.
     *
     * @sdm Virtualization Exceptions: Convertible EPT Violations; Virtualization-Exception Information
     */
    private boolean converted(long guestPhysical, long linear, boolean linearValid) {
        Cpu cpu = vmx.cpu;
        if (!vmx.has(Control.EPT_VIOLATION_VE) || access.suppressed || (cpu.system.cr0 & SystemState.CR0_PE) == 0 || vmx.events.delivering != 0) {
            return false;
        }
        MemorySpace space = cpu.memory.space();
        long area = vmx.image.get(VmcsField.VE_INFORMATION);
        if (space.read(area + 4, 4) != 0) {
            return false;
        }
        space.write(area, 4, ExitReason.EPT_VIOLATION.number);
        space.write(area + 4, 4, 0xFFFF_FFFFL);
        space.write(area + 8, 8, access.qualification);
        space.write(area + 16, 8, linearValid ? linear : 0);
        space.write(area + 24, 8, guestPhysical);
        space.write(area + 32, 2, vmx.image.get(VmcsField.EPTP_INDEX));
        return true;
    }
}
