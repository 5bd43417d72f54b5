package com.vtsim.cpu.engine;

import com.vtsim.api.irq.LocalApicPort;

/**
 * Control and debug registers, and what is legal to write to them.
 *
 * @sdm Control Registers; Initializing IA-32e Mode; PDPTE Registers
 */
public final class SystemState {
    /** CR0 bits. */
    public static final long CR0_PE = 1, CR0_MP = 1 << 1, CR0_EM = 1 << 2, CR0_TS = 1 << 3, CR0_ET = 1 << 4, CR0_NE = 1 << 5,
        CR0_WP = 1 << 16, CR0_AM = 1 << 18, CR0_NW = 1 << 29, CR0_CD = 1 << 30, CR0_PG = 1L << 31;
    private static final long CR0_DEFINED = 0xE005_003FL;
    /** CR4 bits. */
    public static final long CR4_VME = 1, CR4_PVI = 1 << 1, CR4_TSD = 1 << 2, CR4_DE = 1 << 3, CR4_PSE = 1 << 4, CR4_PAE = 1 << 5,
        CR4_MCE = 1 << 6, CR4_PGE = 1 << 7, CR4_PCE = 1 << 8, CR4_OSFXSR = 1 << 9, CR4_OSXMMEXCPT = 1 << 10, CR4_UMIP = 1 << 11,
        CR4_LA57 = 1 << 12, CR4_VMXE = 1 << 13, CR4_SMXE = 1 << 14, CR4_FSGSBASE = 1 << 16, CR4_PCIDE = 1 << 17,
        CR4_OSXSAVE = 1 << 18, CR4_KL = 1 << 19, CR4_SMEP = 1 << 20, CR4_SMAP = 1 << 21, CR4_PKE = 1 << 22;
    /** IA32_EFER bits. */
    public static final long EFER_SCE = 1, EFER_LME = 1 << 8, EFER_LMA = 1 << 10, EFER_NXE = 1 << 11;

    /** DR6 bits: access to a debug register, single step, task switch. */
    public static final long DR6_BD = 1 << 13, DR6_BS = 1 << 14, DR6_BT = 1 << 15;
    /** DR7.GD: accesses to debug registers raise #DB. */
    public static final long DR7_GD = 1 << 13;

    private final Cpu cpu;

    /** CR0. */
    public long cr0;
    /** CR2: linear address of the latest page fault. */
    public long cr2;
    /** CR3. */
    public long cr3;
    /** CR4. */
    public long cr4;
    /** IA32_EFER. */
    public long efer;
    /** CR8 where there is no local APIC to hold it. */
    public int cr8;
    /** PDPTE registers of PAE paging, loaded by writes to CR3 and the like. */
    public final long[] pdpte = new long[4];
    /** DR0–DR3, DR6, DR7; 4 and 5 unused. */
    public final long[] dr = new long[8];
    /** XCR0. */
    public long xcr0 = 1;
    /** PKRU. */
    public int pkru;
    /** Address bits passed to memory: clear bit 20 while A20M# is asserted. */
    public long a20Mask = -1L;

    SystemState(Cpu cpu) {
        this.cpu = cpu;
    }

    /** @return whether paging is on */
    public boolean paging() {
        return (cr0 & CR0_PG) != 0;
    }

    /** @return whether EFER.LMA is set */
    public boolean longMode() {
        return (efer & EFER_LMA) != 0;
    }

    /** After a change of CR0, CR3, CR4 or EFER: drops translations of the current virtual processor and recomputes the mode. */
    public void controlChanged() {
        cpu.translation.controlChanged();
        cpu.segments.modeChanged();
    }

    /** After a VM entry or exit has loaded them: recomputes the mode; translations stay, and those that fit are used. */
    public void controlLoaded() {
        cpu.translation.reselect();
        cpu.segments.modeChanged();
    }

    /** @return the bits that decide what a translation allows: two states in which they differ share none */
    int translationRules() {
        long alignment = cpu.execution.traps.alignmentChecked() ? 1 : 0;
        return (int) (cr4 & (CR4_PSE | CR4_PAE | CR4_PGE | CR4_LA57 | CR4_SMEP | CR4_SMAP | CR4_PKE) | cr0 & (CR0_WP | CR0_PG)
            | efer & (EFER_LMA | EFER_NXE) | alignment | cpu.vmx.translationRules() << 1);
    }

    /** MOV to CR0: #GP(0) for what the manual forbids, else takes effect. */
    public void writeCr0(long value) {
        long wanted = value & CR0_DEFINED | CR0_ET;
        boolean pagingAfter = (wanted & CR0_PG) != 0;
        boolean bad = value >>> 32 != 0 || pagingAfter && (wanted & CR0_PE) == 0 || (wanted & (CR0_NW | CR0_CD)) == CR0_NW;
        if (bad || cpu.vmx.shown.forbidsCr0(wanted)) {
            throw cpu.protection(0);
        }
        long newEfer = efer;
        if (pagingAfter && !paging()) {
            newEfer = startPaging();
        } else if (!pagingAfter && paging()) {
            if ((cpu.mode & Mode.SIZE_MASK) == 2 || (cr4 & CR4_PCIDE) != 0) {
                throw cpu.protection(0);
            }
            newEfer &= ~EFER_LMA;
        }
        long changed = cr0 ^ wanted;
        boolean pae = pagingAfter && (cr4 & CR4_PAE) != 0 && (newEfer & EFER_LMA) == 0;
        if (pae && (changed & (CR0_PG | CR0_CD | CR0_NW)) != 0) {
            loadPdptes(cr3);
        }
        cr0 = wanted;
        efer = newEfer;
        if ((changed & (CR0_PG | CR0_PE | CR0_WP)) != 0) {
            controlChanged();
        } else {
            cpu.segments.modeChanged();
        }
        cpu.execution.endBlock();
    }

    /** @return EFER after CR0.PG becomes 1 */
    private long startPaging() {
        if ((efer & EFER_LME) == 0) {
            return efer;
        }
        boolean task16 = (cpu.segments.taskAccess & 8) == 0;
        if ((cr4 & CR4_PAE) == 0 || (cpu.segments.access[Cpu.CS] & Segments.LONG_CODE) != 0 || task16) {
            throw cpu.protection(0);
        }
        return efer | EFER_LMA;
    }

    /** MOV to CR3: #GP(0) for reserved bits, else takes effect. */
    public void writeCr3(long value) {
        boolean keep = (cr4 & CR4_PCIDE) != 0 && value < 0;
        long wanted = keep ? value & Long.MAX_VALUE : value;
        if (wanted >>> Paging.PHYSICAL_BITS != 0) {
            throw cpu.protection(0);
        }
        loadCr3(wanted, keep);
    }

    /** Loads CR3 from a checked source, with the PDPTE registers where there is PAE paging. */
    void loadCr3(long value) {
        loadCr3(value, false);
    }

    private void loadCr3(long value, boolean keep) {
        if (paging() && (cr4 & CR4_PAE) != 0 && !longMode()) {
            loadPdptes(value);
        }
        cr3 = value;
        cpu.translation.contextChanged(keep);
    }

    /** @return the current process-context identifier: 0 unless CR4.PCIDE is set */
    int processContext() {
        return (cr4 & CR4_PCIDE) != 0 ? (int) cr3 & 0xFFF : 0;
    }

    /** Loads the PDPTE registers; #GP(0) if a present one has reserved bits set, and none is changed then. */
    private void loadPdptes(long from) {
        long reserved = 0x1E6L | -1L << Paging.PHYSICAL_BITS;
        long table = from & 0xFFFF_FFE0L;
        long[] read = new long[4];
        for (int i = 0; i < 4; i++) {
            read[i] = cpu.memory.paging().readPhysical(table + 8L * i);
            if ((read[i] & 1) != 0 && (read[i] & reserved) != 0) {
                throw cpu.protection(0);
            }
        }
        System.arraycopy(read, 0, pdpte, 0, 4);
    }

    /** Loads the PDPTE registers for a VM entry or exit. @return false if one is not legal; none is changed then */
    public boolean loadPdptesOrNot() {
        try {
            loadPdptes(cr3);
            return true;
        } catch (GuestFault illegal) {
            if (illegal.vector == MachineChecks.VECTOR) {
                throw illegal;
            }
            return false;
        }
    }

    /** MOV to CR4: #GP(0) for bits that are not there and for what the manual forbids, else takes effect. */
    public void writeCr4(long value) {
        long changed = cr4 ^ value;
        boolean bad = (value & ~cpu.cpuid.controlBits4()) != 0
            || longMode() && (changed & (CR4_PAE | CR4_LA57)) != 0
            || (changed & value & CR4_PCIDE) != 0 && (!longMode() || (cr3 & 0xFFF) != 0) || cpu.vmx.shown.forbidsCr4(value);
        if (bad) {
            throw cpu.protection(0);
        }
        boolean pae = paging() && (value & CR4_PAE) != 0 && !longMode();
        if (pae && (changed & (CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP)) != 0) {
            loadPdptes(cr3);
        }
        cr4 = value;
        controlChanged();
        cpu.execution.endBlock();
    }

    /** WRMSR to IA32_EFER. @return false for #GP(0) */
    boolean writeEfer(long value) {
        long known = EFER_SCE | EFER_LME | EFER_LMA | (cpu.cpuid.has(Feature.NX) ? EFER_NXE : 0);
        if ((value & ~known) != 0 || paging() && ((value ^ efer) & EFER_LME) != 0) {
            return false;
        }
        efer = value & ~EFER_LMA | efer & EFER_LMA;
        controlChanged();
        cpu.execution.endBlock();
        return true;
    }

    /** @return CR8: the task-priority class */
    public long readCr8() {
        return localApic() != null ? localApic().taskPriority() : cr8;
    }

    /** MOV to CR8: #GP(0) for reserved bits. */
    public void writeCr8(long value) {
        if (value >>> 4 != 0) {
            throw cpu.protection(0);
        }
        cr8 = (int) value;
        if (localApic() != null) {
            localApic().taskPriority((int) value);
        }
        cpu.execution.endBlock();
    }

    /** @return this processor's local APIC, or null */
    public LocalApicPort localApic() {
        return cpu.controller == null ? null : cpu.controller.localApic(cpu.index);
    }
}
