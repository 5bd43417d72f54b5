package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.api.machine.Processor.Outcome;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A page is used, the page-directory entry above it is changed in memory, something is invalidated, and another page under the same entry is
 * used for the first time: 1 stands for the table that the entry referenced first, 2 for the one since.
 *
 * @sdm Caching Paging-Structure Entries; Operations that Invalidate TLBs and Paging-Structure Caches
 */
class StructureCacheTest {
    private static final int PAGE = 0x1E_0000;
    private static final int WITH_PCIDE = 0x2_0080;
    private static final String CHANGE = "mov rax, cr4\nor eax, %d\nmov cr4, rax\nmov ebx, [0x1f0000]\nmov qword [0x3000], 0x6003\n";

    /** Page tables at 5000h and 6000h, identity but for the page looked at: at 200000h by the first, at 201000h by the second. */
    private static SmallMachine guest(String source, boolean caches) {
        SmallMachine m = SmallMachine.wide(source + "\nmov edx, [" + PAGE + "]\nhlt\n");
        for (int i = 0; i < 512; i++) {
            m.poke(0x5000 + 8L * i, 8, (long) i << 12 | 3);
            m.poke(0x6000 + 8L * i, 8, (long) i << 12 | 3);
        }
        m.poke(0x3000, 8, 0x5003);
        m.poke(0x5000 + 8 * (PAGE >> 12), 8, 0x20_0003);
        m.poke(0x6000 + 8 * (PAGE >> 12), 8, 0x20_1003);
        m.poke(0x20_0000, 4, 1);
        m.poke(0x20_1000, 4, 2);
        m.poke(0x7008, 8, PAGE);
        m.poke(0x7018, 8, 0x70_0000);
        m.poke(0x7020, 8, 1);
        m.cpu.cacheStructures(caches);
        return m;
    }

    private static long seen(String between, int cr4) {
        try (SmallMachine m = guest(CHANGE.formatted(cr4) + between.replace("; ", "\n"), true)) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            return m.reg("rdx");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "nop, 0, 1",
        // INVLPG drops them all, whatever its address.
        "invlpg [0x700000], 0, 2",
        "'mov rax, cr3; mov cr3, rax', 0, 2",
        "'mov rax, cr4; xor eax, 0x80; mov cr4, rax', 128, 2",
    })
    void withoutContexts(String between, int cr4, long table) {
        assertThat(seen(between, cr4)).isEqualTo(table);
    }

    @ParameterizedTest
    @CsvSource({
        "'mov rax, 0x8000000000001000; mov cr3, rax', 1",
        "'mov rax, 0x1000; mov cr3, rax', 2",
        // Another context has its own; INVLPG there leaves those of the first.
        "'mov rax, 0x1001; mov cr3, rax', 2",
        "'mov rax, 0x1001; mov cr3, rax; mov rax, 0x8000000000001000; mov cr3, rax', 1",
        "'mov rax, 0x1001; mov cr3, rax; invlpg [0x1e0000]; mov rax, 0x8000000000001000; mov cr3, rax', 1",
        // INVPCID of an address drops what would be used for it; of a context, all of that; of all contexts, all.
        "'xor eax, eax; invpcid rax, [0x7000]', 2",
        "'xor eax, eax; invpcid rax, [0x7010]', 1",
        "'mov eax, 1; invpcid rax, [0x7000]', 2",
        "'mov eax, 1; invpcid rax, [0x7020]', 1",
        "'mov eax, 2; invpcid rax, [0x7000]', 2",
        "'mov eax, 3; invpcid rax, [0x7000]', 2",
    })
    void withContexts(String between, long table) {
        assertThat(seen(between, WITH_PCIDE)).isEqualTo(table);
    }

    @Test void withoutCachesEveryWalkBeginsAtTheRoot() {
        try (SmallMachine m = guest(CHANGE.formatted(0), false)) {
            m.runToHalt();
            assertThat(m.reg("rdx")).isEqualTo(2);
        }
    }

    /** 32-bit paging: the directory at 1000h, tables at 5000h and 6000h, whose entries have 4 bytes. */
    @ParameterizedTest
    @CsvSource({"nop, 1", "invlpg [0x700000], 2", "'mov eax, cr3; mov cr3, eax', 2"})
    void directoriesOf32BitPagingAreCached(String between, long table) {
        try (SmallMachine m = SmallMachine.flat("mov eax, 0x1000\nmov cr3, eax\nmov eax, cr0\nbts eax, 31\nmov cr0, eax\nmov ebx, [0x1f0000]\n"
            + "mov dword [0x1000], 0x6003\n" + between.replace("; ", "\n") + "\nmov edx, [" + PAGE + "]\nhlt\n")) {
            m.poke(0x1000, 4, 0x5003);
            for (int i = 0; i < 1024; i++) {
                m.poke(0x5000 + 4L * i, 4, (long) i << 12 | 3);
                m.poke(0x6000 + 4L * i, 4, (long) i << 12 | 3);
            }
            m.poke(0x5000 + 4 * (PAGE >> 12), 4, 0x20_0003);
            m.poke(0x6000 + 4 * (PAGE >> 12), 4, 0x20_1003);
            m.poke(0x20_0000, 4, 1);
            m.poke(0x20_1000, 4, 2);
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rdx")).isEqualTo(table);
        }
    }

    /** Entries above serve as well: a page-directory-pointer entry and a PML4 entry that have changed are not looked at. */
    @ParameterizedTest
    @ValueSource(longs = {0x2000, 0x1000})
    void everyLevelIsCached(long entry) {
        String source = "mov ebx, [0x1f0000]\nmov qword [" + entry + "], 0\nmov ecx, [0x600000]\n";
        try (SmallMachine m = guest(source, true)) {
            m.poke(0x60_0000, 4, 7);
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rcx")).isEqualTo(7);
            assertThat(m.reg("rdx")).isEqualTo(1);
        }
    }

    /** The table used has no such page, the table in memory has: the access faults once, and what led to the fault is dropped. */
    @Test void aFaultDropsWhatWasUsed() {
        String source = CHANGE.formatted(0) + """
                lgdt    [gdtr]
                lidt    [idtr]
                mov     ebx, [0x1e0000]
                ud2
        handler:
                mov     esi, [rsp]
                mov     edx, [0x1e0000]
                hlt
                align   8
        gdt:    dq 0, 0x00af9b000000ffff
        gdtr:   dw 15
                dq gdt
        idtr:   dw 0xfff
                dq 0x8000
        """;
        try (SmallMachine m = guest(source, true)) {
            m.poke(0x5000 + 8 * (PAGE >> 12), 8, 0);
            long handler = m.symbol("handler");
            m.poke(0x8000 + 16 * 14, 8, handler & 0xFFFF | 0x8 << 16 | 0x8E00L << 32 | handler >>> 16 << 48);
            m.poke(0x8000 + 16 * 14 + 8, 8, handler >>> 32);
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rsi")).as("error code: not present").isZero();
            assertThat(m.reg("rdx")).isEqualTo(2);
        }
    }

    /** An entry's rights are those it had: a write faults although the entry in memory allows it by now. */
    @Test void rightsAreThoseThatWereCached() {
        try (SmallMachine m = guest("mov rax, cr0\nbts rax, 16\nmov cr0, rax\nmov ebx, [0x3f0000]\nor qword [0x3008], 2\nmov [0x3e0000], ebx\n", true)) {
            m.poke(0x3008, 8, 0x6001);
            assertThat(m.runToHalt()).isEqualTo(Outcome.SHUTDOWN);
            assertThat(m.board().call(m.cpu::why).get(0)).startsWith("first: #PF(0003)");
        }
    }

    @Test void staleUsesAreReported() {
        try (SmallMachine m = guest(CHANGE.formatted(0), true)) {
            m.board().call(() -> {
                m.cpu.countStale(true);
                return null;
            });
            m.runToHalt();
            assertThat(m.reg("rdx")).isEqualTo(1);
            List<LogicalProcessor.Stale> uses = m.board().call(m.cpu::stale);
            assertThat(uses).filteredOn(use -> use.address() == PAGE).extracting(LogicalProcessor.Stale::kind, LogicalProcessor.Stale::old, LogicalProcessor.Stale::now)
                .containsExactly(tuple("paging-structure", 0x20_0000L, 0x20_1000L));
        }
    }
}
