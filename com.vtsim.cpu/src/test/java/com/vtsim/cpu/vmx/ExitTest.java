package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Processor.Outcome;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every exit reason that can occur, with what is recorded. @sdm VMX Basic Exit Reasons; Exit Qualification */
class ExitTest {
    private static final Consumer<VmxMachine> NOTHING = m -> { };

    private static Arguments row(String guest, Consumer<VmxMachine> setting, int reason, long qualification, int length) {
        return Arguments.of(guest, setting, reason, qualification, length);
    }

    private static Consumer<VmxMachine> with(Control... controls) {
        return m -> {
            for (Control control : controls) {
                if (control.field == PROCBASED_CTLS2) {
                    m.on(Control.SECONDARY_CONTROLS);
                }
                m.on(control);
            }
        };
    }

    static Stream<Arguments> instructions() {
        return Stream.of(
            row("cpuid", NOTHING, 10, 0, 2),
            row("hlt", with(Control.HLT_EXITING), 12, 0, 1),
            row("mwait", with(Control.MWAIT_EXITING), 36, 0, 3),
            row("monitor", with(Control.MONITOR_EXITING), 39, 0, 3),
            row("invd", NOTHING, 13, 0, 2),
            row("invlpg [0x123456]", with(Control.INVLPG_EXITING), 14, 0x123456, 8),
            row("rdpmc", with(Control.RDPMC_EXITING), 15, 0, 2),
            row("rdtsc", with(Control.RDTSC_EXITING), 16, 0, 2),
            row("vmcall", NOTHING, 18, 0, 3),
            row("vmclear [rax + 8]", NOTHING, 19, 8, 5),
            row("vmlaunch", NOTHING, 20, 0, 3),
            row("vmptrld [rax + 16]", NOTHING, 21, 16, 4),
            row("vmptrst [rax - 1]", NOTHING, 22, -1, 4),
            row("vmread rax, rbx", NOTHING, 23, 0, 3),
            row("vmresume", NOTHING, 24, 0, 3),
            row("vmwrite rax, rbx", NOTHING, 25, 0, 3),
            row("vmxoff", NOTHING, 26, 0, 3),
            row("vmxon [rax]", NOTHING, 27, 0, 4),
            row("mov cr3, rdx", with(Control.CR3_LOAD_EXITING), 28, 3 | 2 << 8, 3),
            row("mov r9, cr3", with(Control.CR3_STORE_EXITING), 28, 3 | 1 << 4 | 9 << 8, 4),
            row("mov cr8, rbx", with(Control.CR8_LOAD_EXITING), 28, 8 | 3 << 8, 4),
            row("mov rbx, cr8", with(Control.CR8_STORE_EXITING), 28, 8 | 1 << 4 | 3 << 8, 4),
            row("clts", m -> m.set(CR0_MASK, 8).set(CR0_SHADOW, 8), 28, 2 << 4, 2),
            row("mov eax, 0x3a\nlmsw ax", m -> m.set(CR0_MASK, 8), 28, 3 << 4 | 0x3AL << 16, 3),
            row("mov rax, cr0\nor eax, 0x20\nmov cr0, rax", m -> m.set(CR0_MASK, 0x20), 28, 0, 3),
            row("mov dr7, rcx", with(Control.MOV_DR_EXITING), 29, 7 | 1 << 8, 3),
            row("mov rsi, dr6", with(Control.MOV_DR_EXITING), 29, 6 | 1 << 4 | 6 << 8, 3),
            row("in al, 0x60", with(Control.UNCONDITIONAL_IO_EXITING), 30, 8 | 1 << 6 | 0x60 << 16, 2),
            row("mov edx, 0x3f8\nout dx, eax", with(Control.UNCONDITIONAL_IO_EXITING), 30, 3 | 0x3F8 << 16, 1),
            row("mov edx, 0x1f0\nmov ecx, 4\nmov edi, 0x70000\nrep insw", with(Control.UNCONDITIONAL_IO_EXITING), 30, 1 | 8 | 1 << 4 | 1 << 5 | 0x1F0 << 16, 3),
            row("rdmsr", NOTHING, 31, 0, 2),
            row("wrmsr", NOTHING, 32, 0, 2),
            row("pause", with(Control.PAUSE_EXITING), 40, 0, 2),
            row("lgdt [0x70000]", with(Control.DESCRIPTOR_TABLE_EXITING), 46, 0x70000, 8),
            row("sidt [0x70000]", with(Control.DESCRIPTOR_TABLE_EXITING), 46, 0x70000, 8),
            row("ltr ax", with(Control.DESCRIPTOR_TABLE_EXITING), 47, 0, 3),
            row("sldt eax", with(Control.DESCRIPTOR_TABLE_EXITING), 47, 0, 3),
            row("invept rax, [rbx]", NOTHING, 50, 0, 5),
            row("rdtscp", with(Control.RDTSC_EXITING, Control.ENABLE_RDTSCP), 51, 0, 3),
            row("invvpid rax, [rbx]", NOTHING, 53, 0, 5),
            row("wbinvd", with(Control.WBINVD_EXITING), 54, 0, 2),
            row("xsetbv", m -> m.set(GUEST_CR4, 0x4_2020), 55, 0, 3),
            row("rdrand eax", with(Control.RDRAND_EXITING), 57, 0, 3),
            row("invpcid rax, [rbx]", with(Control.ENABLE_INVPCID, Control.INVLPG_EXITING), 58, 0, 5),
            row("rdseed eax", with(Control.RDSEED_EXITING), 61, 0, 3),
            row("loadiwkey xmm9, xmm2", m -> m.on(Control.TERTIARY_CONTROLS, Control.LOADIWKEY_EXITING).set(GUEST_CR4, 0x8_2220), 69, 0, 6));
    }

    /** The registers are in bits 6:3 and 31:28; #UD and #GP of an instruction that may not be executed go before. */
    @Test void theRegistersOfALoadedKeyAreTold() {
        try (VmxMachine m = new VmxMachine(true).on(Control.TERTIARY_CONTROLS, Control.LOADIWKEY_EXITING).set(GUEST_CR4, 0x8_2220)) {
            m.run("loadiwkey xmm9, xmm2");
            assertThat(m.get(EXIT_REASON)).isEqualTo(69);
            assertThat(m.get(EXIT_INFORMATION) & 0xF000_0078L).isEqualTo(9 << 3 | 2 << 28);
        }
        try (VmxMachine m = new VmxMachine(true).set(GUEST_CR4, 0x8_2220)) {
            m.run("xor eax, eax\nloadiwkey xmm9, xmm2\ncpuid");
            assertThat(m.get(EXIT_REASON)).as("without the control").isEqualTo(10);
        }
        try (VmxMachine m = new VmxMachine(true).on(Control.TERTIARY_CONTROLS, Control.LOADIWKEY_EXITING).set(GUEST_CR4, 0x2220)) {
            m.run("loadiwkey xmm9, xmm2");
            assertThat(m.reg("r15")).as("CR4.KL").isEqualTo(6);
        }
    }

    /** The instruction under test is the guest's last. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("instructions")
    void anInstructionExits(String guest, Consumer<VmxMachine> setting, int reason, long qualification, int length) {
        try (VmxMachine m = new VmxMachine(true)) {
            setting.accept(m);
            m.set(GUEST_RSP, 0x8000);
            m.run("xor eax, eax\n" + guest + "\nend: ud2");
            assertThat(m.exited()).as("%s", m.cpu.virtualization().orElseThrow().why()).isTrue();
            assertThat(m.get(EXIT_REASON)).isEqualTo(reason);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(qualification);
            assertThat(m.get(EXIT_LENGTH)).isEqualTo(length);
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("end") - length);
            assertThat(m.get(IDT_VECTORING)).isZero();
        }
    }

    /** @sdm Exit Qualification for Task Switches; Treatment of Task Switches */
    @ParameterizedTest(name = "{0}")
    @MethodSource
    void aTaskSwitchExits(String guest, long qualification, int length, long vectoring) {
        try (VmxMachine m = new VmxMachine(true).flat()) {
            // 28h: an available TSS; vector 40h: a task gate to it.
            m.poke(VmxMachine.TABLES + 0x28, 8, 0x0000_8905_3000_0067L);
            m.poke(VmxMachine.TABLES + 0x1000 + 8 * 0x40, 8, 0x0000_8500_0028_0000L);
            m.run("bits 32\norg 0x40000\nhere: " + guest);
            assertThat(m.get(EXIT_REASON)).isEqualTo(9);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(qualification);
            assertThat(m.get(EXIT_LENGTH)).isEqualTo(length);
            assertThat(m.get(IDT_VECTORING)).isEqualTo(vectoring);
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("here"));
            assertThat(m.get(GUEST_TR_SELECTOR)).isEqualTo(0x20);
        }
    }

    static Stream<Arguments> aTaskSwitchExits() {
        return Stream.of(Arguments.of("jmp 0x28:0", 0x28 | 2L << 30, 7, 0L), Arguments.of("call 0x28:0", 0x28L, 7, 0L),
            Arguments.of("int 0x40", 0x28 | 3L << 30, 2, 0x8000_0440L));
    }

    @Test void aVirtual8086GuestRunsAndTakesAnInjectedInterrupt() {
        try (VmxMachine m = new VmxMachine(true).flat()) {
            m.set(GUEST_RFLAGS, 0x2_3202).set(GUEST_RIP, 0x10);
            for (String name : new String[] {"ES", "CS", "SS", "DS", "FS", "GS"}) {
                m.set(VmcsField.valueOf("GUEST_" + name + "_SELECTOR"), VmxMachine.GUEST >> 4).set(VmcsField.valueOf("GUEST_" + name + "_BASE"), VmxMachine.GUEST);
                m.set(VmcsField.valueOf("GUEST_" + name + "_LIMIT"), 0xFFFF).set(VmcsField.valueOf("GUEST_" + name + "_ACCESS"), 0xF3);
            }
            // Ring 0 stack of the TSS, and gate 31h to a 32-bit handler at the guest's offset 40h.
            m.poke(VmxMachine.TABLES + 0x2004, 4, 0x7000);
            m.poke(VmxMachine.TABLES + 0x2008, 4, 0x18);
            m.poke(VmxMachine.TABLES + 0x10, 8, 0x00CF_9B00_0000_FFFFL);
            m.poke(VmxMachine.TABLES + 0x1000 + 8 * 0x31, 8, 0x0004_8E00_0010_0040L);
            m.set(ENTRY_INTERRUPTION, 0x8000_0031L);
            m.run("bits 16\norg 0\ntimes 0x10 db 0x90\nhere: jmp here\ntimes 0x40 - ($ - $$) db 0x90\nbits 32\nmov ebx, [esp]\nmov ecx, [esp + 8]\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.reg("rbx")).isEqualTo(0x10);
            assertThat(m.reg("rcx") & 0x20000).isEqualTo(0x20000);
        }
    }

    /** An entry asks of RIP no more than that the bits above the linear-address width are alike: the fetch decides. @sdm Checks on Guest RIP, RFLAGS, and SSP */
    @Test void aRipThatIsNotCanonicalFaultsInTheGuest() {
        try (VmxMachine m = new VmxMachine(true)) {
            m.set(EXCEPTION_BITMAP, 1 << 13).set(GUEST_RIP, 0x8000_0000_0000L).run("nop");
            assertThat(m.get(EXIT_REASON)).isZero();
            assertThat(m.get(EXIT_INTERRUPTION)).isEqualTo(0x8000_0B0DL);
            assertThat(m.get(EXIT_ERROR_CODE)).isZero();
            assertThat(m.get(GUEST_RIP)).isEqualTo(0x8000_0000_0000L);
        }
    }

    @Test void theExceptionBitmapMakesAnExceptionExit() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.set(EXCEPTION_BITMAP, 1 << 6).run("nop\nbad: ud2");
            assertThat(m.get(EXIT_REASON)).isZero();
            assertThat(m.get(EXIT_INTERRUPTION)).isEqualTo(0x8000_0306L);
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("bad"));
        }
    }

    /** @sdm Exception Bitmap: page faults */
    @ParameterizedTest
    @MethodSource
    void pageFaultsFollowMaskAndMatch(int bitmap, int mask, int match, boolean exits) {
        try (VmxMachine m = new VmxMachine(false)) {
            m.set(EXCEPTION_BITMAP, bitmap << 14).set(PAGE_FAULT_MASK, mask).set(PAGE_FAULT_MATCH, match);
            m.run("mov dword [0x4000000], 1");
            if (exits) {
                assertThat(m.get(EXIT_INTERRUPTION)).isEqualTo(0x8000_0B0EL);
                assertThat(m.get(EXIT_ERROR_CODE)).isEqualTo(2);
                assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(0x400_0000);
                assertThat(m.reg("cr2")).isZero();
            } else {
                assertThat(m.reg("r15")).isEqualTo(14);
                assertThat(m.reg("cr2")).isEqualTo(0x400_0000);
            }
        }
    }

    static Stream<Arguments> pageFaultsFollowMaskAndMatch() {
        return Stream.of(Arguments.of(1, 0, 0, true), Arguments.of(0, 0, 0, false), Arguments.of(1, 1, 1, false), Arguments.of(0, 1, 1, true),
            Arguments.of(1, 3, 2, true));
    }

    @Test void int3ExitsAsSoftwareExceptionWithItsLength() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.set(EXCEPTION_BITMAP, 1 << 3).run("here: int3");
            assertThat(m.get(EXIT_INTERRUPTION)).isEqualTo(0x8000_0603L);
            assertThat(m.get(EXIT_LENGTH)).isEqualTo(1);
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("here"));
        }
    }

    /** A fault in the delivery of INT n. @sdm Information for VM Exits During Event Delivery */
    @Test void aFaultDuringDeliveryRecordsTheEvent() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.set(EXCEPTION_BITMAP, 1 << 13).set(GUEST_IDTR_LIMIT, 0x1FF).run("here: int 0x40");
            assertThat(m.get(EXIT_INTERRUPTION)).isEqualTo(0x8000_0B0DL);
            assertThat(m.get(EXIT_ERROR_CODE)).isEqualTo(0x40 * 8 + 2);
            assertThat(m.get(IDT_VECTORING)).isEqualTo(0x8000_0440L);
            assertThat(m.get(EXIT_LENGTH)).isEqualTo(2);
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("here"));
        }
    }

    /** @sdm IDT-vectoring information is not valid for a double fault that exits directly, nor for a triple fault */
    @Test void doubleAndTripleFaultsExitWithoutVectoringInformation() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.set(EXCEPTION_BITMAP, 1 << 8).set(GUEST_IDTR_LIMIT, 0).run("div dword [0]");
            assertThat(m.get(EXIT_INTERRUPTION)).isEqualTo(0x8000_0B08L);
            assertThat(m.get(IDT_VECTORING)).isZero();
        }
        try (VmxMachine m = new VmxMachine(false)) {
            m.set(GUEST_IDTR_LIMIT, 0).run("ud2");
            assertThat(m.get(EXIT_REASON)).isEqualTo(2);
            assertThat(m.get(IDT_VECTORING)).isZero();
        }
    }

    @Test void anExternalInterruptExitsAndStaysPending() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.EXTERNAL_INTERRUPT_EXITING).start("again: jmp again");
            m.proceed(1000);
            interrupt(m);
            m.proceed();
            assertThat(m.get(EXIT_REASON)).isEqualTo(1);
            assertThat(m.get(EXIT_INTERRUPTION)).isZero();
            assertThat(m.controller.acknowledged).isZero();
        }
    }

    @Test void anExternalInterruptIsAcknowledgedOnExit() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.EXTERNAL_INTERRUPT_EXITING, Control.ACKNOWLEDGE_INTERRUPT_ON_EXIT).start("again: jmp again");
            m.proceed(1000);
            interrupt(m);
            m.proceed();
            assertThat(m.get(EXIT_INTERRUPTION)).isEqualTo(0x8000_0051L);
            assertThat(m.controller.acknowledged).isEqualTo(1);
        }
    }

    private static void interrupt(VmxMachine m) {
        m.board.call(() -> {
            m.cpu.intr(true);
            return null;
        });
    }

    @Test void anInterruptWithoutExitingGoesThroughTheGuestsTable() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.start("sti\nagain: jmp again");
            m.proceed(1000);
            interrupt(m);
            m.proceed();
            assertThat(m.reg("r15")).isEqualTo(0x51);
            assertThat(m.cpu.virtualization().orElseThrow().exits()).isEmpty();
        }
    }

    @Test void anNmiExits() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.NMI_EXITING).start("again: jmp again");
            m.proceed(1000);
            m.board.call(() -> {
                m.cpu.nmi();
                return null;
            });
            m.proceed();
            assertThat(m.get(EXIT_REASON)).isZero();
            assertThat(m.get(EXIT_INTERRUPTION)).isEqualTo(0x8000_0202L);
        }
    }

    @Test void windowsExitWhenTheyOpen() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.INTERRUPT_WINDOW_EXITING).run("nop\nsti\nnop\nend: nop");
            assertThat(m.get(EXIT_REASON)).isEqualTo(7);
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("end"));
        }
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.NMI_EXITING, Control.VIRTUAL_NMIS, Control.NMI_WINDOW_EXITING).set(GUEST_INTERRUPTIBILITY, 8);
            m.run("push 0x18\npush 0x8000\npush 2\npush 0x10\npush there\niretq\nthere: nop");
            assertThat(m.get(EXIT_REASON)).isEqualTo(8);
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("there"));
        }
    }

    @Test void initExits() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.start("again: jmp again");
            m.proceed(1000);
            m.board.call(() -> {
                m.cpu.init();
                return null;
            });
            m.proceed();
            assertThat(m.get(EXIT_REASON)).isEqualTo(3);
        }
    }

    @Test void aStartUpMessageExitsFromWaitForSipi() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.set(GUEST_ACTIVITY, 3).start("hlt");
            assertThat(m.proceed()).isEqualTo(Outcome.IDLE);
            m.board.call(() -> {
                m.cpu.startup(0x12);
                return null;
            });
            m.proceed();
            assertThat(m.get(EXIT_REASON)).isEqualTo(4);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(0x12);
        }
    }

    @Test void theMonitorTrapFlagExitsAfterOneInstruction() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.MONITOR_TRAP_FLAG).run("nop\nhere: nop\nnop");
            assertThat(m.get(EXIT_REASON)).isEqualTo(37);
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("here"));
        }
    }

    @Test void thePreemptionTimerExits() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.PREEMPTION_TIMER, Control.SAVE_PREEMPTION_TIMER).set(PREEMPTION_TIMER, 0).run("nop\nnop");
            assertThat(m.get(EXIT_REASON)).isEqualTo(52);
            assertThat(m.get(GUEST_RIP)).isEqualTo(VmxMachine.GUEST);
        }
    }

    @Test void aTaskPriorityBelowTheThresholdExits() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.USE_TPR_SHADOW).set(VIRTUAL_APIC, 0x32000).set(TPR_THRESHOLD, 4);
            m.poke(0x32080, 4, 0x50);
            m.run("mov rbx, cr8\nmov eax, 3\nmov cr8, rax\nhere: nop");
            assertThat(m.get(EXIT_REASON)).isEqualTo(43);
            assertThat(m.reg("rbx")).isEqualTo(5);
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("here"));
            assertThat(m.peek(0x32080, 1)).isEqualTo(0x30);
        }
    }

    @Test void aFailedMsrLoadIsAFailedEntry() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.poke(0x33000, 8, 0x174);
            m.poke(0x33008, 8, 8);
            m.poke(0x33010, 8, 0xC000_0100L);
            m.set(ENTRY_MSR_LOAD_ADDRESS, 0x33000).set(ENTRY_MSR_LOAD_COUNT, 2).run("hlt");
            assertThat(m.get(EXIT_REASON)).isEqualTo(0x8000_0022L);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(2);
        }
    }

    @Test void bitmapsChooseRegistersAndPorts() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.USE_MSR_BITMAPS).set(MSR_BITMAP, 0x32000);
            m.poke(0x32000 + 1024 + (0x80 >> 3), 1, 1);
            m.run("mov ecx, 0x174\nrdmsr\nmov ecx, 0xc0000080\nhere: rdmsr");
            assertThat(m.get(EXIT_REASON)).isEqualTo(31);
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("here"));
        }
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.USE_IO_BITMAPS).set(IO_BITMAP_A, 0x32000).set(IO_BITMAP_B, 0x33000);
            m.poke(0x33000, 1, 1);
            m.run("in al, 0x60\nmov edx, 0x7fff\nhere: in ax, dx");
            assertThat(m.get(EXIT_REASON)).isEqualTo(30);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(1 | 8 | 0x7FFFL << 16);
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("here"));
        }
    }

    /** @sdm Event Injection */
    @Test void eventsAreInjected() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.set(ENTRY_INTERRUPTION, 0x8000_0031L).set(GUEST_RFLAGS, 0x202).run("nop");
            assertThat(m.reg("r15")).isEqualTo(0x31);
            assertThat(m.reg("r14")).isEqualTo(VmxMachine.GUEST);
        }
        try (VmxMachine m = new VmxMachine(false)) {
            m.set(ENTRY_INTERRUPTION, 0x8000_0B0EL).set(ENTRY_ERROR_CODE, 5).set(EXCEPTION_BITMAP, 1 << 14).run("nop");
            assertThat(m.reg("r15")).isEqualTo(14);
            assertThat(m.reg("r14")).isEqualTo(5);
        }
        try (VmxMachine m = new VmxMachine(false)) {
            m.set(ENTRY_INTERRUPTION, 0x8000_0430L).set(ENTRY_LENGTH, 2).run("nop");
            assertThat(m.reg("r15")).isEqualTo(0x30);
            assertThat(m.reg("r14")).isEqualTo(VmxMachine.GUEST + 2);
        }
    }

    @Test void anInjectedEventThatFaultsIsInTheVectoringInformation() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.set(ENTRY_INTERRUPTION, 0x8000_0060L).set(GUEST_RFLAGS, 0x202).set(GUEST_IDTR_LIMIT, 0x1FF).set(EXCEPTION_BITMAP, 1 << 13).run("nop");
            assertThat(m.get(EXIT_INTERRUPTION)).isEqualTo(0x8000_0B0DL);
            assertThat(m.get(EXIT_ERROR_CODE)).isEqualTo(0x60 * 8 + 3);
            assertThat(m.get(IDT_VECTORING)).isEqualTo(0x8000_0060L);
            assertThat(m.get(ENTRY_INTERRUPTION)).isEqualTo(0x60);
        }
    }

    @Test void shadowsShowWhatTheMonitorWants() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.set(CR4_MASK, 0x2000).set(CR4_SHADOW, 0).set(CR0_MASK, 0x20).run("mov rbx, cr4\nmov rcx, cr0\ncpuid\n");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.reg("rbx")).isEqualTo(0x20);
            assertThat(m.reg("rcx")).isEqualTo(0x8001_0013L);
        }
    }

    /** @sdm Restrictions on VMX Operation */
    @Test void initWaitsInRootOperation() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.run("cpuid");
            m.board.call(() -> {
                m.cpu.init();
                return null;
            });
            assertThat(m.board.call(m.cpu::idle)).isTrue();
            assertThat(m.proceed()).isEqualTo(Outcome.IDLE);
            assertThat(m.exited()).isTrue();
        }
    }

    @Test void aGuestGoesOnAfterItsExit() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.run("vmcall\nmov ebx, 7\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(18);
            m.board.call(() -> {
                m.vmcs.write(VmxMachine.VMCS, GUEST_RIP, m.vmcs.read(VmxMachine.VMCS, GUEST_RIP) + 3);
                return null;
            });
            m.resume();
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.reg("rbx")).isEqualTo(7);
        }
    }
}
