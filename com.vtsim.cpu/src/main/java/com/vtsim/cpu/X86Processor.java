package com.vtsim.cpu;

import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.api.cpu.Virtualization;
import com.vtsim.api.ept.Ept;
import com.vtsim.api.irq.InterruptController;
import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.EntryState;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.Processor;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.CpuModel;
import com.vtsim.cpu.engine.Execution;
import com.vtsim.cpu.engine.LinearTranslation;
import com.vtsim.cpu.engine.MachineChecks;
import com.vtsim.cpu.engine.Mode;
import com.vtsim.cpu.engine.ResetState;
import com.vtsim.cpu.isa.ByteSource;
import com.vtsim.cpu.isa.Decoded;
import com.vtsim.cpu.isa.Decoder;
import com.vtsim.cpu.isa.Disassembler;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.trace.TraceView;
import com.vtsim.cpu.vmx.VmxView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/** The part around the engine: one logical processor of a machine. Machine thread only. */
@Component(configurationPid = "com.vtsim.cpu", configurationPolicy = ConfigurationPolicy.REQUIRE,
    service = {Part.class, Processor.class, LogicalProcessor.class})
public final class X86Processor implements LogicalProcessor {
    private static final int INSTRUCTION_BYTES = 15;

    /** Configuration; the keys are the service properties of {@link Part} and the processor's number. */
    public @interface Config {
        /** Machine. */
        String vtsim_machine();

        /** Part name: {@code cpu0}. */
        String vtsim_name();

        /** Number in the machine, from 0. */
        int index() default 0;

        /** Model: {@code x86-64-v2} or {@code x86-64-v3}. All processors of a machine have the same. */
        String model() default "x86-64-v3";

        /** Instructions executed in a block before it is compiled to a class of its own; 0 for at once, 2147483647 for never. */
        int compile_after() default Execution.COMPILE_AFTER;

        /** Whether it has paging-structure caches, which make software see that it forgot to invalidate them. */
        boolean structure_caches() default true;
    }

    private final String name;
    private final Cpu cpu;
    private final RegisterView view;
    private final VmxView virtualization;
    private MemorySpace.MapObserver observer;
    private List<X86Processor> others = List.of();

    /** Made by its configuration. */
    @Activate
    public X86Processor(Config config) {
        this(config.vtsim_name(), config.index(), model(config.model()));
        compileAfter(config.compile_after());
        cacheStructures(config.structure_caches());
    }

    private static CpuModel model(String title) {
        CpuModel model = CpuModel.of(title);
        if (model == null) {
            throw OperatorException.unknown("processor model", title, CpuModel.titles());
        }
        return model;
    }

    /** For machines put together in plain Java. */
    public X86Processor(String name, int index) {
        this(name, index, CpuModel.X86_64_V3);
    }

    /** The same with a model of choice. */
    public X86Processor(String name, int index, CpuModel model) {
        this.name = name;
        this.cpu = new Cpu(InstructionGroups.semantics(), model);
        cpu.index = index;
        view = new RegisterView(cpu);
        virtualization = new VmxView(cpu.vmx);
        ResetState.reset(cpu);
    }

    /** As {@link Config#structure_caches}. */
    public void cacheStructures(boolean on) {
        cpu.translation.cacheStructures(on);
    }

    /** As {@link Config#compile_after}. */
    public void compileAfter(int instructions) {
        cpu.execution.compileAfter(instructions);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String model() {
        return cpu.cpuid.model.title;
    }

    @Override
    public int index() {
        return cpu.index;
    }

    @Override
    public void attach(Board board) {
        cpu.ports = board.ports();
        if (cpu.index == 0) {
            attachErrorLine(board);
        }
        cpu.clock = board.clock();
        cpu.reports = board::report;
        cpu.cpuid.processors = Math.max(1, board.findAll(LogicalProcessor.class).size());
        cpu.controller = board.find(InterruptController.class).orElse(null);
        cpu.cpuid.processors = Math.max(1, board.findAll(Processor.class).size());
        cpu.memory.attach(board.memory());
        others = board.findAll(LogicalProcessor.class).stream()
            .filter(p -> p != this && p instanceof X86Processor)
            .map(X86Processor.class::cast)
            .toList();
        cpu.machineChecks.peers(others.stream().map(p -> p.cpu.machineChecks).toArray(MachineChecks[]::new));
        board.memory().onPoison(cpu.machineChecks);
        cpu.execution.peers(others.stream().map(p -> p.cpu.translation).toArray(LinearTranslation[]::new));
        observer = (base, length) -> cpu.execution.pagesChanged();
        board.memory().observe(observer);
        cpu.execution.pagesChanged();
        cpu.performance.rebase();
        cpu.execution.activity.attach(board.clock(), board.tracer());
        cpu.vmx.attach(board.clock(), board.find(Ept.class).orElse(null));
    }

    /** FERR# to IRQ13, and the port by which its handler clears it: what systems without CR0.NE use in place of #MF. */
    private void attachErrorLine(Board board) {
        cpu.floating.errorLine = board.lines().driver(13, name + " FERR#");
        board.ports().map(0xF0, 1, 1, new PortDevice() {
            @Override
            public int read(int port, int size) {
                return 0xFF;
            }

            @Override
            public void write(int port, int size, int value) {
                cpu.floating.ignoreError();
            }
        });
    }

    @Override
    public void reset(Reset kind) {
        ResetState.reset(cpu);
        if (kind == Reset.COLD) {
            cpu.msrs.forgetErrors();
        }
    }

    @Override
    public State save() {
        return ProcessorState.save(cpu);
    }

    @Override
    public void restore(State state) {
        ProcessorState.restore(cpu, state);
    }

    @Override
    public Outcome run(long budget) {
        return cpu.execution.run(budget);
    }

    @Override
    public long retired() {
        return cpu.execution.retired();
    }

    @Override
    public void leave() {
        cpu.execution.leave();
    }

    @Override
    public boolean idle() {
        return cpu.execution.activity.idle();
    }

    @Override
    public void intr(boolean asserted) {
        cpu.execution.pins.intr(asserted);
    }

    @Override
    public void nmi() {
        cpu.execution.pins.nmi();
    }

    @Override
    public void init() {
        cpu.execution.pins.init();
    }

    @Override
    public void startup(int vector) {
        cpu.execution.pins.startup(vector);
    }

    @Override
    public int taskPriority() {
        return cpu.system.cr8;
    }

    @Override
    public void taskPriority(int priority) {
        cpu.system.cr8 = priority & 15;
    }

    @Override
    public void a20(boolean enabled) {
        long mask = enabled ? -1L : ~(1L << 20);
        if (mask != cpu.system.a20Mask && !cpu.vmx.on) {
            cpu.system.a20Mask = mask;
            cpu.translation.flush();
        }
    }

    @Override
    public void enter(EntryState state) {
        Entry.enter(cpu, state);
        others.forEach(each -> Entry.modelSpecific(each.cpu, state.registers()));
    }

    // The operator's side

    @Override
    public List<Register> registers() {
        return view.all();
    }

    @Override
    public long register(String register) {
        return view.get(register);
    }

    @Override
    public void register(String register, long value) {
        view.set(register, value);
    }

    @Override
    public long nextInstruction() {
        return cpu.execution.linearIp();
    }

    @Override
    public List<Line> disassemble(long linear, int count) {
        return disassemble(linear, count, Mode.codeSize(cpu.mode));
    }

    private List<Line> disassemble(long linear, int count, int codeSize) {
        List<Line> lines = new ArrayList<>();
        long at = linear;
        for (int i = 0; i < count; i++) {
            byte[] bytes = peek(at, INSTRUCTION_BYTES);
            if (bytes.length == 0) {
                break;
            }
            Line line = line(at, bytes, codeSize);
            lines.add(line);
            at += line.bytes().length;
        }
        return lines;
    }

    private static Line line(long at, byte[] bytes, int codeSize) {
        Decoder decoder = new Decoder();
        try {
            Decoded decoded = decoder.decode(ByteSource.of(bytes, 0), codeSize);
            if (decoded instanceof Instruction instruction) {
                return new Line(at, Arrays.copyOf(bytes, instruction.length()), Disassembler.format(instruction, at));
            }
        } catch (IndexOutOfBoundsException cutShort) {
            // The rest of the instruction is not mapped: shown as a byte.
        }
        return new Line(at, Arrays.copyOf(bytes, 1), String.format("db 0x%02x", bytes[0] & 0xFF));
    }

    /** Reads linear memory without side effects, as far as it is mapped to RAM or ROM. */
    private byte[] peek(long linear, int length) {
        byte[] bytes = new byte[length];
        int count = 0;
        while (count < length) {
            long physical = cpu.memory.paging().peek(linear + count);
            if (physical == -1 || cpu.memory.space() == null || cpu.memory.space().page(physical) == null) {
                break;
            }
            bytes[count++] = (byte) cpu.memory.space().read(physical, 1);
        }
        return Arrays.copyOf(bytes, count);
    }

    @Override
    public long translate(long linear) {
        return cpu.memory.paging().peek(linear);
    }

    @Override
    public List<String> walk(long linear) {
        return PagingWalk.of(cpu, linear);
    }

    @Override
    public long structureReads() {
        return cpu.memory.paging().reads() + cpu.vmx.eptReads();
    }

    @Override
    public List<Stale> stale() {
        return cpu.translation.stale() == null ? List.of() : cpu.translation.stale().list();
    }

    @Override
    public boolean countsStale() {
        return cpu.translation.stale() != null;
    }

    @Override
    public void countStale(boolean on) {
        cpu.translation.countStale(on);
    }

    @Override
    public int breakpoint(Breakpoint breakpoint) {
        return cpu.execution.traps.breakpoints().add(breakpoint);
    }

    @Override
    public boolean removeBreakpoint(int number) {
        return cpu.execution.traps.breakpoints().remove(number);
    }

    @Override
    public Map<Integer, Breakpoint> breakpoints() {
        return cpu.execution.traps.breakpoints().operators();
    }

    @Override
    public String breakpointHit() {
        return cpu.execution.traps.breakpoints().hit();
    }

    @Override
    public Met met() {
        int number = breakpointHitNumber();
        Breakpoint breakpoint = breakpoints().get(number);
        return breakpoint == null ? null
            : new Met(number, breakpointHit(), breakpoint.kind() == Breakpoint.Kind.EXECUTE || breakpoint.kind() == Breakpoint.Kind.VM_EXIT);
    }

    @Override
    public int breakpointHitNumber() {
        return cpu.execution.traps.breakpoints().hitNumber();
    }

    @Override
    public void history(int count) {
        cpu.execution.record(count);
    }

    @Override
    public List<Line> history() {
        var history = cpu.execution.history();
        List<Line> lines = new ArrayList<>();
        for (int i = 0; i < history.size(); i++) {
            lines.addAll(disassemble(history.address(i), 1, history.codeSize(i)));
        }
        return lines;
    }

    @Override
    public long faultedAt() {
        return cpu.execution.deliveries.chain().at();
    }

    @Override
    public List<String> processorTrace(int packets) {
        return TraceView.of(cpu, packets);
    }

    @Override
    public List<String> why() {
        String check = cpu.machineChecks.latest();
        List<String> lines = new ArrayList<>(cpu.execution.deliveries.chain().why());
        if (!check.isEmpty()) {
            lines.add("latest machine check: " + check);
        }
        return lines;
    }

    @Override
    public List<TypeFinding> typeFindings() {
        return TypeLint.of(cpu);
    }

    @Override
    public List<String> machineChecks() {
        return cpu.machineChecks.banks();
    }

    @Override
    public void machineCheck(int bank, long status, long address, long misc) {
        if (bank < 0 || bank >= MachineChecks.BANKS) {
            throw OperatorException.unknown("machine-check bank", Integer.toString(bank), IntStream.range(0, MachineChecks.BANKS).mapToObj(Integer::toString).toList());
        }
        cpu.machineChecks.inject(bank, status, address, misc);
    }

    @Override
    public Optional<Virtualization> virtualization() {
        return Optional.of(virtualization);
    }
}
