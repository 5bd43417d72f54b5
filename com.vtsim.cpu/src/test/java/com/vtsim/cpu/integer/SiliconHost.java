package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What is known of the host's processor, and so how much of an outcome can be compared. Where the manual leaves flags or
 * state undefined VTSim does what Sapphire Rapids does; on processors before it only what the manual defines is compared.
 */
final class SiliconHost {
    private static final int ALL = Flags.ARITHMETIC | Flags.DF;
    private static final int NOT_CF_ZF = Flags.OF | Flags.SF | Flags.AF | Flags.PF;

    /** The opcode table's names of what the processor announces. */
    final Set<String> features;
    private final boolean measured;

    private SiliconHost(Set<String> features, boolean measured) {
        this.features = features;
        this.measured = measured;
    }

    static SiliconHost read() throws IOException {
        Set<String> names = new HashSet<>();
        boolean intel = false;
        for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
            intel |= line.contains("GenuineIntel");
            if (line.startsWith("flags")) {
                for (String flag : line.substring(line.indexOf(':') + 1).trim().split(" ")) {
                    names.add(name(flag));
                }
                break;
            }
        }
        // What every processor with 64-bit mode has, or executes as a hint.
        names.addAll(List.of("SSE", "SSE2", "CET_IBT", "PREFETCHW", "CX8"));
        return new SiliconHost(names, intel && names.contains("AVX512_FP16"));
    }

    private static String name(String flag) {
        return switch (flag) {
            case "abm" -> "LZCNT";
            case "clflush" -> "CLFSH";
            case "3dnowprefetch" -> "PREFETCHW";
            default -> flag.toUpperCase(Locale.ROOT);
        };
    }

    /** @return the flags to compare */
    int flags(SiliconCase test) {
        return measured || test.instruction == null ? ALL : ALL & ~undefined(test);
    }

    /** @return whether registers and memory are to be compared: not where the manual leaves them open */
    boolean state(SiliconCase test, boolean faults) {
        if (measured || test.instruction == null) {
            return true;
        }
        boolean truncates = test.instruction.repeat() != 0 && test.instruction.addressSize() == 4 && !test.legacy;
        boolean swapsWord = test.instruction.mnemonic().equals("BSWAP") && test.instruction.operandSize() == 2;
        boolean shiftsTwice = test.instruction.mnemonic().matches("SH[LR]D") && test.instruction.operandSize() == 2;
        boolean scans = test.instruction.mnemonic().matches("BS[FR]");
        return !faults && !truncates && !swapsWord && !shiftsTwice && !scans;
    }

    private static int undefined(SiliconCase test) {
        String name = test.instruction.mnemonic();
        return switch (name) {
            case "AND", "OR", "XOR", "TEST" -> Flags.AF;
            case "SHL", "SHR", "SAR" -> Flags.AF | Flags.CF | Flags.OF;
            case "ROL", "ROR", "RCL", "RCR" -> count(test) == 1 ? 0 : Flags.OF;
            case "SHLD", "SHRD", "DIV", "IDIV" -> Flags.ARITHMETIC;
            case "MUL", "IMUL" -> Flags.SF | Flags.ZF | Flags.AF | Flags.PF;
            case "BSF", "BSR" -> NOT_CF_ZF | Flags.CF;
            case "TZCNT", "LZCNT", "BT", "BTS", "BTR", "BTC" -> NOT_CF_ZF;
            case "ANDN", "BLSI", "BLSR", "BLSMSK", "BZHI" -> Flags.AF | Flags.PF;
            case "BEXTR" -> Flags.AF | Flags.PF | Flags.SF;
            case "AAA", "AAS" -> Flags.OF | Flags.SF | Flags.ZF | Flags.PF;
            case "AAM", "AAD" -> Flags.OF | Flags.AF | Flags.CF;
            case "DAA", "DAS" -> Flags.OF;
            default -> 0;
        };
    }

    private static int count(SiliconCase test) {
        Instruction instruction = test.instruction;
        long count = instruction.operand(1) instanceof Operand.Immediate i ? i.value() : test.registers[1];
        return (int) count & (instruction.operand(0).size() == 8 ? 63 : 31);
    }
}
