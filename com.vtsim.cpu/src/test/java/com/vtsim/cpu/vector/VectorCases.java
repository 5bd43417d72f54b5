package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.integer.SiliconCase;
import com.vtsim.cpu.isa.ByteSource;
import com.vtsim.cpu.isa.Decoder;
import com.vtsim.cpu.isa.Form;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.OpcodeTable;
import com.vtsim.cpu.isa.Operand;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** Makes cases of vector instructions from the opcode table, their operands from {@link VectorData}. */
final class VectorCases {
    private static final Set<String> GROUPS = Set.of("MMX", "SSE", "SSE2", "SSE3", "SSSE3", "SSE4_1", "SSE4_2", "AES", "PCLMULQDQ", "SHA",
        "AVX", "AVX2", "FMA", "F16C");
    private final SplittableRandom random;
    private final VectorData data;
    private final Decoder decoder = new Decoder();
    private final Semantics semantics;
    /** Forms that can be run. */
    final List<Form> forms = new ArrayList<>();

    /** @param features CPUID features of the host, as in the opcode table; @param only a pattern of mnemonics, or null */
    VectorCases(long seed, Semantics semantics, Set<String> features, String only) {
        random = new SplittableRandom(seed);
        data = new VectorData(random);
        this.semantics = semantics;
        for (Form form : OpcodeTable.instance().forms()) {
            boolean shared = GROUPS.contains(form.feature()) && features.contains(form.feature());
            if (shared && semantics.of(form) != null && (only == null || form.mnemonic().matches(only))) {
                forms.add(form);
            }
        }
    }

    /** @return a case of a form, or null if the draw gave no such instruction */
    SiliconCase draw(Form form) {
        SiliconCase test = new SiliconCase();
        test.legacy = chance(10);
        int[] modRmAt = {-1};
        test.code = form.opcode().startsWith("VEX") ? vex(form, test.legacy, modRmAt) : legacy(form, test.legacy, modRmAt);
        if (!decode(test) || !comparable(test.instruction)) {
            return null;
        }
        for (int i = 0; i < 16; i++) {
            test.registers[i] = chance(50) ? random.nextInt(40) - 20 : random.nextLong();
        }
        test.flags = random.nextInt() & 0x8D5;
        fill(test);
        place(test, modRmAt[0]);
        return decode(test) && comparable(test.instruction) ? test : null;
    }

    private boolean comparable(Instruction instruction) {
        if (semantics.of(instruction.form()) == null || !GROUPS.contains(instruction.form().feature()) || instruction.segmentOverride() >= Cpu.FS) {
            return false;
        }
        for (Operand operand : instruction.operands()) {
            if (operand instanceof Operand.Memory m && m.segment() >= Cpu.FS) {
                return false;
            }
        }
        return true;
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    private boolean decode(SiliconCase test) {
        byte[] all = Arrays.copyOf(test.code, 15);
        if (decoder.decode(ByteSource.of(all, 0), test.legacy ? 32 : 64) instanceof Instruction instruction) {
            test.instruction = instruction;
            test.code = Arrays.copyOf(all, instruction.length());
            return true;
        }
        return false;
    }

    // Encoding

    private byte[] legacy(Form form, boolean code32, int[] modRmAt) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        String[] words = form.opcode().split(" ");
        if (chance(5)) {
            out.write(0x3E);
        }
        if (chance(8)) {
            out.write(0x67);
        }
        int first = 0;
        if (words[0].matches("NP|66|F2|F3")) {
            first = 1;
            if (!words[0].equals("NP")) {
                out.write(Integer.parseInt(words[0], 16));
            }
        }
        if (!code32 && chance(70)) {
            out.write(0x40 | random.nextInt(16));
        }
        tail(words, first, out, modRmAt);
        return out.toByteArray();
    }

    private void tail(String[] words, int first, ByteArrayOutputStream out, int[] modRmAt) {
        int digit = -1;
        for (int i = first; i < words.length; i++) {
            if (words[i].startsWith("/")) {
                digit = words[i].equals("/r") ? random.nextInt(8) : words[i].charAt(1) - '0';
            } else {
                out.write(Integer.parseInt(words[i], 16));
            }
        }
        modRmAt[0] = out.size();
        if (digit >= 0) {
            int mod = chance(50) ? 3 : random.nextInt(3);
            out.write(mod << 6 | digit << 3 | random.nextInt(8));
        }
        for (int i = 0; i < 8; i++) {
            out.write(chance(50) ? random.nextInt(256) : random.nextInt(33));
        }
    }

    private byte[] vex(Form form, boolean code32, int[] modRmAt) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        String[] words = form.opcode().split(" ");
        String word = words[0] + ".";
        int map = word.contains(".0F38.") ? 2 : word.contains(".0F3A.") ? 3 : 1;
        int prefix = word.contains(".66.") ? 1 : word.contains(".F3.") ? 2 : word.contains(".F2.") ? 3 : 0;
        boolean l = word.contains(".256.") || word.contains(".LIG.") && chance(50);
        boolean w = word.contains(".W1.") || !word.contains(".W0.") && chance(50);
        boolean vvvv = form.operands().matches("(.*,)?H.*");
        int v = vvvv ? random.nextInt(16) : 15;
        if (chance(8)) {
            out.write(0x67);
        }
        out.write(0xC4);
        out.write((code32 ? 0xE0 : random.nextInt(8) << 5) | map);
        out.write((w ? 0x80 : 0) | v << 3 | (l ? 4 : 0) | prefix);
        tail(words, 1, out, modRmAt);
        byte[] code = out.toByteArray();
        if (form.operands().contains("VM")) {
            code[modRmAt[0]] = (byte) (random.nextInt(3) << 6 | random.nextInt(8) << 3 | 4);
        }
        return code;
    }

    // State

    private void fill(SiliconCase test) {
        long[] longs = new long[(SiliconCase.STATE + 2 * SiliconCase.WINDOW) / 8];
        for (int i = 0; i < longs.length; i += 2) {
            data.fill(longs, i, 2);
        }
        // Copies, so that comparisons meet equal operands.
        for (int i = 20; i < 52; i += 2) {
            if (chance(25)) {
                int from = 20 + 2 * random.nextInt(16);
                longs[i] = longs[from];
                longs[i + 1] = longs[from + 1];
            }
        }
        ByteBuffer state = ByteBuffer.allocate(longs.length * 8).order(ByteOrder.LITTLE_ENDIAN);
        state.asLongBuffer().put(longs);
        Arrays.fill(state.array(), 0, 32, (byte) 0);
        state.putShort(0, (short) 0x37F);
        state.putShort(2, (short) (random.nextInt(8) << 11));
        state.put(4, (byte) random.nextInt(256));
        state.putInt(24, data.mxcsr());
        for (int i = 0; i < 8; i++) {
            state.putShort(40 + 16 * i, (short) random.nextInt(65536));
            state.putShort(42 + 16 * i, (short) 0);
            state.putInt(44 + 16 * i, 0);
        }
        test.state = Arrays.copyOf(state.array(), SiliconCase.STATE);
        Arrays.fill(test.state, 416, 512, (byte) 0);
        System.arraycopy(state.array(), SiliconCase.STATE, test.middle, 0, SiliconCase.WINDOW);
        System.arraycopy(state.array(), SiliconCase.STATE + SiliconCase.WINDOW, test.end, 0, SiliconCase.WINDOW);
    }

    private long address(int size) {
        long mask = chance(90) ? -(long) Math.max(size, 1) : -1L;
        int kind = random.nextInt(100);
        if (kind < 50) {
            return SiliconCase.MIDDLE + random.nextInt(SiliconCase.WINDOW - size) & mask;
        } else if (kind < 60) {
            return SiliconCase.DATA + SiliconCase.PAGE - random.nextInt(size + 1);
        } else if (kind < 87) {
            return SiliconCase.END + random.nextInt(SiliconCase.WINDOW - size) & mask;
        } else if (kind < 92) {
            return SiliconCase.DATA + 2 * SiliconCase.PAGE - random.nextInt(size + 1);
        } else if (kind < 96) {
            return SiliconCase.DATA - 1 - random.nextInt(SiliconCase.PAGE - 1) & mask;
        }
        return kind < 98 ? 0x3000_0000L + random.nextInt(65536) & mask : random.nextLong() & mask;
    }

    private void place(SiliconCase test, int modRmAt) {
        Instruction instruction = test.instruction;
        if (instruction.mnemonic().contains("MASKMOVQ") || instruction.mnemonic().contains("MASKMOVDQU")) {
            test.registers[Cpu.RDI] = address(16);
        }
        for (Operand operand : instruction.operands()) {
            if (operand instanceof Operand.Memory memory) {
                placeMemory(test, memory, modRmAt);
            }
        }
    }

    private void placeMemory(SiliconCase test, Operand.Memory memory, int modRmAt) {
        long[] r = test.registers;
        boolean vsib = test.instruction.form().operands().contains("VM");
        long target = address(Math.max(memory.size(), 1));
        long index = 0;
        if (vsib) {
            // Indexes of one doubleword or quadword stay near; both readings of the register do.
            for (int i = 0; i < 32; i += 4) {
                int at = (i < 16 ? 160 + i : 512 + i - 16) + 16 * memory.index();
                int value = (i & 4) != 0 && test.instruction.mnemonic().contains("Q") && test.instruction.mnemonic().matches(".*GATHERQ.*")
                    ? 0 : random.nextInt(24);
                ByteBuffer.wrap(test.state).order(ByteOrder.LITTLE_ENDIAN).putInt(at, value);
            }
        } else if (memory.index() >= 0) {
            r[memory.index()] = memory.index() == memory.base() ? r[memory.index()] : random.nextInt(64) - 32;
            index = r[memory.index()] * memory.scale();
        }
        if (memory.base() >= 0 && memory.base() != Operand.Memory.RIP && (vsib || memory.base() != memory.index())) {
            r[memory.base()] = target - index - memory.displacement();
        } else if (memory.base() < 0 || memory.base() == Operand.Memory.RIP) {
            long from = memory.base() < 0 ? index : SiliconCase.START + test.instruction.length();
            patch(test, memory, modRmAt, target - from);
        }
    }

    private void patch(SiliconCase test, Operand.Memory memory, int modRmAt, long displacement) {
        boolean sib = memory.addressSize() != 2 && (test.code[modRmAt] & 7) == 4;
        int at = modRmAt + (sib ? 2 : 1);
        int bytes = memory.addressSize() == 2 ? 2 : 4;
        for (int i = 0; i < bytes && at + i < test.code.length; i++) {
            test.code[at + i] = (byte) (displacement >>> 8 * i);
        }
    }
}
