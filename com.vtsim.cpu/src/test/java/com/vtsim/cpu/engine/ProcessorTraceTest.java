package com.vtsim.cpu.engine;

import static com.vtsim.cpu.engine.TraceGuest.*;
import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Processor.Outcome;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.cpu.trace.PacketText;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Registers, output and packets of the processor trace, by the guest's door. {@link TraceDecodeTest} has Intel's own decoder read traces.
 *
 * @sdm Intel Processor Trace: Configuration and Control; Trace Output; Packet Generation Scenarios
 */
class ProcessorTraceTest {
    private static final long BOTH = OS | USER | BRANCHES;
    private static final String HANDLERS = "undefined: hlt\ncall: hlt\nother: hlt\n";

    @Test void cpuidSaysWhatThereIs() {
        for (CpuModel model : CpuModel.values()) {
            boolean there = model == CpuModel.X86_64_V3;
            try (SmallMachine m = SmallMachine.wide("mov eax, 7\nxor ecx, ecx\ncpuid\nmov r8d, ebx\nmov eax, 0x14\nxor ecx, ecx\ncpuid\nmov r9d, eax\nmov r10d, ebx\n"
                + "mov r11d, ecx\nmov eax, 0x14\nmov ecx, 1\ncpuid\nhlt", model)) {
                m.runToHalt();
                assertThat(m.reg("r8") >> 25 & 1).isEqualTo(there ? 1 : 0);
                assertThat(m.reg("r9")).as("highest subleaf").isEqualTo(there ? 1 : 0);
                assertThat(m.reg("r10")).as("CR3 filtering; IP filtering and TraceStop; PTWRITE").isEqualTo(there ? 0x15 : 0);
                assertThat(m.reg("r11")).as("ToPA, several entries, single range; linear addresses").isEqualTo(there ? 0x8000_0007L : 0);
                assertThat(m.reg("rax")).as("address ranges").isEqualTo(there ? 2 : 0);
            }
        }
    }

    /** What the manual reserves is #GP(0): bits, encodings of ADDRn_CFG, addresses that are not canonical or beyond physical memory. */
    @ParameterizedTest
    @CsvSource({"570, 0, false", "570, 2C8C, false", "570, 2, true", "570, 10, true", "570, 40, true", "570, 200, true", "570, 1020, false", "570, 4000, true",
        "570, 80000, true", "570, 1000000, true", "570, 2100000000, false", "570, 300000000, true", "570, 4000000000, true", "570, 10000000000, true",
        "571, 37, false", "571, 8, true", "571, 40, true", "571, 100000000, true", "560, 80, false", "560, 40, true", "560, 10000000000, true",
        "561, FFFFFFFFFFFFFFFF, false", "572, 1000, false", "572, 10, true", "580, FFFF800000000000, false", "581, 800000000000, true",
        "582, 7FFFFFFFFFFF, false", "583, 8000000000000000, true", "584, 0, true"})
    void reservedBits(String msr, String value, boolean fault) {
        try (SmallMachine m = SmallMachine.wide(write(Integer.parseInt(msr, 16), Long.parseUnsignedLong(value, 16)) + "hlt")) {
            assertThat(m.runToHalt()).isEqualTo(fault ? Outcome.SHUTDOWN : Outcome.IDLE);
        }
    }

    @Test void olderModelsHaveNoRegister() {
        try (SmallMachine m = SmallMachine.wide("mov ecx, 0x570\nrdmsr\nhlt", CpuModel.X86_64_V2)) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.SHUTDOWN);
        }
    }

    /** While TraceEn is 1 the others cannot be written, and IA32_RTIT_CTL only with what clears TraceEn or changes nothing. */
    @ParameterizedTest
    @CsvSource({"560, 0, true", "561, 0, true", "571, 0, true", "572, 0, true", "580, 0, true", "583, 0, true", "570, 200D, false", "570, 2005, true",
        "570, 2C, false", "570, 0, false"})
    void registersAreLockedWhileTracing(String msr, String value, boolean fault) {
        String code = write(0x560, OUTPUT) + write(0x561, 0xFFF) + write(0x570, BOTH | ON) + write(Integer.parseInt(msr, 16), Long.parseLong(value, 16));
        try (SmallMachine m = SmallMachine.wide(code + "hlt")) {
            assertThat(m.runToHalt()).isEqualTo(fault ? Outcome.SHUTDOWN : Outcome.IDLE);
        }
    }

    private static byte[] bytes(SmallMachine m, long address, int count) {
        byte[] bytes = new byte[count];
        m.board().call(() -> {
            m.memory().read(address, bytes, 0, count);
            return null;
        });
        return bytes;
    }

    private static byte[] trace(SmallMachine m) {
        return bytes(m, OUTPUT, (int) (m.reg("msr:561") >>> 32));
    }

    /** @return the packets behind the first packet stream boundary's end; labels for addresses */
    private static List<String> packets(SmallMachine m) {
        List<String> all = PacketText.of(trace(m)).stream().map(line -> {
            String text = line;
            for (var symbol : m.program.symbols().entrySet()) {
                text = text.replaceAll(" " + Long.toHexString(symbol.getValue()) + "$", " " + symbol.getKey());
            }
            return text;
        }).toList();
        return all.subList(all.indexOf("PSBEND") + 1, all.size());
    }

    private static List<String> packetsOf(String code) {
        try (SmallMachine m = tables(code + HANDLERS)) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            return packets(m);
        }
    }

    @Test void aBoundarySaysWhereExecutionIs() {
        try (SmallMachine m = tables(on(BOTH | TSC) + "first: nop\n" + off() + HANDLERS)) {
            m.runToHalt();
            List<String> all = PacketText.of(trace(m));
            assertThat(all.get(0)).isEqualTo("PSB");
            assertThat(all.get(1)).startsWith("TSC ");
            assertThat(all.subList(2, 5)).containsExactly("PIP 1000", "CBR 10", "PSBEND");
            assertThat(packets(m)).containsExactly("MODE.Exec 64", "TIP.PGE first", "FUP off", "TIP.PGD");
        }
    }

    @Test void sixBranchesArePacketed() {
        assertThat(packetsOf(on(BOTH) + "begin: mov ebx, 5\nfirst: dec ebx\njnz first\nlea rax, [next]\njmp rax\nnext: jmp on2\non2: call last\nnop\nlast: jz none\nnone:" + off()))
            .containsExactly("MODE.Exec 64", "TIP.PGE begin", "TNT TTTTN", "TIP next", "TNT T", "FUP off", "TIP.PGD");
    }

    @Test void withoutBranchEnOnlyPagingIsTold() {
        assertThat(packetsOf(on(OS | USER) + "jmp next\nnext: mov rax, cr3\nmov cr3, rax\nlea rax, [last]\njmp rax\nlast:" + off())).containsExactly("PIP 1000");
    }

    /** IA32_RTIT_STATUS while tracing: TriggerEn, ContextEn, FilterEn. */
    @Test void theStatusSaysWhatIsEnabled() {
        String status = "mov ecx, 0x571\nrdmsr\nmov ebx, eax\n";
        for (long control : new long[] {BOTH, USER | BRANCHES, BOTH | 1L << 32, BOTH | CR3}) {
            try (SmallMachine m = tables(on(control) + "nop\n" + status + off() + HANDLERS)) {
                m.runToHalt();
                assertThat(m.reg("rbx")).isEqualTo(control == BOTH ? 7 : control == (BOTH | 1L << 32) ? 6 : 5);
                assertThat(m.reg("msr:571")).isZero();
            }
        }
    }

    /** Registers and memory, with and without the address of the instruction; nothing while filtered out or not enabled; 66 is #UD. */
    @Test void writesOfTheProgramAreTraced() {
        String body = "begin: mov rax, 0x1122334455667788\nmov [0x30000], rax\nptwrite rax\nb: ptwrite dword [0x30004]\n";
        assertThat(packetsOf(on(BOTH | 1 << 12) + body + off())).containsSubsequence("TIP.PGE begin", "PTW 1122334455667788", "PTW 11223344", "FUP off");
        assertThat(packetsOf(on(BOTH | 1 << 12 | 1 << 5) + body + off())).containsSubsequence("PTW 1122334455667788", "PTW 11223344", "FUP b", "FUP off");
        assertThat(packetsOf(on(OS | 1 << 12) + body + off())).containsExactly("PTW 1122334455667788", "PTW 11223344");
        assertThat(packetsOf(on(USER | BRANCHES | 1 << 12) + body + off())).isEmpty();
        assertThat(packetsOf(on(BOTH) + body + off())).containsExactly("MODE.Exec 64", "TIP.PGE begin", "FUP off", "TIP.PGD");
        try (SmallMachine m = tables("db 0x66\nptwrite eax\n" + on(BOTH) + off() + "undefined: mov ebx, 77\nhlt\ncall: hlt\nother: hlt\n")) {
            m.runToHalt();
            assertThat(m.reg("rbx")).isEqualTo(77);
        }
        try (SmallMachine m = SmallMachine.wide("ptwrite eax\nhlt", CpuModel.X86_64_V2)) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.SHUTDOWN);
        }
    }

    /** CR3 that matches, and not. */
    @Test void cr3IsFiltered() {
        String code = write(0x572, 0x1000) + on(BOTH | CR3) + """
            a: mov rax, 0x5000
            leave: mov cr3, rax
            jmp b
            b: lea rax, [c]
            jmp rax
            c: mov rax, 0x1000
            mov cr3, rax
            back: jmp rbx
            d:
            """;
        try (SmallMachine m = tables("lea rbx, [d]\n" + code + off() + HANDLERS)) {
            m.poke(0x5000, 8, 0x2007);
            m.runToHalt();
            assertThat(packets(m)).containsExactly("MODE.Exec 64", "TIP.PGE a", "TIP.PGD", "PIP 1000", "MODE.Exec 64", "TIP.PGE back", "TIP d", "FUP off", "TIP.PGD");
        }
    }

    /** A range that is traced, entered by CALL and left by RET, by a jump to outside and by an interrupt. */
    @Test void rangesFilter() {
        String code = """
            lea rax, [f]
            mov ecx, 0x580
            xor edx, edx
            wrmsr
            lea rax, [g]
            dec eax
            inc ecx
            wrmsr
            """ + on(BOTH | 1L << 32) + """
            call f
            jmp inner
            out: int 0x80
            f: test eax, eax
            jz inner
            ret
            inner: nop
            jmp out
            g: nop
            """ + "undefined:\nother:\ncall:" + off();
        try (SmallMachine m = tables(code)) {
            m.runToHalt();
            String behind = Long.toHexString(m.symbol("f") - 4);
            assertThat(packets(m)).containsExactly("MODE.Exec 64", "TIP.PGE f", "TNT N", "TIP.PGD " + behind, "MODE.Exec 64", "TIP.PGE inner", "TIP.PGD out");
        }
    }

    /** A conditional jump into a range sends the target, one out of it does not; no TNT for either. */
    @Test void conditionalJumpsEnterAndLeaveRanges() {
        String code = "lea rax, [f]\nmov ecx, 0x580\nxor edx, edx\nwrmsr\nlea rax, [g]\ndec eax\ninc ecx\nwrmsr\n" + on(BOTH | 1L << 32)
            + "cmp eax, eax\njz f\nnop\nf: jnz f\njz out\nnop\ng: nop\nout: nop\n" + off() + HANDLERS;
        try (SmallMachine m = tables(code)) {
            m.runToHalt();
            assertThat(packets(m)).containsExactly("MODE.Exec 64", "TIP.PGE f", "TNT N", "TIP.PGD");
        }
    }

    /** A range that stops the trace. */
    @Test void aRangeStops() {
        String code = "lea rax, [f]\nmov ecx, 0x582\nxor edx, edx\nwrmsr\ninc ecx\nwrmsr\n" + on(BOTH | 2L << 36) + "a: nop\njmp f\nb: nop\nf: jmp rbx\nd:" + off();
        try (SmallMachine m = tables("lea rbx, [d]\n" + code + HANDLERS)) {
            m.runToHalt();
            assertThat(packets(m)).containsExactly("MODE.Exec 64", "TIP.PGE a", "TIP.PGD f", "TraceStop");
            assertThat(m.reg("msr:571")).as("Stopped").isEqualTo(0x20);
        }
    }

    private static final String MANY = "mov ebp, 4000\nmany: lea rax, [there]\njmp rax\nthere: dec ebp\njnz many\n";

    /** A single range is written around and around: the pointer within it, the last bytes the latest. */
    @ParameterizedTest
    @ValueSource(ints = {128, 4096, 16384})
    void aSingleRangeWraps(int size) {
        String code = write(0x560, OUTPUT) + write(0x561, size - 1) + write(0x570, BOTH | ON) + MANY + off();
        try (SmallMachine m = tables(code + HANDLERS)) {
            m.runToHalt();
            long offset = m.reg("msr:561") >>> 32;
            assertThat(offset).isBetween(0L, size - 1L);
            assertThat(m.reg("msr:561") & 0xFFFF_FFFFL).isEqualTo(size - 1);
            assertThat(m.peek(OUTPUT + (offset + size - 1) % size, 1)).as("TIP.PGD").isEqualTo(1);
            assertThat(bytes(m, OUTPUT + size, 64)).containsOnly(0);
        }
    }

    private static String regions(long control) {
        return write(0x560, 0x300000) + write(0x561, 0x7F) + write(0x570, control | ON | TOPA);
    }

    /** Two regions, the end of a table that leads to another, whose end leads back. */
    @Test void regionsFollowOneAnother() {
        try (SmallMachine m = tables(regions(BOTH) + MANY + off() + HANDLERS)) {
            m.poke(0x300000, 8, OUTPUT);
            m.poke(0x300008, 8, OUTPUT + 0x2000 | 1 << 6);
            m.poke(0x300010, 8, 0x301001);
            m.poke(0x301000, 8, OUTPUT + 0x10000);
            m.poke(0x301008, 8, 0x300001);
            m.runToHalt();
            long base = m.reg("msr:560");
            long index = (m.reg("msr:561") & 0xFFFF_FFFFL) >> 7;
            long region = base == 0x301000 ? OUTPUT + 0x10000 : index == 0 ? OUTPUT : OUTPUT + 0x2000;
            assertThat(m.peek(region + (m.reg("msr:561") >>> 32) - 1, 1)).as("TIP.PGD").isEqualTo(1);
            assertThat(bytes(m, OUTPUT + 0x1000, 4096)).containsOnly(0);
            assertThat(bytes(m, OUTPUT + 0x4000, 4096)).containsOnly(0);
            assertThat(bytes(m, OUTPUT + 0x11000, 4096)).containsOnly(0);
            assertThat(m.peek(OUTPUT + 0x10000, 8)).isNotZero();
        }
    }

    /** A region that asks for an interrupt when it is full, and the next, which ends the trace. */
    @Test void aFullRegionInterruptsOrStops() {
        try (SmallMachine m = tables(regions(BOTH) + MANY + off() + HANDLERS)) {
            PlainApic apic = new PlainApic(m.cpu);
            apic.masked = true;
            m.board().add(apic);
            m.board().settle();
            m.poke(0x300000, 8, OUTPUT | 1 << 2);
            m.poke(0x300008, 8, OUTPUT + 0x1000 | 1 << 4);
            m.poke(0x300010, 8, 0x300001);
            m.runToHalt();
            assertThat(apic.performanceInterrupts).isEqualTo(1);
            assertThat(m.reg("msr:38e")).as("Trace_ToPA_PMI").isEqualTo(1L << 55);
            assertThat(m.reg("msr:571")).as("Stopped").isEqualTo(0x20);
            assertThat(m.reg("msr:560")).as("the table whose entry stops").isEqualTo(0x300000);
            assertThat(m.reg("msr:561")).as("that entry, the region's size").isEqualTo(0x1000L << 32 | 1 << 7 | 0x7F);
            assertThat(m.peek(OUTPUT + 0x1FFF, 1) | m.peek(OUTPUT + 0x1FFE, 1)).isNotZero();
            assertThat(bytes(m, OUTPUT + 0x2000, 4096)).containsOnly(0);
            m.board().call(() -> {
                m.cpu.register("msr:390", 1L << 55);
                return null;
            });
            assertThat(m.reg("msr:38e")).isZero();
        }
    }

    /** Reserved bits of an entry, a region not aligned to its size, an end that has other bits, a table not aligned, an offset beyond the region. */
    @ParameterizedTest
    @CsvSource({"400002, 7F, true", "400008, 7F, true", "400020, 7F, true", "400400, 7F, true", "400040, 7F, false", "8000000000400000, 7F, true",
        "400005, 7F, true", "400011, 7F, true", "300001, 7F, true", "401040, 7F, true", "400000, 10000000007F, true", "400000, FFF0000007F, false"})
    void operationalErrors(String entry, String pointers, boolean error) {
        String code = write(0x560, 0x300000) + write(0x561, Long.parseLong(pointers, 16)) + write(0x570, BOTH | ON | TOPA) + "nop\n" + off();
        try (SmallMachine m = tables(code + HANDLERS)) {
            m.poke(0x300000, 8, Long.parseUnsignedLong(entry, 16));
            m.runToHalt();
            assertThat(m.reg("msr:571")).isEqualTo(error ? 0x10 : 0);
        }
    }

    @ParameterizedTest
    @CsvSource({"400800, FFF", "400000, 100000000FFF", "400080, FF"})
    void operationalErrorsOfASingleRange(String base, String pointers) {
        String code = write(0x560, Long.parseLong(base, 16)) + write(0x561, Long.parseLong(pointers, 16)) + write(0x570, BOTH | ON) + "nop\n" + off();
        try (SmallMachine m = tables(code + HANDLERS)) {
            m.runToHalt();
            assertThat(m.reg("msr:571")).isEqualTo(0x10);
        }
    }

    /** A trace that was saved and restored again and again has the bytes of one that was not. */
    @Test void tracingIsPartOfTheState() {
        String code = on(BOTH | TSC) + MANY + off() + HANDLERS;
        byte[] plain;
        try (SmallMachine m = tables(code)) {
            m.runToHalt();
            plain = trace(m);
        }
        try (SmallMachine m = tables(code)) {
            while (m.run(997) == Outcome.BUDGET) {
                State state = m.board().call(m.cpu::save);
                m.board().call(() -> {
                    m.cpu.reset(Reset.COLD);
                    m.cpu.restore(state);
                    return null;
                });
            }
            assertThat(trace(m)).isEqualTo(plain);
        }
        assertThat(plain.length).isGreaterThan(6000);
    }

    /** INIT starts the processor again and leaves the trace alone: the address it has come from, paging off, real mode, the first instruction. */
    @Test void initIsTraced() {
        try (SmallMachine m = tables(on(BOTH) + "forever: jmp forever\n" + HANDLERS + "off:")) {
            m.run(1000);
            m.board().call(() -> {
                m.cpu.init();
                return null;
            });
            m.run(1);
            assertThat(packets(m).subList(0, 6)).containsExactly("MODE.Exec 64", "TIP.PGE forever", "FUP forever", "PIP 0", "MODE.Exec 16", "TIP fffffff0");
        }
    }

    /** Setup and packets in words, for the operator; nothing on a processor without. */
    @Test void theOperatorSeesItInWords() {
        try (SmallMachine m = tables(write(0x580, 0x10000) + write(0x581, 0x20000) + on(BOTH | 1L << 32) + "first: jmp rbx\nhere: hlt\noff:\n" + HANDLERS)) {
            m.reg("rbx", m.symbol("here"));
            m.runToHalt();
            List<String> lines = m.board().call(() -> m.cpu.processorTrace(2));
            assertThat(lines).containsExactly("processor trace: on, OS, User, branches, FilterEn, ContextEn, TriggerEn",
                "output: physical range 400000 to 5fffff, offset " + Long.toHexString(m.reg("msr:561") >>> 32), "range 0: traced, 10000 to 20000",
                "  TIP.PGE " + Long.toHexString(m.symbol("first")), "  TIP " + Long.toHexString(m.symbol("here")));
        }
        try (SmallMachine m = tables(regions(BOTH) + "hlt\noff:\n" + HANDLERS)) {
            m.poke(0x300000, 8, OUTPUT | 1 << 6);
            m.runToHalt();
            assertThat(m.board().call(() -> m.cpu.processorTrace(1))).hasSize(3).contains("processor trace: on, OS, User, branches, FilterEn, ContextEn, TriggerEn")
                .element(1).asString().startsWith("output: physical table 300000, entry 0 (400000, 2000 bytes), offset ");
        }
        try (SmallMachine m = SmallMachine.wide("hlt", CpuModel.X86_64_V2)) {
            assertThat(m.board().call(() -> m.cpu.processorTrace(9))).isEmpty();
        }
    }

    /** RESET ends it; registers are as after power-on. */
    @Test void resetEndsTracing() {
        try (SmallMachine m = tables(on(BOTH) + "forever: jmp forever\n" + HANDLERS + "off:")) {
            m.run(1000);
            m.board().call(() -> {
                m.cpu.reset(Reset.WARM);
                return null;
            });
            assertThat(m.reg("msr:570")).isZero();
            assertThat(m.reg("msr:561")).isEqualTo(0x7F);
        }
    }
}
