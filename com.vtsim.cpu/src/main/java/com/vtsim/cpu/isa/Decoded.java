package com.vtsim.cpu.isa;

/** What a decoder makes of some bytes: an {@link Instruction}, or a {@link Undecodable reason} why there is none. */
public sealed interface Decoded permits Instruction, Undecodable { }
