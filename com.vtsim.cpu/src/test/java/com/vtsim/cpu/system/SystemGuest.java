package com.vtsim.cpu.system;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A 64-KiB boot ROM that tries cases one after the other and writes what came of each, as a line of text, to port E9h: the
 * case's name, then the exception's frame or the registers. The same image runs on other PCs (real, virtual, simulated), so
 * that their answers can be laid beside each other.
 * <p>
 * A case file has blocks of {@code == name} and lines of assembler. The frames are in system-guest.asm.
 */
final class SystemGuest {
    private SystemGuest() { }

    /** @return the ROM's source in the common language of VTSim's assembler and NASM */
    static String source() {
        return text("system-guest.asm")
            .replace(";;; protected cases", cases("protected.cases", "prot", 32))
            .replace(";;; long cases", cases("long.cases", "long", 64))
            .replace(";;; real cases", cases("real.cases", "real", 16))
            .replace(";;; real stubs", realStubs())
            .replace(";;; idt64", gates64())
            .replace(";;; stubs64", stubs(64))
            .replace(";;; idt", gates32())
            .replace(";;; stubs", stubs(32));
    }

    private static String realStubs() {
        StringBuilder all = new StringBuilder("real_table:\n");
        for (int i = 0; i < 32; i++) {
            all.append("dw real_stub").append(i).append(" - BASE\n");
        }
        for (int i = 0; i < 32; i++) {
            all.append("real_stub").append(i).append(": push word ").append(i).append("\njmp near real_fault\n");
        }
        return all.toString();
    }

    private static boolean hasCode(int vector) {
        return vector == 8 || vector >= 10 && vector <= 14 || vector == 17;
    }

    private static String stubs(int bits) {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < 0x90; i++) {
            all.append("stub").append(bits).append('_').append(i).append(":\n");
            if (!hasCode(i)) {
                all.append(bits == 32 ? "push dword 0\n" : "push 0\n");
            }
            all.append(bits == 32 ? "push dword " : "push ").append(i).append("\njmp fault").append(bits).append('\n');
        }
        return all.toString();
    }

    /** A gate as NASM text: the linear address of the handler split in halves. */
    private static String gate(String handler, int selector, int access, int bits, int ist) {
        String half = bits == 64 ? "dq 0\n" : "";
        return "dw " + handler + " - BASE, " + selector + ", " + (access << 8 | ist) + ", 1\n" + half;
    }

    private static String gates32() {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < 0x80; i++) {
            all.append(gate("stub32_" + i, 0x08, i == 3 || i == 4 ? 0xEE : 0x8E, 32, 0));
        }
        all.append(gate("stub32_128", 0x08, 0xEE, 32, 0))    // 80 interrupt gate for users
            .append(gate("stub32_129", 0x08, 0xEF, 32, 0))   // 81 trap gate
            .append(gate("stub32_130", 0x40, 0xE5, 32, 0))   // 82 task gate
            .append(gate("stub32_131", 0x08, 0x6E, 32, 0))   // 83 not present
            .append(gate("stub32_132", 0x08, 0xEC, 32, 0))   // 84 call gate: no gate for interrupts
            .append(gate("stub32_133", 0x70, 0xEE, 32, 0))   // 85 to conforming code
            .append(gate("stub32_134", 0xB8, 0xEE, 32, 0))   // 86 to DPL 1
            .append(gate("stub32_135", 0x00, 0xEE, 32, 0))   // 87 to null
            .append(gate("stub32_136", 0x10, 0xEE, 32, 0))   // 88 to data
            .append(gate("stub32_137", 0xD0, 0xEE, 32, 0))   // 89 beyond its segment
            .append(gate("stub32_138", 0x7F8, 0xEE, 32, 0))  // 8a beyond the GDT
            .append(gate("stub32_139", 0x58, 0xEE, 32, 0))   // 8b to code not present
            .append(gate("stub32_140", 0x08, 0x8E, 32, 0))   // 8c not for users
            .append(gate("gate16", 0x28, 0xE6, 32, 0))       // 8d 16-bit interrupt gate
            .append(gate("gate16", 0x28, 0xE7, 32, 0))       // 8e 16-bit trap gate
            .append(gate("stub32_143", 0x18, 0xEE, 32, 0));  // 8f to user code
        return all.toString();
    }

    private static String gates64() {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < 0x80; i++) {
            all.append(gate("stub64_" + i, 0xD8, i == 3 ? 0xEE : 0x8E, 64, 0));
        }
        all.append(gate("stub64_128", 0xD8, 0xEE, 64, 0))    // 80
            .append(gate("stub64_129", 0xD8, 0xEF, 64, 0))   // 81 trap gate
            .append(gate("stub64_130", 0xD8, 0xE6, 64, 0))   // 82 16-bit gate: no such type
            .append(gate("stub64_131", 0xD8, 0xEE, 64, 1))   // 83 IST 1
            .append(gate("stub64_132", 0xD8, 0x6E, 64, 0))   // 84 not present
            .append(gate("stub64_133", 0x08, 0xEE, 64, 0))   // 85 to 32-bit code
            .append(gate("stub64_134", 0xD8, 0xE5, 64, 0))   // 86 task gate: no such type
            .append(gate("stub64_135", 0x00, 0xEE, 64, 0))   // 87 to null
            .append(gate("stub64_136", 0xD8, 0x8E, 64, 2))   // 88 IST 2, not for users
            .append("dw stub64_137 - BASE, 0xd8, 0xee00, 1\ndd 0x8000, 0\n")  // 89 not canonical
            .append("dw stub64_138 - BASE, 0xd8, 0xee00, 1\ndd 0, 0x100\n")   // 8a upper type not 0
            .append(gate("stub64_139", 0xD8, 0xEE, 64, 3))   // 8b IST 3: stack pointer 0
            .append(gate("stub64_140", 0x130, 0xEE, 64, 0)); // 8c to user code
        for (int i = 0x8D; i < 0x90; i++) {
            all.append(gate("stub64_" + i, 0xD8, 0xEE, 64, 0));
        }
        return all.toString();
    }

    static String text(String resource) {
        try (InputStream in = SystemGuest.class.getResourceAsStream(resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String cases(String resource, String prefix, int bits) {
        Map<String, List<String>> cases = new LinkedHashMap<>();
        List<String> body = new ArrayList<>();
        for (String line : text(resource).split("\n")) {
            if (line.startsWith("== ")) {
                body = new ArrayList<>();
                cases.put(line.substring(3).strip(), body);
            } else {
                body.add(line);
            }
        }
        StringBuilder all = new StringBuilder();
        int number = 0;
        for (Map.Entry<String, List<String>> one : cases.entrySet()) {
            String label = prefix + number;
            String next = prefix + (number + 1);
            String names = label + "_name";
            all.append(label).append(":\n");
            if (bits == 16) {
                all.append("mov word [cs:resume16 - BASE], ").append(next).append(" - BASE\n");
                all.append("mov word [cs:start16 - BASE], ").append(label).append("_body - BASE\n");
                all.append("mov si, ").append(names).append(" - BASE\ncall puts16\n");
            } else {
                all.append("mov dword [resume], ").append(next).append("\n");
                all.append("mov dword [start], ").append(label).append("_body\n");
                all.append("mov esi, ").append(names).append("\ncall puts").append(bits).append('\n');
            }
            all.append(label).append("_body:\n");
            one.getValue().forEach(line -> all.append(line.replace("@@", label + "_")).append('\n'));
            all.append("jmp ok").append(bits).append('\n');
            all.append(names).append(": db \"").append(one.getKey()).append(": \", 0\n");
            number++;
        }
        all.append(prefix).append(number).append(":\n");
        return all.toString();
    }
}
