package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Processor.Outcome;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * IA32_DEBUGCTL: single steps on branches, and the records of the last ones.
 *
 * @sdm Single-Stepping on Branches; Last Branch, Interrupt, and Exception Recording
 */
class DebugControlTest {
    /** The handler of #DB notes the address pushed, IA32_DEBUGCTL, and sets BTF again, for eight times. */
    private static SmallMachine stepped(String code) {
        return machine("""
                mov     ecx, 0x1D9
                mov     eax, 2
                xor     edx, edx
                wrmsr
                pushfq
                or      qword [rsp], 0x100
                popfq
                %s
                pushfq
                and     qword [rsp], ~0x100
                popfq
                hlt
                debug:
                push    rax
                mov     rax, [rsp + 8]
                stosq
                mov     rax, dr6
                stosq
                mov     ecx, 0x1D9
                rdmsr
                stosq
                mov     eax, 2
                wrmsr
                pop     rax
                iretq
                """.formatted(code));
    }

    private static SmallMachine machine(String code) {
        SmallMachine m = SmallMachine.wide("""
                lgdt    [descriptors]
                lidt    [table]
                xor     eax, eax
                mov     ss, ax
                mov     edi, 0x40000
                %s
                other: hlt
                align 8
                gdt: dq 0, 0, 0x00AF9B000000FFFF
                descriptors: dw 0x17
                dq gdt
                table: dw 0xFFF
                dq 0x20000
                """.formatted(code));
        for (int vector = 0; vector < 32; vector++) {
            long handler = m.symbol(vector == 1 && m.program.symbols().containsKey("debug") ? "debug" : "other");
            m.poke(0x20000 + vector * 16, 8, handler & 0xFFFF | 0x10 << 16 | 0x8E00L << 32 | (handler & 0xFFFF_0000L) << 32);
        }
        return m;
    }

    private static List<Long> steps(SmallMachine m) {
        assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
        List<Long> all = new ArrayList<>();
        for (long at = 0x40000; at < m.reg("rdi"); at += 24) {
            assertThat(m.peek(at + 8, 8) & 0x4000).as("DR6.BS").isNotZero();
            assertThat(m.peek(at + 16, 8)).as("IA32_DEBUGCTL in the handler").isZero();
            all.add(m.peek(at, 8));
        }
        return all;
    }

    /** A jump not taken, a loop of three, a call and its return; the processor clears BTF with each trap. */
    @Test void branchesThatAreTakenTrap() {
        try (SmallMachine m = stepped("""
                mov     ebx, 3
                xor     eax, eax
                jnz     never
                again: dec ebx
                jnz     again
                call    there
                back: jmp over
                never: nop
                there: nop
                ret
                over: nop
                """)) {
            assertThat(steps(m)).containsExactly(m.symbol("again"), m.symbol("again"), m.symbol("there"), m.symbol("back"), m.symbol("over"));
        }
    }

    /** Where there is no branch there is no trap, though TF is set. */
    @Test void otherInstructionsDoNotTrap() {
        try (SmallMachine m = stepped("nop\nnop")) {
            assertThat(steps(m)).isEmpty();
        }
    }

    private static long[] record(SmallMachine m, int which) {
        return new long[] {m.reg("msr:" + Integer.toHexString(0x680 + which)), m.reg("msr:" + Integer.toHexString(0x6C0 + which))};
    }

    private static String recording(int select, String code) {
        return "mov ecx, 0x1C8\nmov eax, " + select + "\nxor edx, edx\nwrmsr\nmov ecx, 0x1D9\nmov eax, 1\nwrmsr\n" + code
            + "mov ecx, 0x1D9\nxor eax, eax\nwrmsr\nhlt\n";
    }

    /** Source and target, the newest at the top of the stack; those not taken are not recorded. */
    @Test void takenBranchesAreRecorded() {
        try (SmallMachine m = machine(recording(0, """
                xor     eax, eax
                jnz     never
                first: jz there
                never: nop
                there:
                second: call sub
                third: jmp end
                sub: ret
                end: nop
                """))) {
            m.runToHalt();
            assertThat(m.reg("msr:1c9")).isEqualTo(4);
            assertThat(record(m, 1)).containsExactly(m.symbol("first"), m.symbol("there"));
            assertThat(record(m, 2)).containsExactly(m.symbol("second"), m.symbol("sub"));
            assertThat(record(m, 3)).containsExactly(m.symbol("sub"), m.symbol("third"));
            assertThat(record(m, 4)).containsExactly(m.symbol("third"), m.symbol("end"));
        }
    }

    /** MSR_LBR_SELECT leaves kinds out: those of level 0, conditional jumps, calls, returns, jumps. */
    @ParameterizedTest
    @CsvSource({"0, 4", "1, 0", "2, 4", "4, 3", "8, 3", "0x20, 3", "0x80, 3", "0x1FC, 0", "0x200, 2"})
    void kindsCanBeLeftOut(int select, long top) {
        try (SmallMachine m = machine(recording(select, "xor eax, eax\njz there\nthere: call sub\njmp end\nsub: ret\nend: nop\n"))) {
            m.runToHalt();
            assertThat(m.reg("msr:1c9")).isEqualTo(top);
        }
    }

    /** An exception is a branch from the instruction that raised it to the handler; #DB ends the recording. */
    @Test void exceptionsAreRecordedAndDebugExceptionsEndIt() {
        try (SmallMachine m = machine(recording(0, "wrong: ud2\n"))) {
            m.runToHalt();
            assertThat(record(m, 1)).containsExactly(m.symbol("wrong"), m.symbol("other"));
            assertThat(m.reg("msr:1d9")).isEqualTo(1);
        }
        try (SmallMachine m = machine(recording(0, "mov eax, trap\nmov dr0, rax\nmov eax, 1\nmov dr7, rax\ntrap: nop\n"))) {
            m.runToHalt();
            assertThat(m.reg("msr:1c9")).isZero();
            assertThat(m.reg("msr:1d9")).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"0, false", "0x1803, false", "4, true", "0x40, true", "0x80, true", "0x8000, true"})
    void otherBitsAreReserved(int value, boolean fault) {
        try (SmallMachine m = SmallMachine.wide("mov ecx, 0x1D9\nmov eax, " + value + "\nxor edx, edx\nwrmsr\nhlt")) {
            assertThat(m.runToHalt()).isEqualTo(fault ? Outcome.SHUTDOWN : Outcome.IDLE);
        }
    }
}
