package com.vtsim.api.register;

import java.util.List;

/**
 * Values of a register block, for use as a component of a part's state record.
 *
 * @param names  mnemonics
 * @param values one for each name
 * @param locked bits of each that were written once and are locked
 */
public record RegisterState(List<String> names, long[] values, long[] locked) { }
