package com.vtsim.cpu.engine;

import java.util.ArrayList;
import java.util.List;

/**
 * Keeps the first fault of the latest chain (a fault whose delivery faulted, and so on): silicon's triple fault destroys it.
 *
 * @sdm Interrupt 8—Double Fault Exception (#DF)
 */
public final class FaultChain {
    /** The two make a triple fault. */
    static final int TRIPLE = -1;
    private static final int MOST = 3;

    private final Cpu cpu;
    private final int[] vectors = new int[MOST];
    private final int[] codes = new int[MOST];
    private final long[] informations = new long[MOST];
    private int length;
    private String end = "";
    private Interrupts.Source source = Interrupts.Source.EXCEPTION;
    private long retired;
    private final long[] registers = new long[18];
    private long cr0;
    private long cr3;
    private long cr4;
    private int selector;
    private List<String> worst = List.of();
    private long worstAt;

    FaultChain(Cpu cpu) {
        this.cpu = cpu;
    }

    void begin(int vector, int errorCode, long information, Interrupts.Source cause, long at) {
        vectors[0] = vector;
        codes[0] = errorCode;
        informations[0] = information;
        length = 1;
        end = "";
        source = cause;
        retired = at;
        System.arraycopy(cpu.r, 0, registers, 0, registers.length);
        cr0 = cpu.system.cr0;
        cr3 = cpu.system.cr3;
        cr4 = cpu.system.cr4;
        selector = cpu.segments.selector[Cpu.CS];
    }

    void add(GuestFault fault) {
        if (length == MOST) {
            return;
        }
        vectors[length] = fault.vector;
        codes[length] = fault.errorCode;
        informations[length++] = fault.information;
        worst = words();
        worstAt = retired;
    }

    void shutdown() {
        end = "triple fault";
        worst = words();
    }

    /** The processor shuts down though no fault has failed to be delivered. */
    void stopped(int vector, String why) {
        begin(vector, GuestFault.NO_CODE, 0, Interrupts.Source.EXCEPTION, cpu.execution.retired());
        end = why;
        worst = words();
        worstAt = retired;
    }

    /**
     * What the processor delivers when the delivery of one exception raises another.
     *
     * @return the second vector (handled serially), 8 for a double fault, or {@link #TRIPLE}
     * @sdm Conditions for Generating a Double Fault
     */
    static int combine(int first, int second) {
        if (first == 8) {
            return contributory(second) || likePageFault(second) ? TRIPLE : second;
        }
        if (likePageFault(first) && (likePageFault(second) || contributory(second))) {
            return 8;
        }
        return contributory(first) && contributory(second) ? 8 : second;
    }

    /** Page faults and virtualization exceptions. */
    private static boolean likePageFault(int vector) {
        return vector == 14 || vector == 20;
    }

    private static boolean contributory(int vector) {
        return vector == 0 || vector >= 10 && vector <= 13 || vector == 21;
    }

    /** @return the latest exception whose delivery failed, in words; the latest event where there was none; empty if nothing ever happened */
    public List<String> why() {
        return !worst.isEmpty() ? worst : length == 0 ? List.of() : words();
    }

    /** @return instructions retired when the event that {@link #why} tells of happened; -1 if nothing ever did */
    public long at() {
        return !worst.isEmpty() ? worstAt : length == 0 ? -1 : retired;
    }

    private List<String> words() {
        List<String> lines = new ArrayList<>();
        lines.add(String.format("first: %s at %04x:%016x, after %,d instructions",
            event(0), selector, registers[Cpu.RIP], retired));
        for (int i = 1; i < length; i++) {
            lines.add(String.format("then, while delivering it: %s", event(i)));
        }
        if (!end.isEmpty()) {
            lines.add(end + ": the processor shut down");
        }
        lines.add(String.format("cr0=%08x cr3=%x cr4=%x", cr0, cr3, cr4));
        String[] names = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};
        for (int i = 0; i < 16; i += 4) {
            StringBuilder line = new StringBuilder();
            for (int k = i; k < i + 4; k++) {
                line.append(String.format("%s%s=%016x", k == i ? "" : " ", names[k], registers[k]));
            }
            lines.add(line.toString());
        }
        return lines;
    }

    private String event(int i) {
        String name = source == Interrupts.Source.EXTERNAL && i == 0 ? "interrupt " + vectors[i] : Vectors.name(vectors[i]);
        String code = codes[i] == GuestFault.NO_CODE ? "" : String.format("(%04x)", codes[i]);
        String address = vectors[i] == 14 ? String.format(" on linear %016x", informations[i]) : "";
        return name + code + address;
    }
}
