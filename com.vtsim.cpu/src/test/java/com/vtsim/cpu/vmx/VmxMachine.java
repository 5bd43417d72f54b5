package com.vtsim.cpu.vmx;

import com.vtsim.api.cpu.LogicalProcessor.Breakpoint;
import com.vtsim.api.ept.Ept;
import com.vtsim.api.irq.LocalApicPort;
import com.vtsim.api.irq.StatelessController;
import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.MessageTarget;
import com.vtsim.api.machine.Processor.Outcome;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.State;
import com.vtsim.cpu.X86Processor;
import com.vtsim.cpu.isa.Assembler;
import com.vtsim.cpu.isa.Assembly;
import com.vtsim.ept.EptUnit;
import com.vtsim.machine.Backplane;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A 64-bit monitor with one guest on a machine of 16 MiB. The monitor writes a table of VMCS fields by VMWRITE, launches, and
 * halts wherever it ends: after a failed entry at {@code failed} with RFLAGS in RBX, after an exit at {@code exited}. The guest
 * is 64-bit code at 40000h under the monitor's own paging structures unless the table says otherwise.
 */
final class VmxMachine implements AutoCloseable {
    static final long MONITOR = 0x10000, FIELDS = 0x20000, VMXON = 0x30000, VMCS = 0x31000, BITMAPS = 0x32000, GUEST = 0x40000;
    static final long EPT = 0x80000;
    /** Where the guest's descriptor tables are: GDT at +0, IDT at +1000h, TSS at +2000h; handlers of the IDT halt with the vector in R15. */
    static final long TABLES = 0x50000;

    private static final String SOURCE = """
            bits 64
            org 0x10000
            mov     ecx, 0x3a
            mov     eax, 5
            xor     edx, edx
            wrmsr
            mov     rax, cr4
            or      eax, 0x2000
            mov     cr4, rax
            lgdt    [gdtr]
            lidt    [idtr]
            mov     ax, 0x20
            ltr     ax
            mov     ecx, 0x480
            rdmsr
            mov     [0x30000], eax
            mov     [0x31000], eax
            vmxon   [pointer_vmxon]
            jbe     bad
            vmclear [pointer_vmcs]
            jbe     bad
            vmptrld [pointer_vmcs]
            jbe     bad
            mov     rsi, 0x20000
    write:  mov     rdx, [rsi]
            cmp     rdx, -1
            je      launch
            vmwrite rdx, [rsi + 8]
            jbe     bad
            add     rsi, 16
            jmp     write
    launch: xor     r15d, r15d
            vmlaunch
    failed: pushfq
            pop     rbx
            hlt
    bad:    ud2
    exited: hlt
    again:  vmresume
            jmp     failed
    host_interrupt:
            mov     r15d, 0x51
            hlt
            iretq
    pointer_vmxon: dq 0x30000
    pointer_vmcs:  dq 0x31000
            align 8
    gdt:    dq 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff
            dq 0x0000890520000067, 0
    gdtr:   dw 0x2f
            dq gdt
    idtr:   dw 0xfff
            dq 0x60000
    """;

    final Backplane board = Backplane.of("t", 16 << 20);
    final X86Processor cpu = new X86Processor("cpu0", 0);
    final Vmcs vmcs = new Vmcs();
    final OneVector controller = new OneVector();
    private static final Assembly MONITOR_CODE = Assembler.assemble(SOURCE, 0);
    private static final Assembly MONITOR_CODE32 = Assembler.assemble(Monitor32.SOURCE, 0);
    private final boolean wide;
    private final Assembly monitor;
    private final Map<VmcsField, Long> fields = new HashMap<>();
    private final Map<Integer, Long> msrs = new LinkedHashMap<>();
    private Assembly guest;
    /** IA32_MTRR_DEF_TYPE, as firmware leaves it. */
    long memoryTypes = 0x806;
    private Ept part;

    /** @param ept whether the machine has the part */
    VmxMachine(boolean ept) {
        this(ept, true);
    }

    /** With a monitor, and a guest unless the table says otherwise, of 32-bit code under PAE paging. */
    static VmxMachine host32(boolean ept) {
        return new VmxMachine(ept, false);
    }

    private VmxMachine(boolean ept, boolean wide) {
        this.wide = wide;
        monitor = wide ? MONITOR_CODE : MONITOR_CODE32;
        board.add(controller);
        if (ept) {
            part = new EptUnit("ept");
            board.add(part);
        }
        board.add(cpu);
        board.settle();
        vmcs.attach(board.memory());
        tables();
        defaults();
        if (!wide) {
            narrow();
        }
    }

    /** Puts an EPT mechanism without accessed and dirty flags in place of the part. */
    void eptWithoutFlags() {
        Ept whole = part;
        board.remove(part);
        part = (Ept) Proxy.newProxyInstance(Ept.class.getClassLoader(), new Class<?>[] {Ept.class}, (proxy, method, arguments) -> {
            Object answer = method.invoke(whole, arguments);
            return method.getName().equals("capabilities") ? (Long) answer & ~(1L << 21) : answer;
        });
        board.add(part);
        board.settle();
    }

    /** Takes the EPT part off the board, and puts a new one in its place. */
    void replaceEpt() {
        board.remove(part);
        part = new EptUnit("ept");
        board.add(part);
    }

    /** Hands out one vector to whoever acknowledges. */
    final class OneVector extends StatelessController implements MessageTarget {
        int vector = 0x51;
        int acknowledged;
        /** None unless a test needs one: it then ends interrupts only. */
        EndingApic apic;
        /** The latest message, address and data. */
        long messageAddress;
        int messageData;

        @Override
        public void message(long address, int data) {
            messageAddress = address;
            messageData = data;
        }

        @Override
        public int acknowledge(int processor) {
            acknowledged++;
            cpu.intr(false);
            return vector;
        }

        @Override
        public LocalApicPort localApic(int processor) {
            return apic;
        }
    }

    /** Gives the processor a local APIC in x2APIC mode that counts the ends of interrupts. */
    EndingApic endingApic() {
        controller.apic = new EndingApic();
        board.call(() -> {
            board.remove(cpu);
            board.add(cpu);
            return null;
        });
        board.settle();
        return controller.apic;
    }

    private void load(long address, byte[] bytes) {
        board.call(() -> {
            board.memory().write(address, bytes, 0, bytes.length);
            return null;
        });
    }

    private void tables() {
        poke(0x1000, 8, 0x2007);
        poke(0x2000, 8, 0x3007);
        for (int i = 0; i < 8; i++) {
            poke(0x3000 + 8 * i, 8, (long) i << 21 | 0x87);
        }
        // GDT: 10h code64, 18h data, 20h TSS, 30h code64 DPL 3, 38h data DPL 3.
        poke(TABLES + 0x10, 8, 0x00af_9b00_0000_ffffL);
        poke(TABLES + 0x18, 8, 0x00cf_9300_0000_ffffL);
        poke(TABLES + 0x20, 8, 0x0000_8b05_2000_0067L);
        poke(TABLES + 0x30, 8, 0x00af_fb00_0000_ffffL);
        poke(TABLES + 0x38, 8, 0x00cf_f300_0000_ffffL);
        poke(TABLES + 0x2004, 8, 0x7000);
        for (int vector = 0; vector < 256; vector++) {
            gate(TABLES + 0x1000, vector, 0x48000 + 16 * vector);
            // mov r15d, vector; mov r14, [rsp]; hlt; iretq
            load(0x48000 + 16L * vector, new byte[] {0x41, (byte) 0xBF, (byte) vector, 0, 0, 0, 0x4C, (byte) 0x8B, 0x34, 0x24, (byte) 0xF4, 0x48, (byte) 0xCF});
            gate(0x60000, vector, monitor.symbols().get("host_interrupt"));
        }
    }

    private void gate(long table, int vector, long handler) {
        poke(table + 16L * vector, 8, handler & 0xFFFF | 0x10 << 16 | 0x8E00L << 32 | handler >>> 16 << 48);
        poke(table + 16L * vector + 8, 8, handler >>> 32);
    }

    /** A VMCS that breaks no rule: monitor and guest in 64-bit mode, no control but the defaults. */
    private void defaults() {
        set(VmcsField.PINBASED_CTLS, 0x16);
        set(VmcsField.PROCBASED_CTLS, 0x0400_6172);
        set(VmcsField.EXIT_CTLS, 0x0003_6DFB | 1 << 9);
        set(VmcsField.ENTRY_CTLS, 0x0000_11FB | 1 << 9);
        set(VmcsField.VMCS_LINK, -1);
        set(VmcsField.HOST_CR0, 0x8001_0033L);
        set(VmcsField.HOST_CR3, 0x1000);
        set(VmcsField.HOST_CR4, 0x2020);
        set(VmcsField.HOST_CS_SELECTOR, 0x10);
        set(VmcsField.HOST_SS_SELECTOR, 0x18);
        set(VmcsField.HOST_TR_SELECTOR, 0x20);
        set(VmcsField.HOST_TR_BASE, 0x52000);
        set(VmcsField.HOST_GDTR_BASE, monitor.symbols().get("gdt"));
        set(VmcsField.HOST_IDTR_BASE, 0x60000);
        set(VmcsField.HOST_RSP, 0x9000);
        set(VmcsField.HOST_RIP, monitor.symbols().get("exited"));
        set(VmcsField.GUEST_CR0, 0x8001_0033L);
        set(VmcsField.GUEST_CR3, 0x1000);
        set(VmcsField.GUEST_CR4, 0x2020);
        segment("ES", 0x18, 0xC093);
        segment("CS", 0x10, 0xA09B);
        segment("SS", 0x18, 0xC093);
        segment("DS", 0x18, 0xC093);
        segment("FS", 0x18, 0xC093);
        segment("GS", 0x18, 0xC093);
        set(VmcsField.GUEST_LDTR_ACCESS, 1 << 16);
        set(VmcsField.GUEST_TR_SELECTOR, 0x20);
        set(VmcsField.GUEST_TR_BASE, TABLES + 0x2000);
        set(VmcsField.GUEST_TR_LIMIT, 0x67);
        set(VmcsField.GUEST_TR_ACCESS, 0x8B);
        set(VmcsField.GUEST_GDTR_BASE, TABLES);
        set(VmcsField.GUEST_GDTR_LIMIT, 0x3F);
        set(VmcsField.GUEST_IDTR_BASE, TABLES + 0x1000);
        set(VmcsField.GUEST_IDTR_LIMIT, 0xFFF);
        set(VmcsField.GUEST_DR7, 0x400);
        set(VmcsField.GUEST_RSP, 0x8000);
        set(VmcsField.GUEST_RIP, GUEST);
        set(VmcsField.GUEST_RFLAGS, 2);
    }

    private void narrow() {
        poke(0x1800, 8, 0x3001);
        off(Control.HOST_ADDRESS_SPACE_SIZE, Control.IA32E_MODE_GUEST);
        set(VmcsField.HOST_CR3, 0x1800);
        set(VmcsField.GUEST_CR3, 0x1800);
        segment("CS", 0x10, 0xC09B);
    }

    private void segment(String name, int selector, int access) {
        set(VmcsField.valueOf("GUEST_" + name + "_SELECTOR"), selector);
        set(VmcsField.valueOf("GUEST_" + name + "_BASE"), 0);
        set(VmcsField.valueOf("GUEST_" + name + "_LIMIT"), 0xFFFF_FFFFL);
        set(VmcsField.valueOf("GUEST_" + name + "_ACCESS"), access);
    }

    /** A real-mode guest at GUEST >> 4, for an unrestricted guest. */
    VmxMachine real() {
        on(Control.SECONDARY_CONTROLS, Control.ENABLE_EPT, Control.UNRESTRICTED_GUEST);
        set(VmcsField.EPTP, EPT | 6 | 3 << 3);
        identity();
        set(VmcsField.ENTRY_CTLS, 0x11FB);
        set(VmcsField.GUEST_CR0, 0x30);
        set(VmcsField.GUEST_CR4, 0x2000);
        for (String name : List.of("ES", "CS", "SS", "DS", "FS", "GS")) {
            long selector = name.equals("CS") ? GUEST >> 4 : 0;
            set(VmcsField.valueOf("GUEST_" + name + "_SELECTOR"), selector);
            set(VmcsField.valueOf("GUEST_" + name + "_BASE"), selector << 4);
            set(VmcsField.valueOf("GUEST_" + name + "_LIMIT"), 0xFFFF);
            set(VmcsField.valueOf("GUEST_" + name + "_ACCESS"), name.equals("CS") ? 0x9B : 0x93);
        }
        set(VmcsField.GUEST_IDTR_BASE, 0);
        set(VmcsField.GUEST_IDTR_LIMIT, 0x3FF);
        set(VmcsField.GUEST_RIP, 0);
        return this;
    }

    /** A flat 32-bit protected-mode guest without paging, for an unrestricted guest. */
    VmxMachine flat() {
        real();
        set(VmcsField.GUEST_CR0, 0x31);
        segment("ES", 0x18, 0xC093);
        segment("CS", 0x10, 0xC09B);
        segment("SS", 0x18, 0xC093);
        segment("DS", 0x18, 0xC093);
        segment("FS", 0x18, 0xC093);
        segment("GS", 0x18, 0xC093);
        set(VmcsField.GUEST_IDTR_BASE, TABLES + 0x1000);
        set(VmcsField.GUEST_IDTR_LIMIT, 0x7FF);
        set(VmcsField.GUEST_RIP, GUEST);
        return this;
    }

    /** EPT on: identity for 16 MiB in 2-MByte pages, all rights, write-back. */
    VmxMachine ept() {
        on(Control.SECONDARY_CONTROLS, Control.ENABLE_EPT);
        set(VmcsField.EPTP, EPT | 6 | 3 << 3);
        identity();
        return this;
    }

    private void identity() {
        poke(EPT, 8, EPT + 0x1000 | 7);
        poke(EPT + 0x1000, 8, EPT + 0x2000 | 7);
        for (int i = 0; i < 8; i++) {
            poke(EPT + 0x2000 + 8 * i, 8, (long) i << 21 | 0xB7);
        }
    }

    /** What the monitor begins with in a model-specific register. */
    VmxMachine msr(int address, long value) {
        msrs.put(address, value);
        return this;
    }

    VmxMachine set(VmcsField field, long value) {
        fields.put(field, value);
        return this;
    }

    long set(VmcsField field) {
        return fields.getOrDefault(field, 0L);
    }

    VmxMachine on(Control... controls) {
        for (Control control : controls) {
            set(control.field, set(control.field) | control.mask());
        }
        return this;
    }

    VmxMachine off(Control... controls) {
        for (Control control : controls) {
            set(control.field, set(control.field) & ~control.mask());
        }
        return this;
    }

    /** Assembles the guest and runs everything until the monitor halts. */
    Outcome run(String source) {
        start(source);
        return proceed();
    }

    /** Runs the monitor with this code in place of its VMLAUNCH, until it halts. */
    void monitor(String code) {
        Assembly own = Assembler.assemble(SOURCE.replace("vmlaunch\n", code + "\n"), 0);
        start("hlt");
        load(MONITOR, own.bytes());
        proceed();
    }

    /**
     * Runs with code of the monitor's own behind each exit. RAX, RCX and RDX are its to use; {@code skip} goes on behind the instruction
     * that exited; a HLT ends the run.
     */
    void runUnder(String handler, String source) {
        Assembly own = Assembler.assemble(SOURCE + "handler:\n" + handler.replace("skip\n", SKIP) + "\n", 0);
        set(VmcsField.HOST_RIP, own.symbols().get("handler"));
        start(source);
        load(MONITOR, own.bytes());
        proceed();
    }

    private static final String SKIP = "mov edx, 0x440c\nvmread rcx, rdx\nmov edx, 0x681e\nvmread rax, rdx\nadd rax, rcx\nvmwrite rdx, rax\nvmresume\njmp failed\n";

    /** Exceptions of the monitor halt with the vector in R15. */
    void trapHost() {
        for (int vector = 0; vector < 32; vector++) {
            gate(0x60000, vector, 0x48000 + 16 * vector);
        }
    }

    /** As {@link #run(String)}, on the machine's run loop: virtual time passes. */
    void runInTime(String source) throws InterruptedException {
        start(source);
        board.run(RunLimits.instructions(100_000));
    }

    /** Puts everything in place, and executes nothing. */
    void start(String source) {
        boolean real = set(VmcsField.GUEST_RIP) == 0;
        guest = Assembler.assemble((source.startsWith("bits") ? "" : real ? "bits 16\norg 0\n" : !wide ? "bits 32\norg 0x40000\n" : "bits 64\norg 0x40000\n") + source + "\n", 0);
        load(MONITOR, monitor.bytes());
        load(GUEST, guest.bytes());
        long at = FIELDS;
        for (Map.Entry<VmcsField, Long> field : fields.entrySet()) {
            poke(at, 8, field.getKey().encoding);
            poke(at + 8, 8, field.getValue());
            at += 16;
        }
        poke(at, 8, -1);
        board.call(() -> {
            cpu.enter(new EntryState(wide ? EntryState.Mode.LONG : EntryState.Mode.PROTECTED, MONITOR, Map.of("rsp", 0x9000L, "cr3", wide ? 0x1000L : 0x1800L, "msr:2ff", memoryTypes)));
            msrs.forEach((address, value) -> cpu.register("msr:" + Integer.toHexString(address), value));
            return null;
        });
    }

    /** Puts the monitor at its start with everything else as after power-on; for the machine's thread. */
    void restart() {
        cpu.reset(Reset.values()[0]);
        cpu.enter(new EntryState(EntryState.Mode.LONG, MONITOR, Map.of("rsp", 0x9000L, "cr3", 0x1000L)));
    }

    /** @return the table of fields, a copy */
    Map<VmcsField, Long> fields() {
        Map<VmcsField, Long> copy = new HashMap<>();
        for (VmcsField field : VmcsField.values()) {
            if (field.type() != VmcsField.Type.EXIT_INFORMATION) {
                copy.put(field, set(field));
            }
        }
        return copy;
    }

    /** Executes until the monitor is at a label. */
    void proceedTo(String label) {
        long place = symbol(label);
        board.call(() -> {
            int point = cpu.breakpoint(new Breakpoint(Breakpoint.Kind.EXECUTE, place, 1));
            for (int i = 0; i < 10 && cpu.nextInstruction() != place; i++) {
                cpu.run(100_000);
            }
            cpu.removeBreakpoint(point);
            return null;
        });
    }

    Outcome proceed() {
        return proceed(100_000);
    }

    Outcome proceed(long budget) {
        return board.call(() -> cpu.run(budget));
    }

    /** Ends the monitor's HLT behind an exit: the guest goes on. */
    Outcome resume() {
        State state = board.call(cpu::save);
        Map<String, Object> tree = new HashMap<>(state.fields());
        @SuppressWarnings("unchecked") // State.fields holds maps by name for a record inside a record
        Map<String, Object> loop = new HashMap<>((Map<String, Object>) tree.get("execution"));
        loop.put("events", (Long) loop.get("events") & ~2L);
        tree.put("execution", loop);
        board.call(() -> {
            cpu.restore(new State(state.model(), state.version(), tree));
            return null;
        });
        return proceed();
    }

    long symbol(String name) {
        return monitor.symbols().get(name);
    }

    long guestSymbol(String name) {
        return guest.symbols().get(name);
    }

    /** @return whether the monitor stands behind an exit */
    boolean exited() {
        return reg("rip") == symbol("exited") + 1;
    }

    /** @return whether the monitor stands behind a VMLAUNCH that failed */
    boolean failed() {
        return reg("rip") == symbol("failed") + 3;
    }

    long get(VmcsField field) {
        return board.call(() -> vmcs.read(VMCS, field));
    }

    void poke(long address, int size, long value) {
        board.call(() -> {
            board.memory().write(address, size, value);
            return null;
        });
    }

    long peek(long address, int size) {
        return board.call(() -> board.memory().read(address, size));
    }

    long reg(String name) {
        return board.call(() -> cpu.register(name));
    }

    void reg(String name, long value) {
        board.call(() -> {
            cpu.register(name, value);
            return null;
        });
    }

    @Override
    public void close() {
        board.close();
    }
}
