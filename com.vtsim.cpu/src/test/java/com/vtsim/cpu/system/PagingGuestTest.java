package com.vtsim.cpu.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * 18,432 accesses with 4 and as many with 5 levels, 6,144 in PAE and 1,536 in 32-bit paging: under every combination of rights in page and table,
 * CR0.WP, SMEP, SMAP, EFLAGS.AC, protection keys and privilege level, and every bit of every entry, as QEMU and Bochs answer them for the same
 * images. The answers are in files, so that they are compared everywhere; where QEMU and Bochs are installed, the files are held against them.
 *
 * @sdm Determination of Access Rights; Protection Keys; Page-Fault Exceptions; Accessed and Dirty Flags
 */
class PagingGuestTest {
    /** The bits 1:0 of a setting with 4 or 5 levels. */
    private static final int KEYS = 3;

    @TempDir
    private Path folder;

    @TestFactory
    Stream<DynamicTest> everySettingComesOutAsOnTheReferences() {
        return Stream.of(PagingGuest.values()).flatMap(guest -> {
            List<String> actual = GuestRun.run(guest.rom()).lines().toList();
            List<String> expected = guest.expected();
            Stream<DynamicTest> lines = IntStream.range(0, expected.size()).mapToObj(i -> DynamicTest.dynamicTest(guest + " " + i + " " + expected.get(i).substring(0, 4),
                () -> assertThat(i < actual.size() ? actual.get(i) : "the guest did not get here").isEqualTo(expected.get(i))));
            return Stream.concat(lines, Stream.of(DynamicTest.dynamicTest(guest + " writes nothing else", () -> assertThat(actual).hasSameSizeAs(expected))));
        });
    }

    /** With protection keys Bochs lets supervisor accesses pass that PKRU.AD forbids (Protection Keys: in either mode); it has no 5-level paging. */
    @ParameterizedTest
    @EnumSource(names = "LEVELS_5", mode = EnumSource.Mode.EXCLUDE)
    void theFileIsWhatBochsWrites(PagingGuest guest) throws IOException, InterruptedException {
        assumeTrue(References.bochsIsInstalled(), "SKIPPED: Bochs is not installed");
        List<String> bochs = References.bochs(guest.rom(), "tigerlake", folder);
        List<String> expected = guest.expected();
        assertThat(bochs).hasSameSizeAs(expected);
        for (int i = 0; i < expected.size(); i++) {
            String line = expected.get(i);
            if (guest != PagingGuest.LEVELS_4 || !PagingGuest.isRights(line) || (setting(line) & KEYS) == 0) {
                assertThat(bochs.get(i)).as("line %d", i).isEqualTo(line);
            }
        }
    }

    private static int setting(String line) {
        return Integer.parseInt(line.substring(0, line.indexOf(':')), 16);
    }

    /**
     * QEMU sets the table's accessed flag also where the access then faults; where a bit is reserved it leaves P of the error code 0, and it
     * looks at reserved bits of a PDPTE in PAE paging not when CR3 is loaded, but at each access.
     */
    @ParameterizedTest
    @EnumSource
    void theFileIsWhatQemuWritesButForItsKnownWays(PagingGuest guest) throws IOException, InterruptedException {
        assumeTrue(References.qemuIsInstalled(), "SKIPPED: QEMU is not installed");
        List<String> qemu = References.qemu(guest.rom(), folder);
        List<String> expected = guest.expected();
        assertThat(qemu).hasSameSizeAs(expected);
        int bits = 0;
        for (int i = 0; i < expected.size(); i++) {
            String line = expected.get(i);
            if (PagingGuest.isRights(line)) {
                assertThat(withoutTablesFlag(qemu.get(i))).as("setting %s", line.substring(0, 3)).isEqualTo(withoutTablesFlag(line));
            } else if (guest != PagingGuest.PAE || bits++ % 4 != 0) {
                assertThat(withoutPresence(qemu.get(i))).as("line %d", i).isEqualTo(withoutPresence(line));
            }
        }
    }

    /** Where there is a fault (not FF), the flag of the table is left out. */
    private static String withoutTablesFlag(String line) {
        int begin = line.indexOf(':') + 1;
        StringBuilder text = new StringBuilder(line);
        for (int at = begin; at < line.length(); at += 3) {
            if (!line.startsWith("FF", at)) {
                text.setCharAt(at + 2, Character.forDigit(Character.digit(line.charAt(at + 2), 16) & 3, 16));
            }
        }
        return text.toString();
    }

    /** Where a bit is reserved (error code 8), P is left out. */
    private static String withoutPresence(String line) {
        StringBuilder text = new StringBuilder(line);
        for (int at = 0; at < line.length(); at += 2) {
            int code = Integer.parseInt(line.substring(at, at + 2), 16);
            if (code != 0xFF && (code & 8) != 0) {
                text.replace(at, at + 2, "%02X".formatted(code & ~1));
            }
        }
        return text.toString();
    }
}
