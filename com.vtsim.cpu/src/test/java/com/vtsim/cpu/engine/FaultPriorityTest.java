package com.vtsim.cpu.engine;

import static com.vtsim.cpu.engine.CollisionGuest.STEP;
import static com.vtsim.cpu.engine.CollisionGuest.breakpoint;
import static com.vtsim.cpu.engine.CollisionGuest.codes;
import static com.vtsim.cpu.engine.CollisionGuest.guest;
import static com.vtsim.cpu.engine.CollisionGuest.run;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The rest of the manual's table of priorities, beside {@link PriorityTest}: traps on task switches, and #OF, #BR, #TS, #NP, #AC, #MF and #XM
 * against what can meet them. Machine checks have no case: nothing in the platform reports an error of the hardware, so #MC is never raised
 * (its banks read as clean); nor do FLUSH, STOPCLK and SMI, which are not there. #VE is VMX's, #CP comes with CET, which is not announced.
 *
 * @sdm Priority Among Concurrent Events
 */
class FaultPriorityTest {
    /** Fills the task state segment at 16100h: T set, execution to begin at FIRST. The present task gets a stack for level 0. */
    private static final String TASKS = """
            mov dword [0x16004], 0x7800; mov dword [0x16008], 0x18; mov dword [0x16064], 0xffff0000; \
            mov dword [0x16104], 0x7000; mov dword [0x16108], 0x18; mov dword [0x1611c], 0x1000; mov dword [0x16120], first; \
            mov dword [0x16124], 0x202; mov dword [0x16138], 0x8000; mov dword [0x16148], 0x18; mov dword [0x1614c], 0x10; mov dword [0x16150], 0x18; \
            mov dword [0x16154], 0x18; mov dword [0x16158], 0; mov dword [0x1615c], 0; mov dword [0x16160], 0; mov dword [0x16164], 1; \
            """;

    /** The trap of the T flag, at the boundary before the new task's first instruction. */
    @ParameterizedTest
    @CsvSource({
        "'jmp 0x48:0', false, 1@first",
        // It comes before NMI and interrupts, which arrive while the far pointer is read, and before a breakpoint on the first instruction.
        "'mov al, 9; out 0x80, al; jmp far [0xfe800000]', false, 2@stub1 1@first",
        "'mov al, 11; out 0x80, al; jmp far [0xfe800000]', false, 2@stub1 1@first 20@first",
        "'jmp 0x48:0', true, 1@first 1@first",
        "'mov al, 10; out 0x80, al; jmp far [0xfe800000]', true, 1@first 20@first 1@first",
    })
    void trapsOnTaskSwitch(String body, boolean breakOnFirst, String expected) {
        try (SmallMachine m = guest(TASKS + body + "; first: nop")) {
            if (breakOnFirst) {
                breakpoint(m, 3, m.symbol("first"), 0);
            }
            assertThat(run(m)).isEqualTo(expected);
        }
    }

    /** It even comes before INIT: the handler's frame is on the new task's stack, then the processor starts again. */
    @Test void trapsOnTaskSwitchComeBeforeInit() {
        try (SmallMachine m = guest(TASKS + "mov al, 12; out 0x80, al; jmp far [0xfe800000]; first: nop")) {
            m.run(40);
            assertThat(m.reg("cr0") & 1).isZero();
            assertThat(m.peek(0x8000 - 12, 4)).isEqualTo(m.symbol("first"));
            assertThat(m.peek(m.symbol("log"), 4)).as("the handler has not run").isEqualTo(0xA000);
        }
    }

    /** Vector, address and error code. Of a descriptor the type comes before presence, presence before the limit. @sdm Task Switching, Exception Conditions Checked During a Task Switch */
    @ParameterizedTest
    @CsvSource({
        "'at: jmp 0x58:0', a@at, 58", "'at: jmp 0x50:0', b@at, 50", "'at: jmp 0x60:0', d@at, 60",
    })
    void taskSwitches(String body, String expected, String code) {
        try (SmallMachine m = guest(TASKS + "mov dword [0x16164], 0; " + body + "; first: nop")) {
            assertThat(run(m)).as(() -> m.board().call(m.cpu::why).toString()).isEqualTo(expected);
            assertThat(codes(m)).isEqualTo(code);
        }
    }

    /** What the new task loads is checked in the order of the manual's table: LDT, SS, CS, the other segments; the first that is wrong is at fault, in the new task. */
    @ParameterizedTest
    @CsvSource({
        "'mov dword [0x16160], 0x18; mov dword [0x1614c], 0x28', #TS(0018)", "'mov dword [0x1614c], 0x28; mov dword [0x16150], 0x10', #TS(0010)",
        "'mov dword [0x1614c], 0x28; mov dword [0x16154], 0x30', #TS(0028)",
        "'mov dword [0x16150], 0x10; mov dword [0x16154], 0x30', #TS(0010)", "'mov dword [0x16154], 0x30; mov dword [0x1615c], 0x40', #TS(0030)",
        "'mov dword [0x16154], 0x38; mov dword [0x1615c], 0x40', #NP(0038)",
    })
    void segmentsOfTheNewTask(String body, String fault) {
        try (SmallMachine m = guest(TASKS + body + "; jmp 0x48:0; first: nop")) {
            List<String> why = List.of();
            for (int i = 0; i < 100 && why.isEmpty(); i++) {
                m.run(1);
                why = m.board().call(m.cpu::why);
            }
            assertThat(why.get(0)).startsWith("first: " + fault + " at ");
            assertThat(why.get(0)).contains(String.format("%016x", m.symbol("first")));
        }
    }

    private static final String OVERFLOW = "mov eax, 0x7fffffff; inc eax; mov al, 1; ";
    private static final String BOUNDS = "mov dword [0x7000], 1; mov dword [0x7004], 3; mov ebx, 5; ";
    private static final String ALIGN = TASKS + "mov eax, cr0; or eax, 0x40000; mov cr0, eax; ";
    private static final String USER = "mov ax, 0x73; mov ds, ax; mov es, ax; push dword 0x73; push dword 0x8000; push dword 0x40202; push dword 0x6b; push dword at; iretd; ";
    private static final String SIMD = "mov eax, cr4; or eax, 0x600; mov cr4, eax; mov dword [0x7000], 0x1d80; ldmxcsr [0x7000]; xorps xmm1, xmm1; mov eax, 1; "
        + "cvtsi2ss xmm0, eax; ";
    private static final String PENDING = "fninit; push dword 0x37b; fldcw [esp]; fld1; fldz; fdivp; ";
    private static final String SMAP = "mov dword [0x1004], 0x400087; mov dword [0x1000], 0x83; mov eax, cr3; mov cr3, eax; mov eax, cr4; or eax, 0x200000; "
        + "mov cr4, eax; stac; mov dword [0x400008], 0xffff; mov dword [0x40000c], 0xcf9200; mov ax, 0x78; lldt ax; mov ax, 0xc; ";

    /** What meets within an instruction; a breakpoint, where one is wanted, at AT. */
    @ParameterizedTest
    @CsvSource({
        // #OF is taken after INTO: no single step follows, a breakpoint on INTO or an NMI before it comes first.
        "OVERFLOW, 'at: into; next: nop', true, 1@at 4@next",
        "OVERFLOW, 'STEP at: into; next: nop', false, 4@next",
        "OVERFLOW, 'out 0x80, al; at: into; next: nop', false, 2@at 4@next",
        // #BR is a fault.
        "BOUNDS, 'at: bound ebx, [0x7000]', true, 1@at 5@at",
        "BOUNDS, 'at: db 0xf0, 0x62, 0x1d, 0, 0x70, 0, 0', false, 6@at",
        // Alignment is checked before the page, as on silicon (the order within a class is the processor's own), but after privilege and opcode.
        "ALIGN, 'USER at: mov eax, [0x400001]', false, 11@at",
        "ALIGN, 'USER at: mov [0x400001], eax', false, 11@at",
        "ALIGN, 'USER at: mov eax, [0x7001]', true, 1@at 11@at",
        "ALIGN, 'USER at: db 0xf0, 0x8b, 0x05, 1, 0x70, 0, 0', false, 6@at",
        "ALIGN, 'USER at: lgdt [0x7001]', false, d@at",
        // An access that is not allowed to a port traps nobody who watches it.
        "ALIGN, 'USER at: out 0x80, al', true, 1@at d@at",
        // #XM comes last: after the breakpoint, #UD, #NM, the operand's segment, alignment and page, and a pending x87 exception where MMX is used.
        "SIMD, 'at: divss xmm0, xmm1', false, 13@at",
        "SIMD, 'at: divss xmm0, xmm1', true, 1@at 13@at",
        "SIMD, 'mov eax, cr4; and eax, ~0x400; mov cr4, eax; at: divss xmm0, xmm1', false, 6@at",
        "SIMD, 'mov eax, cr0; or al, 8; mov cr0, eax; at: divss xmm0, xmm1', false, 7@at",
        "SIMD, 'at: divss xmm0, [0x400000]', false, e@at",
        "SIMD, 'mov ax, 0x28; mov es, ax; at: divss xmm0, [es:0x400000]', false, d@at",
        "SIMD, 'at: divps xmm0, [0x7004]', false, d@at",
        "SIMD, 'at: divps xmm0, [0x400004]', false, d@at",
        "SIMD, 'PENDING at: divss xmm0, xmm1', false, 13@at",
        "SIMD, 'PENDING mov dword [0x7000], 0x1f00; ldmxcsr [0x7000]; mov eax, 0x7fc00000; movd xmm0, eax; at: cvtps2pi mm0, xmm0', false, 10@at",
        "SIMD, 'mov dword [0x7000], 0x1f00; ldmxcsr [0x7000]; mov eax, 0x7fc00000; movd xmm0, eax; at: cvtps2pi mm0, xmm0', false, 13@at",
        // A descriptor table in a page of user mode is an implicit access: EFLAGS.AC opens it to nobody; before the descriptor's type is looked at.
        "SMAP, 'at: mov es, ax', false, e@at",
        "SMAP, 'mov dword [0x40000c], 0; at: mov es, ax', false, e@at",
        "SMAP, 'mov eax, [0x400008]; clac; at: mov eax, [0x400008]', false, e@at",
    })
    void withinAnInstruction(String setting, String body, boolean breakAt, String expected) {
        String before = switch (setting) {
            case "OVERFLOW" -> OVERFLOW;
            case "BOUNDS" -> BOUNDS;
            case "ALIGN" -> ALIGN;
            case "SIMD" -> SIMD;
            default -> SMAP;
        };
        try (SmallMachine m = guest(before + body.replace("STEP ", STEP).replace("USER ", USER).replace("PENDING ", PENDING) + (body.contains("first:") ? "" : "; first: nop"))) {
            if (breakAt) {
                breakpoint(m, 3, m.symbol("at"), 0);
                breakpoint(m, 0, 0x80, 2);
            }
            assertThat(run(m)).as(() -> m.board().call(m.cpu::why).toString()).isEqualTo(expected);
        }
    }
}
