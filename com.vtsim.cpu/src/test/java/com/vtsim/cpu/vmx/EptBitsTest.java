package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.EXIT_REASON;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every bit of an EPT entry of every kind: flipped in a good one, it is a misconfiguration exactly where it is reserved. @sdm EPT Misconfigurations */
class EptBitsTest {
    private static final int MISCONFIGURATION = 49;
    private static final long PML4E = VmxMachine.EPT, PDPTE = VmxMachine.EPT + 0x1000, PDE = VmxMachine.EPT + 0x2000 + 8, TABLE = 0x8_6000;

    /**
     * An entry on the way to 200000h.
     *
     * @param at       where it lies
     * @param address  the lowest bit that may be part of an address: what lies below and above bit 11 has to be 0
     * @param reserved bits 11:0 that are reserved; bit 0 among them, for what can be written can be read
     */
    private record Row(String name, long at, long value, int address, long reserved) { }

    private static final List<Row> ROWS = List.of(
        new Row("PML4E", PML4E, VmxMachine.EPT + 0x1000 | 7, 12, 0xF9),
        new Row("PDPTE", PDPTE, VmxMachine.EPT + 0x2000 | 7, 12, 0x79),
        new Row("PDPTE of 1 GiB", PDPTE, 0xB7, 30, 1),
        new Row("PDE", PDE, TABLE | 7, 12, 0x79),
        new Row("PDE of 2 MiB", PDE, 0x20_0000 | 0xB7, 21, 1),
        new Row("PTE", TABLE, 0x20_0000 | 0x37, 12, 1));

    private static boolean misconfigured(Row row, long value) {
        try (VmxMachine m = new VmxMachine(true).ept()) {
            if (row.at == TABLE) {
                m.poke(PDE, 8, TABLE | 7);
            } else {
                m.poke(TABLE, 8, 0x20_0000 | 0x37);
            }
            m.poke(row.at, 8, value);
            m.run("mov bl, [0x200010]\ncpuid");
            return m.get(EXIT_REASON) == MISCONFIGURATION;
        }
    }

    /** Left out: bits of addresses that lead elsewhere, the type of memory, and what makes a page of a table (bit 7). */
    private static boolean isTried(Row row, int bit) {
        boolean leaf = (row.value & 0x30) != 0;
        return bit < 12 ? !(leaf && bit >= 3 && bit <= 5) && (bit != 7 || row.at == PML4E || row.at == TABLE) : bit < row.address || bit >= 40;
    }

    @TestFactory Stream<DynamicTest> aBitIsReservedExactlyWhereTheManualSaysSo() {
        return ROWS.stream().map(row -> DynamicTest.dynamicTest(row.name, () -> {
            assertThat(misconfigured(row, row.value)).isFalse();
            List<Integer> tried = IntStream.range(0, 64).filter(bit -> isTried(row, bit)).boxed().toList();
            List<Integer> expected = tried.stream().filter(bit -> bit < 12 ? (row.reserved >> bit & 1) != 0 : bit < 52).toList();
            assertThat(tried.stream().filter(bit -> misconfigured(row, row.value ^ 1L << bit)).toList()).isEqualTo(expected);
        }));
    }

    @ParameterizedTest
    @CsvSource({"0,false", "1,false", "2,true", "3,true", "4,false", "5,false", "6,false", "7,true"})
    void threeTypesOfMemoryAreReserved(int type, boolean reserved) {
        for (Row row : ROWS) {
            if ((row.value & 0x30) == 0x30) {
                assertThat(misconfigured(row, row.value & ~0x38L | (long) type << 3)).as(row.name).isEqualTo(reserved);
            }
        }
    }
}
