package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * A guest that interrupts itself, ends interrupts and changes its task priority at random sees what a local APIC would show it, and never exits.
 *
 * @sdm Interrupt, Task, and Processor Priority; Evaluation of Pending Virtual Interrupts
 */
class VirtualInterruptModelTest {
    private static final long PAGE = 0x34000, ACCESS = 0x35000, LOG = 0x70000;
    private static final int STEPS = 400;

    /** A local APIC as far as it decides what comes when. */
    private static final class Model {
        final TreeSet<Integer> requested = new TreeSet<>();
        final TreeSet<Integer> inService = new TreeSet<>();
        final List<Integer> delivered = new ArrayList<>();
        int taskPriority;
        boolean enabled = true;

        int priority() {
            int serviced = inService.isEmpty() ? 0 : inService.last();
            return taskPriority >> 4 >= serviced >> 4 ? taskPriority : serviced & 0xF0;
        }

        void deliver() {
            while (enabled && !requested.isEmpty() && requested.last() >> 4 > priority() >> 4) {
                int vector = requested.pollLast();
                inService.add(vector);
                delivered.add(vector);
            }
        }
    }

    /** @return the instructions of a random step, which the model takes too */
    private static String step(Random random, Model model) {
        switch (random.nextInt(8)) {
            case 0, 1, 2 -> {
                int vector = 0x20 + random.nextInt(0xD0);
                model.requested.add(vector);
                return "mov dword [0x35300], " + (0x4_0000 | vector);
            }
            case 3, 4 -> {
                if (!model.inService.isEmpty()) {
                    model.inService.pollLast();
                }
                return "mov dword [0x350b0], 0";
            }
            case 5 -> {
                model.taskPriority = random.nextInt(16) << 4;
                return "mov eax, " + (model.taskPriority >> 4) + "\nmov cr8, rax";
            }
            case 6 -> {
                model.taskPriority = random.nextInt(256);
                return "mov dword [0x35080], " + model.taskPriority;
            }
            default -> {
                model.enabled = !model.enabled;
                return model.enabled ? "sti\nnop" : "cli";
            }
        }
    }

    @Test void aGuestSeesWhatALocalApicWouldShowIt() {
        for (int seed = 0; seed < 20; seed++) {
            Random random = new Random(seed);
            Model model = new Model();
            StringBuilder guest = new StringBuilder("mov edi, 0x70000\nsti\nnop\n");
            for (int i = 0; i < STEPS; i++) {
                guest.append(step(random, model)).append('\n');
                model.deliver();
            }
            guest.append("mov ebx, [0x350a0]\ncpuid");
            try (VmxMachine m = new VmxMachine(false)) {
                // At the end the processor priority is read, which makes the guest leave.
                m.on(Control.SECONDARY_CONTROLS, Control.USE_TPR_SHADOW, Control.VIRTUALIZE_APIC_ACCESSES, Control.VIRTUAL_INTERRUPT_DELIVERY,
                    Control.APIC_REGISTER_VIRTUALIZATION, Control.EXTERNAL_INTERRUPT_EXITING);
                m.set(VIRTUAL_APIC, PAGE).set(APIC_ACCESS, ACCESS).start(guest.toString());
                for (int vector = 0x20; vector < 0x100; vector++) {
                    // mov byte [rdi], vector; inc rdi; iretq
                    m.poke(0x48000 + 16L * vector, 8, 0xCF48_C7FF_4800_07C6L | (long) vector << 16);
                }
                m.proceed();
                List<Integer> log = new ArrayList<>();
                for (int i = 0; i < m.reg("rdi") - LOG; i++) {
                    log.add((int) m.peek(LOG + i, 1));
                }
                assertThat(log).as("seed %d", seed).isEqualTo(model.delivered).hasSizeGreaterThan(10);
                assertThat(m.get(EXIT_REASON)).isEqualTo(44);
                assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(0xA0);
                assertThat(m.peek(PAGE + 0xA0, 1)).as("processor priority").isEqualTo(model.priority());
                assertThat(bits(m, 0x100)).isEqualTo(model.inService);
                assertThat(bits(m, 0x200)).isEqualTo(model.requested);
            }
        }
    }

    private static TreeSet<Integer> bits(VmxMachine m, int registers) {
        TreeSet<Integer> set = new TreeSet<>();
        for (int vector = 0; vector < 256; vector++) {
            if ((m.peek(PAGE + registers + (vector >> 5) * 16, 4) >> (vector & 31) & 1) != 0) {
                set.add(vector);
            }
        }
        return set;
    }
}
