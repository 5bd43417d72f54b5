package com.vtsim.cpu.engine;

import static com.vtsim.cpu.engine.CollisionGuest.STEP;
import static com.vtsim.cpu.engine.CollisionGuest.breakpoint;
import static com.vtsim.cpu.engine.CollisionGuest.guest;
import static com.vtsim.cpu.engine.CollisionGuest.run;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Two causes at one instruction boundary or in one instruction, and what comes of them: the handlers in the order in which they
 * ran, each with the address it returns to. A handler that returns to the start of another was called before that one's
 * first instruction, so its event was taken second.
 *
 * @sdm Priority Among Concurrent Events; Conditions for Generating a Double Fault
 */
class PriorityTest {
    /** External events, traps and breakpoints at the boundary before NEXT. */
    @ParameterizedTest
    @CsvSource({
        // Traps on the previous instruction come before NMI, that before interrupts.
        "'mov al, 1; STEP out 0x80, al', false, 2@stub1 1@next",
        "'mov al, 2; STEP out 0x80, al', false, 1@next 20@next",
        "'mov al, 3; STEP out 0x80, al', false, 2@stub1 1@next 20@next",
        "'mov al, 3; out 0x80, al', false, 2@next 20@next",
        // All of them come before a breakpoint on the next instruction.
        "'mov al, 1; out 0x80, al', true, 2@next 1@next",
        "'mov al, 2; out 0x80, al', true, 20@next 1@next",
        "'STEP nop', true, 1@next 1@next",
        // The shadow of MOV SS holds traps, NMI and interrupts back for one instruction.
        "'mov al, 3; mov dx, ss; STEP mov ss, dx; nop', false, 1@next",
        "'sti; nop', true, 1@next",
    })
    void betweenInstructions(String body, boolean breakOnNext, String expected) {
        try (SmallMachine m = guest(body.replace("STEP ", STEP) + "; next: nop")) {
            if (breakOnNext) {
                breakpoint(m, 3, m.symbol("next"), 0);
            }
            assertThat(run(m)).isEqualTo(expected);
        }
    }

    /** INIT comes before traps and NMI: nothing of them is left, the processor starts as after reset. */
    @ParameterizedTest
    @CsvSource({"'mov al, 5; out 0x80, al'", "'mov al, 7; STEP out 0x80, al'"})
    void initComesFirst(String body) {
        try (SmallMachine m = guest(body.replace("STEP ", STEP) + "; next: nop")) {
            m.run(12);
            assertThat(m.reg("rdx")).as("the signature").isEqualTo(CpuModel.X86_64_V3.signature);
            assertThat(m.reg("dr6")).isEqualTo(0xFFFF_0FF0L);
            assertThat(m.reg("cr0") & 1).isZero();
            assertThat(m.peek(m.symbol("log"), 4)).isEqualTo(0xA000);
        }
    }

    /** A data breakpoint is a trap, a code breakpoint a fault of the next instruction; a store that faults traps nobody. */
    @Test void dataBreakpoints() {
        try (SmallMachine m = guest("mov [0x7000], eax; next: nop")) {
            breakpoint(m, 0, 0x7000, 1);
            breakpoint(m, 3, m.symbol("next"), 0);
            assertThat(run(m)).isEqualTo("1@next 1@next");
        }
        try (SmallMachine m = guest("at: mov [0x3ffffe], eax")) {
            breakpoint(m, 0, 0x3F_FFFE, 1);
            assertThat(run(m)).isEqualTo("e@at");
        }
        try (SmallMachine m = guest("mov al, 1; mov esi, 0x7000; mov edx, 0x80; mov byte [esi], 1; at: outsb; next: nop")) {
            breakpoint(m, 0, 0x7000, 3);
            assertThat(run(m)).isEqualTo("1@at 2@stub1 1@next");
        }
    }

    /** Code breakpoint, then the fetch, then the decoding, then the execution. */
    @ParameterizedTest
    @CsvSource({
        // A breakpoint where nothing can be fetched, and on what cannot be decoded.
        "'mov eax, 0x400000; jmp eax', 400000, 1@400000 e@400000",
        "'mov byte [0x3ffff0], 0x0f; mov byte [0x3ffff1], 0x0b; mov eax, 0x3ffff0; jmp eax', 3ffff0, 1@3ffff0 6@3ffff0",
        // A trap before either.
        "'mov eax, 0x400000; STEP jmp eax', 0, 1@400000 e@400000",
        // An interrupt before the fault of the fetch behind it.
        "'mov word [0x3ffffe], 0x80e6; mov al, 2; mov ebx, 0x3ffffe; jmp ebx', 0, 20@400000 e@400000",
        "'mov word [0x3ffffe], 0x80e6; mov al, 1; mov ebx, 0x3ffffe; jmp ebx', 0, 2@400000 e@400000",
        // The limit of the code segment before the page fault, and before the opcode.
        "'mov byte [0x3fffff], 0x90; jmp 0x20:0x3fffff', 0, d@400000",
        "'mov byte [0x3fffff], 0x0f; jmp 0x20:0x3fffff', 0, d@3fffff",
        // A fetch that faults before an invalid opcode.
        "'mov byte [0x3fffff], 0x0f; mov eax, 0x3fffff; jmp eax', 0, e@3fffff",
        // More than 15 bytes before an invalid opcode.
        "'at: db 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x0f, 0x0b', 0, d@at",
        // An invalid opcode before an absent coprocessor, that before the operand.
        "'mov eax, cr0; or al, 8; mov cr0, eax; at: db 0xf0, 0xd9, 0xe8', 0, 6@at",
        "'mov eax, cr0; or al, 8; mov cr0, eax; at: xorps xmm0, [0x400000]', 0, 6@at",
        "'mov eax, cr0; or al, 8; mov cr0, eax; at: fld dword [0x400000]', 0, 7@at",
        "'at: db 0xf0, 0x03, 0x05, 0, 0, 0x40, 0', 0, 6@at",
        // A pending x87 exception before the operand, an absent coprocessor before that.
        "'fninit; push dword 0x37b; fldcw [esp]; fld1; fldz; fdivp; at: fld dword [0x400000]', 0, 10@at",
        "'fninit; push dword 0x37b; fldcw [esp]; fld1; fldz; fdivp; mov eax, cr0; or al, 8; mov cr0, eax; at: fld1', 0, 7@at",
        // The segment before the page.
        "'mov ax, 0x28; mov es, ax; at: mov eax, [es:0x400000]', 0, d@at",
        "'mov esp, 0x400004; mov ax, 0x28; mov ss, ax; at: mov eax, [ss:0x400000]', 0, c@at",
        "'xor eax, eax; mov es, ax; at: mov eax, [es:0x400000]', 0, d@at",
        // Type and privilege of a descriptor before its presence.
        "'mov ax, 0x30; at: mov es, ax', 0, d@at",
        "'mov ax, 0x38; at: mov ss, ax', 0, d@at",
        "'mov ax, 0x38; at: mov es, ax', 0, b@at",
        // Bounds are read before they are compared; a divisor before it divides.
        "'at: bound eax, [0x400000]', 0, e@at",
        "'xor eax, eax; at: div dword [0x400000]', 0, e@at",
        // Of a read and a write the read comes first.
        "'mov esi, 0x400000; mov edi, 0x500000; at: movsd', 0, e@at",
    })
    void withinAnInstruction(String body, String breakpoint, String expected) {
        try (SmallMachine m = guest(body.replace("STEP ", STEP))) {
            long address = Long.parseLong(breakpoint, 16);
            if (address != 0) {
                breakpoint(m, 3, address, 0);
            }
            boolean stack = body.contains("mov ss");
            if (stack && expected.startsWith("c")) {
                // The stack segment is at fault and the handler needs one: the pushes fail too.
                assertThat(m.runToHalt()).isEqualTo(com.vtsim.api.machine.Processor.Outcome.SHUTDOWN);
                assertThat(m.board().call(m.cpu::why).get(0)).startsWith("first: #SS(0000)");
                return;
            }
            assertThat(run(m)).isEqualTo(expected);
        }
    }
}
