package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Controls that make no exit: each is set, and its effect seen. @sdm VM-Execution Control Fields; VM-Exit Controls; VM-Entry Controls */
class ControlEffectTest {
    private static final long PAT = 0x0007_0406_0007_0406L;
    private static final long OTHER_PAT = 0x0606_0606_0606_0606L;

    private static long difference(VmxMachine m) {
        m.run("rdtsc\nshl rdx, 32\nlea rbx, [rax + rdx]\ncpuid");
        assertThat(m.get(EXIT_REASON)).isEqualTo(10);
        return m.reg("rbx");
    }

    @Test void theTimeStampIsOffsetAndScaled() {
        long own;
        try (VmxMachine m = new VmxMachine(false)) {
            own = difference(m);
        }
        try (VmxMachine m = new VmxMachine(false)) {
            // The table has one field more, and the monitor takes a few instructions longer.
            long seen = difference(m.on(Control.USE_TSC_OFFSETTING).set(TSC_OFFSET, 1L << 40));
            assertThat(seen - (1L << 40) - own).isBetween(0L, 1000L);
        }
        try (VmxMachine m = new VmxMachine(false)) {
            long seen = difference(m.on(Control.USE_TSC_OFFSETTING, Control.SECONDARY_CONTROLS, Control.USE_TSC_SCALING).set(TSC_MULTIPLIER, 3L << 48));
            assertThat(seen - 3 * own).isBetween(0L, 3000L);
        }
    }

    @Test void thePatIsLoadedAndSaved() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.ENTRY_LOAD_PAT, Control.SAVE_PAT, Control.EXIT_LOAD_PAT, Control.USE_MSR_BITMAPS).set(MSR_BITMAP, VmxMachine.BITMAPS);
            m.set(GUEST_PAT, OTHER_PAT).set(HOST_PAT, PAT);
            m.run("mov ecx, 0x277\nrdmsr\nmov ebx, eax\nxor eax, eax\nxor edx, edx\nwrmsr\ncpuid");
            assertThat(m.reg("rbx")).isEqualTo(0x0606_0606);
            assertThat(m.get(GUEST_PAT)).isZero();
            assertThat(m.reg("msr:277")).isEqualTo(PAT);
        }
    }

    @Test void theCountersControlIsLoadedAndSaved() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.ENTRY_LOAD_PERF_GLOBAL_CTRL, Control.SAVE_PERF_GLOBAL_CTRL, Control.EXIT_LOAD_PERF_GLOBAL_CTRL, Control.USE_MSR_BITMAPS).set(MSR_BITMAP, VmxMachine.BITMAPS);
            m.set(GUEST_PERF_GLOBAL_CTRL, 0x3_0000_0005L).set(HOST_PERF_GLOBAL_CTRL, 2);
            m.run("mov ecx, 0x38f\nrdmsr\nmov ebx, eax\nmov esi, edx\nmov eax, 8\nmov edx, 4\nwrmsr\ncpuid");
            assertThat(m.reg("rbx")).isEqualTo(5);
            assertThat(m.reg("rsi")).isEqualTo(3);
            assertThat(m.get(GUEST_PERF_GLOBAL_CTRL)).isEqualTo(0x4_0000_0008L);
            assertThat(m.reg("msr:38f")).isEqualTo(2);
        }
    }

    @Test void eferIsLoadedAndSaved() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.ENTRY_LOAD_EFER, Control.SAVE_EFER, Control.EXIT_LOAD_EFER, Control.USE_MSR_BITMAPS).set(MSR_BITMAP, VmxMachine.BITMAPS);
            m.set(GUEST_EFER, 0xD00).set(HOST_EFER, 0x501);
            m.run("mov ecx, 0xc0000080\nrdmsr\nmov ebx, eax\nxor eax, 0x801\nwrmsr\ncpuid");
            assertThat(m.reg("rbx")).isEqualTo(0xD00);
            assertThat(m.get(GUEST_EFER)).isEqualTo(0x501);
            assertThat(m.reg("efer")).isEqualTo(0x501);
        }
    }

    @Test void debugControlsAreLoadedAndSaved() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.LOAD_DEBUG_CONTROLS, Control.SAVE_DEBUG_CONTROLS).set(GUEST_DR7, 0x401);
            m.run("mov rbx, dr7\nmov eax, 0x404\nmov dr7, rax\ncpuid");
            assertThat(m.reg("rbx")).isEqualTo(0x401);
            assertThat(m.get(GUEST_DR7)).isEqualTo(0x404);
            assertThat(m.reg("dr7")).isEqualTo(0x400);
        }
    }

    @Test void instructionsThatAreNotEnabledAreUndefined() {
        for (String instruction : new String[] {"rdtscp", "invpcid rax, [rbx]", "xsaves [0x70000]"}) {
            try (VmxMachine m = new VmxMachine(false)) {
                m.set(EXCEPTION_BITMAP, 1 << 6).run(instruction);
                assertThat(m.get(EXIT_INTERRUPTION)).as(instruction).isEqualTo(0x8000_0306L);
            }
        }
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.SECONDARY_CONTROLS, Control.ENABLE_RDTSCP, Control.ENABLE_INVPCID).set(EXCEPTION_BITMAP, 1 << 6);
            m.run("rdtscp\nmov eax, 2\nmov ebx, 0x70000\ninvpcid rax, [rbx]\nvmcall");
            assertThat(m.get(EXIT_REASON)).isEqualTo(18);
        }
    }

    @Test void xsavesIsUndefinedUnlessEnabled() {
        for (boolean enabled : new boolean[] {false, true}) {
            try (VmxMachine m = new VmxMachine(false)) {
                m.on(Control.SECONDARY_CONTROLS).set(GUEST_CR4, 0x4_2020).set(EXCEPTION_BITMAP, 1 << 6);
                if (enabled) {
                    m.on(Control.ENABLE_XSAVES);
                }
                m.run("mov eax, 1\nxor edx, edx\nxsaves [0x70000]\nxrstors [0x70000]\nvmcall");
                assertThat(m.get(EXIT_REASON)).isEqualTo(enabled ? 18 : 0);
                assertThat(m.peek(0x70208, 8)).as("XCOMP_BV: compact, x87").isEqualTo(enabled ? 1L << 63 | 1 : 0);
            }
        }
    }

    @Test void thePreemptionTimersRestIsSaved() throws InterruptedException {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.PREEMPTION_TIMER, Control.SAVE_PREEMPTION_TIMER).set(PREEMPTION_TIMER, 1000).runInTime("mov ecx, 3200\nagain: loop again\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            // 3200 instructions of a nanosecond each are 100 counts of 32 ticks of 1 GHz.
            assertThat(m.get(PREEMPTION_TIMER)).isBetween(898L, 901L);
        }
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.PREEMPTION_TIMER).set(PREEMPTION_TIMER, 100).runInTime("again: jmp again");
            assertThat(m.get(EXIT_REASON)).isEqualTo(52);
        }
    }

    @Test void cr3TargetsDoNotExit() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.CR3_LOAD_EXITING).set(CR3_TARGET_COUNT, 1).set(CR3_TARGET0, 0x1000).run("mov eax, 0x1000\nmov cr3, rax\nmov eax, 0x2000\nhere: mov cr3, rax");
            assertThat(m.get(EXIT_REASON)).isEqualTo(28);
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("here"));
        }
    }

    /** With virtual NMIs IRET ends the blocking of virtual NMIs; without, it leaves NMIs blocked. @sdm Changes to Instruction Behavior in VMX Non-Root Operation */
    @Test void virtualNmisAreBlockedUntilIret() {
        String back = "push 0x18\npush 0x8000\npush 2\npush 0x10\npush there\niretq\nthere: cpuid";
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.NMI_EXITING, Control.VIRTUAL_NMIS).set(GUEST_INTERRUPTIBILITY, 8).run(back);
            assertThat(m.get(GUEST_INTERRUPTIBILITY)).isZero();
        }
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.NMI_EXITING).set(GUEST_INTERRUPTIBILITY, 8).run(back);
            assertThat(m.get(GUEST_INTERRUPTIBILITY)).isEqualTo(8);
        }
    }

    @Test void registersAreStoredAndLoadedByExits() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.poke(0x33000, 8, 0xC000_0081L);
            m.poke(0x33100, 8, 0xC000_0082L);
            m.poke(0x33108, 8, 0x1234);
            m.poke(0x33200, 8, 0xC000_0081L);
            m.poke(0x33208, 8, 0x77);
            m.set(EXIT_MSR_STORE_ADDRESS, 0x33000).set(EXIT_MSR_STORE_COUNT, 1).set(EXIT_MSR_LOAD_ADDRESS, 0x33100).set(EXIT_MSR_LOAD_COUNT, 1);
            m.set(ENTRY_MSR_LOAD_ADDRESS, 0x33200).set(ENTRY_MSR_LOAD_COUNT, 1).run("cpuid");
            assertThat(m.peek(0x33008, 8)).isEqualTo(0x77);
            assertThat(m.reg("msr:c0000082")).isEqualTo(0x1234);
        }
    }

    @Test void anExitRecordsHowStringIoAddressesMemory() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.UNCONDITIONAL_IO_EXITING).run("mov edx, 0x3f8\nmov esi, 0x70000\nfs outsb");
            assertThat(m.get(EXIT_INFORMATION)).isEqualTo(2 << 7 | 4 << 15);
            assertThat(m.get(GUEST_LINEAR_ADDRESS)).isEqualTo(0x70000);
        }
    }

    @Test void aHaltedGuestIsSavedAsHalted() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.EXTERNAL_INTERRUPT_EXITING).start("hlt\nnop");
            m.proceed();
            m.board.call(() -> {
                m.cpu.intr(true);
                return null;
            });
            m.proceed();
            assertThat(m.get(EXIT_REASON)).isEqualTo(1);
            assertThat(m.get(GUEST_ACTIVITY)).isEqualTo(1);
        }
    }

    /** PAUSEs within the gap are one loop, which may last as long as the window. @sdm Instructions That Cause VM Exits Conditionally: PAUSE */
    @Test void aLoopOfPausesExits() throws InterruptedException {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.SECONDARY_CONTROLS, Control.PAUSE_LOOP_EXITING).set(PLE_GAP, 50).set(PLE_WINDOW, 1000);
            m.runInTime("mov ecx, 5000\nagain: pause\nloop again\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(40);
            // Two instructions of a nanosecond each a round, and a time-stamp counter of 1 GHz.
            assertThat(5000 - m.reg("rcx")).isBetween(495L, 505L);
        }
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.SECONDARY_CONTROLS, Control.PAUSE_LOOP_EXITING).set(PLE_GAP, 50).set(PLE_WINDOW, 1000);
            m.runInTime("mov ecx, 100\nagain: mov edx, 100\nspend: dec edx\njnz spend\npause\nloop again\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
        }
    }

    /** Trap-like: behind the instruction. Bit 26 says so where another exit goes first. @sdm VM Exits Induced by Bus Locks; Exit Reason */
    @Test void aBusLockExits() {
        for (String locked : new String[] {"lock inc dword [0x7003e]", "xchg [0x7003d], eax", "mov ebx, 72\nlock bts [0x70035], ebx", "lock cmpxchg16b [0x70038]"}) {
            try (VmxMachine m = new VmxMachine(false)) {
                m.on(Control.SECONDARY_CONTROLS, Control.BUS_LOCK_DETECTION).set(EXCEPTION_BITMAP, 1 << 13).run(locked + "\nafter: cpuid");
                boolean aligned = locked.contains("16b");
                assertThat(m.get(EXIT_REASON)).as(locked).isEqualTo(aligned ? 0 : 74);
                assertThat(m.get(GUEST_RIP)).isEqualTo(aligned ? VmxMachine.GUEST : m.guestSymbol("after"));
            }
        }
        for (String free : new String[] {"lock inc dword [0x7003c]", "inc dword [0x7003e]", "mov ebx, 31\nlock bts [0x70035], ebx"}) {
            try (VmxMachine m = new VmxMachine(false)) {
                m.on(Control.SECONDARY_CONTROLS, Control.BUS_LOCK_DETECTION).run(free + "\ncpuid");
                assertThat(m.get(EXIT_REASON)).as(free).isEqualTo(10);
            }
        }
    }

    /** "… or to memory that is not write-back", whatever the alignment. @sdm VM Exits Induced by Bus Locks; Bus Locking */
    @Test void aLockedAccessToOtherThanWriteBackMemoryIsABusLock() {
        for (int pwt : new int[] {0, 1}) {
            try (VmxMachine m = new VmxMachine(false)) {
                m.poke(0x3008, 8, 0x20_0087 | pwt << 3);
                m.on(Control.SECONDARY_CONTROLS, Control.BUS_LOCK_DETECTION).run("lock inc dword [0x200000]\ncpuid");
                assertThat(m.get(EXIT_REASON)).isEqualTo(pwt == 0 ? 10 : 74);
            }
        }
        try (VmxMachine m = new VmxMachine(false)) {
            m.memoryTypes = 0;
            m.on(Control.SECONDARY_CONTROLS, Control.BUS_LOCK_DETECTION).run("lock inc dword [0x70000]\ncpuid");
            assertThat(m.get(EXIT_REASON)).as("without range registers all memory is uncacheable").isEqualTo(74);
        }
    }

    /** @sdm TPAUSE; UMWAIT: in VMX non-root operation */
    @Test void userWaitIsEnabledAndExits() {
        for (String wait : new String[] {"tpause ecx", "umwait ecx", "umonitor rcx"}) {
            try (VmxMachine m = new VmxMachine(false)) {
                m.set(EXCEPTION_BITMAP, 1 << 6).run("xor ecx, ecx\n" + wait);
                assertThat(m.get(EXIT_INTERRUPTION)).as(wait).isEqualTo(0x8000_0306L);
            }
        }
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.SECONDARY_CONTROLS, Control.ENABLE_USER_WAIT).run("xor ecx, ecx\nxor edx, edx\nxor eax, eax\ntpause ecx\numwait ecx\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
        }
        for (String wait : new String[] {"tpause esi", "umwait esi"}) {
            try (VmxMachine m = new VmxMachine(false)) {
                m.on(Control.SECONDARY_CONTROLS, Control.ENABLE_USER_WAIT, Control.RDTSC_EXITING).run("xor esi, esi\n" + wait);
                assertThat(m.get(EXIT_REASON)).isEqualTo(wait.startsWith("t") ? 68 : 67);
                assertThat(m.get(EXIT_INFORMATION)).isEqualTo(6 << 3 | 1 << 11);
                assertThat(m.get(EXIT_LENGTH)).isEqualTo(4);
            }
        }
    }

    /** The deadline is one of the guest's time-stamp counter. */
    @Test void userWaitCountsTheGuestsTime() throws InterruptedException {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.SECONDARY_CONTROLS, Control.ENABLE_USER_WAIT, Control.USE_TSC_OFFSETTING, Control.USE_TSC_SCALING).set(TSC_OFFSET, 1L << 40)
                .set(TSC_MULTIPLIER, 3L << 48);
            m.runInTime("rdtsc\nshl rdx, 32\nor rax, rdx\nmov rdi, rax\nadd rax, 9000\nmov rdx, rax\nshr rdx, 32\nxor ecx, ecx\ntpause ecx\n"
                + "rdtsc\nshl rdx, 32\nor rax, rdx\nsub rax, rdi\nmov rbx, rax\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
            assertThat(m.reg("rbx")).isBetween(9000L, 9100L);
        }
    }

    /** An instruction that exits under the shadow of STI or MOV SS is saved as still under it. @sdm Saving Non-Register State */
    @Test void theShadowOfAnInstructionThatExitsIsSaved() {
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.HLT_EXITING).run("sti\nhlt");
            assertThat(m.get(GUEST_INTERRUPTIBILITY)).isEqualTo(1);
        }
        try (VmxMachine m = new VmxMachine(false)) {
            m.run("mov eax, 0x18\nmov ss, eax\ncpuid");
            assertThat(m.get(GUEST_INTERRUPTIBILITY)).isEqualTo(2);
        }
        try (VmxMachine m = new VmxMachine(false)) {
            m.on(Control.HLT_EXITING).run("sti\nnop\nhlt");
            assertThat(m.get(GUEST_INTERRUPTIBILITY)).isZero();
        }
    }
}
