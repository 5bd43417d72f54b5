package com.vtsim.cpu.engine;

/**
 * What the run loop saves.
 *
 * @param retired       instructions since power-on
 * @param events        pending events, as {@link Execution} numbers them
 * @param intrPin       level of INTR
 * @param movSsShadow   whether the shadow in force comes from a load of SS
 * @param nmiBlocked    between an NMI and its IRET
 * @param startupVector of a pending start-up message
 * @param pendingDebug  DR6 bits of pending debug traps
 * @param delivering    vector, error code and information of the exception whose delivery goes on; empty where there is none
 */
public record ExecutionState(long retired, int events, boolean intrPin, boolean movSsShadow, boolean nmiBlocked, int startupVector,
        long pendingDebug, long[] delivering) { }
