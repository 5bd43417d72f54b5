package com.vtsim.cpu.isa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The assembler's language: sources, addresses, errors. Encodings are the manual's; the round trip with binutils covers their breadth. */
class AssemblerTest {

    private static String hex(String source) {
        return HexFormat.ofDelimiter(" ").withUpperCase().formatHex(Assembler.assemble(source, 0).bytes());
    }

    private static String hex(int bits, String source) {
        return hex("bits " + bits + "\n" + source);
    }

    @Test
    void labelsStandForAddressesFromTheOrigin() {
        Assembly assembly = Assembler.assemble("org 0x7c00\nstart: cli\n jmp start\nmessage db 'hi', 0\n", 0);
        assertThat(assembly.origin()).isEqualTo(0x7C00);
        assertThat(assembly.symbols()).containsEntry("start", 0x7C00L).containsEntry("message", 0x7C03L);
        assertThat(assembly.bytes()).containsExactly(0xFA, 0xEB, 0xFD, 'h', 'i', 0);
    }

    @Test
    void localLabelsBelongToTheLabelBeforeThem() {
        Assembly assembly = Assembler.assemble("a:\n.x: nop\n jmp .x\nb:\n.x: jmp .x\n jmp a.x\n", 0);
        assertThat(assembly.symbols()).containsEntry("a.x", 0L).containsEntry("b.x", 3L);
        assertThat(assembly.bytes()).containsExactly(0x90, 0xEB, 0xFD, 0xEB, 0xFE, 0xEB, 0xF9);
    }

    @Test
    void branchesAreShortWhereTheTargetIsNear() {
        assertThat(Assembler.assemble("jmp a\ntimes 127 nop\na:", 0).bytes()).hasSize(129);
        assertThat(Assembler.assemble("jmp a\ntimes 128 nop\na:", 0).bytes()).hasSize(131);
        assertThat(Assembler.assemble("bits 32\nje a\ntimes 128 nop\na:", 0).bytes()).hasSize(134);
        assertThat(hex("jmp near a\na:")).isEqualTo("E9 00 00");
        assertThatThrownBy(() -> Assembler.assemble("jmp short a\ntimes 128 nop\na:", 0)).isInstanceOf(AssemblyException.class);
    }

    /** One branch grows and pushes another's target out of reach. */
    @Test
    void relaxationSpreads() {
        byte[] bytes = Assembler.assemble("a: jmp c\n times 61 nop\n jmp d\n times 64 nop\nc: times 64 nop\nd: jmp a\n", 0).bytes();
        assertThat(bytes).hasSize(3 + 61 + 3 + 64 + 64 + 3);
    }

    @Test
    void expressionsKnowTheUsualOperators() {
        assertThat(hex("x equ 1 << 4 | 3\ndb x, (2+3)*4, 17 % 5, ~0 & 0xF0, 6 ^ 3, -1, 'A'+1, 100/7, 0x1_0 >> 1")).isEqualTo("13 14 02 F0 05 FF 42 0E 08");
        assertThat(hex("db 0ffh, 1010b, 0b11, 0x1F, 255")).isEqualTo("FF 0A 03 1F FF");
        assertThat(hex("dw 'ab', 'c'\ndd 'abcd'\ndq 0x1122334455667788")).isEqualTo("61 62 63 00 61 62 63 64 88 77 66 55 44 33 22 11");
    }

    @Test
    void dollarsAreHereAndStart() {
        byte[] sector = Assembler.assemble("org 0x7c00\nhlt\ntimes 510-($-$$) db 0\ndw 0xaa55\n", 0).bytes();
        assertThat(sector).hasSize(512).endsWith(0x55, 0xAA);
        assertThat(hex("nop\ndb $-$$\njmp $")).isEqualTo("90 01 EB FE");
    }

    @Test
    void alignReserveAndOrgFill() {
        assertThat(hex("db 1\nalign 4, 0\ndb 2\nalign 2\nresb 2\ndb 3")).isEqualTo("01 00 00 00 02 90 00 00 03");
        Assembly rom = Assembler.assemble("org 0xfff0\njmp 0xf000:0xe05b\norg 0xffff\ndb 0xfc\n", 0);
        assertThat(rom.bytes()).hasSize(16).startsWith(0xEA, 0x5B, 0xE0, 0x00, 0xF0).endsWith(0xFC);
    }

    @Test
    void linesTellWhereTheirBytesWent() {
        assertThat(Assembler.assemble("; nothing\n nop\n\n mov ax, 5\n", 0x100).lines())
                .containsExactly(new Assembly.Line(2, 0x100, 1), new Assembly.Line(4, 0x101, 3));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "16|mov ax, [bx+si-2]|8B 40 FE", "16|mov ax, [es:di]|26 8B 05", "16|mov es:[bx], al|26 88 07", "16|mov eax, [ebx*4]|67 66 8B 04 9D 00 00 00 00",
        "16|jmp 0x8:0x1234|EA 34 12 08 00", "16|jmp dword 0x8:0x12345678|66 EA 78 56 34 12 08 00", "16|call far [bx]|FF 1F", "16|jmp far dword [bx]|66 FF 2F",
        "16|o32 lgdt [0x10]|66 0F 01 16 10 00", "16|push dword 5|66 6A 05", "16|rep movsb|F3 A4", "16|repne scasb|F2 AE", "16|es lodsb|26 AC",
        "16|int 0x10|CD 10", "16|int3|CC", "16|in al, dx|EC", "16|out 0x80, al|E6 80", "16|shl ax, 1|D1 E0", "16|shl ax, 4|C1 E0 04",
        "16|mov ds, ax|8E D8", "16|mov cr0, eax|0F 22 C0", "16|enter 8, 0|C8 08 00 00", "16|retf 4|CA 04 00", "16|a32 loop $|67 E2 FD", "16|o32 iret|66 CF",
        "32|mov eax, [0x1234]|A1 34 12 00 00", "32|mov ecx, [esp+4]|8B 4C 24 04", "32|mov eax, [eax+esp]|8B 04 04", "32|add eax, 5|83 C0 05", "32|add eax, 500|05 F4 01 00 00",
        "32|add ax, 0xffff|66 83 C0 FF", "32|and byte [ebx], 0xf0|80 23 F0", "32|lock xadd [ecx], eax|F0 0F C1 01", "32|test eax, [ebx]|85 03", "32|xchg eax, [ebx]|87 03",
        "32|xchg eax, ecx|91", "32|imul eax, 10|6B C0 0A", "32|push 5|6A 05", "32|push 0xffff|68 FF FF 00 00", "32|pusha|60", "32|pushf|9C", "32|iret|CF", "32|setz al|0F 94 C0",
        "32|cmovae eax, ebx|0F 43 C3", "32|movzx eax, byte [ebx]|0F B6 03", "32|fld dword [eax]|D9 00", "32|fadd st1|D8 C1", "32|faddp|DE C1", "32|fadd st3, st0|DC C3",
        "32|fxch|D9 C9", "32|finit|9B DB E3", "32|fnstsw ax|DF E0", "32|movsd|A5", "32|movsd xmm0, [eax]|F2 0F 10 00", "32|cmpltps xmm1, xmm2|0F C2 CA 01",
        "64|mov rax, 5|48 C7 C0 05 00 00 00", "64|mov eax, 5|B8 05 00 00 00", "64|mov rax, 0x123456789|48 B8 89 67 45 23 01 00 00 00", "64|mov sil, 1|40 B6 01",
        "64|mov [rsp+8], r12d|44 89 64 24 08", "64|lea rax, [rip+0x10]|48 8D 05 10 00 00 00", "64|mov eax, [0x10]|8B 04 25 10 00 00 00", "64|xchg eax, eax|87 C0",
        "64|push rax|50", "64|push qword [r13]|41 FF 75 00", "64|call [rax]|FF 10", "64|mov rax, cr3|0F 20 D8", "64|mov cr8, rax|44 0F 22 C0", "64|iretq|48 CF", "64|o64 sysret|48 0F 07",
        "64|sysretq|48 0F 07", "64|swapgs|0F 01 F8", "64|mov al, [fs:0x30]|64 8A 04 25 30 00 00 00", "64|vmread rax, rcx|0F 78 C8", "64|vmxon [rdi]|F3 0F C7 37",
        "64|invept rax, [rbx]|66 0F 38 80 03", "64|rdfsbase rax|F3 48 0F AE C0", "64|cmpxchg16b [rdi]|48 0F C7 0F", "64|vaddps ymm1, ymm2, [rax]|C5 EC 58 08",
        "64|vaddps xmm1, xmm2, xmm9|C4 C1 68 58 C9", "64|andn eax, ebx, ecx|C4 E2 60 F2 C1", "64|vgatherdps xmm1, [rax+xmm2*4], xmm3|C4 E2 61 92 0C 90", "64|movq xmm0, rax|66 48 0F 6E C0",
    })
    void encodesAsTheManualSays(int bits, String source, String expected) {
        assertThat(hex(bits, source)).isEqualTo(expected);
    }

    @Test
    void relativeAddressesReachLabelsIn64BitCode() {
        assertThat(hex(64, "mov eax, [rel x]\nx: dd 1")).isEqualTo("8B 05 00 00 00 00 01 00 00 00");
        assertThat(hex(64, "default rel\nmov byte [x], 5\nx: db 1")).isEqualTo("C6 05 00 00 00 00 05 01");
        assertThat(hex(64, "default rel\nmov eax, [abs 0x20]")).isEqualTo("8B 04 25 20 00 00 00");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "mvo ax, 1|1|did you mean 'mov'", "mov ax, bl|1|no form of mov", "mov [bx], 5|5|size of the memory operand is not clear", "jmp nowhere|5|'nowhere' is not defined",
        "mov ax, [ax]|9|16-bit addresses are", "mov rax, 1|5|64-bit code only", "db 256|4|does not fit into 8 bits", "db 'x|4|without its closing", "mov ax, [bx+di*3]|16|scaled by 1, 2, 4 or 8",
        "mov ax, 12z|9|is not a number", "align 3|1|power of two", "mov ax, 5 5|11|nothing more was expected", "times -1 nop|10|count of 0 or more", "mov ax, (1+2|13|')' must stand here",
        "add ax, {|9|has no meaning here", "bits 17|1|16, 32 or 64", "mov al, 0x100|1|no form of mov", "db 1/0|5|division by zero", "lock mov [bx], al|6|no form of mov",
    })
    void errorsNameLineColumnAndRemedy(String line, int column, String message) {
        assertThatThrownBy(() -> Assembler.assemble("nop\n" + line, 0)).isInstanceOfSatisfying(AssemblyException.class, error -> {
            assertThat(error.line()).isEqualTo(2);
            assertThat(error.column()).as(error.getMessage()).isEqualTo(column);
            assertThat(error).hasMessageContaining(message);
        });
    }

    @Test
    void aLabelIsDefinedOnce() {
        assertThatThrownBy(() -> Assembler.assemble("a: nop\na: nop", 0)).hasMessage("line 2, column 1: 'a' is already defined in line 1");
    }
}
