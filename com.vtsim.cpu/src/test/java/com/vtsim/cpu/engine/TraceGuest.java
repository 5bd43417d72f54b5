package com.vtsim.cpu.engine;

import com.vtsim.api.cpu.LogicalProcessor.Line;
import com.vtsim.api.machine.Processor.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongPredicate;

/**
 * A guest that traces itself, run twice: first with the record of instructions, which says what was executed, then as it would be. What
 * it executes between the labels {@code on} and {@code off} is compared. Instructions at labels that begin with {@code fault} never complete,
 * those at {@code rep} are repeated.
 */
final class TraceGuest {
    static final int OUTPUT = 0x400000, OUTPUT_BYTES = 0x200000, MEMORY = 0x400000;
    /** IA32_RTIT_CTL. */
    static final long ON = 1, OS = 1 << 2, USER = 1 << 3, CR3 = 1 << 7, TOPA = 1 << 8, TSC = 1 << 10, NO_RETURNS = 1 << 11, BRANCHES = 1 << 13;
    private static final int MOST = 1 << 20;

    /** Makes the machine anew. */
    interface Maker {
        SmallMachine make();
    }

    final List<Long> executed = new ArrayList<>();
    byte[] trace;
    byte[] memory;

    private TraceGuest() { }

    static String write(int msr, long value) {
        return "mov ecx, %d\nmov eax, %d\nmov edx, %d\nwrmsr\n".formatted(msr, value & 0xFFFF_FFFFL, value >>> 32);
    }

    /** Single range; tracing begins behind. The last instruction is the WRMSR. */
    static String on(long control) {
        return write(0x560, OUTPUT) + write(0x561, OUTPUT_BYTES - 1) + write(0x570, control | ON).replace("wrmsr", "on: wrmsr");
    }

    static String off() {
        return "mov ecx, 0x570\nxor eax, eax\nxor edx, edx\noff: wrmsr\nend: hlt\njmp end\n";
    }

    /** 64-bit code with descriptor tables, all pages the user's; vector 6 goes to label {@code undefined}, 80h to {@code call}, others to {@code other}. */
    static SmallMachine tables(String code) {
        SmallMachine m = SmallMachine.wide("lgdt [descriptors]\nlidt [table]\nmov ax, 0x58\nltr ax\nxor eax, eax\nmov ss, ax\n" + code + """
                align 8
                gdt: dq 0, 0, 0x00AF9B000000FFFF
                dq 0x00CF93000000FFFF, 0, 0x00CFF3000000FFFF, 0x00AFFB000000FFFF, 0x00CF9B000000FFFF, 0x00009B000000FFFF
                dq 0x00CF93000000FFFF, 0x000093000000FFFF, 0x0000890210000067, 0
                descriptors: dw 0x67
                dq gdt
                table: dw 0xFFF
                dq 0x20000
                """);
        for (int vector = 0; vector < 256; vector++) {
            long handler = m.symbol(vector == 6 ? "undefined" : vector == 0x80 ? "call" : "other");
            m.poke(0x20000 + vector * 16, 8, handler & 0xFFFF | 0x10 << 16 | 0xEE00L << 32 | (handler & 0xFFFF_0000L) << 32);
        }
        m.poke(0x2_1004, 8, 0xA0000);
        for (int i = 0; i < 2; i++) {
            m.poke(0x1000 + 0x1000 * i, 8, m.peek(0x1000 + 0x1000 * i, 8) | 4);
        }
        for (int i = 0; i < 8; i++) {
            m.poke(0x3000 + 8 * i, 8, m.peek(0x3000 + 8 * i, 8) | 4);
        }
        return m;
    }

    /** Runs it. @param nmiAfter instructions between NMIs, 0 for none */
    static TraceGuest run(Maker maker, int nmiAfter) {
        TraceGuest guest = new TraceGuest();
        try (SmallMachine m = maker.make()) {
            m.board().call(() -> {
                m.cpu.history(MOST);
                return null;
            });
            guest.proceed(m, nmiAfter);
            guest.keep(m);
        }
        try (SmallMachine m = maker.make()) {
            guest.proceed(m, nmiAfter);
            long bytes = m.reg("msr:561") >>> 32;
            guest.trace = new byte[(int) bytes];
            guest.memory = new byte[MEMORY];
            m.board().call(() -> {
                m.memory().read(OUTPUT, guest.trace, 0, guest.trace.length);
                m.memory().read(0, guest.memory, 0, guest.memory.length);
                return null;
            });
        }
        return guest;
    }

    private void proceed(SmallMachine m, int nmiAfter) {
        Outcome outcome = Outcome.BUDGET;
        for (int i = 0; i < 40_000 && outcome == Outcome.BUDGET; i++) {
            outcome = m.run(nmiAfter == 0 ? 1000 : nmiAfter);
            if (nmiAfter != 0 && outcome == Outcome.BUDGET) {
                m.board().call(() -> {
                    m.cpu.nmi();
                    return null;
                });
            }
        }
        if (outcome != Outcome.IDLE) {
            throw new AssertionError("the guest ended with " + outcome);
        }
    }

    private void keep(SmallMachine m) {
        List<Line> history = m.board().call(() -> m.cpu.history());
        // Symbols of real mode are offsets.
        long base = m.symbol("on") < SmallMachine.ORIGIN ? SmallMachine.ORIGIN : 0;
        Map<String, Long> symbols = m.program.symbols();
        List<Long> skipped = new ArrayList<>();
        List<Long> repeated = new ArrayList<>();
        symbols.forEach((name, address) -> {
            if (name.startsWith("fault")) {
                skipped.add(address);
            } else if (name.startsWith("rep")) {
                repeated.add(address);
            }
        });
        boolean on = false;
        long last = -1;
        for (Line line : history) {
            long address = line.address() - base;
            if (address == m.symbol("off")) {
                on = false;
            }
            boolean again = address == last && repeated.contains(address);
            if (on && !skipped.contains(address) && !again) {
                executed.add(address + base);
            }
            last = address;
            on |= address == m.symbol("on");
        }
    }

    /** @return what was executed, of addresses that a filter lets through, as the decoder prints it */
    List<String> executed(LongPredicate filter) {
        return executed.stream().filter(filter::test).map(Long::toHexString).toList();
    }
}
