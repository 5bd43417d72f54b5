package com.vtsim.irq.apic;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import com.vtsim.cpu.X86Processor;
import com.vtsim.cpu.isa.Assembler;
import com.vtsim.machine.Backplane;
import com.vtsim.machine.Settings;
import com.vtsim.pci.testdev.TestDevices;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Guests that really execute, on a machine with a local APIC: what they see of its timer and its priorities. The time-stamp counter counts nanoseconds. */
class GuestTest {
    /** 64-bit; vectors 30h to 6fh store at {@code log}: RDX is the vector. Leaves through port f4h. */
    private static final String FRAME = """
                    bits 64
                    default abs
                    org 0x100000
            LOCAL   equ 0xfee00000
            IDT     equ 0x110000
                    jmp start
                    align 8
            logged: dq log
            log:    times 64 dq 0
            gdt:    dq 0
                    dq 0x00af9b000000ffff
            gdtr:   dw 15
                    dq gdt
            idtr:   dw 4095
                    dq IDT
            gate:   mov eax, edi
                    shl eax, 4
                    mov edx, 0x00080000
                    mov dx, si
                    mov [rax + IDT], edx
                    mov rdx, rsi
                    mov dx, 0x8e00
                    mov [rax + IDT + 4], edx
                    mov qword [rax + IDT + 8], 0
                    ret
            note:   mov rbx, [logged]
                    mov [rbx], rax
                    add qword [logged], 8
                    ret
            time:   rdtsc
                    shl rdx, 32
                    or rax, rdx
                    ret
            out:    cli
                    mov al, 0
                    out 0xf4, al
                    hlt
            start:  mov rsp, 0x180000
                    lgdt [gdtr]
                    push 8
                    push here
                    retfq
            here:   xor eax, eax
                    mov ss, ax
                    mov edi, 0x30
                    mov rsi, on_30
                    call gate
                    mov edi, 0x40
                    mov rsi, on_40
                    call gate
                    mov edi, 0x51
                    mov rsi, on_51
                    call gate
                    lidt [idtr]
                    mov r15, LOCAL
                    mov dword [r15 + 0xf0], 0x1ff
            """;

    @TempDir
    Path folder;
    private Backplane machine;

    @AfterEach
    void close() {
        if (machine != null) {
            machine.close();
        }
    }

    /** @return what the guest has noted */
    private List<Long> run(String guest) throws IOException, InterruptedException {
        var program = Assembler.assemble(FRAME + guest, 0, 64);
        machine = new Backplane(Settings.of("g", 4 << 20).mips(1000));
        machine.add(new X86Processor("cpu0", 0));
        machine.add(new ApicController("irq", false));
        machine.add(new TestDevices("test"));
        Path image = Files.write(folder.resolve("guest.bin"), program.bytes());
        machine.load("flat", image, Map.of("mode", "long", "address", "0x100000", "entry", "0x100000"));
        Stop stop = machine.run(RunLimits.instructions(50_000_000));
        assertThat(stop.cause()).as("%s", stop).isEqualTo(Stop.Cause.POWER_OFF);
        return machine.call(() -> {
            List<Long> noted = new ArrayList<>();
            long end = machine.memory().read(program.symbols().get("logged"), 8);
            for (long at = program.symbols().get("log"); at < end; at += 8) {
                noted.add(machine.memory().read(at, 8));
            }
            return noted;
        });
    }

    /**
     * The interrupt comes when the counter has reached the deadline, to the tick: what the handler's RDTSC shows beyond it is the instructions until
     * there, the same few at every distance, halted or not.
     *
     * @sdm TSC-Deadline Mode
     */
    @ParameterizedTest
    @CsvSource({"1000,hlt", "1001,hlt", "123457,hlt", "9999999,hlt", "1000,nop", "1003,nop", "123457,nop"})
    void aDeadlineComesToTheTick(long distance, String waiting) throws Exception {
        List<Long> noted = run("""
                    mov dword [r15 + 0x320], 0x40040
                    call time
                    add rax, DISTANCE
                    mov r14, rax
                    call note
                    mov rax, r14
                    mov rdx, r14
                    shr rdx, 32
                    mov ecx, 0x6e0
                    wrmsr
                    sti
            wait:   WAITING
                    jmp wait
            on_40:  rdtsc
                    shl rdx, 32
                    or rax, rdx
                    call note
                    mov ecx, 0x6e0
                    rdmsr
                    shl rdx, 32
                    or rax, rdx
                    call note
                    jmp out
            on_30:
            on_51:  iretq
            """.replace("DISTANCE", Long.toString(distance)).replace("WAITING", waiting));
        assertThat(noted.get(1) - noted.get(0)).as("ticks beyond the deadline").isBetween(0L, 2L);
        assertThat(noted.get(2)).as("the deadline register after the interrupt").isZero();
    }

    /** @sdm TSC-Deadline Mode: a deadline that has passed interrupts at once */
    @Test
    void aDeadlineInThePastComesAtOnce() throws Exception {
        List<Long> noted = run("""
                    mov dword [r15 + 0x320], 0x40040
                    sti
                    mov eax, 1
                    xor edx, edx
                    mov ecx, 0x6e0
                    wrmsr
                    nop
                    mov eax, 99
                    call note
                    jmp out
            on_40:  mov eax, 7
                    call note
                    mov dword [r15 + 0xb0], 0
                    iretq
            on_30:
            on_51:  iretq
            """);
        assertThat(noted).containsExactly(7L, 99L);
    }

    /** The comparison is with the counter as it is: software that moves it moves the interrupt. */
    @Test
    void movingTheCounterMovesTheInterrupt() throws Exception {
        List<Long> noted = run("""
                    mov dword [r15 + 0x320], 0x40040
                    call time
                    add rax, 2000000
                    mov r14, rax
                    mov rdx, rax
                    shr rdx, 32
                    mov ecx, 0x6e0
                    wrmsr
                    mov rax, r14            ; the counter jumps to 1000 before the deadline
                    sub rax, 1000
                    mov rdx, rax
                    shr rdx, 32
                    mov ecx, 0x10
                    wrmsr
                    sti
            wait:   hlt
                    jmp wait
            on_40:  rdtsc
                    shl rdx, 32
                    or rax, rdx
                    sub rax, r14
                    call note
                    jmp out
            on_30:
            on_51:  iretq
            """);
        assertThat(noted).singleElement().satisfies(ticks -> assertThat(ticks).isBetween(0L, 2L));
        assertThat(machine.status().time()).as("virtual nanoseconds in all").isLessThan(10_000);
    }

    /**
     * Handler 40h lets interrupts in: 51h, of a higher class, interrupts it; 30h, of a lower one, waits for its end, and so does 40h itself.
     *
     * @sdm Interrupt, Task, and Processor Priority; Signaling Interrupt Servicing Completion
     */
    @Test
    void handlersNestByClass() throws Exception {
        List<Long> noted = run("""
                    mov dword [r15 + 0x300], 0x44040
                    sti
                    nop
            wait:   cmp dword [logged], log + 8 * 7
                    jne wait
                    jmp out
            on_40:  mov eax, 0x40
                    call note
                    cmp qword [logged], log + 8
                    jne .end
                    mov dword [r15 + 0x300], 0x44030
                    mov dword [r15 + 0x300], 0x44040
                    mov dword [r15 + 0x300], 0x44051
                    sti
                    nop
                    nop
                    cli
                    mov eax, [r15 + 0xa0]
                    call note
            .end:   mov dword [r15 + 0xb0], 0
                    mov eax, 0x4e
                    call note
                    iretq
            on_30:  mov eax, 0x30
                    call note
                    mov dword [r15 + 0xb0], 0
                    iretq
            on_51:  mov eax, [r15 + 0xa0]
                    call note
                    mov dword [r15 + 0xb0], 0
                    iretq
            """);
        assertThat(noted).containsExactly(0x40L, 0x50L, 0x40L, 0x4EL, 0x40L, 0x4EL, 0x30L);
    }

    /** @sdm Task Priority in IA-32e Mode: CR8 holds its class and those below back, and lets them in as soon as it falls. */
    @Test
    void cr8HoldsClassesBack() throws Exception {
        List<Long> noted = run("""
                    mov eax, 4
                    mov cr8, rax
                    mov dword [r15 + 0x300], 0x44040
                    mov dword [r15 + 0x300], 0x44051
                    sti
                    nop
                    mov eax, [r15 + 0x80]
                    call note
                    mov eax, 3
                    mov cr8, rax
                    mov eax, 99
                    call note
                    jmp out
            on_40:  mov eax, 0x40
                    call note
                    mov dword [r15 + 0xb0], 0
                    iretq
            on_51:  mov eax, 0x51
                    call note
                    mov dword [r15 + 0xb0], 0
                    iretq
            on_30:  iretq
            """);
        assertThat(noted).containsExactly(0x51L, 0x40L, 0x40L, 99L);
    }
}
