package com.vtsim.cpu.isa;

import java.util.List;
import java.util.Map;

/**
 * What the assembler made of a source.
 *
 * @param bytes   the image
 * @param origin  address of its first byte
 * @param symbols labels and EQU names with their values; a local label {@code .x} stands under {@code label.x}
 * @param lines   where each source line that made bytes went, in source order
 */
public record Assembly(byte[] bytes, long origin, Map<String, Long> symbols, List<Line> lines) {

    /**
     * @param number  1-based line of the source
     * @param address of its first byte
     * @param length  in bytes
     */
    public record Line(int number, long address, int length) { }
}
