package com.vtsim.cpu.x87;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.vtsim.cpu.isa.Form;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every x87 form does what the host's processor does. {@code -Dvtsim.x87.cases=N} runs more cases, {@code -Dvtsim.x87.seed=N}
 * others, {@code -Dvtsim.x87.only=REGEX} some mnemonics, {@code -Dvtsim.x87.table=FILE} writes a table by mnemonic,
 * {@code -Dvtsim.x87.mismatches=FILE} the mismatches.
 */
class X87SiliconTest {
    private static final int BATCH = 20_000;

    @TempDir
    Path folder;

    /** Cases and mismatches of a mnemonic. */
    private static final class Tally {
        int cases;
        int faults;
        int last;
        int mismatches;
    }

    @Test
    void everyX87FormDoesWhatTheHostsProcessorDoes() throws IOException, InterruptedException {
        Object opened = X87Silicon.open(folder);
        assumeTrue(opened instanceof X87Silicon, "SKIPPED: no comparison with silicon: " + opened);
        assumeTrue(Files.readString(Path.of("/proc/cpuinfo")).contains("GenuineIntel"), "SKIPPED: no comparison with silicon: not Intel's");
        X87Silicon silicon = (X87Silicon) opened;
        int wanted = Integer.getInteger("vtsim.x87.cases", 66_000);
        X87Model model = new X87Model();
        X87Cases cases = new X87Cases(Long.getLong("vtsim.x87.seed", 1), model.semantics());
        String only = System.getProperty("vtsim.x87.only");
        if (only != null) {
            cases.forms.removeIf(form -> !form.mnemonic().matches(only));
        }
        Map<String, Tally> tallies = new TreeMap<>();
        List<String> mismatches = new ArrayList<>();
        for (int done = 0; done < wanted; done += BATCH) {
            List<X87Case> batch = batch(cases, Math.min(BATCH, wanted - done));
            List<X87Case.Outcome> expected = silicon.run(batch);
            for (int i = 0; i < batch.size(); i++) {
                compare(batch.get(i), expected.get(i), model.run(batch.get(i)), tallies, mismatches);
            }
        }
        report(tallies, mismatches);
        tallies.forEach((name, t) -> assertThat(t.last).as(name + ": results that differ in the last place, of " + t.cases).isLessThanOrEqualTo(t.cases / 12));
        assertThat(mismatches.size()).as("mismatches in " + wanted + " cases, the first: "
            + String.join("\n", mismatches.subList(0, Math.min(10, mismatches.size())))).isZero();
    }

    private static List<X87Case> batch(X87Cases cases, int size) {
        List<X87Case> batch = new ArrayList<>(size);
        while (true) {
            for (Form form : cases.forms) {
                batch.add(cases.draw(form));
                if (batch.size() == size) {
                    return batch;
                }
            }
        }
    }

    private static void compare(X87Case test, X87Case.Outcome expected, X87Case.Outcome actual, Map<String, Tally> tallies, List<String> mismatches) {
        Tally tally = tallies.computeIfAbsent(test.instruction.mnemonic(), n -> new Tally());
        tally.cases++;
        tally.faults += expected.trap >= 0 ? 1 : 0;
        String difference = difference(expected, actual);
        if (difference != null && X87Cases.TRANSCENDENTAL.contains(test.instruction.mnemonic()) && lastPlace(expected, actual)) {
            tally.last++;
            if (Boolean.getBoolean("vtsim.x87.last")) {
                mismatches.add(test.instruction.mnemonic() + ": last\n  case    " + test + "\n  silicon " + expected + "\n  vtsim   " + actual);
            }
        } else if (difference != null) {
            tally.mismatches++;
            mismatches.add(test.instruction.mnemonic() + ": " + difference + "\n  case    " + test + "\n  silicon " + expected + "\n  vtsim   " + actual);
        }
    }

    /**
     * Whether all that differs is the last place of a transcendental result, which the manual bounds by one unit, and C1, which says
     * how it was rounded.
     *
     * @sdm Transcendental Instruction Accuracy
     */
    private static boolean lastPlace(X87Case.Outcome expected, X87Case.Outcome actual) {
        X87Case.Outcome bent = actual.copy();
        bent.image.putShort(2, (short) (actual.image.getShort(2) & ~0x200 | expected.image.getShort(2) & 0x200));
        for (int at = 32; at < 64; at += 16) {
            int exponents = expected.image.getShort(at + 8) - actual.image.getShort(at + 8);
            long difference = expected.image.getLong(at) - actual.image.getLong(at);
            boolean carried = Math.abs(exponents) == 1 && Math.abs(difference) == Long.MAX_VALUE;
            if (exponents == 0 && Math.abs(difference) == 1 || carried) {
                bent.image.putLong(at, expected.image.getLong(at)).putShort(at + 8, expected.image.getShort(at + 8));
            }
        }
        return difference(expected, bent) == null;
    }

    private static String difference(X87Case.Outcome expected, X87Case.Outcome actual) {
        if (expected.trap != actual.trap || expected.rip != actual.rip) {
            return "exception";
        }
        if (expected.trap == 14 && expected.cr2 != actual.cr2) {
            return "cr2";
        }
        if (expected.image.getShort(0) != actual.image.getShort(0)) {
            return "fcw";
        }
        int status = (expected.image.getShort(2) ^ actual.image.getShort(2)) & 0xFFFF;
        if ((status & ~0x4700) != 0) {
            return "fsw";
        }
        if (expected.image.get(4) != actual.image.get(4)) {
            return "ftw";
        }
        for (int i = 0; i < 8; i++) {
            int at = 32 + 16 * i;
            if (expected.image.getLong(at) != actual.image.getLong(at) || expected.image.getShort(at + 8) != actual.image.getShort(at + 8)) {
                return "st" + i;
            }
        }
        if (!Arrays.equals(expected.window, actual.window)) {
            return "memory";
        }
        if (status != 0) {
            return "codes " + Integer.toHexString(status);
        }
        if (expected.flags != actual.flags || expected.rax != actual.rax) {
            return "flags or rax";
        }
        boolean pointers = expected.image.getShort(6) == actual.image.getShort(6) && expected.image.getLong(8) == actual.image.getLong(8)
            && expected.image.getLong(16) == actual.image.getLong(16);
        return pointers ? null : "pointers";
    }

    private static void report(Map<String, Tally> tallies, List<String> mismatches) throws IOException {
        StringBuilder text = new StringBuilder("| mnemonic | cases | of them faults | last place differs | mismatches |\n|---|---:|---:|---:|---:|\n");
        tallies.forEach((name, t) -> text.append("| ").append(name).append(" | ").append(t.cases).append(" | ").append(t.faults)
            .append(" | ").append(t.last).append(" | ").append(t.mismatches).append(" |\n"));
        String file = System.getProperty("vtsim.x87.table");
        if (file != null) {
            Files.writeString(Path.of(file), text);
        }
        String details = System.getProperty("vtsim.x87.mismatches");
        if (details != null) {
            Files.write(Path.of(details), mismatches);
        }
    }
}
