package com.vtsim.shell.gdb;

import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.api.machine.OperatorException;
import java.util.ArrayList;
import java.util.List;

/**
 * The registers of a processor as the debugger numbers them, and the document that tells it so. The features are those of
 * gdb's manual (section "i386 Features"); what a kernel's author needs beyond is in one of our own.
 */
final class Description {
    /** An architecture as gdb calls it. */
    enum Architecture {
        /** 16-bit code. */
        I8086("i8086", false),
        /** 32-bit code. */
        I386("i386", false),
        /** 64-bit code. */
        X86_64("i386:x86-64", true);

        private final String name;
        private final boolean wide;

        Architecture(String name, boolean wide) {
            this.name = name;
            this.wide = wide;
        }
    }

    /** The instruction pointer, which debuggers take for the linear address of the next instruction. */
    private static final String POINTER = "pc";
    private static final long LONG_MODE_ACTIVE = 1 << 10;
    private static final String VECTOR_TYPES = """
            <vector id="v4f" type="ieee_single" count="4"/><vector id="v2d" type="ieee_double" count="2"/>\
            <vector id="v16i8" type="int8" count="16"/><vector id="v8i16" type="int16" count="8"/>\
            <vector id="v4i32" type="int32" count="4"/><vector id="v2i64" type="int64" count="2"/>\
            <union id="vec128"><field name="v4_float" type="v4f"/><field name="v2_double" type="v2d"/>\
            <field name="v16_int8" type="v16i8"/><field name="v8_int16" type="v8i16"/><field name="v4_int32" type="v4i32"/>\
            <field name="v2_int64" type="v2i64"/><field name="uint128" type="uint128"/></union>\
            <flags id="i386_mxcsr" size="4"><field name="IE" start="0" end="0"/><field name="DE" start="1" end="1"/>\
            <field name="ZE" start="2" end="2"/><field name="OE" start="3" end="3"/><field name="UE" start="4" end="4"/>\
            <field name="PE" start="5" end="5"/><field name="DAZ" start="6" end="6"/><field name="IM" start="7" end="7"/>\
            <field name="DM" start="8" end="8"/><field name="ZM" start="9" end="9"/><field name="OM" start="10" end="10"/>\
            <field name="UM" start="11" end="11"/><field name="PM" start="12" end="12"/><field name="FZ" start="15" end="15"/></flags>""";
    private static final String FLAG_TYPE = """
            <flags id="i386_eflags" size="4"><field name="CF" start="0" end="0"/><field name="" start="1" end="1"/>\
            <field name="PF" start="2" end="2"/><field name="AF" start="4" end="4"/><field name="ZF" start="6" end="6"/>\
            <field name="SF" start="7" end="7"/><field name="TF" start="8" end="8"/><field name="IF" start="9" end="9"/>\
            <field name="DF" start="10" end="10"/><field name="OF" start="11" end="11"/><field name="NT" start="14" end="14"/>\
            <field name="RF" start="16" end="16"/><field name="VM" start="17" end="17"/><field name="AC" start="18" end="18"/>\
            <field name="VIF" start="19" end="19"/><field name="VIP" start="20" end="20"/><field name="ID" start="21" end="21"/></flags>""";

    /** Bits of a processor's register. */
    private record Piece(String register, int bits) { }

    /** A register of the debugger's. */
    private record Slot(List<Piece> pieces) {
        int bytes() {
            return pieces.stream().mapToInt(Piece::bits).sum() / 8;
        }
    }

    private final Architecture architecture;
    private final List<Slot> slots = new ArrayList<>();
    private final StringBuilder document = new StringBuilder("<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\">");

    Description(Architecture architecture) {
        this.architecture = architecture;
        document.append("<architecture>").append(architecture.name).append("</architecture>");
        begin("org.gnu.gdb.i386.core").append(FLAG_TYPE);
        general();
        floating();
        end();
        vectors(architecture.wide ? 16 : 8);
        if (architecture.wide) {
            begin("org.gnu.gdb.i386.segments");
            one("fs_base", "fs.base", 64, "int64");
            one("gs_base", "gs.base", 64, "int64");
            end();
        }
        system(architecture.wide ? 64 : 32);
        document.append("</target>");
    }

    /** What the processor is in now. */
    static Architecture of(LogicalProcessor processor) {
        if ((processor.register("efer") & LONG_MODE_ACTIVE) != 0) {
            return Architecture.X86_64;
        }
        return (processor.register("cr0") & 1) != 0 ? Architecture.I386 : Architecture.I8086;
    }

    Architecture architecture() {
        return architecture;
    }

    /** The target description, XML. */
    String document() {
        return document.toString();
    }

    /** @return linear addresses have so many bits that count */
    long linearMask() {
        return architecture.wide ? -1L : 0xFFFF_FFFFL;
    }

    private StringBuilder begin(String feature) {
        return document.append("<feature name=\"").append(feature).append("\">");
    }

    private void end() {
        document.append("</feature>");
    }

    private void slot(String name, int bits, String type, Piece... pieces) {
        document.append("<reg name=\"").append(name).append("\" bitsize=\"").append(bits).append("\" type=\"").append(type)
            .append("\" regnum=\"").append(slots.size()).append("\"/>");
        slots.add(new Slot(List.of(pieces)));
    }

    private void one(String name, String register, int bits, String type) {
        slot(name, bits, type, new Piece(register, bits));
    }

    private void general() {
        if (architecture.wide) {
            for (String name : new String[] {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp"}) {
                one(name, name, 64, name.endsWith("p") ? "data_ptr" : "int64");
            }
            for (int i = 8; i < 16; i++) {
                one("r" + i, "r" + i, 64, "int64");
            }
            one("rip", POINTER, 64, "code_ptr");
        } else {
            for (String name : new String[] {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"}) {
                one("e" + name, "r" + name, 32, name.endsWith("p") ? "data_ptr" : "int32");
            }
            one("eip", POINTER, 32, "code_ptr");
        }
        one("eflags", "rflags", 32, "i386_eflags");
        for (String name : new String[] {"cs", "ss", "ds", "es", "fs", "gs"}) {
            one(name, name, 32, "int32");
        }
    }

    private void floating() {
        for (int i = 0; i < 8; i++) {
            slot("st" + i, 80, "i387_ext", new Piece("st" + i + ".significand", 64), new Piece("st" + i + ".exponent", 16));
        }
        String[] names = {"fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop"};
        String[] registers = {"fcw", "fsw", "ftw", "fcs", "fip", "fds", "fdp", "fop"};
        for (int i = 0; i < names.length; i++) {
            one(names[i], registers[i], 32, "int");
        }
    }

    private void vectors(int count) {
        begin("org.gnu.gdb.i386.sse").append(VECTOR_TYPES);
        for (int i = 0; i < count; i++) {
            slot("xmm" + i, 128, "vec128", new Piece("ymm" + i + ".q0", 64), new Piece("ymm" + i + ".q1", 64));
        }
        one("mxcsr", "mxcsr", 32, "i386_mxcsr");
        end();
        begin("org.gnu.gdb.i386.avx");
        for (int i = 0; i < count; i++) {
            slot("ymm" + i + "h", 128, "uint128", new Piece("ymm" + i + ".q2", 64), new Piece("ymm" + i + ".q3", 64));
        }
        end();
    }

    private void system(int bits) {
        String type = "int" + bits;
        begin("com.vtsim.system");
        if (architecture.wide) {
            one("k_gs_base", "msr:c0000102", 64, type);
        } else {
            one("fs_base", "fs.base", bits, type);
            one("gs_base", "gs.base", bits, type);
        }
        for (String name : new String[] {"cr0", "cr2", "cr3", "cr4", "cr8"}) {
            one(name, name, bits, type);
        }
        one("efer", "efer", 64, "int64");
        for (String segment : new String[] {"cs", "ss", "ds", "es"}) {
            one(segment + "_base", segment + ".base", bits, type);
        }
        for (String table : new String[] {"gdtr", "idtr", "ldtr", "tr"}) {
            one(table + "_base", table + ".base", bits, type);
            one(table + "_limit", table + ".limit", 32, "int32");
        }
        one("ldtr", "ldtr", 32, "int32");
        one("tr", "tr", 32, "int32");
        one("cpl", "cpl", 32, "int32");
        for (int i : new int[] {0, 1, 2, 3, 6, 7}) {
            one("dr" + i, "dr" + i, bits, type);
        }
        end();
    }

    int count() {
        return slots.size();
    }

    /** @return bytes of a register */
    int bytes(int number) {
        return slots.get(number).bytes();
    }

    /** A register's bytes, the lowest first, as hexadecimal digits; {@code x} where the processor has none of that name. On the machine's thread. */
    String read(LogicalProcessor processor, int number) {
        StringBuilder text = new StringBuilder();
        for (Piece piece : slots.get(number).pieces) {
            try {
                long value = piece.register.equals(POINTER) ? processor.nextInstruction() : processor.register(piece.register);
                for (int i = 0; i < piece.bits; i += 8) {
                    text.append(Hexadecimal.digits((int) (value >>> i)));
                }
            } catch (OperatorException e) {
                text.append("x".repeat(piece.bits / 4));
            }
        }
        return text.toString();
    }

    /** Sets a register from its bytes, the lowest first. On the machine's thread. @throws OperatorException if it cannot be set */
    void write(LogicalProcessor processor, int number, byte[] bytes) {
        int at = 0;
        for (Piece piece : slots.get(number).pieces) {
            long value = 0;
            for (int i = 0; i < piece.bits; i += 8) {
                value |= (bytes[at++] & 0xFFL) << i;
            }
            if (piece.register.equals(POINTER)) {
                long codeBase = processor.nextInstruction() - processor.register("rip");
                processor.register("rip", value - codeBase & linearMask());
            } else {
                processor.register(piece.register, value);
            }
        }
    }
}
