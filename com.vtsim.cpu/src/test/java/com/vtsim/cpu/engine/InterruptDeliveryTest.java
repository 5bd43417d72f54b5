package com.vtsim.cpu.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.irq.StatelessController;
import com.vtsim.api.machine.Processor.Outcome;
import com.vtsim.api.machine.State;
import java.util.List;
import org.junit.jupiter.api.Test;

/** External interrupts and NMIs in protected mode. */
class InterruptDeliveryTest {
    /** Vectors 20h (interrupt gate), 21h (not present), 22h (trap gate) and the exceptions, which leave vector and code in EDI and ESI. */
    private static final String GUEST = """
            lgdt    [gdtr]
            lidt    [idtr]
            mov     esp, 0x9000
            %s
            hlt
    handler: inc    ebx
            mov     esi, [esp + 8]
            pushfd
            pop     edx
            iretd
    nmi:    inc     ebp
            cmp     ebp, 1
            jne     nmi_end
            mov     ecx, 10
    nmi_wait: dec   ecx
            jnz     nmi_wait
    nmi_end: iretd
    np:     mov     edi, 11
            pop     esi
            hlt
    gp:     mov     edi, 13
            pop     esi
            hlt
            align 8
    gdt:    dq 0, 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
    gdtr:   dw 0x1f
            dd gdt
    idtr:   dw 0x117
            dd idt
            align 8
    idt:    dd 0, 0, 0, 0
            dw nmi - 0x10000, 0x10, 0x8e00, 1
            resb 8 * 8
            dw np - 0x10000, 0x10, 0x8e00, 1
            dd 0, 0
            dw gp - 0x10000, 0x10, 0x8e00, 1
            resb 18 * 8
            dw handler - 0x10000, 0x10, 0x8e00, 1
            dw handler - 0x10000, 0x10, 0x0e00, 1
            dw handler - 0x10000, 0x10, 0x8f00, 1
    """;

    /** Hands out one vector. */
    private static final class OneVector extends StatelessController {
        private final int vector;
        private final SmallMachine machine;

        OneVector(int vector, SmallMachine machine) {
            this.vector = vector;
            this.machine = machine;
        }

        @Override
        public int acknowledge(int processor) {
            machine.cpu.intr(false);
            return vector;
        }
    }

    private static SmallMachine guest(String code, int vector) {
        SmallMachine m = SmallMachine.flat(GUEST.formatted(code));
        for (String register : List.of("rbx", "rdx", "rsi", "rdi", "rbp")) {
            m.reg(register, 0);
        }
        State state = m.board().call(m.cpu::save);
        m.board().add(new OneVector(vector, m));
        m.board().settle();
        m.board().call(() -> {
            m.cpu.restore(state);
            return null;
        });
        return m;
    }

    private static void intr(SmallMachine m) {
        m.board().call(() -> {
            m.cpu.intr(true);
            return null;
        });
    }

    private static void nmi(SmallMachine m) {
        m.board().call(() -> {
            m.cpu.nmi();
            return null;
        });
    }

    /** @sdm Flag Usage By Exception- or Interrupt-Handler Procedure */
    @Test void anInterruptGateClearsTheInterruptFlagAndATrapGateDoesNot() {
        for (int vector : new int[] {0x20, 0x22}) {
            try (SmallMachine m = guest("sti\nnop\nagain: cmp ebx, 0\nje again\ncli", vector)) {
                m.run(10);
                assertThat(m.reg("rbx")).isZero();
                intr(m);
                assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
                assertThat(m.reg("rbx")).isEqualTo(1);
                assertThat(m.reg("rdx") & 0x200).isEqualTo(vector == 0x20 ? 0 : 0x200);
            }
        }
    }

    /** EXT is set: the event was not the program's. @sdm Error Code */
    @Test void aFaultInTheDeliveryOfAnInterruptIsMarkedExternal() {
        try (SmallMachine m = guest("sti\nagain: jmp again", 0x21)) {
            m.run(10);
            intr(m);
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rdi")).isEqualTo(11);
            assertThat(m.reg("rsi")).isEqualTo(0x21 * 8 + 2 + 1);
        }
    }

    /** @sdm Error Code */
    @Test void anInterruptBeyondTheTableIsAnExternalProtectionFault() {
        try (SmallMachine m = guest("sti\nagain: jmp again", 0x40)) {
            m.run(10);
            intr(m);
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rdi")).isEqualTo(13);
            assertThat(m.reg("rsi")).isEqualTo(0x40 * 8 + 2 + 1);
        }
    }

    /** @sdm INT n: EXT is 0 for a software interrupt */
    @Test void aFaultInTheDeliveryOfASoftwareInterruptIsNot() {
        try (SmallMachine m = guest("int 0x21", 0x20)) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rdi")).isEqualTo(11);
            assertThat(m.reg("rsi")).isEqualTo(0x21 * 8 + 2);
        }
    }

    /** @sdm STI—Set Interrupt Flag */
    @Test void stiDelaysInterruptsByOneInstruction() {
        try (SmallMachine m = guest("cli\nnop\nnop\nsti\nmov ecx, ebx\nmov edi, ebx\ncli", 0x20)) {
            m.run(5);
            intr(m);
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rcx")).isZero();
            assertThat(m.reg("rdi")).isEqualTo(1);
        }
    }

    /** @sdm HLT—Halt */
    @Test void haltEndsWithAnInterruptAndResumesBehind() {
        try (SmallMachine m = guest("sti\nhlt\nmov ecx, 0x55\ncli", 0x20)) {
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rbx")).isZero();
            intr(m);
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rbx")).isEqualTo(1);
            assertThat(m.reg("rcx")).isEqualTo(0x55);
        }
    }

    /** @sdm Interrupts: RF Flag in an interrupted repeated string instruction */
    @Test void anInterruptAmidARepeatedStringInstructionSavesRf() {
        try (SmallMachine m = guest("mov edi, 0x100000\nmov ecx, 0x10000\nsti\nnop\nrep stosb\ncli", 0x20)) {
            m.run(8);
            assertThat(m.reg("rcx")).isBetween(1L, 0xFFFFL);
            intr(m);
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rsi") & 0x10000).isEqualTo(0x10000);
            assertThat(m.reg("rdi")).isEqualTo(0x110000);
        }
    }

    @Test void anInterruptBetweenInstructionsDoesNot() {
        try (SmallMachine m = guest("sti\nnop\nagain: cmp ebx, 0\nje again\ncli", 0x20)) {
            m.run(10);
            intr(m);
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rsi") & 0x10000).isZero();
        }
    }

    /** @sdm Handling Multiple NMIs */
    @Test void aSecondNmiWaitsForTheReturnFromTheFirst() {
        try (SmallMachine m = guest("again: cmp ebp, 2\njne again", 0x20)) {
            m.run(6);
            nmi(m);
            m.run(8);
            assertThat(m.reg("rbp")).isEqualTo(1);
            nmi(m);
            m.run(5);
            assertThat(m.reg("rbp")).isEqualTo(1);
            assertThat(m.runToHalt()).isEqualTo(Outcome.IDLE);
            assertThat(m.reg("rbp")).isEqualTo(2);
        }
    }
}
