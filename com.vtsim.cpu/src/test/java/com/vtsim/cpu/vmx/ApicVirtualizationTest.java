package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** @sdm APIC Virtualization and Virtual Interrupts */
class ApicVirtualizationTest {
    /** The virtual-APIC page, and the APIC-access page, which the guest has at the same linear address. */
    private static final long PAGE = 0x34000, ACCESS = 0x35000;
    private static final long DESCRIPTOR = 0x36000;

    private static VmxMachine shadow(VmxMachine m) {
        m.on(Control.SECONDARY_CONTROLS, Control.USE_TPR_SHADOW, Control.USE_MSR_BITMAPS, Control.HLT_EXITING);
        return m.set(VIRTUAL_APIC, PAGE).set(MSR_BITMAP, VmxMachine.BITMAPS);
    }

    private static VmxMachine accesses(VmxMachine m) {
        return shadow(m).on(Control.VIRTUALIZE_APIC_ACCESSES).set(APIC_ACCESS, ACCESS);
    }

    private static VmxMachine delivery(VmxMachine m) {
        return accesses(m).on(Control.VIRTUAL_INTERRUPT_DELIVERY, Control.APIC_REGISTER_VIRTUALIZATION, Control.EXTERNAL_INTERRUPT_EXITING);
    }

    private static VmxMachine posted(VmxMachine m) {
        m.endingApic();
        delivery(m).on(Control.PROCESS_POSTED_INTERRUPTS, Control.ACKNOWLEDGE_INTERRUPT_ON_EXIT);
        return m.set(POSTED_INTERRUPT_VECTOR, 0xF2).set(POSTED_INTERRUPT_DESCRIPTOR, DESCRIPTOR);
    }

    private static void requested(VmxMachine m, int vector) {
        m.poke(PAGE + 0x200 + (vector >> 5) * 16, 4, 1L << (vector & 31));
    }

    // Memory-mapped accesses

    @Test void theTaskPriorityIsReadAndWrittenInTheVirtualPage() {
        try (VmxMachine m = accesses(new VmxMachine(false))) {
            m.poke(PAGE + 0x80, 4, 0xAB_CD50);
            m.run("mov ebx, [0x35080]\nmov dword [0x35080], 0x12345670\ncpuid");
            assertThat(m.reg("rbx")).isEqualTo(0xAB_CD50);
            assertThat(m.peek(PAGE + 0x80, 4)).isEqualTo(0x70);
            assertThat(m.peek(ACCESS + 0x80, 4)).as("nothing reaches the APIC-access page").isZero();
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
        }
    }

    /** @sdm Exit Qualification for APIC-Access VM Exits from Linear Accesses and Guest-Physical Accesses */
    @ParameterizedTest
    @CsvSource({"'mov eax, [0x35020]', 0x0020", "'mov [0x350b0], eax', 0x10b0", "'mov rax, [0x35080]', 0x0080", "'mov eax, [0x35084]', 0x0084",
        "'mov ax, [0x35083]', 0x0083", "'mov eax, 0x35080\njmp rax', 0x2080", "'or dword [0x350f0], 1', 0x10f0",
        "'mov eax, 0x35040\nxor ecx, ecx\nxor edx, edx\nmonitor', 0x4040"})
    void otherAccessesExit(String instruction, String qualification) {
        try (VmxMachine m = accesses(new VmxMachine(false))) {
            m.run(instruction);
            assertThat(m.get(EXIT_REASON)).isEqualTo(44);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(Long.decode(qualification));
        }
    }

    @Test void withoutTheTprShadowTheTaskPriorityExits() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.SECONDARY_CONTROLS, Control.VIRTUALIZE_APIC_ACCESSES).set(APIC_ACCESS, ACCESS).run("nop\nhere: mov eax, [0x35080]");
            assertThat(m.get(EXIT_REASON)).isEqualTo(44);
            assertThat(m.get(GUEST_RIP)).as("a fault, not a trap").isEqualTo(m.guestSymbol("here"));
            assertThat(m.get(EXIT_LENGTH)).isEqualTo(7);
        }
    }

    @Test void anEventThatIsDeliveredToThePageExits() {
        try (VmxMachine m = accesses(new VmxMachine(false))) {
            m.run("mov rsp, 0x35090\nud2");
            assertThat(m.get(EXIT_REASON)).isEqualTo(44);
            assertThat(m.get(EXIT_QUALIFICATION) >> 12).isEqualTo(3);
            assertThat(m.get(IDT_VECTORING)).isEqualTo(0x8000_0306L);
        }
    }

    @Test void registersAreReadFromTheVirtualPageAndTheirWritesExitAfterwards() {
        try (VmxMachine m = accesses(new VmxMachine(false))) {
            m.poke(PAGE + 0x20, 4, 0x0700_0000);
            m.poke(PAGE + 0x170, 4, 0x55);
            m.on(Control.APIC_REGISTER_VIRTUALIZATION).run("mov ebx, [0x35020]\nmov esi, [0x35170]\nmov dword [0x35320], 0x20040\nthere: nop");
            assertThat(m.reg("rbx")).isEqualTo(0x0700_0000);
            assertThat(m.reg("rsi")).isEqualTo(0x55);
            assertThat(m.get(EXIT_REASON)).isEqualTo(56);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(0x320);
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("there"));
            assertThat(m.peek(PAGE + 0x320, 4)).isEqualTo(0x20040);
        }
    }

    @Test void whatRegisterVirtualizationDoesNotCoverExits() {
        for (String instruction : new String[] {"mov eax, [0x35390]", "mov eax, [0x350a0]", "mov [0x35030], eax", "mov [0x35200], eax"}) {
            try (VmxMachine m = accesses(new VmxMachine(false))) {
                m.on(Control.APIC_REGISTER_VIRTUALIZATION).run(instruction);
                assertThat(m.get(EXIT_REASON)).as(instruction).isEqualTo(44);
            }
        }
    }

    @Test void anOperationMayNotTouchTwoRegisters() {
        try (VmxMachine m = accesses(new VmxMachine(false))) {
            m.on(Control.APIC_REGISTER_VIRTUALIZATION).run("mov esi, 0x35080\nmov edi, 0x350d0\nmovsd");
            assertThat(m.get(EXIT_REASON)).isEqualTo(44);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(0x10D0);
        }
    }

    @Test void thePageIsKnownByItsHostPhysicalAddress() {
        try (VmxMachine m = accesses(new VmxMachine(true)).ept()) {
            // Guest-physical 2 MiB to 4 MiB in pages of 4 KiB; the first of them is the APIC-access page.
            m.poke(VmxMachine.EPT + 0x2008, 8, VmxMachine.EPT + 0x3007);
            m.poke(VmxMachine.EPT + 0x3000, 8, ACCESS | 0x37);
            m.poke(PAGE + 0x80, 4, 0x30);
            m.run("mov ebx, [0x200080]\nmov eax, [0x200040]");
            assertThat(m.reg("rbx")).isEqualTo(0x30);
            assertThat(m.get(EXIT_REASON)).isEqualTo(44);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(0x40);
        }
    }

    @Test void pagingStructuresInThePageExit() {
        try (VmxMachine m = accesses(new VmxMachine(true)).ept()) {
            m.poke(0x2008, 8, ACCESS | 7);
            m.run("mov rax, [0x40000000]");
            assertThat(m.get(EXIT_REASON)).isEqualTo(44);
            assertThat(m.get(EXIT_QUALIFICATION) >> 12).isEqualTo(15);
        }
    }

    // Task priority

    @Test void aTaskPriorityBelowTheThresholdExitsAfterTheWrite() {
        for (String write : new String[] {"mov dword [0x35080], 0x2f", "mov eax, 2\nmov cr8, rax"}) {
            try (VmxMachine m = accesses(new VmxMachine(false))) {
                m.poke(PAGE + 0x80, 4, 0x30);
                m.set(TPR_THRESHOLD, 3).run(write + "\nthere: nop");
                assertThat(m.get(EXIT_REASON)).as(write).isEqualTo(43);
                assertThat(m.get(GUEST_RIP)).as(write).isEqualTo(m.guestSymbol("there"));
            }
        }
    }

    @Test void anEntryBelowTheThresholdExitsAtOnceAndAfterItsEvent() {
        try (VmxMachine m = accesses(new VmxMachine(false))) {
            m.set(TPR_THRESHOLD, 3).run("nop");
            assertThat(m.get(EXIT_REASON)).isEqualTo(43);
            assertThat(m.get(GUEST_RIP)).isEqualTo(VmxMachine.GUEST);
        }
        try (VmxMachine m = accesses(new VmxMachine(false))) {
            m.set(TPR_THRESHOLD, 3).set(ENTRY_INTERRUPTION, 0x8000_0306L).run("nop");
            assertThat(m.get(EXIT_REASON)).isEqualTo(43);
            assertThat(m.get(GUEST_RIP)).isEqualTo(0x48000 + 16 * 6);
        }
    }

    // x2APIC mode

    @Test void x2apicRegistersAreReadFromTheVirtualPage() {
        try (VmxMachine m = shadow(new VmxMachine(false)).on(Control.VIRTUALIZE_X2APIC_MODE, Control.APIC_REGISTER_VIRTUALIZATION)) {
            m.poke(PAGE + 0x300, 8, 0x0000_0009_0004_0051L);
            m.run("mov ecx, 0x830\nrdmsr\nmov ebx, eax\nmov esi, edx\nmov ecx, 0x808\nmov eax, 0x40\nxor edx, edx\nwrmsr\nmov rdi, cr8\ncpuid");
            assertThat(m.reg("rbx")).isEqualTo(0x0004_0051);
            assertThat(m.reg("rsi")).isEqualTo(9);
            assertThat(m.reg("rdi")).isEqualTo(4);
            assertThat(m.peek(PAGE + 0x80, 4)).isEqualTo(0x40);
        }
    }

    @Test void withoutRegisterVirtualizationOnlyTheTaskPriorityIsVirtual() {
        try (VmxMachine m = shadow(new VmxMachine(false)).on(Control.VIRTUALIZE_X2APIC_MODE).set(EXCEPTION_BITMAP, 1 << 13)) {
            m.poke(PAGE + 0x80, 4, 0x20);
            m.run("mov ecx, 0x808\nrdmsr\nmov ebx, eax\nmov ecx, 0x802\nhere: rdmsr");
            assertThat(m.reg("rbx")).isEqualTo(0x20);
            assertThat(m.get(EXIT_INTERRUPTION)).as("there is no local APIC").isEqualTo(0x8000_0B0DL);
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("here"));
        }
    }

    @ParameterizedTest
    @CsvSource({"0x808, 0x100, 0", "0x808, 0x10, 1", "0x80b, 1, 0", "0x83f, 0x151, 0"})
    void reservedBitsInX2apicWritesFault(String register, String low, String high) {
        try (VmxMachine m = delivery(new VmxMachine(false)).off(Control.VIRTUALIZE_APIC_ACCESSES).on(Control.VIRTUALIZE_X2APIC_MODE)) {
            m.set(EXCEPTION_BITMAP, 1 << 13).run("mov ecx, " + register + "\nmov eax, " + low + "\nmov edx, " + high + "\nwrmsr");
            assertThat(m.get(EXIT_INTERRUPTION)).isEqualTo(0x8000_0B0DL);
        }
    }

    @Test void x2apicWritesEndAndRequestInterrupts() {
        try (VmxMachine m = delivery(new VmxMachine(false)).off(Control.VIRTUALIZE_APIC_ACCESSES).on(Control.VIRTUALIZE_X2APIC_MODE)) {
            m.poke(PAGE + 0x120, 4, 1 << 0x10);
            m.set(GUEST_INTERRUPT_STATUS, 0x5000);
            m.run("xor eax, eax\nxor edx, edx\nmov ecx, 0x80b\nwrmsr\nmov ecx, 0x83f\nmov eax, 0x61\nwrmsr\ncpuid");
            assertThat(m.get(GUEST_INTERRUPT_STATUS)).as("50h is ended, 61h requested").isEqualTo(0x61);
            assertThat(m.peek(PAGE + 0x230, 4)).isEqualTo(2);
        }
    }

    @Test void aSelfIpiWithAnIllegalVectorIsLeftToTheMonitor() {
        try (VmxMachine m = delivery(new VmxMachine(false)).off(Control.VIRTUALIZE_APIC_ACCESSES).on(Control.VIRTUALIZE_X2APIC_MODE)) {
            m.run("xor edx, edx\nmov ecx, 0x83f\nmov eax, 0xf\nwrmsr");
            assertThat(m.get(EXIT_REASON)).isEqualTo(56);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(0x3F0);
        }
    }

    // Virtual interrupts

    @Test void anEntryDeliversThePendingInterruptByTheGuestsIdt() {
        try (VmxMachine m = delivery(new VmxMachine(false))) {
            requested(m, 0x60);
            m.poke(PAGE + 0x220, 4, 1 << 1);
            m.set(GUEST_INTERRUPT_STATUS, 0x60).set(GUEST_RFLAGS, 0x202).run("nop");
            assertThat(m.get(EXIT_REASON)).isEqualTo(12);
            assertThat(m.reg("r15")).isEqualTo(0x60);
            assertThat(m.reg("r14")).isEqualTo(VmxMachine.GUEST);
            assertThat(m.get(GUEST_INTERRUPT_STATUS)).as("60h in service, 41h still requested").isEqualTo(0x6041);
            assertThat(m.peek(PAGE + 0x130, 4)).as("VISR").isEqualTo(1);
            assertThat(m.peek(PAGE + 0x230, 4)).as("VIRR").isZero();
            assertThat(m.peek(PAGE + 0xA0, 4)).as("VPPR").isEqualTo(0x60);
        }
    }

    @Test void theInterruptWaitsForTheInterruptFlagAndTheShadowOfSti() {
        try (VmxMachine m = delivery(new VmxMachine(false))) {
            requested(m, 0x60);
            m.set(GUEST_INTERRUPT_STATUS, 0x60).run("nop\nsti\nmov ebx, 7\nthere: nop");
            assertThat(m.reg("r15")).isEqualTo(0x60);
            assertThat(m.reg("r14")).isEqualTo(m.guestSymbol("there"));
        }
    }

    @Test void theInterruptWaitsForTheTaskPriority() {
        for (String lower : new String[] {"mov dword [0x35080], 0x50", "mov eax, 5\nmov cr8, rax"}) {
            try (VmxMachine m = delivery(new VmxMachine(false))) {
                requested(m, 0x60);
                m.poke(PAGE + 0x80, 4, 0x60);
                m.set(GUEST_INTERRUPT_STATUS, 0x60).set(GUEST_RFLAGS, 0x202).run("nop\n" + lower + "\nthere: nop");
                assertThat(m.reg("r15")).as(lower).isEqualTo(0x60);
                assertThat(m.reg("r14")).as(lower).isEqualTo(m.guestSymbol("there"));
            }
        }
    }

    @Test void theInterruptEndsAHaltButNotAShutdown() {
        for (int activity = 1; activity <= 2; activity++) {
            try (VmxMachine m = delivery(new VmxMachine(false))) {
                requested(m, 0x60);
                m.set(GUEST_INTERRUPT_STATUS, 0x60).set(GUEST_RFLAGS, 0x202).set(GUEST_ACTIVITY, activity).run("nop");
                assertThat(m.reg("r15")).as("activity state %d", activity).isEqualTo(activity == 1 ? 0x60 : 0);
            }
        }
    }

    /** A processor's state carries the virtual interrupt that waits, the one in service, and the APIC-access page. */
    @Test void aGuestIsSavedAndRestoredWithItsVirtualInterrupts() {
        try (VmxMachine m = delivery(new VmxMachine(false))) {
            requested(m, 0x60);
            m.poke(PAGE + 0x120, 4, 1 << 1);
            m.set(GUEST_INTERRUPT_STATUS, 0x4160).start("mov ecx, 1000\nagain: loop again\nmov ebx, [0x35020]\nsti\nnop\nnop");
            m.poke(PAGE + 0x20, 4, 0x0900_0000);
            m.proceed(1500);
            State state = m.board.call(m.cpu::save);
            m.board.call(() -> {
                m.cpu.reset(Reset.COLD);
                m.cpu.restore(state);
                m.board.remove(m.cpu);
                m.board.add(m.cpu);
                return null;
            });
            m.board.settle();
            m.proceed();
            assertThat(m.reg("rbx")).isEqualTo(0x0900_0000);
            assertThat(m.reg("r15")).isEqualTo(0x60);
            assertThat(m.get(GUEST_INTERRUPT_STATUS)).isEqualTo(0x6000);
            assertThat(m.peek(PAGE + 0x120, 4)).as("41h is in service still").isEqualTo(2);
        }
    }

    @Test void interruptWindowExitingGoesFirst() {
        try (VmxMachine m = delivery(new VmxMachine(false))) {
            requested(m, 0x60);
            m.on(Control.INTERRUPT_WINDOW_EXITING).set(GUEST_INTERRUPT_STATUS, 0x60).set(GUEST_RFLAGS, 0x202).run("nop");
            assertThat(m.get(EXIT_REASON)).isEqualTo(7);
            assertThat(m.get(GUEST_INTERRUPT_STATUS)).isEqualTo(0x60);
        }
    }

    @Test void aFaultDuringDeliveryNamesTheVirtualInterrupt() {
        try (VmxMachine m = delivery(new VmxMachine(false))) {
            requested(m, 0x60);
            m.set(GUEST_INTERRUPT_STATUS, 0x60).set(GUEST_RFLAGS, 0x202).set(GUEST_IDTR_LIMIT, 0x1FF).set(EXCEPTION_BITMAP, 1 << 13).run("nop");
            assertThat(m.get(EXIT_INTERRUPTION)).isEqualTo(0x8000_0B0DL);
            assertThat(m.get(IDT_VECTORING)).isEqualTo(0x8000_0060L);
        }
    }

    @Test void anEoiEndsTheInterruptInService() {
        try (VmxMachine m = delivery(new VmxMachine(false))) {
            m.poke(PAGE + 0x130, 4, 1);
            m.poke(PAGE + 0x120, 4, 1 << 0x11);
            m.set(GUEST_INTERRUPT_STATUS, 0x6000).run("mov dword [0x350b0], 0x77\nmov ebx, [0x350b0]\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.get(GUEST_INTERRUPT_STATUS)).isEqualTo(0x5100);
            assertThat(m.peek(PAGE + 0x130, 4)).isZero();
            assertThat(m.peek(PAGE + 0xA0, 4)).as("VPPR").isEqualTo(0x50);
            assertThat(m.reg("rbx")).as("VEOI reads 0").isZero();
        }
    }

    @Test void theEoiExitBitmapMakesAnEoiExit() {
        try (VmxMachine m = delivery(new VmxMachine(false))) {
            m.poke(PAGE + 0x130, 4, 1);
            m.set(GUEST_INTERRUPT_STATUS, 0x6000).set(EOI_EXIT1, 1L << 0x20).run("mov dword [0x350b0], 0\nthere: nop");
            assertThat(m.get(EXIT_REASON)).isEqualTo(45);
            assertThat(m.get(EXIT_QUALIFICATION)).isEqualTo(0x60);
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("there"));
            assertThat(m.get(GUEST_INTERRUPT_STATUS)).isZero();
        }
    }

    @Test void anInterruptToOneselfNeedsNoExitOthersDo() {
        try (VmxMachine m = delivery(new VmxMachine(false))) {
            m.set(GUEST_RFLAGS, 0x202).run("mov dword [0x35300], 0x44051\nthere: nop");
            assertThat(m.reg("r15")).isEqualTo(0x51);
            assertThat(m.reg("r14")).isEqualTo(m.guestSymbol("there"));
        }
        // Another destination, NMI, level-triggered, an illegal vector
        for (long command : new long[] {0x51, 0x4_0451, 0x4_8051, 0x4_0005, 0x8_0051}) {
            try (VmxMachine m = delivery(new VmxMachine(false))) {
                m.run("mov dword [0x35300], " + command);
                assertThat(m.get(EXIT_REASON)).as("%x", command).isEqualTo(56);
                assertThat(m.get(EXIT_QUALIFICATION)).as("%x", command).isEqualTo(0x300);
            }
        }
    }

    @Test void theCommandsDestinationTakesItsHighestByteOnly() {
        try (VmxMachine m = delivery(new VmxMachine(false))) {
            m.run("mov dword [0x35310], 0x12345678\nmov ebx, [0x35310]\ncpuid");
            assertThat(m.reg("rbx")).isEqualTo(0x1200_0000);
        }
    }

    // Interrupts to other virtual processors

    private static final long TABLE = 0x37000, OTHER = 0x37800;

    /** The descriptor of virtual processor 3: notified at APIC ID 2 with vector F2h. */
    private static VmxMachine others(VmxMachine m) {
        m.endingApic();
        m.poke(TABLE + 8 * 3, 8, OTHER | 1);
        m.poke(OTHER + 32, 8, 2L << 32 | 0xF2 << 16);
        delivery(m).on(Control.TERTIARY_CONTROLS, Control.IPI_VIRTUALIZATION);
        return m.set(PID_POINTER_TABLE, TABLE).set(LAST_PID_POINTER_INDEX, 3);
    }

    private static void assertPosted(VmxMachine m) {
        assertThat(m.get(EXIT_REASON)).isEqualTo(10);
        assertThat(m.peek(OTHER + 8, 4)).as("PIR").isEqualTo(1 << 0x11);
        assertThat(m.peek(OTHER + 32, 1)).as("ON").isEqualTo(1);
        assertThat(m.controller.messageAddress).isEqualTo(0xFEE0_2000L);
        assertThat(m.controller.messageData).isEqualTo(0xF2);
    }

    /** @sdm IPI Virtualization */
    @Test void anInterruptCommandIsPostedToAnotherVirtualProcessor() {
        try (VmxMachine m = others(new VmxMachine(false))) {
            m.run("mov dword [0x35310], 0x3000000\nmov dword [0x35300], 0x4051\ncpuid");
            assertPosted(m);
        }
        try (VmxMachine m = others(new VmxMachine(false)).off(Control.VIRTUALIZE_APIC_ACCESSES).on(Control.VIRTUALIZE_X2APIC_MODE)) {
            m.run("mov ecx, 0x830\nmov eax, 0x4051\nmov edx, 3\nwrmsr\ncpuid");
            assertPosted(m);
        }
    }

    @Test void aNotificationThatIsOutstandingOrSuppressedIsNotSentAgain() {
        for (int bits = 1; bits <= 2; bits++) {
            try (VmxMachine m = others(new VmxMachine(false))) {
                m.poke(OTHER + 32, 1, bits);
                m.run("mov dword [0x35310], 0x3000000\nmov dword [0x35300], 0x51\ncpuid");
                assertThat(m.peek(OTHER + 8, 4)).isEqualTo(1 << 0x11);
                assertThat(m.peek(OTHER + 32, 1)).isEqualTo(bits);
                assertThat(m.controller.messageAddress).isZero();
            }
        }
    }

    @Test void whatCannotBePostedIsLeftToTheMonitor() {
        // Beyond the table, no descriptor, an illegal vector, logical destination, lowest priority, level-triggered
        for (String command : new String[] {"0x4000000:0x51", "0x2000000:0x51", "0x3000000:0xf", "0x3000000:0x851", "0x3000000:0x151", "0x3000000:0x8051"}) {
            try (VmxMachine m = others(new VmxMachine(false))) {
                String[] halves = command.split(":");
                m.run("mov dword [0x35310], " + halves[0] + "\nmov dword [0x35300], " + halves[1]);
                assertThat(m.get(EXIT_REASON)).as(command).isEqualTo(56);
                assertThat(m.get(EXIT_QUALIFICATION)).as(command).isEqualTo(0x300);
            }
        }
        try (VmxMachine m = others(new VmxMachine(false)).off(Control.VIRTUALIZE_APIC_ACCESSES).on(Control.VIRTUALIZE_X2APIC_MODE)) {
            m.set(EXCEPTION_BITMAP, 1 << 13).run("mov ecx, 0x830\nmov eax, 0x100000\nxor edx, edx\nwrmsr");
            assertThat(m.get(EXIT_INTERRUPTION)).as("reserved bits").isEqualTo(0x8000_0B0DL);
        }
    }

    // Posted interrupts

    @Test void aNotificationBringsWhatIsPostedAndNoExit() {
        try (VmxMachine m = posted(new VmxMachine(false))) {
            m.poke(DESCRIPTOR + 4 * 2, 4, 1 << 3);
            m.poke(DESCRIPTOR + 4 * 3, 4, 1 << 5);
            m.poke(DESCRIPTOR + 32, 1, 3);
            m.set(GUEST_RFLAGS, 0x202).start("again: jmp again");
            m.proceed();
            m.controller.vector = 0xF2;
            m.board.call(() -> {
                m.cpu.intr(true);
                return null;
            });
            m.proceed();
            assertThat(m.get(EXIT_REASON)).isEqualTo(12);
            assertThat(m.reg("r15")).isEqualTo(0x65);
            assertThat(m.get(GUEST_INTERRUPT_STATUS)).isEqualTo(0x6543);
            assertThat(m.peek(DESCRIPTOR + 8, 8)).as("PIR").isZero();
            assertThat(m.peek(DESCRIPTOR + 32, 1)).as("ON is cleared, SN kept").isEqualTo(2);
            assertThat(m.controller.apic.ended).isEqualTo(1);
        }
    }

    @Test void aHaltedGuestStaysSoIfNothingCanBeTaken() {
        try (VmxMachine m = posted(new VmxMachine(false))) {
            m.poke(DESCRIPTOR + 4 * 2, 4, 1 << 3);
            m.poke(PAGE + 0x80, 4, 0x50);
            m.off(Control.HLT_EXITING).set(GUEST_RFLAGS, 0x202).start("hlt\nnop");
            m.proceed();
            m.controller.vector = 0xF2;
            m.board.call(() -> {
                m.cpu.intr(true);
                return null;
            });
            m.proceed();
            assertThat(m.board.call(m.cpu::idle)).isTrue();
            assertThat(m.controller.apic.ended).isEqualTo(1);
            assertThat(m.peek(PAGE + 0x220, 4)).isEqualTo(1 << 3);
        }
    }

    @Test void anyOtherInterruptExitsWithItsVector() {
        try (VmxMachine m = posted(new VmxMachine(false))) {
            m.start("again: jmp again");
            m.proceed();
            m.board.call(() -> {
                m.cpu.intr(true);
                return null;
            });
            m.proceed();
            assertThat(m.get(EXIT_REASON)).isEqualTo(1);
            assertThat(m.get(EXIT_INTERRUPTION)).isEqualTo(0x8000_0051L);
            assertThat(m.controller.apic.ended).isZero();
        }
    }

    @Test void postingIsNotAnnouncedWithoutALocalApic() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.run("cpuid");
            assertThat(m.reg("msr:481") >> 32 & 1 << 7).isZero();
            m.endingApic();
            assertThat(m.reg("msr:481") >> 32 & 1 << 7).isNotZero();
        }
    }
}
