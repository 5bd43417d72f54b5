package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.cpu.LogicalProcessor.Breakpoint;
import com.vtsim.api.machine.Processor.Outcome;
import org.junit.jupiter.api.Test;

/** The run loop: budgets, decoded code that changes, events between instructions. */
class ExecutionTest {
    private static final String MIXED = """
            mov     ecx, 1000
            mov     esi, 0x20000
            xor     eax, eax
    .next:  add     eax, ecx
            mov     [rsi], eax
            rol     eax, 3
            push    rax
            pop     rbx
            test    al, 1
            jz      .even
            add     rsi, 4
    .even:  dec     ecx
            jnz     .next
            mov     edi, 0x30000
            mov     ecx, 100
            rep stosd
            hlt
    """;

    @Test void aBudgetIsUsedUpExactly() {
        try (SmallMachine m = SmallMachine.wide(MIXED)) {
            for (int i = 1; i <= 200; i++) {
                assertThat(m.run(7)).isEqualTo(Outcome.BUDGET);
                assertThat(m.retired()).isEqualTo(7L * i);
            }
        }
    }

    @Test void piecesOfARunMakeTheSameStateAsTheWhole() {
        try (SmallMachine whole = SmallMachine.wide(MIXED); SmallMachine pieces = SmallMachine.wide(MIXED)) {
            assertThat(whole.runToHalt()).isEqualTo(Outcome.IDLE);
            int piece = 1;
            while (pieces.run(piece) == Outcome.BUDGET) {
                piece = piece % 13 + 1;
            }
            assertThat(pieces.retired()).isEqualTo(whole.retired());
            assertThat(pieces.board().digest()).isEqualTo(whole.board().digest());
        }
    }

    /** @sdm Handling Self- and Cross-Modifying Code */
    @Test void anInstructionThatRewritesTheNextOneIsSeenByIt() {
        try (SmallMachine m = SmallMachine.wide("""
                mov     byte [rel target + 1], 0x55
        target: mov     al, 0x11
                hlt
        """)) {
            m.runToHalt();
            assertThat(m.reg("rax") & 0xFF).isEqualTo(0x55);
        }
    }

    @Test void aLoopThatRewritesItselfSeesEveryVersion() {
        try (SmallMachine m = SmallMachine.wide("""
                xor     ebx, ebx
                mov     ecx, 5
        again:  inc     byte [rel target + 1]
        target: mov     al, 0
                add     bl, al
                dec     ecx
                jnz     again
                hlt
        """)) {
            m.runToHalt();
            assertThat(m.reg("rbx") & 0xFF).isEqualTo(1 + 2 + 3 + 4 + 5);
        }
    }

    @Test void whatADeviceWritesIntoCodeIsExecuted() {
        try (SmallMachine m = SmallMachine.wide("""
        again:  mov     eax, 0x11111111
                jmp     again
        """)) {
            m.run(10);
            assertThat(m.reg("rax")).isEqualTo(0x11111111);
            m.poke(m.symbol("again") + 1, 4, 0x22222222);
            m.run(10);
            assertThat(m.reg("rax")).isEqualTo(0x22222222);
        }
    }

    @Test void anInstructionAcrossPagesFollowsTheMappingOfTheSecond() {
        // MOV EAX, imm32 begins at 401FFDh, so its immediate's last two bytes come from the page at 402000h.
        try (SmallMachine m = SmallMachine.wide("""
                mov     rax, 0x401FFD
                call    rax
                mov     ebx, eax
                mov     qword [0x4010], 0x500003
                invlpg  [0x402000]
                mov     rax, 0x401FFD
                call    rax
                hlt
        """)) {
            m.poke(0x3010, 8, 0x4003);
            for (int i = 0; i < 512; i++) {
                m.poke(0x4000 + 8 * i, 8, 0x400000 + 0x1000L * i | 3);
            }
            m.poke(0x401FFD, 1, 0xB8);
            m.poke(0x401FFE, 2, 0x3412);
            m.poke(0x402000, 2, 0x7856);
            m.poke(0x402002, 1, 0xC3);
            m.poke(0x500000, 2, 0xBC9A);
            m.poke(0x500002, 1, 0xC3);
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rbx")).isEqualTo(0x78563412L);
            assertThat(m.reg("rax")).isEqualTo(0xBC9A3412L);
        }
    }

    /** @sdm MOV—Move: loading SS inhibits interrupts and debug exceptions until after the next instruction */
    @Test void aLoadOfSsHoldsBackTheSingleStepTrap() {
        try (SmallMachine m = SmallMachine.real("""
                xor     ax, ax
                mov     ds, ax
                mov     word [4], handler
                mov     word [6], cs
                pushf
                pop     ax
                or      ax, 0x100
                push    ax
                popf
                nop
                mov     ax, ss
                mov     ss, ax
                inc     bx
                inc     bx
                hlt
        handler:
                inc     cx
                cmp     bx, 0x42
                jb      out
                push    bp
                mov     bp, sp
                and     word [bp + 6], 0xFEFF
                pop     bp
        out:    iret
        """)) {
            m.reg("rbx", 0x40);
            m.reg("rcx", 0);
            m.run(300);
            // Traps after NOP, MOV AX,SS and each INC BX; none after MOV SS.
            assertThat(m.reg("rcx") & 0xFFFF).isEqualTo(4);
        }
    }

    @Test void aTripleFaultShutsDownAndTheFirstFaultIsKept() {
        try (SmallMachine m = SmallMachine.flat("""
                lidt    [idt]
                ud2
        idt:    dw 0
                dd 0
        """)) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.SHUTDOWN);
            assertThat(m.board().call(m.cpu::why)).first().asString().startsWith("first: #UD at 0010:" + "0".repeat(8));
            assertThat(m.board().call(m.cpu::why)).anyMatch(line -> line.startsWith("triple fault"));
        }
    }

    @Test void aBreakpointStopsBeforeItsInstructionAndTheNextRunGoesOn() {
        try (SmallMachine m = SmallMachine.wide("""
                xor     eax, eax
        again:  inc     eax
        here:   inc     ebx
                jmp     again
        """)) {
            m.reg("rbx", 0);
            m.board().call(() -> m.cpu.breakpoint(new Breakpoint(Breakpoint.Kind.EXECUTE, m.symbol("here"), 1)));
            for (int i = 1; i <= 3; i++) {
                assertThat(m.run(1000)).isEqualTo(Outcome.BREAKPOINT);
                assertThat(m.reg("rip")).isEqualTo(m.symbol("here"));
                assertThat(m.reg("rax")).isEqualTo(i);
                assertThat(m.reg("rbx")).isEqualTo(i - 1);
            }
        }
    }

    @Test void aWatchpointStopsAfterTheWrite() {
        try (SmallMachine m = SmallMachine.wide("""
                mov     dword [0x20000], 1
                mov     dword [0x20004], 2
                mov     dword [0x20008], 3
                hlt
        """)) {
            m.board().call(() -> m.cpu.breakpoint(new Breakpoint(Breakpoint.Kind.WRITE, 0x20006, 2)));
            assertThat(m.run(1000)).isEqualTo(Outcome.BREAKPOINT);
            assertThat(m.peek(0x20004, 4)).isEqualTo(2);
            assertThat(m.peek(0x20008, 4)).isZero();
            assertThat(m.run(1000)).isEqualTo(Outcome.IDLE);
            assertThat(m.peek(0x20008, 4)).isEqualTo(3);
        }
    }

    @Test void aFaultInMidBlockLeavesTheInstructionCountExact() {
        try (SmallMachine m = SmallMachine.real("""
                xor     ax, ax
                mov     ds, ax
                mov     word [0], handler
                mov     word [2], cs
                inc     bx
                inc     bx
                div     al
                hlt
        handler:
                hlt
        """)) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            // Six before DIV, the delivery of its exception, and the handler's HLT.
            assertThat(m.retired()).isEqualTo(8);
        }
    }

    @Test void aHandlerThatFaultsForEverUsesUpItsBudget() {
        try (SmallMachine m = SmallMachine.real("""
                xor     ax, ax
                mov     ds, ax
                mov     word [0x18], handler
                mov     word [0x1A], cs
        handler:
                ud2
        """)) {
            assertThat(m.run(1000)).isEqualTo(Outcome.BUDGET);
            assertThat(m.retired()).isEqualTo(1000);
        }
    }
}
