package com.vtsim.cpu.vmx;

import com.vtsim.cpu.engine.ApicAccesses;
import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.Paging;

/**
 * Accesses to the APIC-access page: those that are virtualized go to the virtual-APIC page, the others make the VM exit.
 *
 * @sdm Virtualizing Memory-Mapped APIC Accesses; Exit Qualification for APIC-Access VM Exits
 */
final class ApicPage implements ApicAccesses {
    private static final int LINEAR_READ = 0, LINEAR_WRITE = 1, LINEAR_FETCH = 2, LINEAR_DELIVERY = 3, LINEAR_MONITOR = 4, PHYSICAL_DELIVERY = 10;
    /** A guest-physical access of an instruction, or of none. */
    static final int PHYSICAL = 15;
    /** Registers that APIC-register virtualization covers, a bit for every 16 bytes. */
    private static final long WRITABLE = 1L << 0x02 | 1L << 0x08 | 1L << 0x0B | 7L << 0x0D | 1L << 0x28 | 0xFFL << 0x30 | 1L << 0x38 | 1L << 0x3E;
    private static final long READABLE = WRITABLE | 1L << 0x03 | 0xFF_FFFFL << 0x10;
    /** Those covered without it, and those that virtual-interrupt delivery adds to writes. */
    private static final long TASK_PRIORITY = 1L << 0x08, DELIVERY = 1L << 0x0B | 1L << 0x30;

    private final Vmx vmx;
    private final Cpu cpu;
    private long readable;
    private long writable;
    /** The latest access that was virtualized: instructions retired before it, offset, size. */
    private long operation = -1;
    private int lastOffset;
    private int lastSize;

    ApicPage(Vmx vmx) {
        this.vmx = vmx;
        this.cpu = vmx.cpu;
    }

    /** Takes the controls of the VM that runs. */
    void adopt() {
        boolean shadow = vmx.has(Control.USE_TPR_SHADOW);
        boolean registers = vmx.has(Control.APIC_REGISTER_VIRTUALIZATION);
        readable = !shadow ? 0 : registers ? READABLE : TASK_PRIORITY;
        writable = !shadow ? 0 : (registers ? WRITABLE : TASK_PRIORITY) | (vmx.has(Control.VIRTUAL_INTERRUPT_DELIVERY) ? DELIVERY : 0);
        operation = -1;
    }

    /** @return whether an access lies within the low 4 bytes of one of the registers */
    private static boolean within(long registers, int offset, int size) {
        return offset < 0x400 && (offset & 0xF) + size <= 4 && (registers >> (offset >> 4) & 1) != 0;
    }

    private boolean virtualized(int offset, int size, boolean write) {
        if (vmx.events.delivering != 0 || !within(write ? writable : readable, offset, size)) {
            return false;
        }
        // An operation may not touch two registers.
        return operation != cpu.execution.retired() || lastOffset == offset && lastSize == size;
    }

    private void note(int offset, int size) {
        operation = cpu.execution.retired();
        lastOffset = offset;
        lastSize = size;
    }

    @Override
    public long read(int offset, int size) {
        probe(offset, size, false);
        note(offset, size);
        return vmx.apic.read(offset, size);
    }

    @Override
    public void write(int offset, int size, long value) {
        probe(offset, size, true);
        note(offset, size);
        vmx.apic.write(offset, size, value);
        vmx.boundary.apicWritten(offset & ~0xF, false);
    }

    @Override
    public void probe(int offset, int size, boolean write) {
        if (!virtualized(offset, size, write)) {
            throw refuse(offset, write ? Paging.WRITE : Paging.READ);
        }
    }

    @Override
    public GuestFault refuse(int offset, int access) {
        int type = vmx.events.delivering != 0 ? LINEAR_DELIVERY : access == MONITOR ? LINEAR_MONITOR
            : (access & Paging.FETCH) != 0 ? LINEAR_FETCH : (access & Paging.WRITE) != 0 ? LINEAR_WRITE : LINEAR_READ;
        return vmx.instructionExit(ExitReason.APIC_ACCESS, type << 12 | offset, 0);
    }

    /** @return to throw: an entry of the guest's paging structures lies in the page */
    GuestFault refuseStructure() {
        return vmx.instructionExit(ExitReason.APIC_ACCESS, (vmx.events.delivering != 0 ? PHYSICAL_DELIVERY : PHYSICAL) << 12, 0);
    }
}
