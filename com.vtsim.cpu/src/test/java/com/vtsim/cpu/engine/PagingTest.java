package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.Processor.Outcome;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every combination of what a translation allows and an access asks for, every bit of every paging-structure entry, in every
 * paging mode. One instruction is executed; there is no interrupt table, so that a fault ends in a shutdown which names it.
 *
 * @sdm Paging
 */
class PagingTest {
    private static final long PML5 = 0x9000, PML4 = 0x1000, CODE = 0x1_0000, PAGE = 0x20_0000;
    /** Tables that map the address under test, by level: page table 0, directory 1, …. */
    private static final long[] TABLE = {0x6000, 0x5000, 0x4000, PML4, PML5};
    private static final int READ = 0, WRITE = 0x10, FETCH = 0x20, WRPKRU = 0x30, STACK = 0x40, PAGING = 0x60;
    private static final long P = 1, RW = 2, US = 4, A = 0x20, D = 0x40, PS = 0x80, XD = 1L << 63;
    private static final Pattern FIRST = Pattern.compile("first: #(\\w\\w)(?:\\(([0-9a-f]+)\\))?.*");

    private final SmallMachine m = SmallMachine.empty();
    /** Address under test; bits 47:39 are 1 in the long modes, so that its tables are its own. */
    private long linear = 0x80_0000_0000L;

    /** Paging modes. */
    private enum Paging {
        LEGACY, PAE, FOUR, FIVE;

        boolean wide() {
            return this == FOUR || this == FIVE;
        }

        /** Levels whose entries are in memory and checked by walks. */
        int levels() {
            return this == FIVE ? 5 : this == FOUR ? 4 : 2;
        }
    }

    @AfterEach void close() {
        m.close();
    }

    private void write(long address, int size, long value) {
        m.memory().write(address, size, value);
    }

    /** Identity for the first 2 or 4 MiB; the address under test goes through {@link #TABLE} to {@link #PAGE}, with all rights. */
    private void map(Paging mode, boolean userCode) {
        long identity = P | RW | PS | (userCode ? US : 0);
        long all = P | RW | US;
        write(PAGE, 4, 0x9090_9090L);
        if (mode == Paging.LEGACY) {
            linear = 0x40_0000;
            write(PML4, 4, identity);
            write(PML4 + 4, 4, TABLE[0] | all);
            write(TABLE[0], 4, PAGE | all);
            write(TABLE[0] + 4, 4, PAGE + 0x1000 | all);
            return;
        }
        if (mode == Paging.PAE) {
            linear = 0x4000_0000;
            write(PML4, 8, 0x3000 | P);
            write(PML4 + 8, 8, TABLE[1] | P);
            write(0x3000, 8, identity);
        } else {
            write(PML5, 8, PML4 | all);
            write(PML4, 8, 0x2000 | all);
            write(0x2000, 8, 0x3000 | all);
            write(0x3000, 8, identity);
            write(PML4 + 8, 8, TABLE[2] | all);
            write(TABLE[2], 8, TABLE[1] | all);
            if (mode == Paging.FIVE) {
                // The same tables at another PML5 entry, which is then the address's own.
                linear = 0x1_0080_0000_0000L;
                write(PML5 + 8, 8, PML4 | all);
            }
        }
        write(TABLE[1], 8, TABLE[0] | all);
        write(TABLE[0], 8, PAGE | all);
        write(TABLE[0] + 8, 8, PAGE + 0x1000 | all);
    }

    /** Address of the entry of a level that maps the address under test. */
    private long entryAt(Paging mode, int level) {
        if (mode == Paging.LEGACY) {
            return level == 1 ? PML4 + 4 : TABLE[0];
        }
        return TABLE[level] + (level >= 3 ? 8 : 0);
    }

    /** What is tried, with which rights in force. */
    private record Attempt(Paging mode, int what, int cpl, boolean noExecute, long cr0, long cr4, boolean ac, int key) {
        static Attempt of(Paging mode, int what, int cpl) {
            return new Attempt(mode, what, cpl, true, 0, 0, false, 0);
        }

        Attempt withoutNoExecute() {
            return new Attempt(mode, what, cpl, false, cr0, cr4, ac, key);
        }
    }

    /** Tries it. @return "ok" or the exception: {@code #PF(0007) on linear …} without the zeros */
    private String result(Attempt a, long address) {
        Map<String, Long> registers = new HashMap<>(Map.of("rsp", 0x9000L, "rbp", address, "rsi", address, "cr3", a.mode == Paging.FIVE ? PML5 : PML4));
        m.cpu.enter(new EntryState(a.mode.wide() ? EntryState.Mode.LONG : EntryState.Mode.PROTECTED, CODE, registers));
        m.cpu.register("idtr.limit", 0);
        long cr4 = a.cr4 | (a.mode == Paging.LEGACY ? SystemState.CR4_PSE : SystemState.CR4_PAE)
            | (a.mode == Paging.FIVE ? SystemState.CR4_LA57 : 0) | (a.key != 0 ? SystemState.CR4_PKE : 0);
        m.cpu.register("cr4", cr4);
        m.cpu.register("efer", m.cpu.register("efer") | (a.noExecute ? SystemState.EFER_NXE : 0));
        if (!a.mode.wide()) {
            m.cpu.register("rcx", PML4);
            m.cpu.register("rax", SystemState.CR0_PG | SystemState.CR0_PE | a.cr0);
            m.cpu.register("rip", CODE + PAGING);
            m.cpu.run(2);
            if (m.cpu.idle()) {
                return "paging: " + fault();
            }
        } else {
            m.cpu.register("cr0", m.cpu.register("cr0") & ~SystemState.CR0_WP | a.cr0);
        }
        m.cpu.register("cpl", a.cpl);
        if (a.key != 0) {
            m.cpu.register("rax", a.key << 2);
            m.cpu.register("rcx", 0);
            m.cpu.register("rdx", 0);
            m.cpu.register("rip", CODE + WRPKRU);
            assertThat(m.cpu.run(1)).isEqualTo(Outcome.BUDGET);
        }
        m.cpu.register("rflags", a.ac ? 0x4_0002 : 2);
        m.cpu.register("rip", CODE + a.what);
        // A fault without an interrupt table is a triple fault, after which the processor is idle for ever.
        m.cpu.run(a.what == FETCH ? 2 : 1);
        return m.cpu.idle() ? fault() : "ok";
    }

    private String fault() {
        Matcher matcher = FIRST.matcher(m.cpu.why().get(0));
        assertThat(matcher.matches()).as(m.cpu.why().get(0)).isTrue();
        return matcher.group(1) + (matcher.group(2) == null ? "" : " " + Integer.parseInt(matcher.group(2), 16));
    }

    /** MOV EAX,[RSI]; MOV [RSI],EAX; JMP RSI; WRPKRU; accesses with RBP; entry to PAE and 32-bit paging. */
    private void code() {
        byte[] code = new byte[0x80];
        java.util.Arrays.fill(code, (byte) 0x90);
        put(code, READ, 0x8B, 0x06);
        put(code, WRITE, 0x89, 0x06);
        put(code, FETCH, 0xFF, 0xE6);
        put(code, WRPKRU, 0x0F, 0x01, 0xEF);
        put(code, STACK, 0x8B, 0x45, 0x00);
        put(code, PAGING, 0x0F, 0x22, 0xD9, 0x0F, 0x22, 0xC0);
        m.memory().write(CODE, code, 0, code.length);
    }

    private static void put(byte[] code, int at, int... bytes) {
        for (int i = 0; i < bytes.length; i++) {
            code[at + i] = (byte) bytes[i];
        }
    }

    private void on(Runnable what) {
        m.board().call(() -> {
            code();
            what.run();
            return null;
        });
    }

    private static boolean bit(int number, int bit) {
        return (number >> bit & 1) != 0;
    }

    // Access rights

    /** The manual's list of what is allowed, and the conditions of each flag of the error code. */
    private static String expected(Attempt a, boolean user, boolean writable, boolean executable) {
        boolean byUser = a.cpl == 3;
        boolean smap = (a.cr4 & SystemState.CR4_SMAP) != 0;
        boolean smep = (a.cr4 & SystemState.CR4_SMEP) != 0;
        boolean wp = (a.cr0 & SystemState.CR0_WP) != 0;
        boolean supervisorMay = !user || !smap || a.ac;
        boolean may = switch (a.what) {
            case READ -> byUser ? user : supervisorMay;
            case WRITE -> byUser ? user && writable : supervisorMay && (writable || !wp);
            default -> executable && (byUser ? user : !user || !smep);
        };
        boolean accessDisabled = (a.key & 1) != 0;
        boolean writeDisabled = (a.key & 2) != 0 && a.what == WRITE && (wp || byUser);
        boolean key = user && a.what != FETCH && (accessDisabled || writeDisabled);
        if (may && !key) {
            return "ok";
        }
        boolean reported = a.what == FETCH && (smep || a.mode != Paging.LEGACY && a.noExecute);
        return "PF " + (1 + (a.what == WRITE ? 2 : 0) + (byUser ? 4 : 0) + (reported ? 16 : 0) + (key ? 32 : 0));
    }

    /**
     * @sdm Determination of Access Rights; Protection Keys; Page-Fault Exceptions; Accessed and Dirty Flags
     */
    @ParameterizedTest
    @EnumSource(Paging.class)
    void everyCombinationOfRights(Paging mode) {
        boolean executeDisable = mode != Paging.LEGACY;
        on(() -> {
            for (int i = 0; i < 1 << 8; i++) {
                for (int what : new int[] {READ, WRITE, FETCH}) {
                    for (int key = 0; key < (mode.wide() ? 4 : 1); key++) {
                        int cpl = bit(i, 0) ? 3 : 0;
                        long cr0 = bit(i, 1) ? SystemState.CR0_WP : 0;
                        long cr4 = (bit(i, 2) ? SystemState.CR4_SMEP : 0) | (bit(i, 3) ? SystemState.CR4_SMAP : 0);
                        Attempt a = new Attempt(mode, what, cpl, executeDisable, cr0, cr4, bit(i, 4), key);
                        tryRights(a, bit(i, 5), bit(i, 6), executeDisable && bit(i, 7), (i ^ what ^ key) % mode.levels());
                    }
                }
            }
        });
    }

    /** @param level whose entry takes the rights away */
    private void tryRights(Attempt a, boolean supervisor, boolean readOnly, boolean noExecute, int level) {
        map(a.mode, a.cpl == 3);
        int size = a.mode == Paging.LEGACY ? 4 : 8;
        long at = entryAt(a.mode, level);
        long changed = m.memory().read(at, size) & ~(supervisor ? US : 0) & ~(readOnly ? RW : 0) | (noExecute ? XD : 0);
        write(at, size, changed);
        long leafAt = entryAt(a.mode, 0);
        if (a.key != 0) {
            write(leafAt, 8, m.memory().read(leafAt, 8) | 1L << 59);
        }
        String expected = expected(a, !supervisor, !readOnly, !noExecute);
        String name = a + " supervisor=" + supervisor + " readOnly=" + readOnly + " noExecute=" + noExecute + " level=" + level;
        assertThat(result(a, linear)).as(name).isEqualTo(expected);
        if (!expected.equals("ok")) {
            assertThat(m.cpu.register("cr2")).as(name).isEqualTo(linear);
        }
        long dirty = m.memory().read(leafAt, size) & D;
        assertThat(dirty).as(name).isEqualTo(expected.equals("ok") && a.what == WRITE ? D : 0);
        for (int i = 0; i < a.mode.levels() && expected.equals("ok"); i++) {
            long entry = m.memory().read(entryAt(a.mode, i), size);
            assertThat(entry & A).as(name).isEqualTo(A);
            assertThat(i > 0 && (entry & D) != 0).as(name).isFalse();
        }
    }

    // Reserved bits, entries that are not present

    /** @sdm Formats of paging-structure entries, 32-bit, PAE, 4-level and 5-level paging; MAXPHYADDR is 40 here */
    private static boolean reserved(Paging mode, int level, boolean large, boolean noExecute, int bit) {
        if (mode == Paging.LEGACY) {
            return large && bit == 21;
        }
        boolean high = bit >= 40 && bit <= 51 || mode == Paging.PAE && bit >= 52 && bit <= 62 || bit == 63 && !noExecute;
        boolean low = large && level == 1 && bit >= 13 && bit <= 20 || large && level == 2 && bit >= 13 && bit <= 29;
        return high || low || level >= 3 && bit == 7;
    }

    @ParameterizedTest
    @EnumSource(Paging.class)
    void everyBitOfEveryEntry(Paging mode) {
        int size = mode == Paging.LEGACY ? 4 : 8;
        on(() -> {
            for (int level = 0; level < mode.levels(); level++) {
                for (boolean large : level == 1 || level == 2 && mode.wide() ? new boolean[] {false, true} : new boolean[] {false}) {
                    for (boolean noExecute : mode == Paging.LEGACY ? new boolean[] {false} : new boolean[] {false, true}) {
                        for (int bit = 0; bit < 8 * size; bit++) {
                            tryBit(mode, level, large, noExecute, bit);
                        }
                    }
                }
            }
        });
    }

    private void tryBit(Paging mode, int level, boolean large, boolean noExecute, int bit) {
        boolean reserved = reserved(mode, level, large, noExecute, bit);
        int pageBits = large ? mode == Paging.LEGACY ? 22 : 12 + 9 * level : 12;
        boolean pat = large && bit == 12;
        boolean highBase = mode == Paging.LEGACY && large && bit >= 13 && bit <= 20;
        boolean base = bit >= pageBits && bit < 40 && !(mode == Paging.LEGACY && bit >= 32);
        boolean sizeBit = bit == 7 && (level == 1 || level == 2);
        if (!reserved && (base || sizeBit) && !pat && !highBase) {
            return;
        }
        map(mode, false);
        int size = mode == Paging.LEGACY ? 4 : 8;
        long at = entryAt(mode, level);
        long entry = large ? P | RW | US | PS : m.memory().read(at, size);
        write(at, size, entry ^ 1L << bit);
        String expected = bit == 0 ? "PF 0" : reserved ? "PF 9" : "ok";
        Attempt a = Attempt.of(mode, READ, 0);
        assertThat(result(noExecute ? a : a.withoutNoExecute(), linear))
            .as(mode + " level " + level + " large " + large + " no-execute " + noExecute + " bit " + bit).isEqualTo(expected);
    }

    /** The flags of the error code where nothing is mapped. */
    @ParameterizedTest
    @CsvSource({"0, 0, 0", "0, 3, 4", "16, 0, 2", "16, 3, 6", "32, 0, 16", "32, 3, 20"})
    void notPresent(int what, int cpl, int code) {
        on(() -> {
            for (int level = 0; level < 4; level++) {
                map(Paging.FOUR, cpl == 3);
                write(entryAt(Paging.FOUR, level), 8, -2L);
                assertThat(result(Attempt.of(Paging.FOUR, what, cpl), linear + 0x123)).as("level " + level).isEqualTo("PF " + code);
                assertThat(m.cpu.register("cr2")).isEqualTo(linear + 0x123);
            }
        });
    }

    /** @sdm PDPTE Registers: bits 2:1, 8:5 and those from MAXPHYADDR on are checked when PAE paging is turned on */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 6, 7, 8, 40, 51, 52, 62, 63})
    void reservedBitsOfPdptesAreFoundWhenTheyAreLoaded(int bit) {
        on(() -> {
            map(Paging.PAE, false);
            write(PML4 + 8, 8, TABLE[1] | P | 1L << bit);
            assertThat(result(Attempt.of(Paging.PAE, READ, 0), linear)).isEqualTo("paging: GP 0");
            write(PML4 + 8, 8, TABLE[1] | 1L << bit);
            assertThat(result(Attempt.of(Paging.PAE, READ, 0), linear)).isEqualTo("PF 0");
        });
    }

    // Sizes

    /** @sdm Linear-Address Translation to a 4-MByte, 2-MByte, 1-GByte page */
    @Test void largePagesMapTheirOffset() {
        on(() -> {
            write(0x60_1238, 4, 0x1234_5678);
            map(Paging.FOUR, false);
            write(entryAt(Paging.FOUR, 2), 8, P | PS);
            assertThat(result(Attempt.of(Paging.FOUR, READ, 0), linear + 0x60_1238)).isEqualTo("ok");
            assertThat(m.cpu.register("rax")).isEqualTo(0x1234_5678);
            map(Paging.PAE, false);
            write(entryAt(Paging.PAE, 1), 8, 0x60_0000 | P | PS);
            assertThat(result(Attempt.of(Paging.PAE, READ, 0), linear + 0x1238)).isEqualTo("ok");
            assertThat(m.cpu.register("rax")).isEqualTo(0x1234_5678);
            map(Paging.LEGACY, false);
            write(entryAt(Paging.LEGACY, 1), 4, 0x40_0000 | P | PS);
            assertThat(result(Attempt.of(Paging.LEGACY, READ, 0), linear + 0x20_1238)).isEqualTo("ok");
            assertThat(m.cpu.register("rax")).isEqualTo(0x1234_5678);
            // PSE-36: the page lies at 100400000h, where nothing answers.
            write(entryAt(Paging.LEGACY, 1), 4, 0x40_0000 | P | PS | 1 << 13);
            assertThat(result(Attempt.of(Paging.LEGACY, READ, 0), linear + 0x20_1238)).isEqualTo("ok");
            assertThat(m.cpu.register("rax")).isEqualTo(0xFFFF_FFFFL);
        });
    }

    // Two pages, canonical addresses

    /** @sdm Page-Fault Exceptions: CR2 is the address that faulted; a store is done in whole or not at all */
    @ParameterizedTest
    @EnumSource(Paging.class)
    void accessAcrossPagesWhoseSecondFaultsWritesNothing(Paging mode) {
        int size = mode == Paging.LEGACY ? 4 : 8;
        on(() -> {
            for (int what : new int[] {READ, WRITE}) {
                map(mode, false);
                write(PAGE + 0xFFC, 4, 0x1111_1111);
                write(TABLE[0] + size, size, 0);
                assertThat(result(Attempt.of(mode, what, 0), linear + 0xFFE)).isEqualTo(what == READ ? "PF 0" : "PF 2");
                assertThat(m.cpu.register("cr2")).isEqualTo(linear + 0x1000);
                assertThat(m.memory().read(PAGE + 0xFFC, 4)).isEqualTo(0x1111_1111);
                // Both are there: the store takes effect in both, wherever they lie.
                write(TABLE[0] + size, size, PAGE + 0x5000 | P | RW);
                assertThat(result(Attempt.of(mode, what, 0), linear + 0xFFE)).isEqualTo("ok");
                write(PAGE + 0x1000, 4, 0);
            }
        });
    }

    /** @sdm Canonical Addressing: #SS(0) for the stack segment, #GP(0) for others; an access is canonical in every byte */
    @Test void addressesThatAreNotCanonical() {
        List<String> results = new ArrayList<>();
        on(() -> {
            for (Paging mode : new Paging[] {Paging.FOUR, Paging.FIVE}) {
                map(mode, false);
                long end = mode == Paging.FOUR ? 1L << 47 : 1L << 56;
                for (long address : LongStream.of(end, -end - 1, end - 2).toArray()) {
                    for (int what : new int[] {READ, WRITE, FETCH, STACK}) {
                        if (what != FETCH || address != end - 2) {
                            results.add(result(Attempt.of(mode, what, 0), address));
                        }
                    }
                }
                results.add(result(Attempt.of(mode, READ, 0), end - 4));
                results.add(result(Attempt.of(mode, READ, 0), -end));
            }
        });
        List<String> once = List.of("GP 0", "GP 0", "GP 0", "SS 0", "GP 0", "GP 0", "GP 0", "SS 0", "GP 0", "GP 0", "SS 0", "PF 0", "PF 0");
        assertThat(results).isEqualTo(IntStream.range(0, 26).mapToObj(i -> once.get(i % 13)).toList());
    }
}
