package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.cpu.LogicalProcessor.TypeFinding;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.Processor.Outcome;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Memory types, and what goes by them. @sdm Memory Cache Control */
class MemoryTypesTest {
    private static final List<String> NAMES = List.of("UC", "WC", "", "", "WT", "WP", "WB", "UC-");

    /** @sdm Effective Page-Level Memory Types for Pentium III and More Recent Processor Families */
    @ParameterizedTest
    @CsvSource({"UC, UC UC WC UC UC UC", "WC, UC WC WC UC WC UC", "WT, UC UC WC WT WT WP", "WB, UC UC WC WT WB WP", "WP, UC WC WC WT WP WP"})
    void rangeAndAttributeCombineAsTheManualsTableSays(String range, String effective) {
        String[] expected = effective.split(" ");
        String[] attributes = {"UC", "UC-", "WC", "WT", "WB", "WP"};
        for (int i = 0; i < attributes.length; i++) {
            int type = MemoryTypes.combined(NAMES.indexOf(range), NAMES.indexOf(attributes[i]));
            assertThat(NAMES.get(type)).as("MTRR %s, PAT %s", range, attributes[i]).isEqualTo(expected[i]);
        }
    }

    private static String type(SmallMachine m, long linear) {
        String line = explained(m, linear);
        return line.substring("memory type ".length(), line.indexOf(':'));
    }

    private static String explained(SmallMachine m, long linear) {
        List<String> walk = m.board().call(() -> m.cpu.walk(linear));
        return walk.get(walk.size() - 1);
    }

    @Test void theWalkNamesEachPart() {
        try (SmallMachine m = SmallMachine.wide("hlt")) {
            m.run(1);
            assertThat(explained(m, 0x20_0000)).isEqualTo("memory type WB: PAT entry 0 is WB, MTRR default is WB");
            m.poke(0x3008, 8, 0x20_0083 | 1 << 12 | 1 << 3);
            assertThat(explained(m, 0x20_0000)).as("bit 12 of a large page is PAT").isEqualTo("memory type WT: PAT entry 5 is WT, MTRR default is WB");
            m.poke(0x3010, 8, 0x40_0003);
            m.poke(0x40_0000, 8, 0x40_0003 | 1 << 7 | 1 << 4);
            assertThat(explained(m, 0x40_0000)).as("bit 7 of a small one").isEqualTo("memory type UC: PAT entry 6 is UC-, MTRR default is WB");
            m.reg("msr:2ff", 0);
            assertThat(explained(m, 0x60_0000)).isEqualTo("memory type UC: PAT entry 0 is WB, MTRRs are off: UC");
            m.reg("msr:2ff", 0x806);
            m.reg("cr0", m.reg("cr0") | 1 << 30);
            assertThat(explained(m, 0x60_0000)).isEqualTo("memory type UC: CR0.CD is 1");
        }
        try (SmallMachine m = SmallMachine.flat("hlt")) {
            m.run(1);
            assertThat(explained(m, 0x20_0000)).isEqualTo("memory type WB: no paging, MTRR default is WB");
        }
    }

    /** @sdm MTRR Precedences; Fixed Range MTRRs */
    @Test void rangesHaveTheirPrecedence() {
        try (SmallMachine m = SmallMachine.wide("hlt")) {
            m.run(1);
            m.reg("msr:200", 0x40_0000 | 4);
            m.reg("msr:201", 0xFF_FFC0_0000L | 1 << 11);
            m.reg("msr:202", 0x60_0000 | 6);
            m.reg("msr:203", 0xFF_FFE0_0000L | 1 << 11);
            m.reg("msr:204", 0x70_0000);
            m.reg("msr:205", 0xFF_FFF0_0000L | 1 << 11);
            assertThat(type(m, 0x20_0000)).isEqualTo("WB");
            assertThat(type(m, 0x40_0000)).isEqualTo("WT");
            assertThat(explained(m, 0x60_0000)).as("write-through wins").isEqualTo("memory type WT: PAT entry 0 is WB, variable MTRR 0 and 1 says WT");
            assertThat(type(m, 0x70_0000)).as("uncacheable wins").isEqualTo("UC");
            m.reg("msr:2ff", 0xC06);
            m.reg("msr:259", 0x0606_0606_0606_0104L);
            m.reg("msr:26b", 0x0500_0000_0000_0000L);
            m.reg("msr:250", 0x0600_0000_0000_0000L);
            assertThat(type(m, 0xA_3FFF)).isEqualTo("WT");
            assertThat(type(m, 0xA_4000)).isEqualTo("WC");
            assertThat(type(m, 0xD_F000)).isEqualTo("WP");
            assertThat(type(m, 0x7_0000)).isEqualTo("WB");
            assertThat(explained(m, 0x6_0000)).isEqualTo("memory type UC: PAT entry 0 is WB, fixed MTRR says UC");
        }
    }

    /** "The address range must use memory of the write-back type." @sdm MONITOR—Set Up Monitor Address */
    @Test void onlyWriteBackMemoryIsMonitored() {
        for (boolean cached : new boolean[] {true, false}) {
            try (SmallMachine m = SmallMachine.wide("xor ecx, ecx\nxor edx, edx\nmov eax, 0x200040\nmonitor\nxor eax, eax\nmwait\nmov ebx, 1\ncli\nhlt")) {
                m.poke(0x3008, 8, 0x20_0083 | (cached ? 0 : 1 << 4));
                assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
                assertThat(m.reg("rbx")).isEqualTo(cached ? 0 : 1);
            }
        }
    }

    private static List<TypeFinding> findings(SmallMachine m) {
        return m.board().call(() -> m.cpu.typeFindings());
    }

    @Test void theLintFindsWhatLooksWrong() {
        try (SmallMachine m = SmallMachine.wide("hlt")) {
            m.run(1);
            assertThat(findings(m)).isEmpty();
            m.poke(0x3008, 8, 0x20_0083 | 1 << 4);
            m.poke(0x2008, 8, 0x40_0003);
            m.poke(0x40_0000, 8, 0x20_0083);
            assertThat(findings(m)).extracting(TypeFinding::what, TypeFinding::linear, TypeFinding::physical, TypeFinding::length, TypeFinding::type).containsExactly(
                org.assertj.core.groups.Tuple.tuple("RAM is not cached", 0x20_0000L, 0x20_0000L, 0x20_0000L, "UC"),
                org.assertj.core.groups.Tuple.tuple("two types for one page", 0x4000_0000L, 0x20_0000L, 0x20_0000L, "WB and UC"));
            assertThat(findings(m).get(1).why()).isEqualTo("also at 0000000000200000");
            m.poke(0x3008, 8, 0x20_0083);
            m.board().call(() -> m.memory().map(0xFED0_0000L, 0x1000, new MmioDevice() {
                @Override
                public long read(int offset, int size) {
                    return 0;
                }

                @Override
                public void write(int offset, int size, long value) { }
            }));
            m.poke(0x40_0008, 8, 0xFEC0_0083L);
            assertThat(findings(m)).extracting(TypeFinding::what, TypeFinding::linear, TypeFinding::length, TypeFinding::why).containsExactly(
                org.assertj.core.groups.Tuple.tuple("registers of a device are cached", 0x4030_0000L, 0x1000L, "memory type WB: PAT entry 0 is WB, MTRR default is WB"));
            m.poke(0x40_0008, 8, 0xFEC0_009BL);
            assertThat(findings(m)).isEmpty();
        }
    }
}
