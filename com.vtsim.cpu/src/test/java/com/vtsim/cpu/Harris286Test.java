package com.vtsim.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.PortSpace;
import com.vtsim.api.machine.Processor.Outcome;
import com.vtsim.api.machine.Registration;
import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.ResetState;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.integer.TestMemory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/**
 * Real-mode instructions end as a real 80286 ended them: SingleStepTests/80286, a sample (its README explains format and
 * masks). Where a 386 or later is known to differ (1,009 of 48,750), the exception it takes instead is expected, and after it everything as it was
 * before the instruction but for the frame: that is what a fault is. Of the 8 that take no exception there (more than 10 bytes, FS and GS) nothing
 * is recorded that a later processor would show, so only that is expected. The folder is {@code -Dvtsim.data}, or {@code ../shared/data} beside the checkout.
 */
class Harris286Test {
    private static final int NONE = -1;
    private static final int AS_RECORDED = -2;
    /** What a 386 or later does with tests it ends differently: the exception it takes. */
    private static final Map<String, Integer> VECTORS = Map.of("lock-ud", 6, "ss-vector", 12, "length-over-10", NONE, "fs-gs", NONE,
        "string-fault-state", AS_RECORDED, "pop-fault-state", AS_RECORDED, "quotient-quirk", 0);
    /** -29600 / 103: the 80286 does not notice that the quotient is too large; later processors raise #DE (seen on silicon). */
    private static final Map<String, Integer> QUIRKS = Map.of("F6.7.jsonl.gz", 1085);
    private static final String[] GENERAL = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
    private static final String[] SEGMENTS = {"es", "cs", "ss", "ds"};
    private static final int MEMORY = 0x110000;
    private static final int LIMIT = 100_000;
    private static final int HANDLERS = 32;
    private static final int DEFINED = 0x0FFF;
    private static final List<Integer> PREFIXES = List.of(0x26, 0x2E, 0x36, 0x3E, 0xF0, 0xF2, 0xF3);

    private final ObjectMapper json = new ObjectMapper();
    private final TestMemory memory = new TestMemory(MEMORY);
    private final byte[] shadow = new byte[MEMORY];
    private final Semantics semantics = InstructionGroups.semantics();
    private final Cpu cpu = new Cpu(semantics);
    private final List<String> failures = new ArrayList<>();

    private static final class NoPorts implements PortSpace {
        @Override
        public int read(int port, int size) {
            return -1 >>> 32 - 8 * size;
        }

        @Override
        public void write(int port, int size, int value) { }

        @Override
        public Registration map(int base, int length, int width, PortDevice device) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Range> ranges() {
            return List.of();
        }
    }

    /** @return the folder of the tests, or null */
    static Path folder() {
        String given = System.getProperty("vtsim.data");
        if (given != null) {
            return Path.of(given, "cpu-80286");
        }
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path data = at.resolve("shared/data/cpu-80286");
            if (Files.exists(data.resolve("metadata.json"))) {
                return data;
            }
        }
        return null;
    }

    @Test
    void everyInstructionEndsAsOnThe80286() throws IOException {
        Path folder = folder();
        assumeTrue(folder != null && Files.exists(folder.resolve("metadata.json")), "SKIPPED: ../shared/data/cpu-80286 is not there");
        cpu.ports = new NoPorts();
        cpu.memory.attach(memory);
        JsonNode files = json.readTree(folder.resolve("metadata.json").toFile()).get("files");
        int tests = 0;
        for (Iterator<String> names = files.fieldNames(); names.hasNext();) {
            tests += runFile(folder, files.get(names.next()));
        }
        String details = System.getProperty("vtsim.286.failures");
        if (details != null) {
            Files.write(Path.of(details), failures);
        }
        assertThat(failures.size()).as(failures.size() + " failures of " + tests + ": "
            + String.join("\n", failures.subList(0, Math.min(20, failures.size())))).isZero();
        assertThat(tests).isEqualTo(48_750);
    }

    private int runFile(Path folder, JsonNode file) throws IOException {
        Map<Integer, String> differing = new HashMap<>();
        JsonNode differs = file.path("differs_from_386");
        differs.fieldNames().forEachRemaining(reason -> differs.get(reason).forEach(idx -> differing.put(idx.intValue(), reason)));
        Integer quirk = QUIRKS.get(file.get("file").textValue());
        if (quirk != null) {
            differing.put(quirk, "quotient-quirk");
        }
        int mask = file.get("flags_mask").intValue() & DEFINED;
        int tests = 0;
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(folder.resolve(file.get("file").textValue()))), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonNode test = json.readTree(line);
                String reason = differing.get(test.get("idx").intValue());
                tests++;
                String failure = reason == null ? run(test, mask & definedByShift(test)) : runDiffering(test, reason);
                if (failure != null) {
                    failures.add(file.get("file").textValue() + " #" + test.get("idx") + " " + test.get("name").textValue() + " ["
                        + test.get("bytes").textValue() + "]: " + failure + (reason == null ? "" : " (" + reason + ")"));
                }
            }
        }
        return tests;
    }

    /** @return all flags but those that the manual leaves undefined for the count of a shift or rotate: OF unless 1, CF from the width on */
    private static int definedByShift(JsonNode test) {
        byte[] bytes = HexFormat.of().parseHex(test.get("bytes").textValue());
        int at = 0;
        while (PREFIXES.indexOf(bytes[at] & 0xFF) >= 0) {
            at++;
        }
        int opcode = bytes[at] & 0xFF;
        boolean byConstant = opcode == 0xC0 || opcode == 0xC1;
        if (!byConstant && opcode != 0xD2 && opcode != 0xD3) {
            return DEFINED;
        }
        int cl = test.get("initial").get("regs").get("cx").intValue();
        // The byte before the HLT is the immediate.
        int count = (byConstant ? bytes[bytes.length - 2] : cl) & 31;
        boolean shift = (bytes[at + 1] >> 3 & 7) >= 4 && (bytes[at + 1] >> 3 & 7) < 7;
        int width = (opcode & 1) == 0 ? 8 : 16;
        return DEFINED & ~(count > 1 ? Flags.OF : 0) & ~(shift && count >= width ? Flags.CF : 0);
    }

    private void start(JsonNode initial) {
        ResetState.reset(cpu);
        JsonNode registers = initial.get("regs");
        for (int i = 0; i < GENERAL.length; i++) {
            cpu.r[i] = registers.get(GENERAL[i]).intValue();
        }
        for (int i = 0; i < SEGMENTS.length; i++) {
            int selector = registers.get(SEGMENTS[i]).intValue();
            cpu.segments.selector[i] = selector;
            cpu.segments.base[i] = (long) selector << 4;
        }
        cpu.segments.modeChanged();
        cpu.r[Cpu.RIP] = registers.get("ip").intValue();
        cpu.rflags(registers.get("flags").intValue() & DEFINED, DEFINED);
        for (JsonNode cell : initial.get("ram")) {
            memory.write(cell.get(0).intValue(), 1, cell.get(1).intValue());
            shadow[cell.get(0).intValue()] = (byte) cell.get(1).intValue();
        }
    }

    private String run(JsonNode test, int mask) {
        start(test.get("initial"));
        Outcome outcome = cpu.execution.run(LIMIT);
        StringBuilder wrong = new StringBuilder();
        if (outcome != Outcome.IDLE) {
            wrong.append(" ended with ").append(outcome);
        }
        JsonNode end = test.get("final").get("regs");
        JsonNode begin = test.get("initial").get("regs");
        for (int i = 0; i < GENERAL.length; i++) {
            compare(wrong, GENERAL[i], value(begin, end, GENERAL[i]), (int) cpu.r[i] & 0xFFFF);
        }
        for (int i = 0; i < SEGMENTS.length; i++) {
            compare(wrong, SEGMENTS[i], value(begin, end, SEGMENTS[i]), cpu.segments.selector[i]);
        }
        compare(wrong, "ip", value(begin, end, "ip"), (int) cpu.r[Cpu.RIP] & 0xFFFF);
        compare(wrong, "flags", value(begin, end, "flags") & mask, (int) cpu.rflags() & mask);
        for (JsonNode cell : test.get("final").get("ram")) {
            shadow[cell.get(0).intValue()] = (byte) cell.get(1).intValue();
        }
        if (test.has("exception")) {
            maskPushedFlags(mask);
        }
        if (!Arrays.equals(memory.bytes, shadow)) {
            int at = Arrays.mismatch(memory.bytes, shadow);
            compare(wrong, "memory " + Integer.toHexString(at), shadow[at] & 0xFF, memory.bytes[at] & 0xFF);
            memory.write(0, shadow, 0, MEMORY);
        }
        return wrong.isEmpty() ? null : wrong.toString();
    }

    /** The undefined flags in the word that the exception pushed are taken over. */
    private void maskPushedFlags(int mask) {
        int base = cpu.segments.selector[Cpu.SS] << 4;
        int sp = (int) cpu.r[Cpu.RSP];
        for (int i = 0; i < 2; i++) {
            int at = base + (sp + 4 + i & 0xFFFF);
            int undefined = ~mask >> 8 * i & 0xFF;
            byte mixed = (byte) (memory.bytes[at] & undefined | shadow[at] & ~undefined);
            shadow[at] = i == 1 ? (byte) (mixed & 0x0F | memory.bytes[at] & 0xF0) : mixed;
        }
    }

    /** Vectors that may be taken get a handler of one HLT at FFFF:0100 and up; which one is reached tells. */
    private String runDiffering(JsonNode test, String reason) {
        start(test.get("initial"));
        int expected = expectedVector(test, reason);
        for (int vector = 0; vector < HANDLERS; vector++) {
            memory.write(4L * vector, 4, 0xFFFF_0100L + vector);
            memory.write(0x1000F0 + vector, 1, 0xF4);
        }
        memory.read(0, shadow, 0, MEMORY);
        Outcome outcome = cpu.execution.run(LIMIT);
        boolean handled = cpu.segments.selector[Cpu.CS] == 0xFFFF;
        int taken = handled ? (int) cpu.r[Cpu.RIP] - 0x101 : NONE;
        StringBuilder wrong = new StringBuilder(outcome == Outcome.IDLE ? "" : " ended with " + outcome);
        compare(wrong, "vector", expected, taken);
        if (handled) {
            compareWithBegin(wrong, test.get("initial").get("regs"));
        }
        memory.read(0, shadow, 0, MEMORY);
        return wrong.isEmpty() ? null : wrong.toString();
    }

    /** A fault leaves everything as it was before the instruction, but for the frame of three words, IF and TF. */
    private void compareWithBegin(StringBuilder wrong, JsonNode begin) {
        int sp = begin.get("sp").intValue() - 6 & 0xFFFF;
        for (String name : GENERAL) {
            compare(wrong, name, name.equals("sp") ? sp : begin.get(name).intValue(), (int) cpu.r[List.of(GENERAL).indexOf(name)] & 0xFFFF);
        }
        for (int i = 0; i < SEGMENTS.length; i++) {
            compare(wrong, SEGMENTS[i], i == Cpu.CS ? 0xFFFF : begin.get(SEGMENTS[i]).intValue(), cpu.segments.selector[i]);
        }
        int flags = begin.get("flags").intValue() & DEFINED;
        compare(wrong, "flags", flags & ~(Flags.IF | Flags.TF), (int) cpu.rflags() & DEFINED);
        int[] frame = {begin.get("ip").intValue(), begin.get("cs").intValue(), flags | 2};
        for (int i = 0; i < 6; i++) {
            shadow[(begin.get("ss").intValue() << 4) + (sp + i & 0xFFFF)] = (byte) (frame[i / 2] >> 8 * (i & 1));
        }
        int at = Arrays.mismatch(memory.bytes, shadow);
        if (at >= 0) {
            compare(wrong, "memory " + Integer.toHexString(at), shadow[at] & 0xFF, memory.bytes[at] & 0xFF);
        }
    }

    private static int expectedVector(JsonNode test, String reason) {
        String name = test.get("name").textValue();
        int vector = VECTORS.get(reason);
        if (vector == NONE && name.startsWith("lock call")) {
            return 6;
        }
        if (vector == AS_RECORDED) {
            // A word across the end of the stack segment is #SS from the 386 on.
            return name.startsWith("ss ") ? 12 : test.get("exception").get("number").intValue();
        }
        return vector;
    }

    private static int value(JsonNode begin, JsonNode end, String name) {
        return (end.has(name) ? end : begin).get(name).intValue();
    }

    private static void compare(StringBuilder wrong, String what, int expected, int actual) {
        if (expected != actual) {
            wrong.append(' ').append(what).append(" is ").append(Integer.toHexString(actual)).append(" not ").append(Integer.toHexString(expected));
        }
    }
}
