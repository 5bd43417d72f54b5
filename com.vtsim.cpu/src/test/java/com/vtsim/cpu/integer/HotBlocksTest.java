package com.vtsim.cpu.integer;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.hot.HotBlocks;
import com.vtsim.cpu.isa.Assembler;
import com.vtsim.cpu.isa.Form;
import com.vtsim.cpu.system.SystemInstructions;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Compiled blocks do what the interpreter does, which is compared with silicon: every register, the flags, memory, faults
 * and their addresses, and the number of instructions. {@code -Dvtsim.hot.blocks=N -Dvtsim.hot.seed=N} for more.
 */
class HotBlocksTest {
    private static final Set<String> FREQUENT = Set.of("MOV", "ADD", "ADC", "SUB", "SBB", "CMP", "AND", "OR", "XOR", "TEST", "LEA",
        "MOVZX", "MOVSX", "MOVSXD", "SHL", "SHR", "SAR", "INC", "DEC", "NEG", "NOT", "IMUL", "CDQE", "CDQ", "CQO", "PUSH", "POP", "NOP");

    /** A processor that compiles every block at once, or none. */
    private static final class Twin extends SiliconModel {
        Twin(boolean compiles) {
            super(semantics -> {
                IntegerInstructions.define(semantics);
                SystemInstructions.define(semantics);
                semantics.defineCompiler(new HotBlocks());
            });
            cpu.execution.compileAfter(compiles ? 0 : Integer.MAX_VALUE);
        }

        /** Puts code where it starts, and sets the state of the first case. */
        void place(byte[] code, SiliconCase first) {
            byte[] page = new byte[SiliconCase.PAGE];
            System.arraycopy(code, 0, page, (int) (SiliconCase.START - SiliconCase.CODE), code.length);
            memory.write(CODE_PAGE, page, 0, page.length);
            System.arraycopy(first.registers, 0, cpu.r, 0, 16);
            cpu.r[Cpu.RIP] = SiliconCase.START;
            cpu.rflags(first.flags | Flags.IF, -1L);
            cpu.system.cr2 = 0;
            Arrays.fill(memory.bytes, (int) DATA_PAGE, (int) DATA_PAGE + 2 * SiliconCase.PAGE, (byte) 0);
            System.arraycopy(first.middle, 0, memory.bytes, (int) (DATA_PAGE + SiliconCase.MIDDLE - SiliconCase.DATA), SiliconCase.WINDOW);
            System.arraycopy(first.end, 0, memory.bytes, (int) (DATA_PAGE + SiliconCase.END - SiliconCase.DATA), SiliconCase.WINDOW);
            cpu.execution.activity.wake();
        }

        String run(long budget) {
            long before = cpu.execution.retired();
            Object outcome = cpu.execution.run(budget);
            StringBuilder text = new StringBuilder();
            text.append(outcome).append(" after ").append(cpu.execution.retired() - before).append(" flags ").append(Long.toHexString(cpu.rflags()))
                .append(" cr2 ").append(Long.toHexString(cpu.system.cr2)).append(" memory ").append(Arrays.hashCode(memory.bytes)).append(" registers");
            for (long register : cpu.r) {
                text.append(' ').append(Long.toHexString(register));
            }
            return text.toString();
        }
    }

    @Test void compiledBlocksDoWhatTheInterpreterDoes() {
        long seed = Long.getLong("vtsim.hot.seed", 1);
        SplittableRandom random = new SplittableRandom(seed);
        SiliconCases cases = new SiliconCases(seed, Set.of());
        List<Form> frequent = cases.forms.stream().filter(f -> FREQUENT.contains(f.mnemonic()) || f.mnemonic().matches("CMOV.*|SET.*|J.*")).toList();
        Twin interpreter = new Twin(false);
        Twin compiler = new Twin(true);
        int blocks = Integer.getInteger("vtsim.hot.blocks", 3000);
        for (int i = 0; i < blocks; i++) {
            List<SiliconCase> block = new ArrayList<>();
            ByteArrayOutputStream code = new ByteArrayOutputStream();
            for (int left = 1 + random.nextInt(12); left > 0;) {
                List<Form> from = random.nextInt(8) == 0 ? cases.forms : frequent;
                SiliconCase drawn = cases.draw(from.get(random.nextInt(from.size())));
                if (drawn != null && !drawn.legacy && drawn.instruction != null) {
                    block.add(drawn);
                    code.writeBytes(drawn.code);
                    left--;
                }
            }
            String what = "block " + i + " of seed " + seed + ": " + block;
            interpreter.place(code.toByteArray(), block.get(0));
            compiler.place(code.toByteArray(), block.get(0));
            for (long budget : new long[] {1 + random.nextInt(20), 50}) {
                assertThat(compiler.run(budget)).as(what).isEqualTo(interpreter.run(budget));
            }
        }
    }

    @Test void aLoopKeepsToItsBudgetToTheInstruction() {
        compare("again: add rax, 3\n imul rdx, rax\n dec ecx\n jnz again\n hlt", 1, 2, 7, 40, 3, 1000);
    }

    @Test void aLoopThatRunsIntoAnUnmappedPageLeavesItsStateAsAtTheFault() {
        compare("again: add rax, rbx\n mov [rdi], al\n inc rdi\n cmp rax, rdx\n jnz again\n hlt", 100_000);
    }

    @Test void aLoopThatChangesItselfExecutesWhatItHasWritten() {
        compare("lea rdi, [rel patch]\n mov ecx, 40\n again: inc eax\n patch: add eax, 1\n mov [rdi + 2], cl\n dec ecx\n jnz again\n hlt", 30, 500);
    }

    private static void compare(String source, long... budgets) {
        SiliconCase start = new SiliconCase();
        for (int i = 0; i < 16; i++) {
            start.registers[i] = 0x1234_5678_9ABCL * (i + 1);
        }
        start.registers[Cpu.RCX] = 60;
        start.registers[Cpu.RDI] = SiliconCase.DATA + 100;
        Twin interpreter = new Twin(false);
        Twin compiler = new Twin(true);
        byte[] code = Assembler.assemble("bits 64\norg " + SiliconCase.START + "\n" + source, 0).bytes();
        interpreter.place(code, start);
        compiler.place(code, start);
        for (long budget : budgets) {
            assertThat(compiler.run(budget)).isEqualTo(interpreter.run(budget));
        }
    }
}
