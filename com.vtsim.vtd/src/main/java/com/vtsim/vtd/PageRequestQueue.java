package com.vtsim.vtd;

import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.pci.DeviceTlb;
import com.vtsim.api.pci.RequestTranslator.PageRequest;
import com.vtsim.api.register.RegisterFile;

/** Hands page requests of devices to software. Source: VT-d specification, Page Request Queue; Page Request Descriptor; Page Request Event. */
final class PageRequestQueue {
    private static final int ENTRY = 32;
    private static final long PAGE = ~0xFFFL;
    private static final int TYPE = 1;

    private final RegisterFile<VtdRegister> registers;
    private final Capability capability;
    private final TableMemory memory;
    private final DmaRemapper dma;
    private final DeviceTlbs devices;
    private final EventMessage event;

    PageRequestQueue(RegisterFile<VtdRegister> registers, Capability capability, TableMemory memory, DmaRemapper dma, DeviceTlbs devices, EventMessage event) {
        this.registers = registers;
        this.capability = capability;
        this.memory = memory;
        this.dma = dma;
        this.devices = devices;
        this.event = event;
    }

    /** As {@code RequestTranslator.pageRequest}. */
    boolean take(PageRequest request, MemorySpace space) {
        if (!capability.extended(Capability.PRS)) {
            return false;
        }
        if (!dma.isEnabled()) {
            answer(request, DeviceTlb.RESPONSE_FAILURE);
            return false;
        }
        FaultReason fault = dma.pageRequest(request.sourceId, request.pasid, request.address, request.write);
        if (fault != null) {
            answer(request, DeviceTlb.RESPONSE_INVALID);
            return false;
        }
        if (registers.isSet(VtdRegister.PRSTS, VtdRegister.PRO)) {
            answer(request, DeviceTlb.RESPONSE_SUCCESS);
            return false;
        }
        long bytes = 4096L << registers.get(VtdRegister.PQA, VtdRegister.QS);
        long tail = registers.get(VtdRegister.PQT) % bytes;
        long at = (registers.get(VtdRegister.PQA) & PAGE) + tail;
        if ((tail + ENTRY) % bytes == registers.get(VtdRegister.PQH) || !memory.holds(at)) {
            status(VtdRegister.PRO.mask());
            answer(request, DeviceTlb.RESPONSE_SUCCESS);
            return false;
        }
        write(request, at, space);
        registers.set(VtdRegister.PQT, (tail + ENTRY) % bytes);
        status(VtdRegister.PPR.mask());
        return true;
    }

    /** Sets a status bit; if none was set, that is a new interrupt condition. Source: VT-d specification, Recoverable Fault Event. */
    private void status(long mask) {
        boolean quiet = registers.get(VtdRegister.PRSTS) == 0;
        registers.raise(VtdRegister.PRSTS, mask);
        if (quiet) {
            event.raise();
        }
    }

    private static void write(PageRequest request, long at, MemorySpace space) {
        boolean process = request.pasid >= 0;
        space.write(at, 8, TYPE | (process ? 1L << 8 | (long) request.pasid << 32 : 0) | (request.sourceId & 0xFFFFL) << 16
                | (process && request.execute ? 1L << 52 : 0) | (process && request.privileged ? 1L << 53 : 0));
        space.write(at + 8, 8, request.address & PAGE | (request.group & 0x1FFL) << 3 | (request.last ? 4 : 0) | (request.write ? 2 : 0) | (request.read ? 1 : 0));
        space.write(at + 16, 8, 0);
        space.write(at + 24, 8, 0);
    }

    /** The unit answers for software: for the whole group, which its last request stands for. A stop marker has no answer. */
    private void answer(PageRequest request, int code) {
        boolean marker = request.pasid >= 0 && !request.read && !request.write;
        if (request.last && !marker) {
            DeviceTlb device = devices.at(request.sourceId);
            if (device != null) {
                device.pageResponse(request.pasid, request.group, code);
            }
        }
    }
}
