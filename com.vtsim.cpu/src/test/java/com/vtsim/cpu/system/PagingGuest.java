package com.vtsim.cpu.system;

import com.vtsim.cpu.isa.Assembler;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The guests that try rights and reserved bits of paging: one for each mode, out of two sources. */
enum PagingGuest {
    LEVELS_4,
    LEVELS_5,
    PAE,
    BITS_32;

    private static final Map<String, String> FIVE = Map.of(
        "OTHER equ 0x8000000000 ", "OTHER equ 0x1000000000000 ",
        "OTHER_PML4E equ 0x1008", "OTHER_PML4E equ 0x7000",
        "ROOT equ 0x1000", "ROOT equ 0xe000",
        "ALWAYS equ 0x20", "ALWAYS equ 0x1020",
        ";;; fifth level", "mov dword [es:0xe000], 0x1027\nmov dword [es:0xe008], 0x7007",
        ";;; fifth entry", "mov r14d, 0xe008\ncall bits_of");
    private static final Map<String, String> NARROW = Map.of(
        ";;; layout", define(Map.of("USER", 0x80_0000, "OTHER", 0xC0_0000, "PDE", 0x1004, "PTE", 0x5000, "FRAME", 0x30_0000, "ALWAYS", 0x10, "RIGHTS", 2, "BITS", 32)),
        ";;; tables", "mov dword [es:0x1000], 0xe3\nmov dword [es:0x1008], 0x8000e7\nmov dword [es:0x100c], 0xc007",
        ";;; entries", """
            mov ebx, 0x100c
            xor ecx, ecx
            call bits_of
            mov ebx, 0xc000
            xor ecx, ecx
            call bits_of
            mov dword [0x100c], 0x87        ; a page of 4 MiB: its bit 12 is PAT, bit 21 is reserved
            mov ebx, 0x100c
            mov ecx, 0x201000
            call bits_of
            mov dword [0x100c], 0xc007
        """);
    private static final Map<String, String> WIDE = Map.of(
        ";;; layout", define(Map.of("USER", 0x20_0000, "OTHER", 0x4000_0000, "PDE", 0x2010, "PTE", 0x5000, "FRAME", 0x30_0000, "ALWAYS", 0x20, "RIGHTS", 3, "BITS", 64)),
        ";;; tables", "mov dword [es:0x1000], 0x2001\nmov dword [es:0x1008], 0xb001\nmov dword [es:0x2000], 0xe3\nmov dword [es:0x2008], 0x2000e7\nmov dword [es:0xb000], 0xc007",
        ";;; execute disable on", "mov ecx, 0xc0000080\nmov eax, 0x800\nxor edx, edx\nwrmsr",
        ";;; execute disable off", "mov ecx, 0xc0000080\nxor eax, eax\nxor edx, edx\nwrmsr\ncall reserved",
        ";;; high of page", "mov [PTE + 4], edx",
        ";;; high of table", "mov [PDE + 4], edx",
        ";;; high kept", "mov eax, [kept + 4]\nmov [ebx + 4], eax",
        ";;; entries", """
            mov ebx, 0x1008
            xor ecx, ecx
            call bits_of
            mov ebx, 0xb000
            xor ecx, ecx
            call bits_of
            mov ebx, 0xc000
            xor ecx, ecx
            call bits_of
            mov dword [0xb000], 0x200087    ; a page of 2 MiB: of bits 20:12 the first is PAT
            mov ebx, 0xb000
            mov ecx, 0x1ff000
            call bits_of
            mov dword [0xb000], 0xc007
        """);

    private static String define(Map<String, Integer> constants) {
        StringBuilder text = new StringBuilder();
        constants.forEach((name, value) -> text.append(name).append(" equ ").append(value).append('\n'));
        return text.toString();
    }

    private String source() {
        String text = SystemGuest.text(this == LEVELS_4 || this == LEVELS_5 ? "paging-guest.asm" : "paging32-guest.asm");
        Map<String, String> places = switch (this) {
            case LEVELS_4 -> Map.of();
            case LEVELS_5 -> FIVE;
            case PAE -> WIDE;
            case BITS_32 -> NARROW;
        };
        for (Map.Entry<String, String> place : places.entrySet()) {
            if (!text.contains(place.getKey())) {
                throw new AssertionError("the source has no place '" + place.getKey() + "'");
            }
            text = text.replaceAll("(?m)" + Pattern.quote(place.getKey()) + (place.getKey().startsWith(";;;") ? "$" : ""),
                Matcher.quoteReplacement(place.getValue()));
        }
        return text;
    }

    byte[] rom() {
        return Assembler.assemble(source(), 0x10000).bytes();
    }

    /** @return whether a line is about rights, and not about the bits of an entry */
    static boolean isRights(String line) {
        return line.contains(":");
    }

    /** @return what the references write; rights are the same with 4 levels and with 5 */
    List<String> expected() {
        Stream<String> own = SystemGuest.text("paging-" + name().toLowerCase(Locale.ROOT).replace('_', '-') + ".txt").lines().filter(line -> !line.startsWith("#"));
        return this == LEVELS_5 ? Stream.concat(LEVELS_4.expected().stream().filter(PagingGuest::isRights), own).toList() : own.toList();
    }

    /** Writes what VTSim writes for a guest: {@code PagingGuest PAE}. */
    public static void main(String[] arguments) {
        System.out.print(GuestRun.run(valueOf(arguments[0]).rom()));
    }
}
