package com.vtsim.cpu.isa;

import com.vtsim.cpu.isa.Operand.Register;
import com.vtsim.cpu.isa.Operand.RegisterFile;
import java.util.HashMap;
import java.util.Map;

/**
 * An operand code of the opcode maps, taken apart: the addressing method (capital) and the operand type (small letters).
 *
 * @sdm Key to Abbreviations (Opcode Map)
 */
final class OperandCode {

    /** Addressing methods; the name is the manual's letter where it has one. */
    enum Method {
        /** General register or memory by ModRM.r/m. */
        E,
        /** General register by ModRM.reg. */
        G,
        /** General register by ModRM.r/m. */
        R,
        /** Memory by ModRM.r/m. */
        M,
        /** Memory by ModRM.r/m with a vector register as index (VSIB). */
        VSIB,
        /** General register by the opcode's low three bits. */
        Z,
        /** General register by VEX.vvvv. */
        B,
        /** Immediate, zero-extended. */
        I,
        /** Immediate, sign-extended to the operand size. */
        SIGNED,
        /** Relative offset. */
        J,
        /** Absolute offset in the instruction (moffs). */
        O,
        /** Far pointer in the instruction. */
        A,
        /** Segment register by ModRM.reg. */
        S,
        /** Control register by ModRM.reg. */
        C,
        /** Debug register by ModRM.reg. */
        D,
        /** MMX register by ModRM.reg. */
        P,
        /** MMX register or memory by ModRM.r/m. */
        Q,
        /** MMX register by ModRM.r/m. */
        N,
        /** Vector register by ModRM.reg. */
        V,
        /** Vector register or memory by ModRM.r/m. */
        W,
        /** Vector register by ModRM.r/m. */
        U,
        /** Vector register by VEX.vvvv. */
        H,
        /** Vector register by bits 7:4 of an immediate byte. */
        L,
        /** x87 register by ModRM.r/m. */
        STI,
        /** A register the opcode names. */
        FIXED,
        /** The accumulator, sized by the operand type. */
        ACCUMULATOR,
        /** The constant 1. */
        ONE,
        /** Implied: DS:rSI of string instructions; gives no operand. */
        X,
        /** Implied: ES:rDI of string instructions; gives no operand. */
        Y,
        /** Implied: DS:rBX+AL of XLAT; gives no operand. */
        XLAT
    }

    /** In place of a size: the vector length. */
    static final int VECTOR_LENGTH = -1;
    /** In place of a size: the address size. */
    static final int ADDRESS_SIZE = -2;

    private static final Map<String, OperandCode> KNOWN = new HashMap<>();
    private static final Map<String, Register> FIXED = new HashMap<>();

    static {
        String[] bytes = {"AL", "CL", "DL", "BL"};
        for (int i = 0; i < bytes.length; i++) {
            FIXED.put(bytes[i], new Register(RegisterFile.GENERAL, i, 1, false));
        }
        FIXED.put("AX", new Register(RegisterFile.GENERAL, 0, 2, false));
        FIXED.put("DX", new Register(RegisterFile.GENERAL, 2, 2, false));
        String[] segments = {"ES", "CS", "SS", "DS", "FS", "GS"};
        for (int i = 0; i < segments.length; i++) {
            FIXED.put(segments[i], new Register(RegisterFile.SEGMENT, i, 2, false));
        }
        FIXED.put("ST", new Register(RegisterFile.X87, 0, 10, false));
        FIXED.put("XMM0", new Register(RegisterFile.VECTOR, 0, 16, false));
    }

    final String text;
    final Method method;
    /** Bytes of a register operand at operand size 2, 4 and 8, or {@link #VECTOR_LENGTH} or {@link #ADDRESS_SIZE}. */
    final int[] registerSize;
    /** Bytes of a memory operand or immediate, likewise. */
    final int[] memorySize;
    /** The operand itself for {@link Method#FIXED}. */
    final Register fixed;

    private OperandCode(String text, Method method, int[] registerSize, int[] memorySize, Register fixed) {
        this.text = text;
        this.method = method;
        this.registerSize = registerSize;
        this.memorySize = memorySize;
        this.fixed = fixed;
    }

    /** @throws IllegalArgumentException for a code that is not in the notation */
    static synchronized OperandCode of(String text) {
        OperandCode known = KNOWN.get(text);
        if (known == null) {
            known = parse(text);
            KNOWN.put(text, known);
        }
        return known;
    }

    private static OperandCode parse(String text) {
        Register fixed = FIXED.get(text);
        if (fixed != null) {
            int[] size = same(fixed.size());
            return new OperandCode(text, Method.FIXED, size, size, fixed);
        }
        switch (text) {
            case "STi":
                return new OperandCode(text, Method.STI, same(10), same(10), null);
            case "1":
                return new OperandCode(text, Method.ONE, same(1), same(1), null);
            case "rAX":
                return new OperandCode(text, Method.ACCUMULATOR, sizes("v"), sizes("v"), null);
            case "eAX":
                return new OperandCode(text, Method.ACCUMULATOR, sizes("z"), sizes("z"), null);
            case "Ibs":
                return new OperandCode(text, Method.SIGNED, sizes("v"), same(1), null);
            case "Iz", "Iv":
                return new OperandCode(text, Method.SIGNED, sizes("v"), sizes(text.substring(1)), null);
            default:
                break;
        }
        int slash = text.indexOf('/');
        if (slash > 0) {
            // A register and a memory operand of different types, as in Rv/Mw.
            Method method = switch (text.charAt(0)) {
                case 'R' -> Method.E;
                case 'N' -> Method.Q;
                case 'U' -> Method.W;
                default -> throw new IllegalArgumentException("operand code " + text);
            };
            return new OperandCode(text, method, sizes(text.substring(1, slash)), sizes(text.substring(slash + 2)), null);
        }
        Method method;
        String type = text.substring(1);
        if (text.startsWith("VM")) {
            // VMdx: doublewords, the index in an XMM register; VMqy: quadwords, the index in a YMM register.
            return new OperandCode(text, Method.VSIB, same(text.endsWith("y") ? 32 : 16), sizes(text.substring(2, 3)), null);
        } else if (text.startsWith("Bb")) {
            method = Method.XLAT;
        } else {
            method = Method.valueOf(text.substring(0, 1));
        }
        int[] memory = sizes(type);
        int[] register = switch (method) {
            case P, Q, N -> same(8);
            // A scalar or half in a vector register is still a register of 16 bytes.
            case V, W, U, H, L -> type.equals("x") || type.equals("qq") ? memory : same(16);
            default -> memory;
        };
        return new OperandCode(text, method, register, memory, null);
    }

    private static int[] same(int size) {
        return new int[] {size, size, size};
    }

    private static int[] sizes(String type) {
        return switch (type) {
            case "" -> same(0);
            case "b" -> same(1);
            case "w" -> same(2);
            case "d" -> same(4);
            case "q" -> same(8);
            case "t" -> same(10);
            case "dq" -> same(16);
            case "qq" -> same(32);
            case "x" -> same(VECTOR_LENGTH);
            case "n" -> same(ADDRESS_SIZE);
            case "v" -> new int[] {2, 4, 8};
            case "z" -> new int[] {2, 4, 4};
            case "y" -> new int[] {4, 4, 8};
            case "p" -> new int[] {4, 6, 10};
            case "a" -> new int[] {4, 8, 16};
            case "s" -> new int[] {6, 6, 10};
            case "e" -> new int[] {14, 28, 28};
            case "f" -> new int[] {94, 108, 108};
            case "512" -> same(512);
            case "k3" -> same(48);
            case "k4" -> same(64);
            default -> throw new IllegalArgumentException("operand type " + type);
        };
    }

    /** @return whether the operand is taken from the ModRM byte */
    boolean usesModRm() {
        return usesRm() || switch (method) {
            case G, S, C, D, P, V -> true;
            default -> false;
        };
    }

    /** @return whether the operand is taken from ModRM.mod and r/m */
    boolean usesRm() {
        return registerOnly() || memoryOnly() || method == Method.E || method == Method.Q || method == Method.W;
    }

    /** @return whether the operand is valid with mod = 11b only */
    boolean registerOnly() {
        return method == Method.R || method == Method.N || method == Method.U || method == Method.STI;
    }

    /** @return whether the operand is invalid with mod = 11b */
    boolean memoryOnly() {
        return method == Method.M || method == Method.VSIB;
    }

    /** @return whether the operand is implied and written nowhere in Intel syntax */
    boolean implied() {
        return method == Method.X || method == Method.Y || method == Method.XLAT;
    }

    /** @return whether VEX.vvvv holds the operand */
    boolean usesVvvv() {
        return method == Method.H || method == Method.B;
    }

    @Override
    public String toString() {
        return text;
    }
}
