package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Processor.Outcome;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.api.Test;

/**
 * What an invalidation drops and what it leaves: a page is used, its entry is changed in memory, something is invalidated,
 * and the page is used again. 1 stands for the page first mapped, 2 for the one mapped since.
 *
 * @sdm Operations that Invalidate TLBs and Paging-Structure Caches; INVPCID; Global Pages; MOV—Move to/from Control Registers
 */
class InvalidationTest {
    /** The page looked at, in the 2 MiB mapped by the page table at 5000h. */
    private static final long PAGE = 0x1F_0000;
    private static final String SET_UP = """
            mov     rax, cr4
            or      eax, %d
            mov     cr4, rax
            mov     ebx, [0x1f0000]
    """;
    private static final String REMAP = "add qword [0x5000 + 8 * 0x1f0], 0x1000\n";
    private static final int PGE = 0x80, PCIDE = 0x2_0000, WITH_PCIDE = PGE | PCIDE;

    /** Identity, but for the page looked at, which lies at 200000h; 1 there, 2 in the page after it. */
    private static SmallMachine guest(String source, boolean global) {
        SmallMachine m = SmallMachine.wide(source + "\nmov edx, [0x1f0000]\nhlt\n");
        m.poke(0x3000, 8, 0x5003);
        for (int i = 0; i < 512; i++) {
            m.poke(0x5000 + 8L * i, 8, (long) i << 12 | 3);
        }
        m.poke(0x5000 + 8 * (PAGE >> 12), 8, 0x20_0003 | (global ? 0x100 : 0));
        m.poke(0x20_0000, 4, 1);
        m.poke(0x20_1000, 4, 2);
        m.poke(0x7000, 8, 1);
        m.poke(0x7008, 8, PAGE + 8);
        return m;
    }

    private static long seen(String between, boolean global, int cr4) {
        try (SmallMachine m = guest(SET_UP.formatted(cr4) + REMAP + between, global)) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rbx")).isEqualTo(1);
            return m.reg("rdx");
        }
    }

    @ParameterizedTest
    @CsvSource({
        // Nothing is invalidated: the translation in use stays.
        "'', false, 0, 1",
        "invlpg [0x1f0000], false, 0, 2",
        "invlpg [0x1f0fff], true, 128, 2",
        "invlpg [0x1f1000], false, 0, 1",
        "'mov rax, cr3; mov cr3, rax', false, 128, 2",
        "'mov rax, cr3; mov cr3, rax', true, 128, 1",
        // The global bit means nothing without CR4.PGE.
        "'mov rax, cr3; mov cr3, rax', true, 0, 2",
        "'mov rax, cr4; xor eax, 0x80; mov cr4, rax', true, 128, 2",
        "'mov rax, cr0; xor eax, 0x10000; mov cr0, rax', true, 128, 2",
        // A data breakpoint in another page concerns none of it.
        "'mov eax, 0x8000; mov dr0, rax; mov eax, 0xf0402; mov dr7, rax; mov eax, 0x400; mov dr7, rax', false, 0, 1",
    })
    void withoutContexts(String between, boolean global, int cr4, long page) {
        assertThat(seen(between.replace(';', '\n') + "\n", global, cr4)).isEqualTo(page);
    }

    @ParameterizedTest
    @CsvSource({
        // The same context, without and with the bit that keeps it.
        "'mov rax, 0x1000; mov cr3, rax', false, 2",
        "'mov rax, 0x8000000000001000; mov cr3, rax', false, 1",
        "'mov rax, 0x1000; mov cr3, rax', true, 1",
        // Another context has its own translations; the first one's wait for its return.
        "'mov rax, 0x1001; mov cr3, rax', false, 2",
        "'mov rax, 0x1001; mov cr3, rax; mov rax, 0x8000000000001000; mov cr3, rax', false, 1",
        "'mov rax, 0x1001; mov cr3, rax; mov rax, 0x1000; mov cr3, rax', false, 2",
        // INVLPG in another context leaves this one's but for global pages.
        "'mov rax, 0x1001; mov cr3, rax; invlpg [0x1f0000]; mov rax, 0x8000000000001000; mov cr3, rax', false, 1",
        "'mov rax, 0x1001; mov cr3, rax; invlpg [0x1f0000]; mov rax, 0x8000000000001000; mov cr3, rax', true, 2",
        // INVPCID: address, context, all, all but global.
        "'mov qword [0x7000], 0; xor eax, eax; invpcid rax, [0x7000]', false, 2",
        "'xor eax, eax; invpcid rax, [0x7000]', false, 1",
        "'mov qword [0x7000], 0; mov eax, 1; invpcid rax, [0x7000]', false, 2",
        "'mov qword [0x7000], 0; mov eax, 1; invpcid rax, [0x7000]', true, 1",
        "'mov eax, 1; invpcid rax, [0x7000]', false, 1",
        "'mov eax, 2; invpcid rax, [0x7000]', true, 2",
        "'mov eax, 3; invpcid rax, [0x7000]', false, 2",
        "'mov eax, 3; invpcid rax, [0x7000]', true, 1",
        // Leaving the use of contexts drops everything.
        "'mov rax, cr4; btr rax, 17; mov cr4, rax', true, 2",
    })
    void withContexts(String between, boolean global, long page) {
        assertThat(seen(between.replace(';', '\n') + "\n", global, WITH_PCIDE)).isEqualTo(page);
    }

    /** Every piece of a large page goes with INVLPG of any address in it. @sdm Recommended Invalidation */
    @Test void invalidatingAnAddressOfALargePageDropsAllOfIt() {
        try (SmallMachine m = SmallMachine.wide("""
                mov     ebx, [0x601000]
                xor     dword [0x3018], 0xe00000
                invlpg  [0x7ff000]
                mov     edx, [0x601000]
                hlt
                """)) {
            m.poke(0x60_1000, 4, 1);
            m.poke(0x80_1000, 4, 2);
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rbx")).isEqualTo(1);
            assertThat(m.reg("rdx")).isEqualTo(2);
        }
    }

    /** The code at an address is another once its page is: a subroutine at 1F0000h, first INC EBX, then INC EDX. */
    @ParameterizedTest
    @CsvSource({"invlpg [rcx], 1, 1", "'mov rax, cr3; mov cr3, rax', 1, 1", "nop, 2, 0"})
    void codeFollowsItsTranslation(String between, long first, long second) {
        String source = "mov ecx, 0x1f0000\nxor ebx, ebx\nxor edx, edx\ncall rcx\nadd qword [0x5000 + 8 * 0x1f0], 0x1000\n"
            + between.replace(';', '\n') + "\ncall rcx\nmov esi, edx\n";
        try (SmallMachine m = guest(source, false)) {
            m.poke(0x20_0000, 4, 0x00C3_C3FF);
            m.poke(0x20_1000, 4, 0x00C3_C2FF);
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rbx")).isEqualTo(first);
            assertThat(m.reg("rsi")).isEqualTo(second);
        }
    }

    /** Data beside code in one line: the stores are seen, the code stays; a store into the code changes it. */
    @Test void dataBesideCodeAndCodeItselfCanBeWritten() {
        try (SmallMachine m = SmallMachine.wide("""
                mov     ecx, 1000
        again:  inc     dword [value]
                inc     ebx
                cmp     ecx, 500
                jne     next
                mov     byte [again + 8], 0xc2
        next:   loop    again
                hlt
        value:  dd 0
        """)) {
            m.poke(m.symbol("again") + 7, 2, 0xC3FF);
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.peek(m.symbol("value"), 4)).isEqualTo(1000);
            assertThat(m.reg("rbx")).isEqualTo(501);
            assertThat(m.reg("rdx")).isEqualTo(499);
        }
    }

    private static SmallMachine keyed(String source, int cpl) {
        SmallMachine m = guest(source, false);
        for (int i = 1; i <= 3; i++) {
            m.poke(0x1000 * i, 8, m.peek(0x1000 * i, 8) | 4);
        }
        for (int i = 0; i < 512; i++) {
            m.poke(0x5000 + 8L * i, 8, m.peek(0x5000 + 8L * i, 8) | 4);
        }
        m.poke(0x5000 + 8 * (PAGE >> 12), 8, 0x20_0007 | 1L << 59);
        m.reg("cr4", m.reg("cr4") | 1 << 22);
        m.reg("cpl", cpl);
        return m;
    }

    private static final String WRPKRU = "mov eax, %d\nxor ecx, ecx\nxor edx, edx\nwrpkru\n";

    /** No translation goes with PKRU: rights that return find the old page. */
    @Test void protectionKeysDropNothing() {
        String source = "mov ebx, [0x1f0000]\nmov [0x1f0008], ebx\n" + REMAP + WRPKRU.formatted(4) + WRPKRU.formatted(0) + "mov [0x1f0010], ebx\n";
        try (SmallMachine m = keyed(source, 0)) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rdx")).isEqualTo(1);
            assertThat(m.peek(0x20_0010, 4)).isEqualTo(1);
        }
    }

    /** A page that has been read and written is then accessed under other rights of its key: access-disable 1, write-disable 2. @sdm Protection Keys */
    @Test void protectionKeysAreObeyedByWhatIsCached() {
        for (int i = 0; i < 32; i++) {
            int rights = i & 3;
            boolean write = (i & 4) != 0;
            int cpl = (i & 8) != 0 ? 3 : 0;
            boolean writeProtect = (i & 16) != 0;
            String access = write ? "mov [0x1f0000], ebx\n" : "mov ebx, [0x1f0000]\n";
            for (String between : new String[] {"", WRPKRU.formatted(rights << 2 ^ 12), WRPKRU.formatted(1 << 30)}) {
                try (SmallMachine m = keyed("mov ebx, [0x1f0000]\nmov [0x1f0008], ebx\n" + between + WRPKRU.formatted(rights << 2) + access + "ud2", cpl)) {
                    m.reg("cr0", writeProtect ? m.reg("cr0") | 1 << 16 : m.reg("cr0") & ~(1 << 16));
                    m.runToHalt();
                    boolean denied = (rights & 1) != 0 || (rights & 2) != 0 && write && (cpl == 3 || writeProtect);
                    String fault = denied ? String.format("#PF(%04x)", 0x21 | (write ? 2 : 0) | (cpl == 3 ? 4 : 0)) : "#UD";
                    assertThat(m.board().call(m.cpu::why).get(0)).as("case %d %s", i, between).startsWith("first: " + fault);
                }
            }
        }
    }

    /** Whatever a fault concerned is walked for afresh: here a write to what has become read-only elsewhere. */
    @ParameterizedTest
    @CsvSource({"true, 2", "false, 1"})
    void aPageFaultDropsItsAddress(boolean faults, long seen) {
        String source = """
                lgdt    [gdtr]
                lidt    [idtr]
                mov     rax, cr0
                bts     rax, 16
                mov     cr0, rax
                mov     ebx, [0x1f0000]
                mov     qword [0x5000 + 8 * 0x1f0], 0x201001
                %s
        handler:
                mov     edx, [0x1f0000]
                hlt
                align   8
        gdt:    dq 0, 0x00af9b000000ffff
        gdtr:   dw 15
                dq gdt
        idtr:   dw 0xfff
                dq 0x6000
        """.formatted(faults ? "mov [0x1f0000], ebx" : "nop");
        try (SmallMachine m = guest(source, false)) {
            long handler = m.symbol("handler");
            m.poke(0x6000 + 16 * 14, 8, handler & 0xFFFF | 0x8 << 16 | 0x8E00L << 32 | handler >>> 16 << 48);
            m.poke(0x6000 + 16 * 14 + 8, 8, handler >>> 32);
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rdx")).isEqualTo(seen);
        }
    }
}
