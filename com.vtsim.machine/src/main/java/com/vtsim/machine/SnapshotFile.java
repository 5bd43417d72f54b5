package com.vtsim.machine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.State;
import com.vtsim.machine.load.Image.Segment;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * A snapshot's file: a ZIP archive of {@code machine.json} (everything but large contents), {@code ram} (pages that are not
 * zero, each after its offset; -1 at the end) and one entry for each image.
 */
final class SnapshotFile {
    /** Raised when a machine of this release could not read an older file, or the other way round. */
    static final int FORMAT = 1;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<String, byte[]> contents = new TreeMap<>();

    private SnapshotFile() { }

    /** Writes beside the file first, so that a failure leaves an older file as it was. */
    static void write(Snapshot snapshot, String name, Path file) {
        Path fresh = null;
        try {
            Path folder = file.toAbsolutePath().getParent();
            fresh = Files.createTempFile(folder, file.getFileName() + ".", ".new");
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(fresh))) {
                new SnapshotFile().zip(snapshot, name, out);
            }
            move(fresh, file);
        } catch (IOException e) {
            if (fresh != null) {
                fresh.toFile().delete();
            }
            throw new OperatorException("cannot write " + file + ": " + reason(e), e);
        }
    }

    private static String reason(IOException e) {
        return e instanceof NoSuchFileException ? "there is no such folder" : String.valueOf(e.getMessage());
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private void zip(Snapshot s, String name, OutputStream out) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.setLevel(Deflater.BEST_SPEED);
            zip.putNextEntry(new ZipEntry("machine.json"));
            zip.write(JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(description(s, name)));
            for (Map.Entry<String, byte[]> content : contents.entrySet()) {
                zip.putNextEntry(new ZipEntry(content.getKey()));
                zip.write(content.getValue());
            }
            zip.putNextEntry(new ZipEntry("ram"));
            pages(s.ram(), new DataOutputStream(zip));
        }
    }

    private static void pages(Ram ram, DataOutputStream out) throws IOException {
        for (long at = 0; at < ram.size(); at += MemorySpace.PAGE) {
            byte[] chunk = ram.touched(at);
            if (chunk == null) {
                at += Ram.CHUNK - MemorySpace.PAGE;
            } else if (!Digest.zero(chunk, Ram.in(at))) {
                out.writeLong(at);
                out.write(chunk, Ram.in(at), MemorySpace.PAGE);
            }
        }
        out.writeLong(-1);
        out.flush();
    }

    private ObjectNode description(Snapshot s, String name) {
        ObjectNode root = JSON.createObjectNode();
        root.put("format", FORMAT).put("name", name).put("memory", s.memory()).put("low", s.low()).put("mips", s.mips());
        root.put("instructions", s.instructions()).put("skipped", s.skipped()).put("turn", s.turn()).put("quantumLeft", s.quantumLeft());
        ArrayNode lines = root.putArray("lines");
        s.lines().forEach(p -> lines.addObject().put("part", p.part()).put("line", p.line()).put("pin", p.pin()));
        ArrayNode parts = root.putArray("parts");
        s.parts().forEach((part, state) -> parts.addObject().put("name", part).set("state", StateTree.write(state)));
        ArrayNode roms = root.putArray("roms");
        s.roms().forEach(r -> roms.addObject().put("base", r.base()).put("content", content("rom", r.bytes())));
        if (!s.ram().poison().isEmpty()) {
            ArrayNode poisoned = root.putArray("poisoned");
            s.ram().poison().lines().forEach((offset, written) -> poisoned.addObject().put("offset", offset).put("written", written));
        }
        ArrayNode loads = root.putArray("loads");
        for (Loads.Loaded load : s.loads()) {
            ObjectNode node = loads.addObject();
            ArrayNode segments = node.putArray("segments");
            load.segments().forEach(g -> segments.addObject().put("what", g.what()).put("address", g.address())
                .put("length", g.length()).put("content", content("load", g.content())));
            if (load.entry() != null) {
                ObjectNode entry = node.putObject("entry").put("mode", load.entry().mode().name()).put("address", load.entry().entry());
                ObjectNode registers = entry.putObject("registers");
                new TreeMap<>(load.entry().registers()).forEach(registers::put);
            }
        }
        return root;
    }

    private String content(String kind, byte[] bytes) {
        String entry = kind + "-" + contents.size();
        contents.put(entry, bytes);
        return entry;
    }

    /** Reads and checks a file completely. @throws OperatorException with one line that says what is wrong */
    static Snapshot read(Path file, Owner operator) {
        if (!Files.isRegularFile(file)) {
            throw new OperatorException("there is no file " + file);
        }
        try (ZipFile zip = new ZipFile(file.toFile())) {
            return new SnapshotFile().unzip(zip, file, operator);
        } catch (ZipException | java.io.EOFException | JsonProcessingException | IllegalArgumentException e) {
            throw new OperatorException(file + " is no snapshot, or it is cut short or damaged: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new OperatorException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private Snapshot unzip(ZipFile zip, Path file, Owner operator) throws IOException {
        JsonNode root = JSON.readTree(bytes(zip, "machine.json"));
        long format = number(root, "format");
        if (format != FORMAT) {
            throw new OperatorException(file + " has snapshot format " + format + "; this VTSim reads format " + FORMAT);
        }
        long memory = number(root, "memory");
        long low = number(root, "low");
        if (memory < MemorySpace.PAGE || memory > Ram.LARGEST || low < 1 || low > memory) {
            throw new IllegalArgumentException("RAM of " + memory + " bytes");
        }
        List<Wiring.Pin> lines = new ArrayList<>();
        for (JsonNode pin : list(root, "lines")) {
            int line = (int) number(pin, "line");
            if (line < 0 || line >= com.vtsim.api.machine.Lines.COUNT) {
                throw new IllegalArgumentException("line " + line);
            }
            lines.add(new Wiring.Pin(text(pin, "part"), line, text(pin, "pin")));
        }
        Map<String, State> parts = new TreeMap<>(NaturalOrder.NAMES);
        for (JsonNode part : list(root, "parts")) {
            parts.put(text(part, "name"), StateTree.read(part.path("state")));
        }
        List<MemoryMap.Image> roms = new ArrayList<>();
        for (JsonNode rom : list(root, "roms")) {
            roms.add(new MemoryMap.Image(operator, number(rom, "base"), bytes(zip, text(rom, "content")), true));
        }
        List<Loads.Loaded> loads = new ArrayList<>();
        for (JsonNode load : list(root, "loads")) {
            loads.add(load(zip, load));
        }
        Ram ram = ram(zip, new Ram(memory, low));
        for (JsonNode line : root.path("poisoned")) {
            long offset = number(line, "offset");
            if (offset < 0 || offset >= memory) {
                throw new IllegalArgumentException("a poisoned line at offset " + offset);
            }
            ram.chunk(offset);
            ram.poison().add(offset, number(line, "written"));
        }
        return new Snapshot(memory, low, number(root, "mips"), number(root, "instructions"), number(root, "skipped"), (int) number(root, "turn"),
            number(root, "quantumLeft"), lines, parts, roms, loads, ram);
    }

    private static Loads.Loaded load(ZipFile zip, JsonNode node) throws IOException {
        List<Segment> segments = new ArrayList<>();
        for (JsonNode s : list(node, "segments")) {
            segments.add(new Segment(text(s, "what"), number(s, "address"), bytes(zip, text(s, "content")), number(s, "length")));
        }
        JsonNode entry = node.get("entry");
        if (entry == null) {
            return new Loads.Loaded(segments, null);
        }
        Map<String, Long> registers = new HashMap<>();
        entry.path("registers").properties().forEach(r -> registers.put(r.getKey(), r.getValue().longValue()));
        return new Loads.Loaded(segments, new EntryState(EntryState.Mode.valueOf(text(entry, "mode")), number(entry, "address"), registers));
    }

    private static Ram ram(ZipFile zip, Ram ram) throws IOException {
        CheckedInputStream checked = stream(zip, "ram");
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(checked))) {
            for (long at = in.readLong(); at != -1; at = in.readLong()) {
                if (at < 0 || at >= ram.size() || at % MemorySpace.PAGE != 0) {
                    throw new IllegalArgumentException("a page at offset " + at);
                }
                in.readFully(ram.chunk(at), Ram.in(at), MemorySpace.PAGE);
            }
            if (in.read() != -1) {
                throw new IllegalArgumentException("bytes after the last page");
            }
            check(zip, "ram", checked);
        }
        return ram;
    }

    /** A ZIP file's reader leaves the check sums to its caller. */
    private static void check(ZipFile zip, String name, CheckedInputStream in) {
        if (in.getChecksum().getValue() != zip.getEntry(name).getCrc()) {
            throw new IllegalArgumentException("the check sum of " + name + " is wrong");
        }
    }

    private static CheckedInputStream stream(ZipFile zip, String name) throws IOException {
        ZipEntry entry = zip.getEntry(name);
        if (entry == null) {
            throw new IllegalArgumentException("it has no " + name);
        }
        return new CheckedInputStream(zip.getInputStream(entry), new CRC32());
    }

    private static byte[] bytes(ZipFile zip, String name) throws IOException {
        try (CheckedInputStream in = stream(zip, name)) {
            byte[] bytes = in.readAllBytes();
            check(zip, name, in);
            return bytes;
        }
    }

    private static long number(JsonNode node, String name) {
        JsonNode value = node.path(name);
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw new IllegalArgumentException("it has no number " + name);
        }
        return value.longValue();
    }

    private static String text(JsonNode node, String name) {
        if (!node.path(name).isTextual()) {
            throw new IllegalArgumentException("it has no text " + name);
        }
        return node.get(name).textValue();
    }

    private static JsonNode list(JsonNode node, String name) {
        if (!node.path(name).isArray()) {
            throw new IllegalArgumentException("it has no list " + name);
        }
        return node.get(name);
    }
}
