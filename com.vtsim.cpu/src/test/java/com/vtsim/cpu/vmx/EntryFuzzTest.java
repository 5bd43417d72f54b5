package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.cpu.Virtualization;
import com.vtsim.api.cpu.Virtualization.Broken;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Whatever a VMCS holds, entry does what the dry run says, and nothing escapes. @sdm VM Entries */
class EntryFuzzTest {
    private static final int ROUNDS = 100_000;
    private static final int MEMORY = 0x90000;
    /** What a guest may execute, and the monitor afterwards: whatever it is by then. */
    private static final int BUDGET = 60;
    private static final VmcsField[] FIELDS = VmcsField.values();
    private static final Control[] CONTROLS = Control.values();

    private final Map<String, EntryRule.Area> areas = new HashMap<>();
    private final List<long[]> valid = new ArrayList<>();
    private final Random random = new Random(5);
    private byte[] template;
    private long launch;

    /** Guests of every kind that break no rule: 64-bit, under EPT, with HLAT paging, in real mode, without paging, with an event to inject, in virtual-8086 mode. */
    private void prepare() {
        EntryRule.rules().forEach(rule -> areas.put(rule.name(), rule.area()));
        List<Consumer<VmxMachine>> kinds = List.of(m -> { }, VmxMachine::ept, VmxMachine::real, VmxMachine::flat,
            m -> m.ept().on(Control.UNRESTRICTED_GUEST, Control.ENABLE_VPID, Control.ENABLE_PML, Control.MODE_BASED_EXECUTE).set(VPID, 1).set(PML_ADDRESS, 0x33000),
            m -> m.ept().on(Control.TERTIARY_CONTROLS, Control.ENABLE_HLAT, Control.PAGING_WRITE_CONTROL, Control.GUEST_PAGING_VERIFICATION).set(HLATP, 0x1000),
            m -> m.set(ENTRY_INTERRUPTION, 0x8000_0030L).set(GUEST_RFLAGS, 0x202),
            m -> m.on(Control.NMI_EXITING, Control.VIRTUAL_NMIS, Control.USE_TPR_SHADOW, Control.ENTRY_LOAD_EFER, Control.EXIT_LOAD_EFER, Control.ENTRY_LOAD_PAT)
                .set(VIRTUAL_APIC, 0x33000).set(GUEST_EFER, 0x500).set(HOST_EFER, 0x500).set(GUEST_PAT, 6));
        for (Consumer<VmxMachine> kind : kinds) {
            try (VmxMachine m = new VmxMachine(true)) {
                kind.accept(m);
                long[] values = new long[FIELDS.length];
                m.fields().forEach((field, value) -> values[field.ordinal()] = value);
                valid.add(values);
            }
        }
        try (VmxMachine m = new VmxMachine(true)) {
            m.ept();
            m.start("cpuid");
            m.poke(VmxMachine.FIELDS, 8, -1);
            template = new byte[MEMORY];
            m.board.call(() -> {
                m.board.memory().read(0, template, 0, MEMORY);
                m.restart();
                return null;
            });
            launch = m.symbol("launch");
        }
    }

    private long[] mutated() {
        long[] values = valid.get(random.nextInt(valid.size())).clone();
        for (int i = random.nextInt(4); i >= 0; i--) {
            if (random.nextInt(4) == 0) {
                Control control = CONTROLS[random.nextInt(CONTROLS.length)];
                values[control.field.ordinal()] ^= control.mask();
                continue;
            }
            VmcsField field = FIELDS[random.nextInt(FIELDS.length)];
            if (field.type() != Type.EXIT_INFORMATION) {
                boolean whole = random.nextInt(3) == 0;
                values[field.ordinal()] = (whole ? random.nextLong() : values[field.ordinal()] ^ 1L << random.nextInt(field.bits())) & field.mask();
            }
        }
        return values;
    }

    @Test void entryAgreesWithTheDryRun() {
        prepare();
        try (VmxMachine m = new VmxMachine(true)) {
            Virtualization view = m.cpu.virtualization().orElseThrow();
            int entered = m.board.call(() -> {
                int count = 0;
                for (int round = 0; round < ROUNDS; round++) {
                    count += agrees(m, view, mutated()) ? 1 : 0;
                }
                return count;
            });
            assertThat(entered).isBetween(ROUNDS / 10, ROUNDS * 9 / 10);
        }
    }

    /** On the machine's thread. @return whether the VM was entered */
    private boolean agrees(VmxMachine m, Virtualization view, long[] values) {
        m.restart();
        m.board.memory().write(0, template, 0, MEMORY);
        for (VmcsField field : FIELDS) {
            m.vmcs.write(VmxMachine.VMCS, field, values[field.ordinal()]);
        }
        for (int i = 0; i < 100 && m.cpu.nextInstruction() != launch; i++) {
            m.cpu.run(1);
        }
        List<Broken> broken = view.check();
        m.cpu.run(2);
        boolean entered = view.entries() > 0;
        long reason = m.vmcs.read(VmxMachine.VMCS, EXIT_REASON);
        if (broken.isEmpty() != (entered || reason == 0x8000_0022L)) {
            throw new AssertionError("entry of a VMCS that breaks " + broken + ": " + view.why());
        }
        if (!broken.isEmpty()) {
            checkFailure(m, broken.get(0), reason);
        }
        m.cpu.run(BUDGET);
        return entered;
    }

    /** The first rule that is broken decides how the entry fails. */
    private void checkFailure(VmxMachine m, Broken first, long reason) {
        long error = m.vmcs.read(VmxMachine.VMCS, VM_INSTRUCTION_ERROR);
        boolean right = switch (areas.get(first.rule())) {
            case CONTROLS -> error == 7;
            case HOST -> error == 8;
            case GUEST -> reason == 0x8000_0021L;
        };
        if (!right) {
            throw new AssertionError("an entry that breaks " + first + " fails with error " + error + ", exit reason " + Long.toHexString(reason));
        }
    }
}
