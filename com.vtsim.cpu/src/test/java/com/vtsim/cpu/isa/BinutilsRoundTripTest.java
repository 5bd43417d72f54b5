package com.vtsim.cpu.isa;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.cpu.isa.FormGenerator.Sample;
import com.vtsim.cpu.isa.Operand.Relative;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every row of the opcode table, with seeded operands, sizes and prefixes, in every mode it exists in, against GNU binutils.
 * What may differ, and why, is in {@link ObjdumpText}, {@link Same} and {@link #gnuCannotSay}, and in docs/instruction-table.md.
 */
class BinutilsRoundTripTest {
    private static final int PER_ROW = 14;
    private static final int PER_ROW_OWN = 8;
    private static final int PER_ROW_GNU = 6;
    /** Bytes between instructions handed to the GNU assembler, so that each is found again whatever the others became. */
    private static final int SLOT = 32;

    private static List<Sample> samples(int codeSize, int perRow, long seed) {
        FormGenerator generator = new FormGenerator(codeSize, seed);
        List<Sample> samples = new ArrayList<>();
        for (Row row : OpcodeTable.instance().rows()) {
            samples.addAll(generator.generate(row, perRow));
        }
        return samples;
    }

    private static Instruction decode(byte[] bytes, int offset, int codeSize, String what) {
        Decoded decoded = new Decoder().decode(ByteSource.of(bytes, offset), codeSize);
        assertThat(decoded).as(what).isInstanceOf(Instruction.class);
        return (Instruction) decoded;
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 32, 64})
    void encodedFormsDecodeToTheirOperands(int codeSize) {
        List<Sample> samples = samples(codeSize, PER_ROW, codeSize);
        assertThat(samples).hasSizeGreaterThan(20_000);
        for (Sample sample : samples) {
            if (sample.row().alias) {
                continue;
            }
            Instruction instruction = decode(sample.bytes(), 0, codeSize, sample.row() + " " + hex(sample.bytes()));
            assertThat(instruction.mnemonic()).as(hex(sample.bytes())).isEqualTo(sample.row().form.mnemonic());
            assertThat(instruction.operands()).as(sample.row() + " " + hex(sample.bytes())).isEqualTo(sample.operands());
            assertThat(instruction.length()).isEqualTo(sample.bytes().length);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 32, 64})
    void objdumpPrintsWhatTheDisassemblerPrints(int codeSize) {
        Binutils.assumeInstalled();
        List<Sample> samples = samples(codeSize, PER_ROW, 100 + codeSize);
        ByteArrayOutputStream image = new ByteArrayOutputStream();
        int[] offsets = new int[samples.size()];
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] = image.size();
            image.writeBytes(samples.get(i).bytes());
            image.write(0x90);
        }
        Map<Integer, String> lines = Binutils.objdump(image.toByteArray(), codeSize);
        Set<String> differences = new TreeSet<>();
        for (int i = 0; i < offsets.length; i++) {
            Sample sample = samples.get(i);
            Row row = sample.row();
            // Aliases are undocumented encodings and reserved NOPs, which objdump names after processors we are not; SALC it does not know.
            if (row.alias || row.form.mnemonic().equals("SALC")) {
                continue;
            }
            Instruction instruction = decode(sample.bytes(), 0, codeSize, hex(sample.bytes()));
            String ours = ObjdumpText.normalizeOurs(Disassembler.format(instruction, offsets[i]), row, codeSize);
            String line = lines.get(offsets[i]);
            String theirs = line == null ? "nothing" : ObjdumpText.normalize(line, row, codeSize);
            if (!ours.equals(theirs)) {
                differences.add(row + " " + hex(sample.bytes()) + ": ours " + ours + ", objdump " + theirs);
            }
        }
        assertThat(differences).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 32, 64})
    void ownAssemblerReadsTheDisassembly(int codeSize) {
        Set<String> differences = new TreeSet<>();
        for (Sample sample : samples(codeSize, PER_ROW_OWN, 200 + codeSize)) {
            if (sample.row().alias) {
                continue;
            }
            Instruction instruction = decode(sample.bytes(), 0, codeSize, hex(sample.bytes()));
            String text = Disassembler.format(instruction, 0x4000);
            try {
                byte[] bytes = Assembler.assemble(text, 0x4000, codeSize).bytes();
                if (!Same.same(instruction, decode(bytes, 0, codeSize, text)) || bytes.length > sample.bytes().length) {
                    differences.add(sample.row() + " " + hex(sample.bytes()) + ": " + text + " gives " + hex(bytes));
                }
            } catch (AssemblyException refused) {
                differences.add(sample.row() + " " + hex(sample.bytes()) + ": " + text + ": " + refused.getMessage());
            }
        }
        assertThat(differences).isEmpty();
    }

    @Test
    void gnuAssemblerReadsTheDisassembly() {
        Binutils.assumeInstalled();
        StringBuilder source = new StringBuilder(".intel_syntax noprefix\n");
        List<Instruction> instructions = new ArrayList<>();
        for (int codeSize : new int[] {16, 32, 64}) {
            source.append(".code").append(codeSize).append('\n');
            for (Sample sample : samples(codeSize, PER_ROW_GNU, 300 + codeSize)) {
                Instruction instruction = decode(sample.bytes(), 0, codeSize, hex(sample.bytes()));
                if (!sample.row().alias && !gnuCannotSay(instruction, sample.row())) {
                    instructions.add(instruction);
                    source.append(gnuText(instruction)).append("; .balign ").append(SLOT).append(",0xcc\n");
                }
            }
        }
        byte[] image = Binutils.assemble(source.toString());
        Set<String> differences = new TreeSet<>();
        for (int i = 0; i < instructions.size(); i++) {
            Instruction instruction = instructions.get(i);
            Decoded back = new Decoder().decode(ByteSource.of(image, i * SLOT), instruction.codeSize());
            if (!(back instanceof Instruction same) || !Same.same(instruction, same)) {
                differences.add(instruction.codeSize() + " " + gnuText(instruction) + ": " + hex(image).substring(i * SLOT * 2, i * SLOT * 2 + 30));
            }
        }
        assertThat(instructions).hasSizeGreaterThan(25_000);
        assertThat(differences).isEmpty();
    }

    /** GNU as resolves numbers as branch targets at link time only: they are written relative to the place. */
    private static String gnuText(Instruction instruction) {
        String text = Disassembler.format(instruction, 0);
        if (!instruction.operands().isEmpty() && instruction.operand(0) instanceof Relative relative) {
            long distance = relative.displacement() + instruction.length();
            text = text.substring(0, text.lastIndexOf("0x")) + (distance < 0 ? ".-" + -distance : ".+" + distance);
        }
        // objdump prints these names, but as does not read them.
        return text.replaceFirst("^(jmp|call)d ", "data32 $1 ").replaceFirst("^(jmp|call)w ", "data16 $1 ");
    }

    /** Instructions that binutils 2.40 cannot write in Intel syntax, or writes differently with equal effect. */
    private static boolean gnuCannotSay(Instruction instruction, Row row) {
        int size = instruction.operandSize();
        return switch (instruction.mnemonic()) {
            // Not in its table.
            case "SALC" -> true;
            // Refused because the manual calls the result undefined.
            case "BSWAP" -> size == 2;
            // Only with 32- and 64-bit destinations.
            case "MOVSXD" -> size == 2;
            // m16:16 is ambiguous there and m16:64 unknown.
            case "JMP", "CALL" -> row.form.operands().equals("Mp") && size != 4;
            case "LSS", "LFS", "LGS" -> size == 8;
            // STR RAX and MOV RAX,SS become STR EAX and MOV EAX,SS, which clear the upper half as well.
            case "STR", "SLDT" -> size == 8;
            case "MOV" -> size == 8 && row.operands[1].method == OperandCode.Method.S;
            default -> false;
        };
    }
}
