package com.vtsim.pci.lpc;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A sequence of port accesses that runs on a {@link Bench} and, as a ROM image, on qemu-system-x86_64, and the bytes read.
 */
public final class PortScript {
    /** The loop that interprets the table behind it; see the comments for the source. */
    private static final String CODE = "fa31f6be3000"      // cli; xor si,si; mov si,30h
            + "2ead89c2" + "2ead89c1"                      // next: lodsw (port) to dx; lodsw (kind and value) to cx
            + "80fd01" + "720c" + "740f"                   // kind 0: write, kind 1: read
            + "80fd02" + "740f" + "baf400ee" + "f4"        // kind 2: wait; else leave through port F4h
            + "88c8eeebe2" + "ece6e9ebdd"                  // write: out dx,al; read: in al,dx; out E9h,al
            + "ec84c874fb" + "ebd6";                       // wait: in al,dx until a bit of cl is set
    private static final int ROM = 0x10000;
    private static final int SECONDS = 60;

    private final List<int[]> steps = new ArrayList<>();

    /** Writes a byte. */
    public PortScript out(int port, int... values) {
        for (int value : values) {
            steps.add(new int[] {port, value});
        }
        return this;
    }

    /** Reads a byte and keeps it. */
    public PortScript in(int port) {
        steps.add(new int[] {port, 0x100});
        return this;
    }

    /** Reads until one of the bits is set. */
    public PortScript await(int port, int bits) {
        steps.add(new int[] {port, 0x200 | bits});
        return this;
    }

    /** @return the bytes read on the bench, in hexadecimal */
    public String on(Bench bench) {
        StringBuilder read = new StringBuilder();
        for (int[] step : steps) {
            int value = step[1] & 0xFF;
            switch (step[1] >> 8) {
                case 0 -> bench.out(step[0], value);
                case 1 -> read.append("%02x ".formatted(bench.in(step[0])));
                default -> {
                    for (int i = 0; i < 100_000 && (bench.in(step[0]) & value) == 0; i++) {
                        bench.pass(1_000);
                    }
                }
            }
            bench.pass(1_000);
        }
        return read.toString().trim();
    }

    public static boolean qemuIsInstalled() {
        return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":")).anyMatch(p -> Files.isExecutable(Path.of(p, "qemu-system-x86_64")));
    }

    /** @return the bytes read on QEMU's Q35 machine, in hexadecimal; its time passes by the instruction, so that a busy host changes nothing */
    public String onQemu(Path folder) throws IOException, InterruptedException {
        Path rom = folder.resolve("ports.rom");
        Files.write(rom, rom());
        Path output = folder.resolve("ports.out");
        Process qemu = new ProcessBuilder("qemu-system-x86_64", "-machine", "q35", "-accel", "tcg", "-icount", "shift=4,sleep=off", "-m", "16", "-display", "none", "-nodefaults",
                "-net", "none", "-serial", "null", "-bios", rom.toString(), "-chardev", "file,id=o,path=" + output,
                "-device", "isa-debugcon,iobase=0xe9,chardev=o", "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
                "-no-reboot").redirectErrorStream(true).redirectOutput(folder.resolve("qemu.log").toFile()).start();
        try {
            if (!qemu.waitFor(SECONDS, TimeUnit.SECONDS)) {
                throw new IOException("QEMU did not finish in " + SECONDS + " s");
            }
        } finally {
            qemu.destroyForcibly();
        }
        StringBuilder read = new StringBuilder();
        for (byte b : Files.readAllBytes(output)) {
            read.append("%02x ".formatted(b));
        }
        return read.toString().trim();
    }

    private byte[] rom() {
        ByteArrayOutputStream image = new ByteArrayOutputStream();
        image.writeBytes(HexFormat.of().parseHex(CODE));
        for (int[] step : steps) {
            put(image, step[0]);
            put(image, step[1]);
        }
        put(image, 0);
        put(image, 0x300);
        byte[] rom = Arrays.copyOf(image.toByteArray(), ROM);
        byte[] jump = HexFormat.of().parseHex("ea000000f0");
        System.arraycopy(jump, 0, rom, ROM - 16, jump.length);
        return rom;
    }

    private static void put(ByteArrayOutputStream image, int word) {
        image.write(word);
        image.write(word >> 8);
    }
}
