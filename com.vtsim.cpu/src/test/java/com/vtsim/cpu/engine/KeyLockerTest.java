package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.cpu.LogicalProcessor.Breakpoint;
import com.vtsim.api.machine.Processor.Outcome;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import javax.crypto.Cipher;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Key Locker, against RFC 8452 for handles, FIPS 197 and the JDK's AES for blocks, and the manual for the rest.
 *
 * @sdm LOADIWKEY; ENCODEKEY128; ENCODEKEY256; AESENC128KL and its kin; CPUID: Key Locker leaf
 */
class KeyLockerTest {
    /** Encryption key of 32 bytes and integrity key of 16; then the key to wrap, 32. */
    private static final long IWKEY = 0x20000, KEY = 0x20030;
    private static final long HANDLE = 0x20100, DATA = 0x20200, RESULT = 0x20300;
    private static final String ON = "mov rax, cr4\nor eax, 0x80600\nmov cr4, rax\n";
    private static final String LOAD = ON + "movdqu xmm2, [0x20000]\nmovdqu xmm1, [0x20010]\nmovdqu xmm0, [0x20020]\n%sloadiwkey xmm1, xmm2\n";
    private static final String WRAP = LOAD.formatted("xor eax, eax\n") + "movdqu xmm0, [0x20030]\nmovdqu xmm1, [0x20040]\nmov ecx, 0\n";
    private static final String STORE = "movdqu [0x20100], xmm0\nmovdqu [0x20110], xmm1\nmovdqu [0x20120], xmm2\nmovdqu [0x20130], xmm3\n";

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text);
    }

    private static void put(SmallMachine m, long address, byte[] bytes) {
        m.board().call(() -> {
            m.memory().write(address, bytes, 0, bytes.length);
            return null;
        });
    }

    private static byte[] get(SmallMachine m, long address, int size) {
        return m.board().call(() -> {
            byte[] bytes = new byte[size];
            m.memory().read(address, bytes, 0, size);
            return bytes;
        });
    }

    private static byte[] random(int size, long seed) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static byte[] part(byte[] from, int at, int size) {
        return ByteBuffer.allocate(size).put(from, at, size).array();
    }

    /** With a wrapping key and a key in memory, the latter of FIPS 197: 00h, 01h, … */
    private static SmallMachine machine(String source) {
        SmallMachine m = SmallMachine.wide(source + "hlt\n");
        put(m, IWKEY, random(48, 1));
        for (int i = 0; i < 32; i++) {
            m.poke(KEY + i, 1, i);
        }
        put(m, DATA, hex("00112233445566778899aabbccddeeff"));
        return m;
    }

    private static SmallMachine ran(String source) {
        SmallMachine m = machine(source);
        assertThat(m.runToHalt()).as(() -> String.join("\n", m.board().call(m.cpu::why))).isEqualTo(Outcome.IDLE);
        return m;
    }

    /** Appendix A; C.3, the first counter wrap test. */
    @Test void theOracleIsRfc8452() {
        assertThat(GcmSiv.polyval(hex("25629347589242761d31f826ba4b757b"), hex("4f4f95668c83dfb6401762bb2d01a262d1a24ddd2721d006bbe45f20d3c9f362")))
            .isEqualTo(hex("f7a3b47b846119fae5b7866cf5e5b77e"));
        assertThat(GcmSiv.seal(hex("dc95c078a24089895275f3d86b4fb868"), hex("779b38d15bffb63d39d6e9ae76a9b2f375d11b0e3a68c422845c7d4690fa594f"), new byte[0],
            hex("000000000000000000000000000000004db923dc793ee6497c76dcc03a98e108")))
            .isEqualTo(hex("ffffffff000000000000000000000000f3f80f2cf0cb2dd9c5984fcda908456cc537703b5ba70324a6793a7bf218d3ea"));
    }

    @ParameterizedTest
    @CsvSource({"128, 0", "128, 1", "128, 7", "256, 0", "256, 2", "256, 4"})
    void aHandleIsAadTagAndCiphertext(int bits, int restrictions) {
        for (int seed = 1; seed < 6; seed++) {
            String fill = "movdqu xmm3, [0x20200]\nmovdqa xmm4, xmm3\nmovdqa xmm5, xmm3\nmovdqa xmm6, xmm3\nmov rbx, -1\nstc\n";
            try (SmallMachine m = machine(WRAP + fill + "mov ecx, " + restrictions + "\nencodekey" + bits + " ebx, ecx\npushfq\npop rdx\n" + STORE
                + "movdqu [0x20300], xmm4\nmovdqu [0x20310], xmm5\nmovdqu [0x20320], xmm6\n")) {
                byte[] wrapping = random(48, seed);
                byte[] key = random(bits / 8, -seed);
                put(m, IWKEY, wrapping);
                put(m, KEY, key);
                m.runToHalt();
                byte[] aad = new byte[16];
                aad[0] = (byte) restrictions;
                aad[3] = (byte) (bits == 256 ? 1 : 0);
                byte[] sealed = GcmSiv.seal(part(wrapping, 32, 16), part(wrapping, 0, 32), aad, key);
                assertThat(get(m, HANDLE, 16)).isEqualTo(aad);
                assertThat(get(m, HANDLE + 16, sealed.length)).as("seed %d", seed).isEqualTo(sealed);
                if (bits == 128) {
                    assertThat(get(m, HANDLE + 48, 16)).as("XMM3").isEqualTo(get(m, DATA, 16));
                }
                assertThat(get(m, RESULT, 48)).as("XMM4–XMM6").isEqualTo(new byte[48]);
                assertThat(m.reg("rbx")).as("NoBackup and KeySource").isZero();
                assertThat(m.reg("rdx") & 0x8D5).as("flags").isZero();
            }
        }
    }

    /** FIPS 197, appendices C.1 and C.3. */
    @ParameterizedTest
    @CsvSource({"128, 69c4e0d86a7b0430d8cdb78070b4c55a", "256, 8ea2b7ca516745bfeafc49904b496089"})
    void aBlockIsThatOfTheUnwrappedKey(int bits, String ciphertext) {
        try (SmallMachine m = ran(WRAP + "encodekey" + bits + " ebx, ecx\n" + STORE + "movdqu xmm9, [0x20200]\nor eax, 1\naesenc" + bits
            + "kl xmm9, [0x20100]\nsetz bl\nmovdqu [0x20300], xmm9\naesdec" + bits + "kl xmm9, [0x20100]\nsetz bh\nmovdqu [0x20310], xmm9\n")) {
            assertThat(get(m, RESULT, 16)).isEqualTo(hex(ciphertext));
            assertThat(get(m, RESULT + 16, 16)).isEqualTo(get(m, DATA, 16));
            assertThat(m.reg("rbx") & 0xFFFF).as("ZF").isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {128, 256})
    void wideInstructionsDoEightBlocks(int bits) {
        StringBuilder load = new StringBuilder();
        StringBuilder first = new StringBuilder();
        StringBuilder second = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            load.append("movdqu xmm").append(i).append(", [").append(DATA + 16 * i).append("]\n");
            first.append("movdqu [").append(RESULT + 16 * i).append("], xmm").append(i).append('\n');
            second.append("movdqu [").append(RESULT + 0x100 + 16 * i).append("], xmm").append(i).append('\n');
        }
        try (SmallMachine m = machine(WRAP + "encodekey" + bits + " ebx, ecx\n" + STORE + load + "aesencwide" + bits + "kl [0x20100]\nsetz bl\n" + first
            + "aesdecwide" + bits + "kl [0x20100]\nsetz bh\n" + second)) {
            byte[] data = random(128, 3);
            put(m, DATA, data);
            m.runToHalt();
            assertThat(get(m, RESULT, 128)).isEqualTo(GcmSiv.aes(get(m, KEY, bits / 8), data, Cipher.ENCRYPT_MODE));
            assertThat(get(m, RESULT + 0x100, 128)).isEqualTo(data);
            assertThat(m.reg("rbx") & 0xFFFF).isZero();
        }
    }

    /** Every bit of a handle counts: ZF is set, the other flags are 0, and the register keeps what it had. */
    @ParameterizedTest
    @CsvSource({"128, 48", "256, 64"})
    void aHandleThatWasTamperedWithFails(int bits, int size) {
        try (SmallMachine m = ran(WRAP + "encodekey" + bits + " ebx, ecx\n" + STORE + """
                movdqu  xmm9, [0x20200]
                xor     ebx, ebx
                xor     esi, esi
        next:   mov     r8, rsi
                btc     [0x20100], r8
                stc
                aesdec%1$dkl xmm9, [0x20100]
                pushfq
                pop     rdx
                and     edx, 0x8d5
                cmp     edx, 0x40
                sete    dl
                movzx   edx, dl
                add     ebx, edx
                aesenc%1$dkl xmm9, [0x20100]
                setz    dl
                movzx   edx, dl
                add     edi, edx
                btc     [0x20100], r8
                inc     esi
                cmp     esi, %2$d
                jne     next
                movdqu  [0x20300], xmm9
                aesenc%1$dkl xmm9, [0x20100]
                setz    cl
        """.formatted(bits, 8 * size))) {
            assertThat(m.reg("rbx")).isEqualTo(8L * size);
            assertThat(m.reg("rdi")).isEqualTo(8L * size);
            assertThat(get(m, RESULT, 16)).isEqualTo(get(m, DATA, 16));
            assertThat(m.reg("rcx") & 0xFF).as("as it was, it does").isZero();
        }
    }

    /** Restrictions of a handle that is authentic: 1 for privilege level 0 only, 2 not to encrypt, 4 not to decrypt; and its type. */
    @ParameterizedTest
    @CsvSource({"128, 0, 3, 0, 0", "128, 1, 0, 0, 0", "128, 1, 3, 1, 1", "128, 2, 0, 1, 0", "128, 4, 0, 0, 1", "256, 6, 0, 1, 1", "256, 1, 3, 1, 1", "256, 2, 3, 1, 0"})
    void restrictionsHold(int bits, int restrictions, int cpl, long encryptionFails, long decryptionFails) {
        String kl = bits + "kl xmm9, [0x20100]\n";
        try (SmallMachine m = machine(WRAP + "mov ecx, " + restrictions + "\nencodekey" + bits + " ebx, ecx\n" + STORE + "xor ebx, ebx\nhere: aesenc" + kl
            + "setz bl\naesdec" + kl + "setz bh\naesencwide" + bits + "kl [0x20100]\nsetz cl\naesdecwide" + bits + "kl [0x20100]\nsetz ch\nud2\n")) {
            for (int i = 1; i <= 3; i++) {
                m.poke(0x1000 * i, 8, m.peek(0x1000 * i, 8) | 4);
            }
            runTo(m, "here");
            m.reg("cpl", cpl);
            m.runToHalt();
            assertThat(m.board().call(m.cpu::why).get(0)).startsWith("first: #UD");
            assertThat(m.reg("rbx") & 0xFFFF).isEqualTo(encryptionFails | decryptionFails << 8);
            assertThat(m.reg("rcx") & 0xFFFF).isEqualTo(encryptionFails | decryptionFails << 8);
        }
    }

    private static void runTo(SmallMachine m, String label) {
        m.board().call(() -> {
            int point = m.cpu.breakpoint(new Breakpoint(Breakpoint.Kind.EXECUTE, m.symbol(label), 1));
            m.cpu.run(1_000_000);
            m.cpu.removeBreakpoint(point);
            return null;
        });
        assertThat(m.reg("rip")).isEqualTo(m.symbol(label));
    }

    @Test void aHandleOfTheOtherTypeFails() {
        try (SmallMachine m = ran(WRAP + "encodekey256 ebx, ecx\n" + STORE + "aesenc128kl xmm9, [0x20100]\nsetz bl\n")) {
            assertThat(m.reg("rbx") & 0xFF).isOne();
        }
    }

    @Test void aHandleOfAnotherWrappingKeyFails() {
        for (int i = 0; i < 3; i++) {
            String other = "movdqu xmm2, [0x20000]\nmovdqu xmm1, [0x20010]\nmovdqu xmm0, [0x20020]\npcmpeqd xmm7, xmm7\npxor xmm" + i + ", xmm7\nxor eax, eax\n"
                + "loadiwkey xmm1, xmm2\n";
            try (SmallMachine m = ran(WRAP + "encodekey128 ebx, ecx\n" + STORE + other + "aesenc128kl xmm9, [0x20100]\nsetz bl\n")) {
                assertThat(m.reg("rbx") & 0xFF).as("XMM%d", i).isOne();
            }
        }
    }

    /** KeySource 1: numbers of the processor's own are in the key, so another handle comes out; it works as well. */
    @Test void aRandomKeyIsOneThatSoftwareDoesNotKnow() {
        try (SmallMachine m = ran(LOAD.formatted("mov eax, 3\n") + "setz dl\nmovdqu xmm0, [0x20030]\nxor ecx, ecx\nencodekey128 esi, ecx\n" + STORE
            + "movdqu xmm9, [0x20200]\naesenc128kl xmm9, [0x20100]\nsetz dh\nmovdqu [0x20300], xmm9\n")) {
            assertThat(m.reg("rsi")).as("NoBackup, and KeySource 1").isEqualTo(3);
            assertThat(m.reg("rdx") & 0xFFFF).isZero();
            byte[] wrapping = get(m, IWKEY, 48);
            assertThat(get(m, HANDLE + 16, 32)).isNotEqualTo(GcmSiv.seal(part(wrapping, 32, 16), part(wrapping, 0, 32), new byte[16], get(m, KEY, 16)));
            assertThat(get(m, RESULT, 16)).isEqualTo(hex("69c4e0d86a7b0430d8cdb78070b4c55a"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'loadiwkey xmm1, xmm2', 0, #UD", "'encodekey128 eax, ecx', 0, #UD", "'aesenc256kl xmm1, [0x20100]', 0, #UD", "'aesdecwide128kl [0x20100]', 0, #UD",
        "'%1$s mov eax, 4; loadiwkey xmm1, xmm2', 0, #GP(0000)", "'%1$s mov eax, 32; loadiwkey xmm1, xmm2', 0, #GP(0000)",
        "'%1$s xor eax, eax; loadiwkey xmm1, xmm2', 0, -", "'xor eax, eax; loadiwkey xmm1, xmm2', 3, #GP(0000)",
        "'%1$s mov ecx, 8; encodekey128 eax, ecx', 0, #GP(0000)", "'%1$s mov ecx, 0x80000000; encodekey256 eax, ecx', 0, #GP(0000)",
        "'%1$s mov rcx, 0x100000000; encodekey256 eax, ecx', 0, -",
        "'%1$s mov rax, cr0; or eax, 8; mov cr0, rax; loadiwkey xmm1, xmm2', 0, #NM", "'%1$s mov rax, cr0; or eax, 4; mov cr0, rax; encodekey128 eax, eax', 0, #UD",
        "'mov rax, cr4; or eax, 0x80000; mov cr4, rax; aesenc128kl xmm0, [0x20100]', 0, #UD",
        "'%1$s mov eax, 0x40000000; aesenc128kl xmm0, [rax]', 0, #PF(0000)", "'%1$s mov rax, 0x800000000000; aesdecwide256kl [rax]', 0, #GP(0000)",
        "'%1$s aesdec128kl xmm0, [0x20101]', 0, -", "'%1$s db 0xf0, 0xf3, 0x0f, 0x38, 0xdc, 0x08', 0, #UD", "'%1$s db 0xf3, 0x0f, 0x38, 0xd8, 0xc0', 0, #UD"})
    void whatIsNotAllowed(String source, int cpl, String fault) {
        try (SmallMachine m = machine(source.formatted(ON).replace("; ", "\n") + "\n")) {
            for (int i = 1; i <= 3; i++) {
                m.poke(0x1000 * i, 8, m.peek(0x1000 * i, 8) | 4);
            }
            if (cpl == 3) {
                m.reg("cr4", m.reg("cr4") | 0x80600);
                m.reg("cpl", 3);
            }
            boolean none = "-".equals(fault);
            assertThat(m.runToHalt()).isEqualTo(none ? Outcome.IDLE : Outcome.SHUTDOWN);
            if (!none) {
                assertThat(m.board().call(m.cpu::why).get(0)).startsWith("first: " + fault);
            }
        }
    }

    /** A snapshot carries the key; a reset makes it zeros. */
    @Test void theWrappingKeyIsState() {
        String source = WRAP + "encodekey128 ebx, ecx\n" + STORE + "mov bl, 7\nhere: movdqu xmm9, [0x20200]\naesenc128kl xmm9, [0x20100]\nsetz bl\n";
        try (SmallMachine m = machine(source); SmallMachine other = machine(source)) {
            runTo(m, "here");
            State state = m.board().call(m.cpu::save);
            put(other, HANDLE, get(m, HANDLE, 48));
            other.board().call(() -> {
                other.cpu.restore(state);
                return null;
            });
            other.runToHalt();
            assertThat(other.reg("rbx") & 0xFF).isZero();
            for (Reset kind : Reset.values()) {
                other.board().call(() -> {
                    other.cpu.restore(state);
                    other.cpu.reset(kind);
                    return null;
                });
                long[] control = (long[]) other.board().call(other.cpu::save).fields().get("control");
                assertThat(Arrays.copyOfRange(control, control.length - 7, control.length)).as(kind.toString()).containsOnly(0);
            }
        }
    }

    /** Leaf 19h; AESKLE is there while CR4.KL is. */
    @Test void cpuidTellsOfIt() {
        String ask = "mov eax, 0x19\nxor ecx, ecx\ncpuid\n";
        try (SmallMachine m = ran(ask + "mov esi, ebx\n" + ON + ask)) {
            assertThat(m.reg("rsi")).isEqualTo(4);
            assertThat(m.reg("rax")).isEqualTo(7);
            assertThat(m.reg("rbx")).isEqualTo(5);
            assertThat(m.reg("rcx")).isEqualTo(3);
            assertThat(m.reg("rdx")).isZero();
        }
        try (SmallMachine m = ran("xor eax, eax\ncpuid\n")) {
            assertThat(m.reg("rax")).isEqualTo(0x19);
        }
    }
}
