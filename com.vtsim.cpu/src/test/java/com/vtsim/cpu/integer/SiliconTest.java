package com.vtsim.cpu.integer;

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
 * Integer instructions do what the host's processor does. {@code -Dvtsim.silicon.cases=N} runs more cases,
 * {@code -Dvtsim.silicon.seed=N} others, {@code -Dvtsim.silicon.table=FILE} writes a table by form,
 * {@code -Dvtsim.silicon.mismatches=FILE} all mismatches.
 */
class SiliconTest {
    private static final int BATCH = 20_000;

    @TempDir
    Path folder;

    /** Cases and mismatches of a mnemonic. */
    private static final class Tally {
        int cases;
        int faults;
        int mismatches;
    }

    @Test
    void everyIntegerFormDoesWhatTheHostsProcessorDoes() throws IOException, InterruptedException {
        Object opened = Silicon.open(folder);
        assumeTrue(opened instanceof Silicon, "SKIPPED: no comparison with silicon: " + opened);
        Silicon silicon = (Silicon) opened;
        int wanted = Integer.getInteger("vtsim.silicon.cases", 110_000);
        SiliconHost host = SiliconHost.read();
        SiliconModel model = new SiliconModel();
        SiliconCases cases = new SiliconCases(Long.getLong("vtsim.silicon.seed", 1), host.features);
        Map<String, Tally> tallies = new TreeMap<>();
        List<String> mismatches = new ArrayList<>();
        int done = 0;
        while (done < wanted) {
            List<SiliconCase> batch = batch(cases, Math.min(BATCH, wanted - done));
            List<SiliconCase.Outcome> expected = silicon.run(batch);
            for (int i = 0; i < batch.size(); i++) {
                SiliconCase test = batch.get(i);
                SiliconCase.Outcome actual = model.run(test);
                Tally tally = tallies.computeIfAbsent(row(test), n -> new Tally());
                tally.cases++;
                tally.faults += expected.get(i).trap >= 0 ? 1 : 0;
                String difference = difference(test, expected.get(i), actual, host);
                if (difference != null) {
                    tally.mismatches++;
                    mismatches.add(difference + "\n  case    " + test + "\n  silicon " + expected.get(i) + "\n  vtsim   " + actual);
                }
            }
            done += batch.size();
        }
        String table = table(tallies);
        String file = System.getProperty("vtsim.silicon.table");
        if (file != null) {
            Files.writeString(Path.of(file), table);
        }
        String details = System.getProperty("vtsim.silicon.mismatches");
        if (details != null) {
            Files.write(Path.of(details), mismatches);
        }
        assertThat(mismatches.size()).as("mismatches in " + done + " cases, the first: "
            + String.join("\n", mismatches.subList(0, Math.min(10, mismatches.size())))).isZero();
    }

    private static List<SiliconCase> batch(SiliconCases cases, int size) {
        List<SiliconCase> batch = new ArrayList<>(size);
        while (true) {
            for (Form form : cases.forms) {
                SiliconCase test = cases.draw(form);
                if (test != null) {
                    batch.add(test);
                }
                if (batch.size() == size) {
                    return batch;
                }
            }
        }
    }

    private static String difference(SiliconCase test, SiliconCase.Outcome expected, SiliconCase.Outcome actual, SiliconHost host) {
        String name = test.instruction == null ? "(undefined)" : test.instruction.mnemonic();
        if (expected.trap != actual.trap) {
            return name + ": exception";
        }
        // Linux reports faults at its own addresses as if something were mapped there.
        int error = expected.error & (expected.cr2 < 0 ? ~1 : -1);
        if (expected.trap == 14 && (error != actual.error || expected.cr2 != actual.cr2)) {
            return name + ": page fault";
        }
        if (expected.rip != actual.rip) {
            return name + ": rip";
        }
        if (!host.state(test, expected.trap >= 0)) {
            return null;
        }
        int registers = test.legacy ? 8 : 16;
        long mask = test.legacy ? 0xFFFF_FFFFL : -1L;
        for (int i = 0; i < registers; i++) {
            if (((expected.registers[i] ^ actual.registers[i]) & mask) != 0) {
                return name + ": register " + i;
            }
        }
        if (((expected.flags ^ actual.flags) & host.flags(test)) != 0) {
            return name + ": flags " + Long.toHexString((expected.flags ^ actual.flags) & host.flags(test));
        }
        if (!Arrays.equals(expected.middle, actual.middle) || !Arrays.equals(expected.end, actual.end)) {
            return name + ": memory";
        }
        return null;
    }

    private static String row(SiliconCase test) {
        if (test.instruction == null) {
            return "(undefined) | | ";
        }
        Form form = test.instruction.form();
        return form.mnemonic() + " | " + form.operands() + " | " + form.opcode();
    }

    private static String table(Map<String, Tally> tallies) {
        StringBuilder text = new StringBuilder("| mnemonic | operands | opcode | cases | of them faults | mismatches |\n|---|---|---|---:|---:|---:|\n");
        tallies.forEach((name, t) -> text.append("| ").append(name).append(" | ").append(t.cases).append(" | ").append(t.faults)
            .append(" | ").append(t.mismatches).append(" |\n"));
        return text.toString();
    }
}
