package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Processor.Outcome;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Counters of architectural performance monitoring version 2, by the guest's door.
 *
 * @sdm Architectural Performance Monitoring Version 1, 2; RDPMC—Read Performance-Monitoring Counters
 */
class PerformanceCountersTest {
    /** Macros of the guests: all general and fixed counters stopped and at 0, for every privilege level once enabled. */
    private static String write(int msr, long value) {
        return "mov ecx, %d\nmov eax, %d\nmov edx, %d\nwrmsr\n".formatted(msr, value & 0xFFFF_FFFFL, value >>> 32);
    }

    private static String read(int msr) {
        return "mov ecx, %d\nrdmsr\nshl rdx, 32\nor rax, rdx\n".formatted(msr);
    }

    private static String rdpmc(int counter) {
        return "mov ecx, %d\nrdpmc\nshl rdx, 32\nor rax, rdx\n".formatted(counter);
    }

    private static final int ALL = 3 << 16 | 1 << 22, INTERRUPT = 1 << 20;

    private static long rax(String source) {
        try (SmallMachine m = SmallMachine.wide(source + "hlt\n")) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            return m.reg("rax");
        }
    }

    /** Version 2 or later, four general counters and three fixed ones of 48 bits, every architectural event available. */
    @Test void cpuidSaysWhatThereIs() {
        try (SmallMachine m = SmallMachine.wide("mov eax, 0xA\nxor ecx, ecx\ncpuid\nhlt")) {
            m.runToHalt();
            assertThat(m.reg("rax")).isEqualTo(7 << 24 | 48 << 16 | 4 << 8 | 2);
            assertThat(m.reg("rbx")).isZero();
            assertThat(m.reg("rdx")).isEqualTo(48 << 5 | 3);
        }
    }

    /** The WRMSR that starts a counter has retired when it starts; so have ten NOPs and MOV when RDPMC reads. */
    @ParameterizedTest
    @CsvSource({"0x00C0, 11", "0x003C, 11", "0x013C, 11", "0x00C4, 0", "0x00C5, 0", "0x412E, 0", "0x4F2E, 0", "0x01B1, 0"})
    void generalCounters(int event, long counted) {
        String nops = "nop\n".repeat(10);
        assertThat(rax(write(0x38F, 0xF) + write(0x188, event | ALL) + nops + rdpmc(2))).isEqualTo(counted);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void fixedCounters(int counter) {
        String nops = "nop\n".repeat(10);
        assertThat(rax(write(0x38D, 3L << 4 * counter) + write(0x38F, 7L << 32) + nops + rdpmc(1 << 30 | counter))).isEqualTo(11);
    }

    /** A loop of 100: 99 taken jumps and one not taken, CALL and RET. */
    @Test void branchesThatRetire() {
        assertThat(rax(write(0x38F, 1) + write(0x186, 0xC4 | ALL) + "mov ebx, 100\nagain: dec ebx\njnz again\ncall there\n" + rdpmc(0) + "hlt\nthere: ret\n"))
            .isEqualTo(102);
    }

    /** Threshold, inversion and edge detection, with one instruction a cycle. */
    @ParameterizedTest
    @CsvSource({"0x010000C0, 11", "0x020000C0, 0", "0x028000C0, 11", "0x0104003C, 0"})
    void conditions(long select, long counted) {
        assertThat(rax(write(0x38F, 0xF) + write(0x186, select | ALL) + "nop\n".repeat(10) + rdpmc(0))).isEqualTo(counted);
    }

    /** All iterations of a repeated instruction are one, and an instruction that faults has not retired. */
    @Test void whatCountsAsAnInstruction() {
        String copy = "mov ecx, 100000\nmov esi, 0x200000\nmov edi, 0x300000\nrep movsb\n";
        assertThat(rax(write(0x38F, 1) + write(0x186, 0xC0 | ALL) + copy + rdpmc(0))).isEqualTo(5);
        try (SmallMachine m = withTables(write(0x38F, 1) + write(0x186, 0xC0 | ALL) + "ud2\nnop\n" + rdpmc(0), "nmi: hlt\ngeneral: add qword [rsp], 2\niretq\n")) {
            m.runToHalt();
            assertThat(m.reg("rax")).as("ADD, IRETQ, NOP, MOV").isEqualTo(4);
        }
    }

    /** Cycles and instructions stand still in HLT, though time goes on. */
    @Test void nothingCountsInHalt() {
        try (SmallMachine m = SmallMachine.wide(write(0x38D, 0x333) + write(0x38F, 7L << 32) + "nop\nnop\nhlt\n")) {
            m.board().run(com.vtsim.api.machine.RunLimits.instructions(1000));
            for (int i = 0; i < 3; i++) {
                assertThat(m.reg("msr:" + Integer.toHexString(0x309 + i))).isEqualTo(3);
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static final String USER = """
            mov     rsp, 0x80000
            push    0x2B
            push    0x90000
            push    2
            push    0x33
            push    user
            iretq
            user:
            """;

    /** A 64-bit guest with a descriptor table, a task's stack for level 0, and its own handlers of NMI and of everything else; all pages are the user's. */
    private static SmallMachine withTables(String code, String handlers) {
        SmallMachine m = SmallMachine.wide("lgdt [descriptors]\nlidt [table]\nmov ax, 0x18\nltr ax\nxor eax, eax\nmov ss, ax\n" + code + "hlt\n" + handlers + """
                align 8
                gdt: dq 0, 0, 0x00AF9B000000FFFF
                dq 0x0000890210000067, 0, 0x00CFF3000000FFFF, 0x00AFFB000000FFFF
                descriptors: dw 0x37
                dq gdt
                table: dw 0xFFF
                dq 0x20000
                """);
        for (int vector = 0; vector < 32; vector++) {
            long handler = m.symbol(vector == 2 ? "nmi" : "general");
            m.poke(0x20000 + vector * 16, 8, handler & 0xFFFF | 0x10 << 16 | 0x8E00L << 32 | (handler & 0xFFFF_0000L) << 32);
        }
        m.poke(0x2_1004, 8, 0xA0000);
        for (int i = 0; i < 2; i++) {
            m.poke(0x1000 + 0x1000 * i, 8, m.peek(0x1000 + 0x1000 * i, 8) | 4);
        }
        for (int i = 0; i < 8; i++) {
            m.poke(0x3000 + 8 * i, 8, m.peek(0x3000 + 8 * i, 8) | 4);
        }
        return m;
    }

    private static SmallMachine withUser(String kernel, String user) {
        return withTables(kernel + USER + user, "general: mov ebx, 1\nhlt\nnmi: hlt\n");
    }

    /** Five NOPs at level 3, between IRETQ and HLT, which faults; one instruction of the handler, then HLT. */
    @ParameterizedTest
    @CsvSource({"1, 1", "2, 5"})
    void privilegeLevels(int levels, long counted) {
        String enable = write(0x38D, levels) + write(0x38F, 1L << 32);
        try (SmallMachine m = withUser("", "nop\n".repeat(5))) {
            m.runToHalt();
            assertThat(m.reg("rbx")).isEqualTo(1);
        }
        try (SmallMachine m = withUser(enable, "nop\n".repeat(5))) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            long kernel = 7 + 2;
            assertThat(m.reg("msr:309")).isEqualTo(levels == 1 ? kernel : counted);
        }
    }

    /** CR4.PCE opens the counters to user mode; those that are not there are #GP at every level. */
    @ParameterizedTest
    @CsvSource({"0, 0, 1", "0x100, 0, 0", "0x100, 3, 0", "0x100, 4, 1", "0x100, 0x40000002, 0", "0x100, 0x40000003, 1", "0x100, -2147483648, 1"})
    void rdpmcAtLevel3(long pce, int counter, long fault) {
        String open = pce == 0 ? "" : "mov rax, cr4\nor rax, 0x100\nmov cr4, rax\n";
        try (SmallMachine m = withUser("xor ebx, ebx\n" + open, "mov ecx, " + Integer.toUnsignedString(counter) + "\nrdpmc\nspin: jmp spin\n")) {
            m.run(200);
            assertThat(m.reg("rbx")).isEqualTo(fault);
        }
    }

    /** What the manual reserves is #GP(0), as is a write to what is read-only. */
    @ParameterizedTest
    @CsvSource({"186, 200000, true", "186, 100000000, true", "186, FF5F00C0, false", "38D, 4, true", "38D, BBB, false", "38D, 1000, true",
        "38F, 70000000F, false", "38F, 10, true", "38F, 800000000, true", "38E, 0, true", "390, C00000070000000F, false", "390, 10, true",
        "345, 2000, true", "309, 1000000000000, true", "309, FFFFFFFFFFFF, false", "4C1, 1000000000000, true", "4C4, FFFFFFFFFFFF, false",
        "4C5, 0, true", "C5, 0, true", "30C, 0, true"})
    void reservedBits(String msr, String value, boolean fault) {
        try (SmallMachine m = SmallMachine.wide(write(Integer.parseInt(msr, 16), Long.parseUnsignedLong(value, 16)) + "hlt")) {
            assertThat(m.runToHalt()).isEqualTo(fault ? Outcome.SHUTDOWN : Outcome.IDLE);
        }
    }

    /** Writes to IA32_PMCx give 32 bits, sign-extended to the counter's width; those to its alias all 48. */
    @ParameterizedTest
    @CsvSource({"C1, 0x80000000, FFFF80000000", "C1, 0x12345678, 12345678", "C1, 0xFFFF00000001, 1", "4C1, 0x123456789ABC, 123456789ABC"})
    void widthOfWrites(String msr, String value, String held) {
        assertThat(rax(write(Integer.parseInt(msr, 16), Long.decode(value)) + read(0xC1))).isEqualTo(Long.parseLong(held, 16));
    }

    /** The overflow is seen in the status, stays until it is cleared, and without the interrupt bit signals nothing. */
    @Test void overflowIsSticky() {
        String start = write(0x4C2, 0xFFFF_FFFF_FFFDL) + write(0x38F, 0xF) + write(0x187, 0xC0 | ALL);
        assertThat(rax(start + "nop\n" + read(0x38E))).as("NOP, MOV").isZero();
        assertThat(rax(start + "nop\nnop\n" + read(0x38E))).isEqualTo(2);
        assertThat(rax(start + "nop\n".repeat(9) + write(0x38F, 0) + write(0x390, 1) + read(0x38E))).isEqualTo(2);
        assertThat(rax(start + "nop\n".repeat(9) + write(0x38F, 0) + write(0x390, 2) + read(0x38E))).isZero();
    }

    private static SmallMachine interrupted(String start, boolean attach) {
        SmallMachine m = withTables("xor ebx, ebx\n" + start + "count: inc ebx\njmp count\n", "nmi: hlt\ngeneral: hlt\n");
        if (attach) {
            m.board().add(new PlainApic(m.cpu));
            m.board().settle();
        }
        return m;
    }

    /** Exactly at the instruction that makes it overflow, however long the run is: of 2n + 1 the last is an INC. */
    @ParameterizedTest
    @CsvSource({"fixed, 1001", "fixed, 4095", "general, 1001", "cycles, 50001", "branches, 777"})
    void anOverflowInterrupts(String what, int after) {
        long first = (1L << 48) - after;
        String start = switch (what) {
            case "fixed" -> write(0x309, first) + write(0x38D, 0xB) + write(0x38F, 1L << 32);
            case "general" -> write(0x38F, 0) + write(0x4C1, first) + write(0x186, 0xC0 | ALL | INTERRUPT) + write(0x38F, 1);
            case "cycles" -> write(0x30A, first) + write(0x38D, 0xB0) + write(0x38F, 2L << 32);
            default -> write(0x38F, 0) + write(0x4C1, first) + write(0x186, 0xC4 | ALL | INTERRUPT) + write(0x38F, 1);
        };
        try (SmallMachine m = interrupted(start, true)) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rbx")).isEqualTo("branches".equals(what) ? after : after / 2 + 1);
        }
    }

    /** IA32_DEBUGCTL.FREEZE_PERFMON_ON_PMI clears IA32_PERF_GLOBAL_CTRL. */
    @Test void freezeOnInterrupt() {
        String start = write(0x309, (1L << 48) - 100) + write(0x38D, 0xB);
        try (SmallMachine m = interrupted(start + write(0x1D9, 1 << 12) + write(0x38F, 1L << 32), true)) {
            m.runToHalt();
            assertThat(m.reg("msr:38f")).isZero();
            assertThat(m.reg("msr:309")).isZero();
        }
        try (SmallMachine m = interrupted(start + write(0x38F, 1L << 32), true)) {
            m.runToHalt();
            assertThat(m.reg("msr:38f")).isEqualTo(1L << 32);
            assertThat(m.reg("msr:309")).isGreaterThan(0);
        }
    }

    /** Nobody to interrupt: the guest goes on. */
    @Test void withoutALocalApicNothingInterrupts() {
        try (SmallMachine m = interrupted(write(0x309, (1L << 48) - 100) + write(0x38D, 0xB) + write(0x38F, 1L << 32), false)) {
            assertThat(m.run(100_000)).isEqualTo(Outcome.BUDGET);
        }
    }

    /** A counter that was saved in the midst of a loop overflows where it would have. */
    @Test void countersArePartOfTheState() {
        String start = write(0x309, (1L << 48) - 5001) + write(0x38D, 0xB) + write(0x38F, 1L << 32);
        try (SmallMachine m = interrupted(start, true)) {
            m.run(2000);
            State state = m.board().call(m.cpu::save);
            m.board().call(() -> {
                m.cpu.reset(Reset.COLD);
                m.cpu.restore(state);
                return null;
            });
            m.runToHalt();
            assertThat(m.reg("rbx")).isEqualTo(2501);
        }
    }
}
