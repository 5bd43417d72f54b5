package com.vtsim.cpu.isa;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Writes instructions in Intel syntax, as {@code objdump -M intel} does, so that the two can be compared. Stateless. */
public final class Disassembler {
    private static final String[] CONDITIONS = {"O", "NO", "B", "NB", "Z", "NZ", "BE", "NBE", "S", "NS", "P", "NP", "L", "NL", "LE", "NLE"};
    private static final String[] SHOWN_CONDITIONS = {"o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"};
    /** Comparison predicates of CMPPS and its kin; the VEX forms have all 32. @sdm Comparison Predicate for CMPPD */
    private static final String[] PREDICATES = {"eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord",
        "eq_uq", "nge", "ngt", "false", "neq_oq", "ge", "gt", "true",
        "eq_os", "lt_oq", "le_oq", "unord_s", "neq_us", "nlt_uq", "nle_uq", "ord_s",
        "eq_us", "nge_uq", "ngt_uq", "false_os", "neq_os", "ge_oq", "gt_oq", "true_us"};
    private static final Map<String, String> NAMES = new HashMap<>(Map.of("WAIT", "fwait"));

    static {
        for (int i = 0; i < CONDITIONS.length; i++) {
            for (String stem : List.of("J", "SET", "CMOV")) {
                NAMES.put(stem + CONDITIONS[i], stem.toLowerCase(Locale.ROOT) + SHOWN_CONDITIONS[i]);
            }
        }
    }

    private Disassembler() { }

    /**
     * @param instruction what to write
     * @param address     where it stands: offset in its code segment, which relative branches count from
     * @return one line without address or bytes, for example {@code add    DWORD PTR [rax+0x10],0x1}
     */
    public static String format(Instruction instruction, long address) {
        return new InstructionText(instruction, address).text();
    }

    /** @return the name objdump prints for a mnemonic of the table */
    static String shown(String mnemonic) {
        String name = NAMES.get(mnemonic);
        return name != null ? name : mnemonic.toLowerCase(Locale.ROOT);
    }

    /** @return the suffix of a comparison predicate, or null where objdump prints the number */
    static String predicate(long value, boolean vex) {
        return value >= 0 && value < (vex ? 32 : 8) ? PREDICATES[(int) value] : null;
    }
}
