package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.isa.ByteSource;
import com.vtsim.cpu.isa.Decoder;
import com.vtsim.cpu.isa.Form;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.OpcodeTable;
import com.vtsim.cpu.isa.Operand;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** Makes cases from the opcode table: encodings at random, operands from the edges, addresses where silicon.c has memory. */
final class SiliconCases {
    private static final Set<String> OTHER_OPERANDS =
        Set.of("ES", "CS", "SS", "DS", "FS", "GS", "Sw", "Ap", "Mp", "Cy", "Dy");
    /** System instructions that do the same on every host in user mode, most of them #GP(0). */
    private static final Set<String> SYSTEM = Set.of("PUSHF", "PUSHFD", "PUSHFQ", "POPF", "POPFD", "POPFQ", "CLI", "STI", "HLT", "IN", "OUT",
        "INSB", "INSW", "INSD", "OUTSB", "OUTSW", "OUTSD", "CLTS", "INVD", "WBINVD", "RDMSR", "WRMSR", "LGDT", "LIDT", "LLDT", "LTR", "LMSW",
        "INVLPG", "SWAPGS", "CLAC", "STAC");
    private static final Set<String> NOT_DETERMINED = Set.of("RDRAND", "RDSEED");
    private static final Set<String> STACK =
        Set.of("PUSH", "POP", "CALL", "RET", "ENTER", "PUSHA", "PUSHAD", "POPA", "POPAD",
            "PUSHF", "PUSHFD", "PUSHFQ", "POPF", "POPFD", "POPFQ");
    private static final long[] EDGES = {0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 33, 63, 64, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF,
        0x1_0000, 0x7FFF_FFFFL, 0x8000_0000L, 0xFFFF_FFFFL, 0x1_0000_0000L, Long.MAX_VALUE, Long.MIN_VALUE, -1, -2, -128, -32768};
    /** What POPF must not set: the host would trap, or keep it for the cases after. */
    private static final int LASTING_FLAGS = Flags.TF | Flags.NT | Flags.RF | Flags.AC | Flags.ID;
    private static final int[] BRANCHES = {0, 1, 5, 0x10, 0x40, -0x30, -0x60, -0x80};

    private final SplittableRandom random;
    private final Decoder decoder = new Decoder();
    private final Semantics semantics = new Semantics();
    /** Forms that can be run. */
    final List<Form> forms = new ArrayList<>();

    /** @param features CPUID features of the host, as in the opcode table */
    SiliconCases(long seed, Set<String> features) {
        this.random = new SplittableRandom(seed);
        IntegerInstructions.define(semantics);
        for (Form form : OpcodeTable.instance().forms()) {
            if (runnable(form) && (form.feature().isEmpty() || features.contains(form.feature()))) {
                forms.add(form);
            }
        }
    }

    private boolean runnable(Form form) {
        if (SYSTEM.contains(form.mnemonic())) {
            return true;
        }
        boolean privileged = form.mnemonic().equals("MOV") && form.operands().matches(".*[CD]y.*");
        return privileged || semantics.of(form) != null && !NOT_DETERMINED.contains(form.mnemonic())
            && !form.operands().matches(".*[VWHUPQN](dq|q|x|d|ps|pd|ss|sd|n|b).*")
            && Arrays.stream(form.operands().split("[,/]")).noneMatch(OTHER_OPERANDS::contains);
    }

    /** @return a case of a form, or null if the draw gave no such instruction */
    SiliconCase draw(Form form) {
        SiliconCase test = new SiliconCase();
        test.legacy = form.opcode().startsWith("VEX") ? chance(10) : chance(35);
        int[] memoryAt = {-1};
        test.code = encode(form, test.legacy, memoryAt);
        for (int i = 0; i < 16; i++) {
            test.registers[i] = value();
        }
        test.flags = random.nextInt() & (chance(15) ? 0xCD5 : 0x8D5);
        fill(test.middle);
        fill(test.end);
        if (!decode(test)) {
            // Kept now and then: what does not decode must be #UD on the processor too.
            return chance(2) && form.lockable() ? test : null;
        }
        if (!comparable(test.instruction)) {
            return null;
        }
        placeOperands(test, memoryAt[0]);
        return decode(test) && comparable(test.instruction) ? test : null;
    }

    private boolean comparable(Instruction instruction) {
        if (!runnable(instruction.form())) {
            return false;
        }
        for (Operand operand : instruction.operands()) {
            boolean intoItself = operand instanceof Operand.Relative r && r.displacement() < 0 && r.displacement() > -16;
            boolean threadLocal = operand instanceof Operand.Memory m && m.segment() >= Cpu.FS;
            if (intoItself || threadLocal) {
                return false;
            }
        }
        return instruction.segmentOverride() < Cpu.FS;
    }

    private boolean decode(SiliconCase test) {
        byte[] long15 = Arrays.copyOf(test.code, 15);
        if (decoder.decode(ByteSource.of(long15, 0), test.legacy ? 32 : 64) instanceof Instruction instruction) {
            test.instruction = instruction;
            test.code = Arrays.copyOf(long15, instruction.length());
            return true;
        }
        test.instruction = null;
        test.code = long15;
        return false;
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    private long value() {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextLong();
            case 1 -> random.nextInt(256);
            case 2 -> EDGES[random.nextInt(EDGES.length)] + random.nextInt(3) - 1;
            default -> EDGES[random.nextInt(EDGES.length)];
        };
    }

    private void fill(byte[] window) {
        int kind = random.nextInt(3);
        int letter = random.nextInt(256);
        for (int i = 0; i < window.length; i++) {
            window[i] = (byte) (kind == 0 ? random.nextInt(256) : kind == 1 ? letter : letter + (chance(10) ? 1 : 0));
        }
    }

    // Encoding

    private byte[] encode(Form form, boolean legacy, int[] memoryAt) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        String[] words = form.opcode().split(" ");
        boolean vex = words[0].startsWith("VEX");
        int first = prefixes(form, words, legacy, vex, out);
        boolean modRm = false;
        int digit = -1;
        for (int i = first; i < words.length; i++) {
            String word = words[i];
            if (word.startsWith("/")) {
                modRm = true;
                digit = word.equals("/r") ? random.nextInt(8) : word.charAt(1) - '0';
            } else if (word.endsWith("+r")) {
                out.write(Integer.parseInt(word.substring(0, 2), 16) + random.nextInt(8));
            } else {
                out.write(Integer.parseInt(word, 16));
            }
        }
        memoryAt[0] = out.size();
        if (modRm) {
            int mod = chance(50) ? 3 : random.nextInt(3);
            out.write(mod << 6 | digit << 3 | random.nextInt(8));
        }
        immediate(form, out);
        return out.toByteArray();
    }

    /** @return index of the first word of the opcode proper */
    private int prefixes(Form form, String[] words, boolean legacy, boolean vex, ByteArrayOutputStream out) {
        if (chance(5)) {
            out.write(new int[] {0x26, 0x2E, 0x36, 0x3E}[random.nextInt(4)]);
        }
        if (chance(12)) {
            out.write(0x67);
        }
        if (vex) {
            writeVex(words[0], legacy, out);
            return 1;
        }
        boolean mandatory = words.length > 1 && words[0].matches("66|F2|F3") && words[1].matches("[0-9A-F]{2}.*");
        boolean none = words[0].equals("NP");
        if (chance(25) && !none) {
            out.write(0x66);
        }
        if (chance(form.lockable() ? 15 : 2)) {
            out.write(0xF0);
        }
        boolean string = form.operands().matches("[XY][bwdq].*");
        if (chance(string ? 75 : 3) && !none && !mandatory) {
            out.write(chance(50) ? 0xF2 : 0xF3);
        }
        if (mandatory) {
            out.write(Integer.parseInt(words[0], 16));
        }
        if (!legacy && chance(70)) {
            out.write(0x40 | random.nextInt(16));
        }
        return mandatory || none || words[0].equals("NFx") ? 1 : 0;
    }

    /** @param word for example VEX.LZ.F2.0F38 */
    private void writeVex(String word, boolean legacy, ByteArrayOutputStream out) {
        int map = word.contains("0F38") ? 2 : word.contains("0F3A") ? 3 : 1;
        int prefix = word.contains(".66.") ? 1 : word.contains(".F3.") ? 2 : word.contains(".F2.") ? 3 : 0;
        out.write(0xC4);
        int high = legacy ? 0xE0 : random.nextInt(8) << 5;
        out.write(high | map);
        out.write((chance(50) ? 0x80 : 0) | random.nextInt(16) << 3 | prefix);
    }

    private void immediate(Form form, ByteArrayOutputStream out) {
        String operands = form.operands();
        long bits = operands.startsWith("J") ? BRANCHES[random.nextInt(BRANCHES.length)]
            : form.mnemonic().equals("ENTER") && chance(90) ? random.nextInt(40) | (long) random.nextInt(9) << 16 : value();
        for (int i = 0; i < 10; i++) {
            out.write((int) (bits >>> Math.min(8 * i, 56)));
        }
    }

    // Operands

    private void placeOperands(SiliconCase test, int modRmAt) {
        Instruction instruction = test.instruction;
        String name = instruction.mnemonic();
        long[] r = test.registers;
        if (STACK.contains(name) && chance(95)) {
            r[Cpu.RSP] = chance(85) ? SiliconCase.MIDDLE + 8L * random.nextInt(16) : address(8, false);
        }
        if (name.startsWith("POPF")) {
            test.poke(r[Cpu.RSP], random.nextInt() & ~LASTING_FLAGS, 8);
        }
        if ((name.equals("ENTER") || name.equals("LEAVE")) && chance(95)) {
            r[Cpu.RBP] = SiliconCase.MIDDLE + 8L * random.nextInt(16);
        }
        if (instruction.form().operands().matches("[XY][bwdq].*")) {
            r[Cpu.RSI] = address(8, false);
            r[Cpu.RDI] = address(8, false);
            r[Cpu.RCX] = chance(90) ? random.nextInt(20) : value();
            widen(instruction, r, Cpu.RSI, Cpu.RDI, Cpu.RCX);
        }
        if (name.equals("XLAT")) {
            r[Cpu.RBX] = SiliconCase.MIDDLE - random.nextInt(200);
            widen(instruction, r, Cpu.RBX);
        }
        if (name.matches("I?DIV") && chance(60)) {
            r[Cpu.RDX] = chance(50) ? 0 : r[Cpu.RAX] << 64 - 8 * instruction.operandSize() >> 63;
            r[Cpu.RAX] = chance(50) ? r[Cpu.RAX] : r[Cpu.RAX] & 0x7FFF;
        }
        for (Operand operand : instruction.operands()) {
            if (operand instanceof Operand.Memory memory) {
                placeMemory(test, memory, modRmAt);
            }
        }
        if (name.startsWith("CMPXCHG") && chance(50)) {
            makeEqual(test);
        }
    }

    /** An address of 32 bits in 64-bit code ignores the high halves. */
    private void widen(Instruction instruction, long[] r, int... registers) {
        for (int register : registers) {
            if (instruction.addressSize() == 4 && chance(60)) {
                r[register] = r[register] & 0xFFFF_FFFFL | random.nextLong() << 32;
            }
        }
    }

    private long address(int size, boolean aligned) {
        long mask = aligned ? -size : -1;
        int kind = random.nextInt(100);
        if (kind < 45) {
            return SiliconCase.MIDDLE + random.nextInt(SiliconCase.WINDOW - size) & mask;
        } else if (kind < 60) {
            return SiliconCase.DATA + SiliconCase.PAGE - random.nextInt(size + 1) & mask;
        } else if (kind < 85) {
            return SiliconCase.END + random.nextInt(SiliconCase.WINDOW - size) & mask;
        } else if (kind < 91) {
            return SiliconCase.DATA + 2 * SiliconCase.PAGE - random.nextInt(size + 1) & mask;
        } else if (kind < 95) {
            return SiliconCase.DATA - 1 - random.nextInt(SiliconCase.PAGE - 1) & mask;
        }
        return kind < 98 ? 0x3000_0000L + random.nextInt(65536) & mask : random.nextLong() & mask;
    }

    private void placeMemory(SiliconCase test, Operand.Memory memory, int modRmAt) {
        Instruction instruction = test.instruction;
        boolean exchange = instruction.mnemonic().equals("XCHG") || instruction.mnemonic().startsWith("CMPXCHG");
        int size = Math.max(memory.size(), 1);
        long target = address(size, instruction.lock() || exchange);
        long[] r = test.registers;
        String name = instruction.mnemonic();
        if (name.matches("BT[SRC]?") && instruction.operand(1) instanceof Operand.Register bit && chance(90)) {
            // The bit's number moves the address: keep it near, and aligned where locked operations must be.
            r[bit.number()] = random.nextInt(512) - 256;
        }
        if (memory.index() >= 0 && memory.index() != memory.base() && chance(80)) {
            r[memory.index()] = random.nextInt(256) - 64;
        }
        long index = memory.index() >= 0 ? r[memory.index()] * memory.scale() : 0;
        if (memory.base() >= 0 && memory.base() != Operand.Memory.RIP && memory.base() != memory.index()) {
            r[memory.base()] = target - index - memory.displacement();
            widen(instruction, r, memory.base());
        } else if (memory.base() < 0 || memory.base() == Operand.Memory.RIP) {
            long from = memory.base() < 0 ? index : SiliconCase.START + instruction.length();
            patch(test, memory, modRmAt, target - from);
        }
    }

    private void patch(SiliconCase test, Operand.Memory memory, int modRmAt, long displacement) {
        boolean offset = test.instruction.form().operands().contains("O");
        int bytes = offset ? memory.addressSize() : memory.addressSize() == 2 ? 2 : 4;
        boolean sib = !offset && memory.addressSize() != 2 && (test.code[modRmAt] & 7) == 4;
        int at = offset ? modRmAt : modRmAt + (sib ? 2 : 1);
        for (int i = 0; i < bytes && at + i < test.code.length; i++) {
            test.code[at + i] = (byte) (displacement >>> 8 * i);
        }
    }

    private void makeEqual(SiliconCase test) {
        long[] r = test.registers;
        Instruction instruction = test.instruction;
        if (instruction.operand(0) instanceof Operand.Register d) {
            r[Cpu.RAX] = d.highByte() ? r[Cpu.RAX] : r[d.number()];
            return;
        }
        Operand.Memory m = (Operand.Memory) instruction.operand(0);
        long base = m.base() == Operand.Memory.RIP ? SiliconCase.START + instruction.length() : m.base() >= 0 ? r[m.base()] : 0;
        long at = base + (m.index() >= 0 ? r[m.index()] * m.scale() : 0) + m.displacement();
        at &= m.addressSize() == 8 ? -1L : 0xFFFF_FFFFL;
        switch (m.size()) {
            case 16 -> {
                test.poke(at, r[Cpu.RAX], 8);
                test.poke(at + 8, r[Cpu.RDX], 8);
            }
            case 8 -> test.poke(at, instruction.mnemonic().equals("CMPXCHG8B")
                ? r[Cpu.RAX] & 0xFFFF_FFFFL | r[Cpu.RDX] << 32 : r[Cpu.RAX], 8);
            default -> test.poke(at, r[Cpu.RAX], m.size());
        }
    }
}
