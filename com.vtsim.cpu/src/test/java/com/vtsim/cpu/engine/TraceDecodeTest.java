package com.vtsim.cpu.engine;

import static com.vtsim.cpu.engine.TraceGuest.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.LongPredicate;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Intel's own decoder finds in a trace the instructions that were executed, and no other.
 *
 * @sdm Intel Processor Trace: Change of Flow Instruction (COFI) Tracing; Packet Generation Scenarios
 */
class TraceDecodeTest {
    private static final long BOTH = OS | USER | BRANCHES;
    private static final LongPredicate ALL = address -> true;

    @TempDir
    static Path folder;
    private static TraceDecoder decoder;

    @BeforeAll static void build() throws Exception {
        decoder = TraceDecoder.build(folder);
        assumeTrue(decoder != null, "gcc and libipt-dev are there");
    }

    private static void assertDecodes(TraceGuest guest, LongPredicate filter) {
        List<String> decoded = decoder.decode(guest.trace, guest.memory);
        List<String> executed = guest.executed(filter);
        int same = 0;
        while (same < Math.min(decoded.size(), executed.size()) && decoded.get(same).equals(executed.get(same))) {
            same++;
        }
        assertThat(executed).isNotEmpty();
        assertThat(decoded.subList(same, Math.min(decoded.size(), same + 3))).as("decoded, after %d instructions that agree", same)
            .isEqualTo(executed.subList(same, Math.min(executed.size(), same + 3)));
    }

    private static final String BRANCHES_OF_EVERY_KIND = """
            mov ebx, 20
            again: test ebx, 1
            ptwrite ebx
            jz even
            call near odd
            even: lea rax, [there]
            jmp rax
            nop
            there: mov ecx, 3
            count: dec edx
            loop count
            jrcxz zero
            nop
            zero: lea rax, [odd]
            call rax
            lea rsi, [0x200000]
            lea rdi, [0x201000]
            mov ecx, 100
            rep1: rep movsb
            dec ebx
            jnz again
            jz next
            next: call deeper
            """;
    private static final String ROUTINES = """
            odd: cmp edx, 7
            jl less
            ret
            less: ret
            deeper: pop rax
            lea rcx, [elsewhere]
            push rax
            push rcx
            ret
            elsewhere: ret
            """;
    private static final String HANDLERS = """
            undefined: add qword [rsp], 2
            iretq
            call: nop
            iretq
            other: nop
            iretq
            """;

    @ParameterizedTest
    @ValueSource(longs = {BOTH, BOTH | NO_RETURNS, BOTH | TSC, BOTH | 1 << 12, BOTH | 1 << 12 | 1 << 5})
    void nearBranches(long control) {
        String code = on(control) + BRANCHES_OF_EVERY_KIND + off() + ROUTINES + HANDLERS;
        assertDecodes(TraceGuest.run(() -> tables(code), 0), ALL);
    }

    private static final String USER_MODE = """
            mov ecx, 0xC0000080
            rdmsr
            or eax, 1
            wrmsr
            mov ecx, 0xC0000081
            xor eax, eax
            mov edx, 0x00200010
            wrmsr
            mov ecx, 0xC0000082
            lea rax, [fast]
            xor edx, edx
            wrmsr
            """;

    private static String toUser(String user) {
        return """
            mov rsp, 0x80000
            push 0x2B
            push 0x90000
            push 2
            push 0x33
            push user
            iretq
            hlt
            fast: test r11, 4
            jz flagged
            nop
            flagged: sysretq
            user:
            """ + user;
    }

    /** From user mode vector 80h with AL 1 ends. */
    private static final String SYSTEM = """
            undefined: add qword [rsp], 2
            iretq
            call: cmp al, 1
            jz over
            iretq
            over: mov al, 0
            """ + off() + "other: nop\niretq\n";

    private static final String CALLS_SYSTEM = """
            mov ebp, 40
            more: mov al, 0
            fault1: int 0x80
            syscall
            fault2: ud2
            dec ebp
            jnz more
            fault3: syscall
            mov al, 1
            fault4: int 0x80
            """;

    @ParameterizedTest
    @CsvSource({"0, 200C", "7, 200C", "0, 2004", "7, 2004", "0, 2008", "13, 2008"})
    void levels(int nmiAfter, String bits) {
        long control = Long.parseLong(bits, 16) & (OS | USER) | BRANCHES;
        String code = USER_MODE + on(control) + toUser(CALLS_SYSTEM.replace("fault3: syscall\n", "")) + SYSTEM;
        long[] bounds = new long[2];
        TraceGuest guest = TraceGuest.run(() -> {
            SmallMachine m = tables(code);
            bounds[0] = m.symbol("user");
            bounds[1] = m.symbol("undefined");
            return m;
        }, nmiAfter);
        LongPredicate inUser = address -> address >= bounds[0] && address < bounds[1];
        assertDecodes(guest, (control & USER) == 0 ? inUser.negate() : (control & OS) == 0 ? inUser : ALL);
    }

    /** Packet stream boundaries every 2 KByte, with what execution is in. */
    @Test void aLongTraceCanBeEnteredAtEachBoundary() {
        String code = on(BOTH) + "mov r8d, 30\nouter:\n" + BRANCHES_OF_EVERY_KIND + "dec r8d\njnz outer\n" + off() + ROUTINES + HANDLERS;
        TraceGuest guest = TraceGuest.run(() -> tables(code), 0);
        assertThat(guest.trace.length).isGreaterThan(5000);
        assertDecodes(guest, ALL);
        List<String> executed = guest.executed(ALL);
        int boundary = 2048;
        byte[] rest = java.util.Arrays.copyOfRange(guest.trace, boundary, guest.trace.length);
        List<String> decoded = decoder.decode(rest, guest.memory);
        assertThat(decoded).hasSizeGreaterThan(1000).isEqualTo(executed.subList(executed.size() - decoded.size(), executed.size()));
    }

    /** Real mode, 16-bit and 32-bit protected mode, IA-32e mode and back. */
    @Test void modes() {
        String code = on(BOTH) + """
            push 0x38
            lea rax, [narrow]
            push rax
            retfq
            bits 32
            narrow: mov eax, 5
            more: dec eax
            jnz more
            mov eax, cr0
            and eax, 0x7FFFFFFF
            mov cr0, eax
            jmp unpaged
            unpaged: mov eax, 0x48
            mov ss, eax
            call plain
            mov eax, cr0
            or eax, 0x80000000
            mov cr0, eax
            jmp 0x10:wide
            plain: test eax, eax
            jz none
            none: ret
            bits 64
            wide: nop
            """ + off() + HANDLERS;
        assertDecodes(TraceGuest.run(() -> tables(code), 0), ALL);
    }

    /** A task switch by JMP, and back by a task gate and IRET. */
    @Test void tasks() {
        String code = "lgdt [descriptors]\nlidt [table]\njmp 0x8:begin\nbegin: mov ax, 0x10\nmov ss, ax\nmov ds, ax\nmov es, ax\nmov fs, ax\nmov gs, ax\nmov ax, 0x18\nltr ax\n"
            + on(BOTH) + """
            mov ebx, 3
            again: call 0x20:0
            dec ebx
            jnz again
            """ + off() + """
            second: nop
            jmp leave
            leave: iret
            jmp second
            align 8
            gdt: dq 0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF, 0x0000890200000067, 0x0000890210000067
            descriptors: dw 0x27
            dd gdt
            table: dw 0x7FF
            dd 0x22000
            """;
        TraceGuest guest = TraceGuest.run(() -> {
            SmallMachine m = SmallMachine.flat(code);
            m.poke(0x21000 + 0x20, 4, m.symbol("second"));
            m.poke(0x21000 + 0x24, 4, 2);
            m.poke(0x21000 + 0x38, 4, 0x8000);
            for (int i = 0; i < 6; i++) {
                m.poke(0x21000 + 0x48 + 4 * i, 4, i == 1 ? 8 : 0x10);
            }
            return m;
        }, 0);
        assertDecodes(guest, ALL);
    }

    /** Interrupts and far transfers of real mode; addresses are linear. */
    @Test void realMode() {
        String code = "mov word [0x180], service\nmov word [0x182], 0x1000\nmov esp, 0x9000\n" + on(BOTH) + """
            mov bx, 3
            more: call close
            fault: int 0x60
            push cs
            push target
            retf
            target: dec bx
            jnz more
            jmp 0x1100:0x100
            close: ret
            service: test bl, 1
            jz even
            even: iret
            times 0x1100 - ($ - $$) db 0x90
            far_target: nop
            """ + off() + HANDLERS.replace("iretq", "iret").replace("qword [rsp]", "ax");
        TraceGuest guest = TraceGuest.run(() -> {
            SmallMachine m = SmallMachine.real(code);
            return m;
        }, 0);
        assertDecodes(guest, ALL);
    }

    /** Only what is between two addresses, or only under one CR3, which both map alike. */
    @ParameterizedTest
    @ValueSource(longs = {BOTH | 1L << 32, BOTH | CR3})
    void filters(long control) {
        String code = write(0x572, 0x5000) + "lea rax, [f]\nmov ecx, 0x580\nxor edx, edx\nwrmsr\nlea rax, [g]\ndec eax\ninc ecx\nwrmsr\n" + on(control) + """
            mov ebp, 30
            again: call f
            jmp g
            f: mov rax, 0x5000
            mov cr3, rax
            inside: test ebp, 1
            jz even
            lea rcx, [even]
            jmp rcx
            even: mov eax, 0x1000
            leaves: mov cr3, rax
            ret
            g: dec ebp
            jnz again
            """ + off() + HANDLERS;
        long[] bounds = new long[2];
        TraceGuest guest = TraceGuest.run(() -> {
            SmallMachine m = tables(code);
            m.poke(0x5000, 8, 0x2007);
            boolean range = (control & CR3) == 0;
            bounds[0] = m.symbol(range ? "f" : "inside");
            bounds[1] = range ? m.symbol("g") - 1 : m.symbol("leaves");
            return m;
        }, 0);
        assertDecodes(guest, address -> address >= bounds[0] && address <= bounds[1]);
    }

    /** An interrupt whose handler is the next instruction. */
    @Test void anInterruptThatGoesOnBehindItself() {
        String code = on(BOTH) + "mov ebx, 3\nmore: mov rbp, rsp\nfault1: int 0x80\ncall: mov rsp, rbp\ndec ebx\njnz more\n" + off() + "undefined: hlt\nother: hlt\n";
        assertDecodes(TraceGuest.run(() -> tables(code), 0), ALL);
    }

    private static String random(Random random) {
        StringBuilder text = new StringBuilder();
        int routines = 6;
        for (int i = 0; i < routines; i++) {
            text.append("f").append(i).append(":\n");
            int pieces = 3 + random.nextInt(6);
            for (int k = 0; k < pieces; k++) {
                text.append(piece(random, i, k, routines));
            }
            text.append("ret\n");
        }
        return text.toString();
    }

    private static String piece(Random random, int routine, int number, int routines) {
        String at = routine + "_" + number;
        String[] conditions = {"z", "nz", "c", "nc", "s", "ns", "o", "no", "p", "np", "l", "ge", "le", "g", "be", "a"};
        return switch (random.nextInt(9)) {
            case 0 -> "add r8, r9\nrol r9, 7\nxor r9, r8\ncmp r8, r9\nj" + conditions[random.nextInt(16)] + " s" + at + "\nnop\ns" + at + ":\n";
            case 1 -> "push rcx\nmov ecx, " + (1 + random.nextInt(4)) + "\nl" + at + ": inc r9\nloop l" + at + "\npop rcx\n";
            case 2 -> "lea rax, [i" + at + "]\njmp rax\nnop\ni" + at + ":\n";
            case 3 -> routine + 1 < routines ? "call f" + (routine + 1 + random.nextInt(routines - routine - 1)) + "\n" : "nop\n";
            case 4 -> routine + 1 < routines ? "lea rax, [f" + (routine + 1) + "]\ncall rax\n" : "nop\n";
            case 5 -> "fault" + at + ": ud2\n";
            case 6 -> "mov al, 0\nfault" + at + ": int 0x80\n";
            case 7 -> "jmp j" + at + "\nnop\nj" + at + ":\n";
            default -> "test r9, " + (1 << random.nextInt(6)) + "\njz t" + at + "\nret\nt" + at + ":\n";
        };
    }

    /** {@code -Dvtsim.trace.programs=N} for more. */
    @Test void randomPrograms() {
        for (int seed = 1; seed <= Integer.getInteger("vtsim.trace.programs", 8); seed++) {
            randomProgram(seed);
        }
    }

    private static void randomProgram(int seed) {
        Random random = new Random(seed);
        boolean inUser = random.nextBoolean();
        String body = "mov r8, " + random.nextInt() + "\nmov r9, " + random.nextInt() + "\nmov r10d, 60\nround: call f0\nadd r9, r10\ndec r10d\njnz round\n";
        String program = random(random);
        String code = inUser ? USER_MODE + on(BOTH) + toUser(body + "mov al, 1\nfault: int 0x80\n" + program) + SYSTEM
            : on(BOTH) + body + off() + program + HANDLERS;
        assertDecodes(TraceGuest.run(() -> tables(code), random.nextBoolean() ? 0 : 20 + random.nextInt(50)), ALL);
    }
}
