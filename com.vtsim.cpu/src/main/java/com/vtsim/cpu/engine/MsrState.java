package com.vtsim.cpu.engine;

/**
 * Saved model-specific registers.
 *
 * @param addresses of the registers
 * @param values    of the same
 * @param tscOffset what is added to virtual time in ticks of the time-stamp counter
 * @param tscAdjust IA32_TSC_ADJUST
 */
public record MsrState(int[] addresses, long[] values, long tscOffset, long tscAdjust) { }
