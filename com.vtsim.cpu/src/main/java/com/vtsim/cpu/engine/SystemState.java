package com.vtsim.cpu.engine;

/** Control, debug and model-specific registers; their values only. What writing one does is in the operations and {@link #controlChanged}. */
public final class SystemState {
    /** CR0 bits. */
    public static final long CR0_PE = 1, CR0_MP = 1 << 1, CR0_EM = 1 << 2, CR0_TS = 1 << 3, CR0_ET = 1 << 4, CR0_NE = 1 << 5,
        CR0_WP = 1 << 16, CR0_AM = 1 << 18, CR0_NW = 1 << 29, CR0_CD = 1 << 30, CR0_PG = 1L << 31;
    /** CR4 bits. */
    public static final long CR4_VME = 1, CR4_PVI = 1 << 1, CR4_TSD = 1 << 2, CR4_DE = 1 << 3, CR4_PSE = 1 << 4, CR4_PAE = 1 << 5,
        CR4_MCE = 1 << 6, CR4_PGE = 1 << 7, CR4_PCE = 1 << 8, CR4_OSFXSR = 1 << 9, CR4_OSXMMEXCPT = 1 << 10, CR4_UMIP = 1 << 11,
        CR4_LA57 = 1 << 12, CR4_VMXE = 1 << 13, CR4_SMXE = 1 << 14, CR4_FSGSBASE = 1 << 16, CR4_PCIDE = 1 << 17,
        CR4_OSXSAVE = 1 << 18, CR4_SMEP = 1 << 20, CR4_SMAP = 1 << 21, CR4_PKE = 1 << 22;
    /** IA32_EFER bits. */
    public static final long EFER_SCE = 1, EFER_LME = 1 << 8, EFER_LMA = 1 << 10, EFER_NXE = 1 << 11;

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

    /** After a change of CR0, CR3, CR4 or EFER: drops translations and recomputes the mode. */
    public void controlChanged() {
        cpu.memory.flush();
        cpu.segments.modeChanged();
    }
}
