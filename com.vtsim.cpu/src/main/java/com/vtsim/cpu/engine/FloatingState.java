package com.vtsim.cpu.engine;

import com.vtsim.api.machine.Lines;
import com.vtsim.cpu.floating.FloatUnit;
import java.util.Arrays;

/**
 * Registers of the x87, MMX, SSE and AVX units, and whether system software lets them be used. Operations ask
 * {@link #x87}, {@link #mmx}, {@link #sse} or {@link #avx} first; that throws what silicon would.
 *
 * @sdm x87 FPU Execution Environment; MXCSR Control and Status Register; Managing State Using the XSAVE Feature Set
 */
public final class FloatingState {
    /** Longs of a vector register: YMM. */
    public static final int LONGS = 4;
    /** Value of FCW after FNINIT; RESET leaves 40h. */
    public static final int FCW_INIT = 0x37F;
    /** Value of MXCSR after RESET. */
    public static final int MXCSR_INIT = 0x1F80;
    /** MXCSR bits that may be set. */
    public static final int MXCSR_MASK = 0xFFFF;
    private static final int X87 = 1, MMX = 2, SSE = 4, AVX = 8;
    private static final long XCR0_SSE_AVX = 6;

    private final Cpu cpu;
    private int usable;

    /** Longs of all vector registers. */
    public static final int VECTORS = 16 * LONGS;
    /** Index in {@link #vector} of a memory operand on its way into the unit. */
    public static final int OPERAND = VECTORS;
    /** Index in {@link #vector} of a result that is not committed yet. */
    public static final int RESULT = VECTORS + LONGS;

    /** YMM0–YMM15: {@code 4 * n} is the lowest long of register n; XMM is the lower two. Then {@link #OPERAND} and {@link #RESULT}, which are no state. */
    public final long[] vector = new long[VECTORS + 2 * LONGS];
    /** MXCSR. */
    public int mxcsr = MXCSR_INIT;

    /** Significands of the physical registers R0–R7; MM0–MM7 are these. */
    public final long[] significand = new long[8];
    /** Sign and exponent, 16 bits, of the physical registers. */
    public final int[] exponent = new int[8];
    /** Bit n: physical register n is not empty. */
    public int valid;
    /** Physical number of ST(0), 0–7. */
    public int top;
    /** Control word. */
    public int control = 0x40;
    /** Status word without TOP. */
    public int status;
    /** Last opcode, 11 bits. */
    public int lastOpcode;
    /** Selectors of the last instruction and its operand. */
    public int lastCs, lastDs;
    /** Offsets in their segments of the last instruction and its operand. */
    public long lastIp, lastDp;

    /** Software arithmetic, shared by the units. */
    public final FloatUnit unit = new FloatUnit();

    FloatingState(Cpu cpu) {
        this.cpu = cpu;
    }

    /** Recomputes what may be used, after a change of CR0, CR4 or XCR0; called by {@link Segments#modeChanged}. */
    void rightsChanged() {
        SystemState s = cpu.system;
        boolean emulate = (s.cr0 & SystemState.CR0_EM) != 0;
        boolean switched = (s.cr0 & SystemState.CR0_TS) != 0;
        int now = 0;
        if (!emulate && !switched) {
            now |= X87 | MMX;
            if ((s.cr4 & SystemState.CR4_OSFXSR) != 0) {
                now |= SSE;
            }
        }
        if (!switched && (s.cr4 & SystemState.CR4_OSXSAVE) != 0 && (s.xcr0 & XCR0_SSE_AVX) == XCR0_SSE_AVX
            && (s.cr0 & SystemState.CR0_PE) != 0 && (cpu.systemFlags & Flags.VM) == 0) {
            now |= AVX;
        }
        usable = now;
    }

    /** Throws #NM where x87 instructions may not be executed. */
    public void x87() {
        if ((usable & X87) == 0) {
            throw cpu.fault(7, GuestFault.NO_CODE);
        }
    }

    /** Throws #UD or #NM where MMX instructions may not be executed. */
    public void mmx() {
        if ((usable & MMX) == 0) {
            throw (cpu.system.cr0 & SystemState.CR0_EM) != 0 ? cpu.undefined() : cpu.fault(7, GuestFault.NO_CODE);
        }
    }

    /** Throws #UD or #NM where SSE instructions (not those on MMX registers alone) may not be executed. */
    public void sse() {
        if ((usable & SSE) == 0) {
            boolean undefined = (cpu.system.cr0 & SystemState.CR0_EM) != 0 || (cpu.system.cr4 & SystemState.CR4_OSFXSR) == 0;
            throw undefined ? cpu.undefined() : cpu.fault(7, GuestFault.NO_CODE);
        }
    }

    /** Throws #UD or #NM where VEX-encoded instructions on vector registers may not be executed. */
    public void avx() {
        if ((usable & AVX) == 0) {
            boolean undefined = (cpu.system.cr4 & SystemState.CR4_OSXSAVE) == 0 || (cpu.system.xcr0 & XCR0_SSE_AVX) != XCR0_SSE_AVX
                || (cpu.system.cr0 & SystemState.CR0_PE) == 0 || (cpu.systemFlags & Flags.VM) != 0;
            throw undefined ? cpu.undefined() : cpu.fault(7, GuestFault.NO_CODE);
        }
    }

    /** State after RESET; INIT changes nothing here. */
    void reset() {
        Arrays.fill(vector, 0);
        mxcsr = MXCSR_INIT;
        Arrays.fill(significand, 0);
        Arrays.fill(exponent, 0);
        initialise();
        // RESET differs from FNINIT: the control word is 40h and the tags say zero.
        control = 0x40;
        valid = 0xFF;
    }

    // The x87's words

    /** @return whether an unmasked x87 exception waits for the next waiting instruction: ES */
    public boolean pending() {
        return (status & ~control & 0x3F) != 0;
    }

    /**
     * What waiting instructions, those on MMX registers included, do first: an unmasked exception that is pending raises #MF or,
     * where CR0.NE is 0, asserts FERR# and freezes the processor until an interrupt, unless the chipset asserts IGNNE#.
     *
     * @sdm MS-DOS Compatibility Sub-mode
     */
    public void awaitExceptions() {
        if ((status & ~control & 0x3F) != 0) {
            unmaskedPending();
        }
    }

    private void unmaskedPending() {
        if ((cpu.system.cr0 & SystemState.CR0_NE) != 0) {
            throw cpu.fault(16, GuestFault.NO_CODE);
        }
        if (!errorIgnored) {
            if (errorLine != null) {
                errorLine.set(true);
            }
            throw cpu.execution.activity.freeze();
        }
    }

    /** FERR#: wired to IRQ13; null while detached. */
    public Lines.Driver errorLine;
    /** IGNNE#, which the chipset asserts from a write to port F0h until FERR# goes. */
    private boolean errorIgnored;

    /** A write to port F0h: clears IRQ13 and asserts IGNNE# while an exception is pending. */
    public void ignoreError() {
        errorIgnored = pending();
        if (errorLine != null) {
            errorLine.set(false);
        }
    }

    private void changed() {
        errorIgnored &= pending();
    }

    /** Clears exception flags and SF: FNCLEX. */
    public void clearExceptions() {
        status &= ~0xFF;
        changed();
    }

    /** @return the status word with TOP, ES and B */
    public int statusWord() {
        return status & 0x477F | top << 11 | (pending() ? 0x8080 : 0);
    }

    /** Sets status word and TOP; ES and B follow from flags and masks. */
    public void loadStatus(int word) {
        status = word & 0x477F;
        top = word >>> 11 & 7;
        changed();
    }

    /** Sets the control word; reserved bits stay as they are on processors, bit 6 set. */
    public void loadControl(int word) {
        control = word & 0x1F3F | 0x40;
        changed();
    }

    /** @return the full tag word: two bits for each physical register */
    public int tagWord() {
        int tags = 0;
        for (int p = 7; p >= 0; p--) {
            int e = exponent[p] & 0x7FFF;
            int tag = (valid >>> p & 1) == 0 ? 3 : e == 0 && significand[p] == 0 ? 1 : e == 0 || e == 0x7FFF || significand[p] >= 0 ? 2 : 0;
            tags = tags << 2 | tag;
        }
        return tags;
    }

    /** Sets which registers are empty from a full tag word; what else it says follows from their contents. */
    public void loadTags(int word) {
        valid = 0;
        for (int p = 0; p < 8; p++) {
            if ((word >>> 2 * p & 3) != 3) {
                valid |= 1 << p;
            }
        }
    }

    /** FNINIT. */
    public void initialise() {
        errorIgnored = false;
        control = FCW_INIT;
        status = 0;
        top = 0;
        valid = 0;
        lastOpcode = 0;
        lastCs = 0;
        lastDs = 0;
        lastIp = 0;
        lastDp = 0;
    }

    /** What is saved. */
    public record Saved(long[] vector, int mxcsr, long[] significand, int[] exponent, int valid, int top, int control, int status,
        int lastOpcode, int lastCs, int lastDs, long lastIp, long lastDp) { }

    /** @return the state of the units */
    public Saved save() {
        return new Saved(Arrays.copyOf(vector, VECTORS), mxcsr, significand.clone(), exponent.clone(), valid, top, control, status, lastOpcode, lastCs,
            lastDs, lastIp, lastDp);
    }

    /** Adopts a saved state. */
    public void restore(Saved saved) {
        System.arraycopy(saved.vector, 0, vector, 0, VECTORS);
        mxcsr = saved.mxcsr;
        System.arraycopy(saved.significand, 0, significand, 0, 8);
        System.arraycopy(saved.exponent, 0, exponent, 0, 8);
        valid = saved.valid;
        top = saved.top;
        control = saved.control;
        status = saved.status;
        lastOpcode = saved.lastOpcode;
        lastCs = saved.lastCs;
        lastDs = saved.lastDs;
        lastIp = saved.lastIp;
        lastDp = saved.lastDp;
    }
}
