package com.vtsim.cpu.integer;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.OperationFactory;
import com.vtsim.cpu.engine.Segments;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.SystemState;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.isa.ByteSource;
import com.vtsim.cpu.isa.Decoder;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.system.SystemInstructions;
import java.util.Arrays;
import java.util.function.Consumer;

/** VTSim's side of the comparison: user code behind 4-level page tables that map what silicon.c maps. */
public class SiliconModel {
    static final long CODE_PAGE = 0x7000;
    static final long DATA_PAGE = 0x8000;
    private static final long READ_ONLY_PAGE = 0xA000;
    private static final int ARITHMETIC_AND_DIRECTION = Flags.ARITHMETIC | Flags.DF;

    /** What is mapped. */
    protected final TestMemory memory = new TestMemory(0x10000);
    private final Semantics semantics = new Semantics();
    /** The processor under test. */
    protected final Cpu cpu = new Cpu(semantics);
    private final Decoder decoder = new Decoder();
    private boolean legacy;

    SiliconModel() {
        this(semantics -> {
            IntegerInstructions.define(semantics);
            SystemInstructions.define(semantics);
        });
    }

    /** @param groups defines the instructions */
    protected SiliconModel(Consumer<Semantics> groups) {
        groups.accept(semantics);
        table(0x1000, 0, 0x2000);
        table(0x2000, 0, 0x3000);
        table(0x3000, 0x80, 0x4000);
        table(0x3000, 0xFF, 0x5000);
        table(0x3000, 0x100, 0x6000);
        memory.write(0x4000, 8, CODE_PAGE | 7);
        memory.write(0x5000 + 8 * 511, 8, READ_ONLY_PAGE | 5);
        memory.write(0x6000, 8, DATA_PAGE | 7);
        memory.write(0x6000 + 8, 8, DATA_PAGE + 0x1000 | 7);
        cpu.memory.attach(memory);
        cpu.system.cr0 = SystemState.CR0_PE | SystemState.CR0_PG | SystemState.CR0_WP | SystemState.CR0_NE | SystemState.CR0_ET;
        cpu.system.cr3 = 0x1000;
        cpu.system.cr4 = SystemState.CR4_PAE;
        cpu.system.efer = SystemState.EFER_LME | SystemState.EFER_LMA;
        cpu.cpl = 3;
        for (int i = Cpu.ES; i <= Cpu.GS; i++) {
            boolean flat = i <= Cpu.DS;
            cpu.segments.limit[i] = flat ? 0xFFFF_FFFFL : 0;
            cpu.segments.access[i] = flat ? 0xC0F3 : Segments.UNUSABLE;
        }
        select(false);
        cpu.system.controlChanged();
    }

    private void table(long table, int index, long next) {
        memory.write(table + 8L * index, 8, next | 7);
    }

    private void select(boolean legacyCode) {
        legacy = legacyCode;
        cpu.segments.access[Cpu.CS] = (legacyCode ? 0xC0FB : 0xA0FB);
        cpu.segments.limit[Cpu.CS] = 0xFFFF_FFFFL;
        cpu.segments.modeChanged();
    }

    /** @return the meanings of instructions */
    public Semantics semantics() {
        return semantics;
    }

    /** @return what the processor under test makes of a case */
    public SiliconCase.Outcome run(SiliconCase test) {
        if (test.legacy != legacy) {
            select(test.legacy);
        }
        System.arraycopy(test.registers, 0, cpu.r, 0, 16);
        if (legacy) {
            for (int i = 0; i < 8; i++) {
                cpu.r[i] &= 0xFFFF_FFFFL;
            }
        }
        cpu.r[Cpu.RIP] = SiliconCase.START;
        cpu.rflags(test.flags | Flags.IF, -1L);
        Arrays.fill(memory.bytes, (int) DATA_PAGE, (int) DATA_PAGE + 2 * SiliconCase.PAGE, (byte) 0);
        System.arraycopy(test.middle, 0, memory.bytes, (int) (DATA_PAGE + SiliconCase.MIDDLE - SiliconCase.DATA), SiliconCase.WINDOW);
        System.arraycopy(test.end, 0, memory.bytes, (int) (DATA_PAGE + SiliconCase.END - SiliconCase.DATA), SiliconCase.WINDOW);
        SiliconCase.Outcome outcome = new SiliconCase.Outcome();
        try {
            outcome.trap = -1;
            outcome.rip = execute(test.code);
        } catch (GuestFault fault) {
            outcome.trap = fault.vector;
            outcome.error = Math.max(fault.errorCode, 0);
            outcome.cr2 = fault.information;
            outcome.rip = SiliconCase.START;
        }
        System.arraycopy(cpu.r, 0, outcome.registers, 0, 16);
        outcome.flags = cpu.rflags() & ARITHMETIC_AND_DIRECTION;
        System.arraycopy(memory.bytes, (int) (DATA_PAGE + SiliconCase.MIDDLE - SiliconCase.DATA), outcome.middle, 0, SiliconCase.WINDOW);
        System.arraycopy(memory.bytes, (int) (DATA_PAGE + SiliconCase.END - SiliconCase.DATA), outcome.end, 0, SiliconCase.WINDOW);
        return outcome;
    }

    private long execute(byte[] code) {
        if (!(decoder.decode(ByteSource.of(code, 0), legacy ? 32 : 64) instanceof Instruction instruction)) {
            throw cpu.undefined();
        }
        OperationFactory factory = semantics.of(instruction.form());
        Operation operation = factory == null ? null : factory.create(instruction, new Translation(cpu.mode, 0, instruction.length()));
        if (operation == null) {
            throw cpu.undefined();
        }
        do {
            cpu.next = SiliconCase.START + instruction.length();
            operation.execute(cpu);
        } while (cpu.next == SiliconCase.START);
        return cpu.next;
    }
}
