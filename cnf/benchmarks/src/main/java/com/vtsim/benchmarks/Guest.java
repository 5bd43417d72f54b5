package com.vtsim.benchmarks;

import com.vtsim.cpu.isa.Assembler;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** A program for any PC with 64-bit mode: a ROM of 64 KiB that computes, and then ends the machine through port F4h or 8900h. */
public enum Guest {
    /** Starts and ends; what others cost beyond it is their kernel. */
    NOTHING(1),
    /** Multiplication, shifts, rotation, branches that depend on data. */
    INTEGER(20_000_000),
    /** 64 KiB copied by 8-byte moves, and by REP MOVSQ. */
    COPY(12_000),
    /** The sieve of Eratosthenes over a million bytes. */
    SIEVE(60),
    /** Fibonacci numbers by recursion. */
    CALLS(75),
    /** x87: multiplication, division, square root, comparison, stack exchange. */
    X87(4_000_000),
    /** SSE2 scalar doubles. */
    SCALAR(5_000_000),
    /** Packed integers and floats. */
    SIMD(1500),
    /** Pages of 4 KiB in eight address spaces, page faults. */
    PAGING(8000),
    /** VMCALL over and over; only in a virtual machine. */
    EXITS(5_000_000);

    /** Of a long run: hundreds of millions of instructions. */
    final int rounds;

    Guest(int rounds) {
        this.rounds = rounds;
    }

    /** @return the image */
    byte[] rom(int count) {
        return Assembler.assemble("ROUNDS equ " + count + "\n" + source("start") + source(name().toLowerCase(java.util.Locale.ROOT)) + source("end"), 0).bytes();
    }

    /** @return the image of a monitor that runs it in a virtual machine */
    byte[] virtual(int count) {
        String inner = source(name().toLowerCase(java.util.Locale.ROOT)).replace("kernel:", "inner:");
        return Assembler.assemble("ROUNDS equ " + count + "\n" + source("start") + source("monitor") + inner + source("end"), 0).bytes();
    }

    private static String source(String name) {
        try (InputStream in = Guest.class.getResourceAsStream("/guests/" + name + ".asm")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8) + "\n";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
