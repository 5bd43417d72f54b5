package com.vtsim.cpu.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.cpu.isa.Assembler;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * 18,432 accesses under every combination of rights in page and table, CR0.WP, SMEP, SMAP, EFLAGS.AC, protection keys and privilege level, and
 * every bit of every entry, as QEMU and Bochs answer them for the same image: paging-expected.txt says which answers are whose.
 *
 * @sdm Determination of Access Rights; Protection Keys; Page-Fault Exceptions; Accessed and Dirty Flags
 */
class PagingGuestTest {
    private static byte[] rom() {
        return Assembler.assemble(SystemGuest.text("paging-guest.asm"), 0x10000).bytes();
    }

    @TestFactory
    Stream<DynamicTest> everySettingComesOutAsOnTheReferences() {
        List<String> actual = GuestRun.run(rom()).lines().toList();
        List<String> expected = SystemGuest.text("paging-expected.txt").lines().filter(line -> !line.startsWith("#")).toList();
        return IntStream.range(0, expected.size()).mapToObj(i -> DynamicTest.dynamicTest(i + " " + expected.get(i).substring(0, 4),
            () -> assertThat(i < actual.size() ? actual.get(i) : "the guest did not get here").isEqualTo(expected.get(i))));
    }

    @Test void nothingComesAfterwards() {
        assertThat(GuestRun.run(rom()).lines()).hasSize(300);
    }
}
