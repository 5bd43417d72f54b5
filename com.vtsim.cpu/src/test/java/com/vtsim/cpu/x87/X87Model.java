package com.vtsim.cpu.x87;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Segments;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.engine.SystemState;
import com.vtsim.cpu.engine.Translation;
import com.vtsim.cpu.integer.TestMemory;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

/** VTSim's side of the comparison: 64-bit user code behind page tables that map what x87silicon.c maps. */
final class X87Model {
    private static final int CODE_PAGE = 0x7000;
    private static final int DATA_PAGE = 0x8000;
    private static final int WINDOW = DATA_PAGE + (int) (X87Case.WINDOW_AT - X87Case.DATA);

    private final TestMemory memory = new TestMemory(0x10000);
    private final Cpu cpu = new Cpu();
    private final Semantics semantics = new Semantics();
    private final Map<String, Operation> operations = new HashMap<>();

    X87Model() {
        X87Instructions.define(semantics);
        table(0x1000, 0, 0x2000);
        table(0x2000, 0, 0x3000);
        table(0x3000, 0x80, 0x4000);
        table(0x3000, 0x100, 0x6000);
        memory.write(0x4000, 8, CODE_PAGE | 7);
        memory.write(0x6000, 8, DATA_PAGE | 7);
        cpu.memory.attach(memory);
        cpu.system.cr0 = SystemState.CR0_PE | SystemState.CR0_PG | SystemState.CR0_WP | SystemState.CR0_NE | SystemState.CR0_ET | SystemState.CR0_MP;
        cpu.system.cr3 = 0x1000;
        cpu.system.cr4 = SystemState.CR4_PAE;
        cpu.system.efer = SystemState.EFER_LME | SystemState.EFER_LMA;
        cpu.cpl = 3;
        for (int i = Cpu.ES; i <= Cpu.GS; i++) {
            boolean flat = i <= Cpu.DS;
            cpu.segments.limit[i] = flat ? 0xFFFF_FFFFL : 0;
            cpu.segments.access[i] = flat ? 0xC0F3 : Segments.UNUSABLE;
        }
        cpu.segments.access[Cpu.CS] = 0xA0FB;
        cpu.segments.modeChanged();
        cpu.system.controlChanged();
    }

    private void table(long table, int index, long next) {
        memory.write(table + 8L * index, 8, next | 7);
    }

    Semantics semantics() {
        return semantics;
    }

    X87Case.Outcome run(X87Case test) {
        cpu.r[Cpu.RAX] = test.rax;
        cpu.r[Cpu.RCX] = test.rcx;
        cpu.r[Cpu.RIP] = X87Case.START;
        cpu.rflags(test.flags | Flags.IF, -1L);
        System.arraycopy(test.window, 0, memory.bytes, WINDOW, X87Case.WINDOW);
        System.arraycopy(test.code, 0, memory.bytes, CODE_PAGE + 0x800, test.code.length);
        load(test.image);
        X87Case.Outcome outcome = new X87Case.Outcome();
        Operation operation = operations.computeIfAbsent(HexFormat.of().formatHex(test.code), code -> semantics.of(test.instruction.form())
            .create(test.instruction, new Translation(cpu.mode, 0, test.code.length)));
        outcome.trap = -1;
        outcome.rip = X87Case.START + test.code.length;
        try {
            operation.execute(cpu);
        } catch (GuestFault fault) {
            outcome.trap = fault.vector;
            outcome.cr2 = fault.information;
            outcome.rip = X87Case.START;
        }
        outcome.flags = cpu.rflags() & 0x8D5;
        outcome.rax = cpu.r[Cpu.RAX];
        System.arraycopy(memory.bytes, WINDOW, outcome.window, 0, X87Case.WINDOW);
        save(outcome.image);
        return outcome;
    }

    private void load(ByteBuffer image) {
        FloatingState f = cpu.floating;
        f.control = image.getShort(0) & 0xFFFF;
        f.loadStatus(image.getShort(2) & 0xFFFF);
        f.valid = image.get(4) & 0xFF;
        f.lastOpcode = image.getShort(6) & 0x7FF;
        f.lastIp = image.getLong(8);
        f.lastDp = image.getLong(16);
        for (int i = 0; i < 8; i++) {
            int p = f.top + i & 7;
            f.significand[p] = image.getLong(32 + 16 * i);
            f.exponent[p] = image.getShort(40 + 16 * i) & 0xFFFF;
        }
    }

    private void save(ByteBuffer image) {
        FloatingState f = cpu.floating;
        image.putShort(0, (short) f.control).putShort(2, (short) f.statusWord()).put(4, (byte) f.valid).putShort(6, (short) f.lastOpcode);
        image.putLong(8, f.lastIp).putLong(16, f.lastDp);
        for (int i = 0; i < 8; i++) {
            int p = f.top + i & 7;
            image.putLong(32 + 16 * i, f.significand[p]).putShort(40 + 16 * i, (short) f.exponent[p]);
        }
    }
}
