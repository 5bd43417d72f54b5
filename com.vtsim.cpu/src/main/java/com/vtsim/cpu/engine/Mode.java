package com.vtsim.cpu.engine;

/**
 * The key under which decoded blocks are cached: everything outside the instruction's bytes that its translation may rely on.
 */
public final class Mode {
    /** Bits 1:0: code-segment size: 0 = 16, 1 = 32, 2 = 64 bits. */
    public static final int SIZE_MASK = 3;
    /** Stack addresses are 32 bits wide (SS.B); in 64-bit mode they are 64. */
    public static final int STACK32 = 1 << 2;
    /** ES, SS and DS are present, writable, expand-up, base 0, limit 4 GiB: accesses through them need no check. Always set in 64-bit mode. */
    public static final int FLAT = 1 << 3;
    /** CPL is 3. */
    public static final int USER = 1 << 4;
    /** CR0.PE. */
    public static final int PROTECTED = 1 << 5;
    /** EFLAGS.VM. */
    public static final int V86 = 1 << 6;
    /** EFER.LMA: 64-bit or compatibility mode. */
    public static final int LONG = 1 << 7;

    private Mode() { }

    /** @return 16, 32 or 64 */
    public static int codeSize(int key) {
        return 16 << (key & SIZE_MASK);
    }
}
