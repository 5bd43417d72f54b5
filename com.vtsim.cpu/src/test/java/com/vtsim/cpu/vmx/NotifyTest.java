package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;
import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Processor.Outcome;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.State;
import org.junit.jupiter.api.Test;

/** Guests in which no event is ever recognized. @sdm Notify VM Exits; Conditions for Generating a Double Fault */
class NotifyTest {
    /** Cycles of the crystal clock: 25 MHz, a cycle is 40 instructions' time on these machines. */
    private static final int WINDOW = 500;

    /** A 32-bit program at privilege level 3 whose handler of #AC runs there too, on a stack that is not aligned: each delivery is one more #AC. */
    private static VmxMachine alignment() {
        VmxMachine m = new VmxMachine(true).flat();
        m.poke(VmxMachine.TABLES + 0x30, 8, 0x00cf_fb00_0000_ffffL);
        m.poke(VmxMachine.TABLES + 0x1000 + 8 * 17, 8, 0x48110 & 0xFFFF | 0x33L << 16 | 0xEEL << 40 | 0x4L << 48);
        m.set(GUEST_CS_SELECTOR, 0x33).set(GUEST_CS_ACCESS, 0xC0FB).set(GUEST_SS_SELECTOR, 0x3B).set(GUEST_SS_ACCESS, 0xC0F3);
        m.set(GUEST_DS_SELECTOR, 0x3B).set(GUEST_DS_ACCESS, 0xC0F3).set(GUEST_ES_SELECTOR, 0x3B).set(GUEST_ES_ACCESS, 0xC0F3);
        m.set(GUEST_FS_SELECTOR, 0x3B).set(GUEST_FS_ACCESS, 0xC0F3).set(GUEST_GS_SELECTOR, 0x3B).set(GUEST_GS_ACCESS, 0xC0F3);
        return m.set(GUEST_CR0, 0x4_0031).set(GUEST_RFLAGS, 0x4_0202).set(GUEST_RSP, 0x8003);
    }

    /** A supervisor program whose handler of #DB has its stack, always the same one, on a data breakpoint: each delivery is one more #DB. */
    private static VmxMachine breakpoint() {
        VmxMachine m = new VmxMachine(false);
        // Interrupt stack 1.
        m.poke(VmxMachine.TABLES + 0x1000 + 16 + 4, 1, 1);
        m.poke(VmxMachine.TABLES + 0x2024, 8, 0x7000);
        return m;
    }

    private static final String TRAPS = "mov rax, 0x6ff8\nmov dr0, rax\nmov rax, 0x90402\nmov dr7, rax\nmov rbx, 7\nmov [0x6ff8], rbx\nnop\ncpuid";

    @Test void anEndlessDeliveryIsNotified() throws InterruptedException {
        try (VmxMachine m = alignment().on(Control.NOTIFY_EXITING).set(NOTIFY_WINDOW, WINDOW)) {
            long before = m.board.call(m.cpu::retired);
            m.runInTime("bits 32\norg 0x40000\nmov ebx, 5\nat: push eax\nhlt");
            assertThat(m.exited()).isTrue();
            assertThat(m.get(EXIT_REASON)).isEqualTo(75);
            assertThat(m.get(EXIT_QUALIFICATION)).as("the context is valid").isZero();
            assertThat(m.get(IDT_VECTORING)).as("#AC is under delivery, error code 0").isEqualTo(0x8000_0B11L);
            assertThat(m.get(IDT_VECTORING_CODE)).isZero();
            assertThat(m.get(GUEST_RIP)).isEqualTo(m.guestSymbol("at"));
            assertThat(m.get(GUEST_RSP)).isEqualTo(0x8003);
            assertThat(m.board.call(m.cpu::retired) - before).as("not before the window is over").isGreaterThan(40 * WINDOW);
        }
    }

    @Test void aTrapThatTrapsAgainIsNotified() throws InterruptedException {
        try (VmxMachine m = breakpoint().on(Control.SECONDARY_CONTROLS, Control.NOTIFY_EXITING).set(NOTIFY_WINDOW, WINDOW)) {
            m.runInTime(TRAPS);
            assertThat(m.get(EXIT_REASON)).isEqualTo(75);
            assertThat(m.get(IDT_VECTORING)).isZero();
            assertThat(m.get(GUEST_PENDING_DEBUG)).as("breakpoint 0, enabled").isEqualTo(0x1001);
        }
    }

    @Test void whoeverExecutesInstructionsIsLeftAlone() throws InterruptedException {
        try (VmxMachine m = new VmxMachine(false).on(Control.SECONDARY_CONTROLS, Control.NOTIFY_EXITING)) {
            m.runInTime("cli\nmov ecx, 20000\nagain: dec ecx\njnz again\ncpuid");
            assertThat(m.get(EXIT_REASON)).isEqualTo(10);
        }
    }

    @Test void withoutTheControlTimePassesAndNothingElse() throws InterruptedException {
        try (VmxMachine m = alignment()) {
            m.runInTime("bits 32\norg 0x40000\nmov ebx, 5\npush eax\nhlt");
            assertThat(m.exited()).isFalse();
            m.board.call(() -> {
                m.cpu.nmi();
                return null;
            });
            State state = m.board.call(m.cpu::save);
            assertThat(m.proceed(1000)).as("its part of the time, no more").isEqualTo(Outcome.BUDGET);
            // The alignment is put right from outside: the delivery goes on and succeeds.
            m.board.call(() -> {
                m.cpu.restore(state);
                m.cpu.register("rsp", 0x8000);
                return null;
            });
            m.proceed(1000);
            assertThat(m.reg("r15")).isEqualTo(0);
            assertThat(m.peek(0x7FF0, 4)).as("the error code").isZero();
            assertThat(m.peek(0x7FF4, 4)).as("the instruction").isEqualTo(VmxMachine.GUEST + 5);
        }
    }

    @Test void aResetEndsIt() throws InterruptedException {
        try (VmxMachine m = alignment()) {
            m.runInTime("bits 32\norg 0x40000\npush eax");
            m.board.call(() -> {
                m.restart();
                return null;
            });
            m.set(GUEST_RSP, 0x8000);
            m.board.run(RunLimits.instructions(1000));
            assertThat(m.reg("rip")).isGreaterThan(0x1000);
        }
    }
}
