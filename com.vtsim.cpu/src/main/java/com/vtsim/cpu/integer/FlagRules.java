package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;

/** What instructions do to the flags, apart from their results. Counts are constants that are not 0. */
public final class FlagRules {
    /** Gives ZF 0, SF 0, PF 1. */
    private static final long NOT_ZERO_BUT_EVEN = 0x100;

    private FlagRules() { }

    /** SHL of 32 bits. @param before zero-extended @param count 1–31 */
    public static void left32(Cpu cpu, long before, long count) {
        long shifted = before << count;
        cpu.flagResult = (int) shifted;
        // CF: the last bit out. OF: whether the first bit out changed the sign.
        long carry = shifted << 31 & Long.MIN_VALUE;
        cpu.flagCarry = carry | (carry ^ before << 32 ^ before << 33) >>> 1 & 1L << 62;
        cpu.flagAux = 0;
    }

    /** SHL of 64 bits. @param count 1–63 */
    public static void left64(Cpu cpu, long before, long count) {
        cpu.flagResult = before << count;
        long carry = before << count - 1 & Long.MIN_VALUE;
        cpu.flagCarry = carry | (carry ^ before ^ before << 1) >>> 1 & 1L << 62;
        cpu.flagAux = 0;
    }

    /** SHR of 32 bits; OF is the sign before. @param before zero-extended @param count 1–31 */
    public static void right32(Cpu cpu, long before, long count) {
        cpu.flagResult = (int) (before >>> count);
        long carry = before << 64 - count & Long.MIN_VALUE;
        cpu.flagCarry = carry | (carry ^ before << 32) >>> 1 & 1L << 62;
        cpu.flagAux = 0;
    }

    /** SHR of 64 bits. @param count 1–63 */
    public static void right64(Cpu cpu, long before, long count) {
        cpu.flagResult = before >>> count;
        long carry = before << 64 - count & Long.MIN_VALUE;
        cpu.flagCarry = carry | (carry ^ before) >>> 1 & 1L << 62;
        cpu.flagAux = 0;
    }

    /** SAR of 32 bits. @param before its low 32 bits count @param count 1–31 */
    public static void arithmetic32(Cpu cpu, long before, long count) {
        int value = (int) before;
        cpu.flagResult = value >> count;
        cpu.flagCarry = (long) (value >> count - 1) << 63 >> 1;
        cpu.flagAux = 0;
    }

    /** SAR of 64 bits. @param count 1–63 */
    public static void arithmetic64(Cpu cpu, long before, long count) {
        cpu.flagResult = before >> count;
        cpu.flagCarry = before >> count - 1 << 63 >> 1;
        cpu.flagAux = 0;
    }

    /** IMUL of 32 bits. @param a its low 32 bits count @param b likewise */
    public static void product32(Cpu cpu, long a, long b) {
        long product = (long) (int) a * (int) b;
        product(cpu, (int) product, (int) product != product);
    }

    /** IMUL of 64 bits. */
    public static void product64(Cpu cpu, long a, long b) {
        long result = a * b;
        product(cpu, result, Math.multiplyHigh(a, b) != result >> 63);
    }

    /** CF and OF as given. The others are undefined; processors set SF and PF by the low half and clear ZF and AF. */
    static void product(Cpu cpu, long low, boolean overflow) {
        cpu.flagsOf(low == 0 ? NOT_ZERO_BUT_EVEN : low, overflow, overflow);
    }
}
