package com.vtsim.cpu;

import com.vtsim.api.cpu.LogicalProcessor.Register;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.Mode;
import com.vtsim.cpu.engine.Msrs;
import com.vtsim.cpu.engine.Segments;
import com.vtsim.cpu.engine.SystemState;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** A processor's registers by name, for the operator. */
final class RegisterView {
    private static final String[] GENERAL = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};
    private static final String[] SEGMENT = {"es", "cs", "ss", "ds", "fs", "gs"};

    private static final String MSR = "msr:";

    private record Cell(int bits, LongSupplier get, LongConsumer set, Supplier<String> text) { }

    private final Cpu cpu;
    private final Map<String, Cell> cells = new LinkedHashMap<>();
    /** Those that are too many to be listed. */
    private final Map<String, Cell> unlisted = new LinkedHashMap<>();

    RegisterView(Cpu cpu) {
        this.cpu = cpu;
        for (int i = 0; i < GENERAL.length; i++) {
            int number = i;
            add(GENERAL[i], 64, () -> cpu.r[number], v -> cpu.r[number] = v);
        }
        add("rip", 64, () -> cpu.execution.linearIp() - codeBase(), v -> cpu.r[Cpu.RIP] = v);
        cells.put("rflags", new Cell(64, cpu::rflags, v -> cpu.rflags(v, 0x3F_7FD5), this::flags));
        segments();
        system();
        FloatingView.describe(cpu.floating, (name, bits, get, set) -> unlisted.put(name, new Cell(bits, get, set, () -> "")));
    }

    private long codeBase() {
        return (cpu.mode & Mode.SIZE_MASK) == 2 ? 0 : cpu.segBase[Cpu.CS];
    }

    private void add(String name, int bits, LongSupplier get, LongConsumer set) {
        cells.put(name, new Cell(bits, get, set, () -> ""));
    }

    private void segments() {
        Segments s = cpu.segments;
        for (int i = 0; i < SEGMENT.length; i++) {
            int number = i;
            add(SEGMENT[i], 16, () -> s.selector[number], mode(v -> s.selector[number] = (int) v & 0xFFFF));
            add(SEGMENT[i] + ".base", 64, () -> s.base[number], mode(v -> s.base[number] = v));
            add(SEGMENT[i] + ".limit", 32, () -> s.limit[number], mode(v -> s.limit[number] = v & 0xFFFF_FFFFL));
            add(SEGMENT[i] + ".access", 32, () -> s.access[number], mode(v -> s.access[number] = (int) v));
        }
        add("ldtr", 16, () -> s.ldtSelector, v -> s.ldtSelector = (int) v & 0xFFFF);
        add("ldtr.base", 64, () -> s.ldtBase, v -> s.ldtBase = v);
        add("ldtr.limit", 32, () -> s.ldtLimit, v -> s.ldtLimit = v & 0xFFFF_FFFFL);
        add("tr", 16, () -> s.taskSelector, v -> s.taskSelector = (int) v & 0xFFFF);
        add("tr.base", 64, () -> s.taskBase, v -> s.taskBase = v);
        add("tr.limit", 32, () -> s.taskLimit, v -> s.taskLimit = v & 0xFFFF_FFFFL);
        add("gdtr.base", 64, () -> s.gdtBase, v -> s.gdtBase = v);
        add("gdtr.limit", 16, () -> s.gdtLimit, v -> s.gdtLimit = (int) v & 0xFFFF);
        add("idtr.base", 64, () -> s.idtBase, v -> s.idtBase = v);
        add("idtr.limit", 16, () -> s.idtLimit, v -> s.idtLimit = (int) v & 0xFFFF);
    }

    private void system() {
        SystemState s = cpu.system;
        cells.put("cr0", new Cell(64, () -> s.cr0, control(v -> s.cr0 = v), this::cr0));
        add("cr2", 64, () -> s.cr2, v -> s.cr2 = v);
        add("cr3", 64, () -> s.cr3, control(v -> s.cr3 = v));
        add("cr4", 64, () -> s.cr4, control(v -> s.cr4 = v));
        add("cr8", 64, s::readCr8, v -> s.cr8 = (int) v & 15);
        add("efer", 64, () -> s.efer, control(v -> s.efer = v));
        add("cpl", 2, () -> cpu.cpl, mode(v -> cpu.cpl = (int) v & 3));
        for (int i : new int[] {0, 1, 2, 3, 6, 7}) {
            add("dr" + i, 64, () -> s.dr[i], v -> {
                s.dr[i] = v;
                cpu.execution.traps.registersChanged();
            });
        }
    }

    private LongConsumer mode(LongConsumer set) {
        return set.andThen(v -> cpu.segments.modeChanged());
    }

    private LongConsumer control(LongConsumer set) {
        return set.andThen(v -> cpu.system.controlChanged());
    }

    List<Register> all() {
        List<Register> registers = new ArrayList<>();
        cells.forEach((name, cell) -> registers.add(new Register(name, cell.bits, cell.get.getAsLong(), cell.text.get())));
        return registers;
    }

    long get(String name) {
        return cell(name).get.getAsLong();
    }

    void set(String name, long value) {
        cell(name).set.accept(value);
    }

    /** @return the cell of a model-specific register named by its address: {@code msr:c0000080} */
    private Cell msr(String name) {
        int address;
        try {
            address = Integer.parseUnsignedInt(name.substring(MSR.length()), 16);
        } catch (NumberFormatException e) {
            throw new OperatorException("'" + name + "' is no address of a model-specific register: hexadecimal digits, as in msr:c0000080");
        }
        if (!Msrs.names().containsKey(address & 0xFFFF_FFFFL)) {
            throw new OperatorException("there is no model-specific register " + Integer.toHexString(address) + "h");
        }
        return new Cell(64, () -> cpu.msrs.read(address) ? cpu.msrs.value : 0, v -> {
            if (!cpu.msrs.write(address, v)) {
                throw new OperatorException(name + " cannot hold " + Long.toHexString(v) + "h");
            }
        }, () -> "");
    }

    private Cell cell(String name) {
        if (name.startsWith(MSR)) {
            return msr(name);
        }
        Cell cell = cells.get(name.startsWith("e") && cells.containsKey("r" + name.substring(1)) ? "r" + name.substring(1) : name);
        cell = cell == null ? unlisted.get(name) : cell;
        if (cell == null) {
            throw new OperatorException("no register '" + name + "'; there are " + String.join(", ", cells.keySet())
                + ", msr:ADDRESS, fcw, fsw, ftw, st0.significand, st0.exponent and so on, mxcsr, ymm0.q0 to ymm15.q3");
        }
        return cell;
    }

    private String flags() {
        StringBuilder text = new StringBuilder();
        long f = cpu.rflags();
        flag(text, f, Flags.CF, "CF");
        flag(text, f, Flags.PF, "PF");
        flag(text, f, Flags.AF, "AF");
        flag(text, f, Flags.ZF, "ZF");
        flag(text, f, Flags.SF, "SF");
        flag(text, f, Flags.TF, "TF");
        flag(text, f, Flags.IF, "IF");
        flag(text, f, Flags.DF, "DF");
        flag(text, f, Flags.OF, "OF");
        flag(text, f, Flags.NT, "NT");
        flag(text, f, Flags.RF, "RF");
        flag(text, f, Flags.VM, "VM");
        flag(text, f, Flags.AC, "AC");
        return text.append("IOPL=").append(f >> 12 & 3).toString();
    }

    private String cr0() {
        StringBuilder text = new StringBuilder();
        Map<String, Long> bits = new LinkedHashMap<>();
        bits.put("PE", SystemState.CR0_PE);
        bits.put("MP", SystemState.CR0_MP);
        bits.put("EM", SystemState.CR0_EM);
        bits.put("TS", SystemState.CR0_TS);
        bits.put("ET", SystemState.CR0_ET);
        bits.put("NE", SystemState.CR0_NE);
        bits.put("WP", SystemState.CR0_WP);
        bits.put("AM", SystemState.CR0_AM);
        bits.put("NW", SystemState.CR0_NW);
        bits.put("CD", SystemState.CR0_CD);
        bits.put("PG", SystemState.CR0_PG);
        bits.forEach((name, bit) -> flag(text, cpu.system.cr0, bit, name));
        return text.toString().strip();
    }

    private static void flag(StringBuilder text, long value, long bit, String name) {
        if ((value & bit) != 0) {
            text.append(name).append(' ');
        }
    }
}
