package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Processor.Outcome;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Machine checks before, in and behind a VM. @sdm Machine-Check Events During VM Entry; Machine-Check Events During VM Exit; VMX Aborts */
class MachineCheckTest {
    private static final long PLACE = 0x20_0040, AREA = 0x20_0000;

    private static VmxMachine machine(boolean ept) {
        VmxMachine m = new VmxMachine(ept);
        m.trapHost();
        return m.set(GUEST_CR4, 0x2060).set(HOST_CR4, 0x2060);
    }

    private static void poison(VmxMachine m, long address) {
        m.board.call(() -> {
            m.board.memory().poison(address, 1);
            return null;
        });
    }

    private static String why(VmxMachine m) {
        return String.join("\n", m.board.call(() -> m.cpu.virtualization().orElseThrow().why()));
    }

    @Test void theExceptionBitmapMakesAMachineCheckExit() {
        try (VmxMachine m = machine(false)) {
            poison(m, PLACE);
            m.set(EXCEPTION_BITMAP, 1 << 18).run("nop\nmov eax, [0x200044]");
            assertThat(m.exited()).isTrue();
            assertThat(m.get(EXIT_REASON)).isZero();
            assertThat(m.get(EXIT_INTERRUPTION)).as("valid, hardware exception, no error code, vector 18").isEqualTo(0x8000_0312L);
            assertThat(m.get(GUEST_RIP)).isEqualTo(VmxMachine.GUEST + 1);
            assertThat(m.reg("msr:405")).isEqualTo(0xBD80_0000_0000_0134L);
            assertThat(m.reg("msr:17a")).isEqualTo(7);
            assertThat(why(m)).contains("data load at physical 200040");
        }
    }

    @Test void otherwiseTheGuestHandlesIt() {
        try (VmxMachine m = machine(false)) {
            poison(m, PLACE);
            m.on(Control.HLT_EXITING).run("mov eax, [0x200044]");
            assertThat(m.get(EXIT_REASON)).isEqualTo(12);
            assertThat(m.reg("r15")).isEqualTo(18);
        }
    }

    /** Outside SMX operation a machine check with CR4.MCE = 0 is a shutdown, in VMX non-root operation too; no VM exit. */
    @Test void withoutMceTheProcessorShutsDown() {
        try (VmxMachine m = machine(false)) {
            poison(m, PLACE);
            assertThat(m.set(GUEST_CR4, 0x2020).set(EXCEPTION_BITMAP, 1 << 18).run("mov eax, [0x200044]")).isEqualTo(Outcome.SHUTDOWN);
            assertThat(m.board.call(m.cpu::idle)).isTrue();
        }
    }

    @Test void poisonMetDuringDeliveryIsAnExitWithVectoringInformation() {
        try (VmxMachine m = machine(false)) {
            poison(m, VmxMachine.TABLES + 0x1000 + 16 * 6);
            m.set(EXCEPTION_BITMAP, 1 << 18).run("ud2");
            assertThat(m.get(EXIT_REASON)).isZero();
            assertThat(m.get(EXIT_INTERRUPTION)).isEqualTo(0x8000_0312L);
            assertThat(m.get(IDT_VECTORING)).isEqualTo(0x8000_0306L);
        }
    }

    /** Poisoned EPT paging structures, and the guest's own behind EPT. */
    @ParameterizedTest
    @ValueSource(longs = {VmxMachine.EPT + 0x2040, 0x3040})
    void poisonedStructuresAreMachineChecksOfTheAccess(long line) {
        try (VmxMachine m = machine(true).ept()) {
            // Entries 8 of both lie in lines of their own, which neither code nor monitor needs.
            m.poke(VmxMachine.EPT + 0x2040, 8, 0x20_00B7);
            m.poke(0x3040, 8, 0x100_0087);
            m.set(EXCEPTION_BITMAP, 1 << 18).start("nop\nmov eax, [0x1000000]");
            poison(m, line);
            m.proceed();
            assertThat(m.get(EXIT_REASON)).isZero();
            assertThat(m.get(EXIT_INTERRUPTION)).isEqualTo(0x8000_0312L);
            assertThat(m.get(GUEST_RIP)).isEqualTo(VmxMachine.GUEST + 1);
            assertThat(m.reg("msr:406")).isEqualTo(line);
        }
    }

    /** The third of the manual's outcomes: guest state is loaded in part. @sdm Machine-Check Events During VM Entry */
    @Test void poisonInTheMsrLoadAreaFailsTheEntry() {
        try (VmxMachine m = machine(false)) {
            poison(m, AREA);
            m.set(ENTRY_MSR_LOAD_ADDRESS, AREA).set(ENTRY_MSR_LOAD_COUNT, 1).run("hlt");
            assertThat(m.get(EXIT_REASON)).isEqualTo(0x8000_0029L);
            assertThat(m.get(EXIT_QUALIFICATION)).isZero();
            assertThat(m.exited()).as("host state is loaded, and no #MC delivered").isTrue();
            assertThat(m.reg("r15")).isZero();
            assertThat(m.reg("msr:17a")).isEqualTo(7);
            assertThat(m.reg("msr:406")).isEqualTo(AREA);
            assertThat(why(m)).contains("machine-check event", "data load at physical 200000");
        }
    }

    /** They are checked before anything is loaded: the host's machine check, and this host has CR4.MCE = 0. */
    @Test void poisonedPdptesAreMetByTheChecks() {
        try (VmxMachine m = VmxMachine.host32(false)) {
            m.poke(AREA, 8, 0x3001);
            m.set(GUEST_CR3, AREA).start("hlt");
            poison(m, AREA);
            assertThat(m.proceed()).isEqualTo(Outcome.SHUTDOWN);
            assertThat(m.get(EXIT_REASON)).isZero();
            assertThat(m.reg("msr:406")).isEqualTo(AREA);
        }
    }

    /** The first outcome: nothing of the guest is loaded, and the host handles it. */
    @Test void aPoisonedVmcsIsTheHostsMachineCheck() {
        try (VmxMachine m = machine(false)) {
            m.start("hlt");
            m.proceedTo("launch");
            m.board.call(() -> {
                m.cpu.register("cr4", m.cpu.register("cr4") | 0x40);
                m.board.memory().poison(VmxMachine.VMCS + 64, 1);
                return null;
            });
            m.proceed();
            assertThat(m.reg("r15")).isEqualTo(18);
            assertThat(m.reg("r14")).as("at the VMLAUNCH").isEqualTo(m.symbol("launch") + 3);
            assertThat(m.reg("msr:406")).isEqualTo(VmxMachine.VMCS + 64);
        }
    }

    /** "There was a machine-check event during VM exit." @sdm VMX Aborts: indicator 5 */
    @Test void poisonAtAnExitAborts() {
        for (VmcsField[] area : new VmcsField[][] {{EXIT_MSR_LOAD_ADDRESS, EXIT_MSR_LOAD_COUNT}, {EXIT_MSR_STORE_ADDRESS, EXIT_MSR_STORE_COUNT}}) {
            try (VmxMachine m = machine(false)) {
                poison(m, AREA);
                assertThat(m.set(area[0], AREA).set(area[1], 1).run("cpuid")).isEqualTo(Outcome.SHUTDOWN);
                assertThat(m.peek(VmxMachine.VMCS + 4, 4)).isEqualTo(5);
            }
        }
        try (VmxMachine m = VmxMachine.host32(false)) {
            m.poke(AREA, 8, 0x3001);
            m.set(HOST_CR3, AREA).start("cpuid");
            poison(m, AREA);
            assertThat(m.proceed()).isEqualTo(Outcome.SHUTDOWN);
            assertThat(m.peek(VmxMachine.VMCS + 4, 4)).isEqualTo(5);
        }
    }

    /** Wherever poison is, something of the manual's comes of it, and the processor keeps to its budget. */
    @Test void poisonAnywhereEndsInNoJavaException() {
        long[] pages = {0x1000, 0x2000, 0x3000, 0x7000, 0x8000, VmxMachine.MONITOR, VmxMachine.FIELDS, VmxMachine.VMXON, VmxMachine.VMCS, VmxMachine.VMCS, VmxMachine.BITMAPS,
            VmxMachine.GUEST, VmxMachine.TABLES, VmxMachine.TABLES + 0x1000, VmxMachine.TABLES + 0x2000, VmxMachine.EPT, VmxMachine.EPT + 0x1000, VmxMachine.EPT + 0x2000, AREA};
        Set<Outcome> outcomes = EnumSet.noneOf(Outcome.class);
        for (int i = 0; i < 250; i++) {
            Random random = new Random(i);
            try (VmxMachine m = machine(true)) {
                if (random.nextBoolean()) {
                    m.ept();
                }
                m.on(Control.USE_MSR_BITMAPS).set(MSR_BITMAP, VmxMachine.BITMAPS).set(EXCEPTION_BITMAP, random.nextInt());
                m.set(ENTRY_MSR_LOAD_ADDRESS, AREA).set(ENTRY_MSR_LOAD_COUNT, random.nextInt(2)).set(EXIT_MSR_LOAD_ADDRESS, AREA + 64).set(EXIT_MSR_LOAD_COUNT, random.nextInt(2));
                m.start("mov eax, [0x200100]\nmov ecx, 0x10\nrdmsr\nint3\nud2\ncpuid");
                m.poke(AREA, 8, 0x10);
                m.poke(AREA + 64, 8, 0x10);
                if (random.nextBoolean()) {
                    m.proceedTo("launch");
                }
                for (int k = random.nextInt(3); k >= 0; k--) {
                    poison(m, pages[random.nextInt(pages.length)] + 64 * random.nextInt(random.nextBoolean() ? 64 : 3));
                }
                outcomes.add(m.proceed(20_000));
                assertThat(m.reg("rip")).isNotEqualTo(-1);
            }
        }
        assertThat(outcomes).contains(Outcome.IDLE, Outcome.SHUTDOWN);
    }

    /** An injected #MC is an exception like others; KVM makes its guest's machine checks so. */
    @Test void aMonitorInjectsOne() {
        try (VmxMachine m = machine(false)) {
            m.set(ENTRY_INTERRUPTION, 0x8000_0312L).on(Control.HLT_EXITING).run("hlt");
            assertThat(m.reg("r15")).isEqualTo(18);
            assertThat(m.reg("msr:17a")).isZero();
        }
    }
}
