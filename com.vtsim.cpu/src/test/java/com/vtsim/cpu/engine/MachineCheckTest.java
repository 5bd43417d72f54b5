package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Processor.Outcome;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.cpu.X86Processor;
import com.vtsim.cpu.isa.Assembler;
import com.vtsim.cpu.isa.Assembly;
import com.vtsim.machine.Backplane;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Machine checks as a guest in 64-bit mode sees them. The handler of #MC leaves IA32_MCG_STATUS in RBX, the saved RIP in R14, the word 5Eh in R15, and halts.
 *
 * @sdm Machine-Check Architecture
 */
class MachineCheckTest {
    private static final long DATA = 0x20_0040, VALID_SRAR = 0xBD80_0000_0000_0000L;
    private static final String MCE_ON = "mov rax, cr4\nor eax, 0x40\nmov cr4, rax\n";
    private static final String TABLES = """
            lgdt    [gdtr]
            mov     eax, handler
            mov     [idt + 288], ax
            mov     dword [idt + 290], 0x8e000010
            shr     eax, 16
            mov     [idt + 294], ax
            lidt    [idtr]
    """;
    private static final String REST = """
            mov     r15d, 1
            hlt
    handler:
            mov     r14, [rsp]
            mov     ecx, 0x17a
            rdmsr
            mov     ebx, eax
            mov     r15d, 0x5e
            hlt
            align 8
    gdt:    dq 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff
    gdtr:   dw 0x1f
            dq gdt
    idtr:   dw 0x13f
            dq idt
            align 16
    idt:    times 40 dq 0
    """;

    private static SmallMachine guest(String source) {
        return SmallMachine.wide(TABLES + MCE_ON + source + "\n" + REST);
    }

    private static void poison(SmallMachine m, long address, long length) {
        m.board().call(() -> {
            m.memory().poison(address, length);
            return null;
        });
    }

    private static List<Long> poisoned(SmallMachine m) {
        return m.board().call(() -> m.memory().poisoned());
    }

    private static boolean checked(SmallMachine m) {
        return m.reg("r15") == 0x5E;
    }

    /** Bank 1: VAL, UC, EN, MISCV, ADDRV, S, AR, MCACOD 0134h. @sdm Architecturally Defined SRAR Errors: Data Load */
    @Test void aLoadOfPoisonIsAnErrorThatAsksForAction() {
        try (SmallMachine m = guest("mov esi, 0x200050\nload: mov eax, [rsi]")) {
            poison(m, DATA, 1);
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(checked(m)).isTrue();
            assertThat(m.reg("r14")).as("the handler may return to the load").isEqualTo(m.symbol("load"));
            assertThat(m.reg("rbx")).as("RIPV, EIPV, MCIP").isEqualTo(7);
            assertThat(m.reg("msr:405")).isEqualTo(VALID_SRAR | 0x134);
            assertThat(m.reg("msr:406")).isEqualTo(DATA);
            assertThat(m.reg("msr:407")).as("physical address, valid from bit 6 on").isEqualTo(0x86);
            assertThat(m.board().call(m.cpu::why)).anyMatch(line -> line.contains("data load at physical 200040"));
        }
    }

    /** Bank 0, MCACOD 0150h. @sdm Architecturally Defined SRAR Errors: Instruction Fetch */
    @ParameterizedTest
    @CsvSource({"0x200040, 0x200040", "0x20003e, 0x20003e", "0x1ffff8, 0x1ffffe"})
    void aFetchOfPoisonIsOneToo(long from, long at) {
        long line = at == 0x1ffffe ? 0x20_0000 : DATA;
        try (SmallMachine m = guest("mov eax, " + from + "\njmp rax")) {
            for (long i = from; i < at; i++) {
                m.poke(i, 1, 0x90);
            }
            m.poke(at, 8, 0x3412_3456_78B8L);
            poison(m, line, 1);
            m.runToHalt();
            assertThat(checked(m)).isTrue();
            assertThat(m.reg("r14")).isEqualTo(at);
            assertThat(m.reg("msr:401")).isEqualTo(VALID_SRAR | 0x150);
            assertThat(m.reg("msr:402")).isEqualTo(line);
            assertThat(m.reg("msr:405")).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mov eax, [0x20007f]", "add [0x200040], eax", "push qword [0x20003c]", "movups xmm0, [0x200034]", "mov esi, 0x200000\nmov edi, 0x300000\nmov ecx, 100\nrep movsb",
        "lock xadd [0x200040], eax", "fld qword [0x200040]", "popcnt eax, [0x200060]", "mov eax, [0x20003d]", "mov edi, 0x200000\nmov ecx, 4000\nmov eax, 1\nrepne scasb"})
    void everyKindOfLoadMeetsIt(String load) {
        try (SmallMachine m = guest("mov rax, cr4\nor eax, 0x600\nmov cr4, rax\nxor eax, eax\n" + load)) {
            poison(m, DATA, 64);
            m.runToHalt();
            assertThat(checked(m)).isTrue();
            assertThat(m.reg("msr:406")).isEqualTo(DATA);
        }
    }

    /** The error is precise: what came before has happened, what met it has not. */
    @Test void aRepeatedInstructionStopsAtTheLine() {
        try (SmallMachine m = guest("mov esi, 0x200000\nmov edi, 0x300000\nmov ecx, 100\nrep movsb")) {
            poison(m, DATA, 1);
            m.runToHalt();
            m.reg("rcx", 0);
            assertThat(m.reg("rsi")).isEqualTo(DATA);
            assertThat(m.reg("rdi")).isEqualTo(0x30_0040);
        }
    }

    @Test void structuresOfPagingMeetItToo() {
        try (SmallMachine m = guest("mov eax, [0x600000]")) {
            m.poke(0x3000 + 8 * 3, 8, 0x40_0003);
            m.poke(0x40_0000, 8, 0x60_0003);
            poison(m, 0x40_0000, 1);
            m.runToHalt();
            assertThat(checked(m)).isTrue();
            assertThat(m.reg("msr:406")).isEqualTo(0x40_0000);
        }
    }

    @Test void otherLinesOfThePageAreAsEver() {
        try (SmallMachine m = guest("mov dword [0x200100], 0x1234\nmov eax, [0x200100]\nmov edx, [0x20003c]\nmov dword [0x200080], 5\nmov ecx, [0x200080]")) {
            m.poke(0x20003C, 4, 0x5678);
            poison(m, DATA, 1);
            m.runToHalt();
            assertThat(checked(m)).isFalse();
            assertThat(m.reg("rax")).isEqualTo(0x1234);
            assertThat(m.reg("rdx")).isEqualTo(0x5678);
            assertThat(m.reg("rcx")).isEqualTo(5);
        }
    }

    @Test void overwritingTheWholeLineHealsIt() {
        try (SmallMachine m = guest("mov edi, 0x200040\nmov ecx, 8\nmov eax, 7\nrep stosq\nmov edx, [0x200040]")) {
            poison(m, DATA, 1);
            m.runToHalt();
            assertThat(checked(m)).isFalse();
            assertThat(m.reg("rdx")).isEqualTo(7);
            assertThat(poisoned(m)).isEmpty();
        }
        try (SmallMachine m = guest("mov edi, 0x200040\nmov ecx, 63\nrep stosb\nmov edx, [0x200040]")) {
            poison(m, DATA, 1);
            m.runToHalt();
            assertThat(checked(m)).as("a byte is left").isTrue();
            assertThat(poisoned(m)).containsExactly(DATA);
        }
    }

    @Test void theHandlerMayReturnWhenTheLineIsWhole() {
        String handler = "mov edi, 0x200040\nmov ecx, 8\nmov eax, 9\nrep stosq\nxor eax, eax\nxor edx, edx\nmov ecx, 0x17a\nwrmsr\nmov ecx, 0x405\nwrmsr\niretq\n";
        try (SmallMachine m = SmallMachine.wide(TABLES + MCE_ON + "mov esi, 0x200040\nmov ebp, [rsi]\nmov ebx, [rsi + 8]\n" + REST.replace("handler:\n", "handler:\n" + handler))) {
            poison(m, DATA, 1);
            m.runToHalt();
            assertThat(m.reg("r15")).isEqualTo(1);
            assertThat(m.reg("rbp")).isEqualTo(9);
            assertThat(m.reg("msr:17a")).isZero();
            assertThat(m.reg("msr:405")).isZero();
        }
    }

    /** @sdm CR4.MCE: without it the processor shuts down. A second machine check while MCIP is 1 does the same. */
    @Test void withoutMceOrInTheMiddleOfOneItShutsDown() {
        try (SmallMachine m = SmallMachine.wide(TABLES + "mov eax, [0x200040]\n" + REST)) {
            poison(m, DATA, 1);
            assertThat(m.runToHalt()).isEqualTo(Outcome.SHUTDOWN);
            assertThat(m.reg("msr:405")).isEqualTo(VALID_SRAR | 0x134);
            assertThat(m.board().call(m.cpu::why)).anyMatch(line -> line.contains("CR4.MCE is 0"));
            m.board().call(() -> {
                m.cpu.reset(Reset.WARM);
                return null;
            });
            assertThat(m.reg("msr:405")).as("what was logged outlasts a reset").isEqualTo(VALID_SRAR | 0x134);
            assertThat(m.reg("msr:17a")).isZero();
            m.board().call(() -> {
                m.cpu.reset(Reset.COLD);
                return null;
            });
            assertThat(m.reg("msr:405")).isZero();
        }
        try (SmallMachine m = SmallMachine.wide(TABLES + MCE_ON + "mov eax, [0x200040]\n" + REST.replace("handler:\n", "handler: mov eax, [0x200080]\n"))) {
            poison(m, DATA, 128);
            assertThat(m.runToHalt()).isEqualTo(Outcome.SHUTDOWN);
            assertThat(m.board().call(m.cpu::why)).anyMatch(line -> line.contains("MCIP"));
        }
    }

    /** The first error stays, and OVER tells of the second. @sdm Overwrite Rules for UC, CE, and UCR Errors */
    @Test void aSecondErrorDoesNotReplaceTheFirst() {
        String handler = "xor eax, eax\nxor edx, edx\nmov ecx, 0x17a\nwrmsr\nmov qword [rsp], second\niretq\n";
        try (SmallMachine m = SmallMachine.wide(TABLES + MCE_ON + "mov eax, [0x200040]\nsecond: mov ecx, 0x405\nrdmsr\nmov [0x300000], edx\nmov eax, [0x201000]\n"
                + REST.replace("handler:\n", "handler:\ncmp qword [rsp], second\nja take\n" + handler + "take:\n"))) {
            poison(m, DATA, 1);
            poison(m, 0x20_1000, 1);
            m.runToHalt();
            assertThat(checked(m)).isTrue();
            assertThat(m.reg("msr:405")).isEqualTo(VALID_SRAR | 1L << 62 | 0x134);
            assertThat(m.reg("msr:406")).isEqualTo(DATA);
        }
    }

    /** An error that is not enabled is logged with EN = 0 and not signalled; the load gets what is there. */
    @Test void aBankThatIsOffOnlyLogs() {
        try (SmallMachine m = guest("xor eax, eax\nxor edx, edx\nmov ecx, 0x404\nwrmsr\nmov ebp, [0x200040]")) {
            m.poke(DATA, 4, 0x4321);
            poison(m, DATA, 1);
            m.runToHalt();
            assertThat(checked(m)).isFalse();
            assertThat(m.reg("rbp")).isEqualTo(0x4321);
            assertThat(m.reg("msr:405")).isEqualTo(VALID_SRAR & ~(1L << 60) | 0x134);
        }
    }

    @ParameterizedTest
    @CsvSource({"0x401, 0", "0x402, 0", "0x403, 0", "0x17a, 15", "0x4d0, -1", "0x280, -1", "0x179, -1"})
    void registersTakeOnlyWhatTheManualLets(long register, long allowed) {
        for (long value : new long[] {0, 1, 15, 16}) {
            try (SmallMachine m = SmallMachine.wide("mov ecx, " + register + "\nmov eax, " + value + "\nxor edx, edx\nwrmsr\nhlt\n")) {
                boolean taken = allowed >= 0 && (value & ~allowed) == 0;
                assertThat(m.runToHalt()).isEqualTo(taken ? Outcome.IDLE : Outcome.SHUTDOWN);
            }
        }
    }

    /** SER_P, LMCE_P, CTL_P and the banks; no CMCI without a local APIC. */
    @Test void theCapabilitiesSayWhatWorks() {
        try (SmallMachine m = guest("")) {
            assertThat(m.reg("msr:179")).isEqualTo(1 << 27 | 1 << 24 | 1 << 8 | 4);
        }
        try (SmallMachine m = SmallMachine.wide(TABLES + MCE_ON + "mov eax, [0x200040]\n" + REST, CpuModel.X86_64_V2)) {
            poison(m, DATA, 1);
            m.runToHalt();
            assertThat(m.reg("msr:179")).isEqualTo(1 << 8 | 4);
            assertThat(m.reg("msr:405")).as("without recovery the context is corrupt").isEqualTo(0xBE00_0000_0000_0134L);
            assertThat(m.reg("rbx")).as("no restart").isEqualTo(6);
        }
    }

    private static void inject(SmallMachine m, int bank, long status) {
        m.board().call(() -> {
            m.cpu.machineCheck(bank, status, 0x1234_5000, 0x86);
            return null;
        });
    }

    @Test void theOperatorsErrorsAreSignalledAsTheirBitsAsk() {
        try (SmallMachine m = guest("wait: jmp wait")) {
            m.run(1000);
            inject(m, 2, 0x8C00_0040_0001_0090L);
            inject(m, 3, 0xAC00_0000_0000_009FL);
            m.run(1000);
            assertThat(checked(m)).as("a corrected one, and one that asks for no action").isFalse();
            assertThat(m.reg("msr:409")).isEqualTo(0x9C00_0000_0001_0090L);
            assertThat(m.reg("msr:40a")).isEqualTo(0x1234_5000);
            inject(m, 0, 0xAD00_0000_0000_009FL);
            m.run(1000);
            assertThat(checked(m)).isTrue();
            assertThat(m.reg("rbx")).as("RIPV, MCIP").isEqualTo(5);
            assertThat(m.reg("r14")).isEqualTo(m.symbol("wait"));
            assertThatThrownBy(() -> inject(m, 4, 1)).isInstanceOf(OperatorException.class).hasMessageContaining("bank");
        }
    }

    /** @sdm Corrected Machine Check Error Interrupt: bits 52:38 count, the interrupt comes at the threshold */
    @Test void correctedErrorsAreCountedAndInterruptAtTheirThreshold() {
        try (SmallMachine m = guest("wait: jmp wait")) {
            PlainApic apic = new PlainApic(m.cpu);
            m.board().add(apic);
            m.board().settle();
            m.run(1000);
            assertThat(m.reg("msr:179")).isEqualTo(1 << 27 | 1 << 24 | 1 << 10 | 1 << 8 | 4);
            m.reg("msr:282", 1 << 30 | 2);
            inject(m, 2, 0x8C00_0000_0001_0090L);
            assertThat(apic.corrected).isZero();
            inject(m, 2, 0x8C00_0000_0001_0090L);
            assertThat(apic.corrected).isEqualTo(1);
            assertThat(m.reg("msr:409")).isEqualTo(0x9C00_0080_0001_0090L);
            inject(m, 2, 0x8C00_0000_0001_0090L);
            assertThat(apic.corrected).as("once, until the bank is cleared").isEqualTo(1);
            inject(m, 3, 0xAC00_0000_0000_009FL);
            m.reg("msr:283", 1 << 30);
            inject(m, 3, 0xAC00_0000_0000_009FL);
            assertThat(apic.corrected).as("one that asks for no action is told so too").isEqualTo(2);
            m.run(1000);
            assertThat(checked(m)).isFalse();
        }
    }

    @Test void aHaltEndsWithIt() {
        try (SmallMachine m = guest("cli\nhlt")) {
            m.runToHalt();
            inject(m, 2, 0xAD00_0000_0000_009FL);
            assertThat(m.board().call(m.cpu::idle)).isFalse();
            m.runToHalt();
            assertThat(checked(m)).isTrue();
        }
    }

    @Test void whatIsPendingAndPoisonedIsSaved() {
        try (SmallMachine m = guest("wait: jmp wait"); SmallMachine other = guest("wait: jmp wait")) {
            m.run(1000);
            inject(m, 2, 0xAD00_0000_0000_009FL);
            other.run(1000);
            State state = m.board().call(m.cpu::save);
            other.board().call(() -> {
                other.cpu.restore(state);
                return null;
            });
            other.run(1000);
            assertThat(checked(other)).isTrue();
            assertThat(other.reg("msr:409")).isEqualTo(0xBD00_0000_0000_009FL);
        }
    }

    // Several processors

    private static final class Several implements AutoCloseable {
        final Backplane board = Backplane.of("several", 16 << 20);
        final List<X86Processor> all = new ArrayList<>();
        final Assembly code;

        /** Both are in 64-bit mode in a loop, MCE on; the first then runs what is given. */
        Several(String first, boolean local) {
            code = Assembler.assemble("bits 64\norg 0x10000\n" + TABLES + MCE_ON + first + "\n" + REST + "\nother: lidt [idtr]\nlgdt [gdtr]\n" + MCE_ON + "stay: jmp stay\n", 0);
            for (int i = 0; i < 2; i++) {
                all.add(new X86Processor("cpu" + i, i));
                board.add(all.get(i));
            }
            board.settle();
            board.call(() -> {
                board.memory().write(0x1000, 8, 0x2003);
                board.memory().write(0x2000, 8, 0x3003);
                for (int i = 0; i < 8; i++) {
                    board.memory().write(0x3000 + 8 * i, 8, (long) i << 21 | 0x83);
                }
                board.memory().write(0x10000, code.bytes(), 0, code.bytes().length);
                Map<String, Long> registers = Map.of("rsp", 0x9000L, "cr3", 0x1000L);
                all.get(0).enter(new EntryState(EntryState.Mode.LONG, 0x10000, registers));
                all.get(1).enter(new EntryState(EntryState.Mode.LONG, code.symbols().get("other"), Map.of("rsp", 0xA000L, "cr3", 0x1000L)));
                if (local) {
                    all.forEach(cpu -> cpu.register("msr:3a", 1 << 20 | 1));
                    all.forEach(cpu -> cpu.register("msr:4d0", 1));
                }
                board.memory().poison(DATA, 1);
                all.get(1).run(1000);
                all.get(0).run(1000);
                all.get(1).run(1000);
                return null;
            });
        }

        long reg(int cpu, String name) {
            return board.call(() -> all.get(cpu).register(name));
        }

        @Override
        public void close() {
            board.close();
        }
    }

    /** @sdm Machine-check broadcast: every processor of the package gets #MC; those that the error is not of have EIPV = 0. */
    @Test void everyProcessorHearsOfIt() {
        try (Several s = new Several("mov eax, [0x200040]", false)) {
            assertThat(s.reg(0, "rbx")).isEqualTo(7);
            assertThat(s.reg(1, "r15")).isEqualTo(0x5E);
            assertThat(s.reg(1, "rbx")).isEqualTo(5);
            assertThat(s.reg(1, "msr:405")).isZero();
        }
    }

    /** @sdm Local Machine Check Exception: IA32_MCG_EXT_CTL.LMCE_EN, which IA32_FEATURE_CONTROL has to allow. */
    @Test void aLocalOneIsItsProcessorsAlone() {
        try (Several s = new Several("mov eax, [0x200040]", true)) {
            assertThat(s.reg(0, "rbx")).as("LMCE_S too").isEqualTo(15);
            assertThat(s.reg(1, "r15")).isZero();
            assertThat(s.reg(1, "msr:17a")).isZero();
        }
    }
}
