package com.vtsim.cpu.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.vtsim.cpu.integer.Silicon;
import com.vtsim.cpu.integer.SiliconCase;
import com.vtsim.cpu.isa.Form;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Vector instructions do what the host's processor does, MXCSR and x87 tags included. {@code -Dvtsim.silicon.vectors=N} runs more
 * cases, {@code -Dvtsim.silicon.seed=N} others, {@code -Dvtsim.silicon.only=PATTERN} those of some mnemonics,
 * {@code -Dvtsim.silicon.vectortable=FILE} writes a table by form, {@code -Dvtsim.silicon.mismatches=FILE} all mismatches.
 */
class VectorSiliconTest {
    private static final int BATCH = 10_000;

    @TempDir
    Path folder;

    /** Cases and mismatches of a form. */
    private static final class Tally {
        int cases;
        int faults;
        int mismatches;
    }

    @Test
    void everyVectorFormDoesWhatTheHostsProcessorDoes() throws IOException, InterruptedException {
        Object opened = Silicon.open(folder);
        assumeTrue(opened instanceof Silicon, "SKIPPED: no comparison with silicon: " + opened);
        assumeTrue(Files.readString(Path.of("/proc/cpuinfo")).contains("GenuineIntel"), "SKIPPED: the host's processor is not Intel's");
        Silicon silicon = (Silicon) opened;
        int wanted = Integer.getInteger("vtsim.silicon.vectors", 120_000);
        Set<String> features = hostFeatures();
        // How far a faulting instruction got and which of two faults it reports is compared where it was measured: on Sapphire Rapids.
        boolean measured = features.contains("AVX512_FP16");
        VectorModel model = new VectorModel();
        VectorCases cases = new VectorCases(Long.getLong("vtsim.silicon.seed", 1), model.semantics(), features,
            System.getProperty("vtsim.silicon.only"));
        Map<String, Tally> tallies = new TreeMap<>();
        List<String> mismatches = new ArrayList<>();
        int done = 0;
        while (done < wanted) {
            List<SiliconCase> batch = batch(cases, Math.min(BATCH, wanted - done));
            List<SiliconCase.Outcome> expected = silicon.run(batch);
            for (int i = 0; i < batch.size(); i++) {
                SiliconCase test = batch.get(i);
                SiliconCase.Outcome actual = model.run(test);
                Tally tally = tallies.computeIfAbsent(name(test.instruction.form()), n -> new Tally());
                tally.cases++;
                tally.faults += expected.get(i).trap >= 0 ? 1 : 0;
                String difference = difference(test, expected.get(i), actual, measured);
                if (difference != null) {
                    tally.mismatches++;
                    mismatches.add(test.instruction.mnemonic() + ": " + difference + "\n  case    " + test + state(test.state) + "\n  memory  "
                        + HexFormat.of().formatHex(test.middle) + " " + HexFormat.of().formatHex(test.end)
                        + "\n  silicon " + expected.get(i) + state(expected.get(i).state) + "\n  vtsim   " + actual + state(actual.state));
                }
            }
            done += batch.size();
        }
        write("vtsim.silicon.vectortable", List.of(table(tallies)));
        write("vtsim.silicon.mismatches", mismatches);
        assertThat(mismatches.size()).as("mismatches in " + done + " cases, the first: "
            + String.join("\n", mismatches.subList(0, Math.min(5, mismatches.size())))).isZero();
    }

    private static void write(String property, List<String> lines) throws IOException {
        if (System.getProperty(property) != null) {
            Files.write(Path.of(System.getProperty(property)), lines);
        }
    }

    private static List<SiliconCase> batch(VectorCases cases, int size) {
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

    private static String difference(SiliconCase test, SiliconCase.Outcome expected, SiliconCase.Outcome actual, boolean measured) {
        if (expected.trap != actual.trap) {
            return "exception " + expected.trap + " not " + actual.trap;
        }
        if (!measured && expected.trap >= 0) {
            return null;
        }
        // Linux reports faults at its own addresses as if something were mapped there.
        int error = expected.error & (expected.cr2 < 0 ? ~1 : -1);
        if (expected.trap == 14 && (error != actual.error || expected.cr2 != actual.cr2)) {
            return "page fault";
        }
        if (expected.rip != actual.rip) {
            return "rip";
        }
        int registers = test.legacy ? 8 : 16;
        for (int i = 0; i < registers; i++) {
            long mask = test.legacy ? 0xFFFF_FFFFL : -1L;
            if (((expected.registers[i] ^ actual.registers[i]) & mask) != 0) {
                return "register " + i;
            }
        }
        if (((expected.flags ^ actual.flags) & 0x8D5) != 0) {
            return "flags";
        }
        if (!Arrays.equals(expected.middle, actual.middle) || !Arrays.equals(expected.end, actual.end)) {
            return "memory";
        }
        return stateDifference(expected.state, actual.state);
    }

    private static String stateDifference(byte[] expected, byte[] actual) {
        ByteBuffer e = ByteBuffer.wrap(expected).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer a = ByteBuffer.wrap(actual).order(ByteOrder.LITTLE_ENDIAN);
        if (e.getInt(24) != a.getInt(24)) {
            return "MXCSR " + Integer.toHexString(e.getInt(24)) + " not " + Integer.toHexString(a.getInt(24));
        }
        for (int i = 0; i < 32; i++) {
            int at = i < 16 ? 160 + 16 * i : 512 + 16 * (i - 16);
            if (e.getLong(at) != a.getLong(at) || e.getLong(at + 8) != a.getLong(at + 8)) {
                return (i < 16 ? "XMM" + i : "high half of YMM" + (i - 16)) + String.format(" %016x:%016x not %016x:%016x",
                    e.getLong(at + 8), e.getLong(at), a.getLong(at + 8), a.getLong(at));
            }
        }
        if (e.getShort(2) != a.getShort(2) || e.get(4) != a.get(4)) {
            return "x87 status or tags";
        }
        for (int i = 0; i < 8; i++) {
            if (e.getLong(32 + 16 * i) != a.getLong(32 + 16 * i) || e.getShort(40 + 16 * i) != a.getShort(40 + 16 * i)) {
                return "ST" + i;
            }
        }
        return null;
    }

    private static String state(byte[] state) {
        ByteBuffer s = ByteBuffer.wrap(state).order(ByteOrder.LITTLE_ENDIAN);
        StringBuilder text = new StringBuilder(String.format(" mxcsr %04x fsw %04x tags %02x xmm", s.getInt(24), s.getShort(2), s.get(4)));
        for (int i = 0; i < 16; i++) {
            text.append(String.format(" %d=%016x:%016x:%016x:%016x", i, s.getLong(520 + 16 * i), s.getLong(512 + 16 * i), s.getLong(168 + 16 * i),
                s.getLong(160 + 16 * i)));
        }
        text.append(" st");
        for (int i = 0; i < 8; i++) {
            text.append(String.format(" %04x:%016x", s.getShort(40 + 16 * i), s.getLong(32 + 16 * i)));
        }
        return text.toString();
    }

    private static String name(Form form) {
        return form.mnemonic() + " | " + form.operands() + " | " + form.opcode();
    }

    private static String table(Map<String, Tally> tallies) {
        StringBuilder text = new StringBuilder("| mnemonic | operands | opcode | cases | of them faults | mismatches |\n|---|---|---|---:|---:|---:|\n");
        tallies.forEach((name, t) -> text.append("| ").append(name).append(" | ").append(t.cases).append(" | ").append(t.faults)
            .append(" | ").append(t.mismatches).append(" |\n"));
        return text.toString();
    }

    /** @return the opcode table's names of what the host's processor announces */
    private static Set<String> hostFeatures() throws IOException {
        String line = Files.readAllLines(Path.of("/proc/cpuinfo")).stream().filter(l -> l.startsWith("flags")).findFirst().orElse("flags:");
        return Arrays.stream(line.substring(line.indexOf(':') + 1).trim().split(" ")).map(flag -> switch (flag) {
            case "pni" -> "SSE3";
            case "sha_ni" -> "SHA";
            default -> flag.toUpperCase(Locale.ROOT);
        }).collect(Collectors.toSet());
    }
}
