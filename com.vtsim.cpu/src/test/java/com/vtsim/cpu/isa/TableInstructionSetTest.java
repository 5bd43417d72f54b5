package com.vtsim.cpu.isa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import com.vtsim.api.cpu.InstructionSet;
import com.vtsim.api.cpu.LogicalProcessor.Line;
import org.junit.jupiter.api.Test;

/** The service that the shell uses. */
class TableInstructionSetTest {
    private final InstructionSet instructions = new TableInstructionSet();

    @Test
    void assemblesAndDisassembles() {
        InstructionSet.Program program = instructions.assemble("bits 32\nloop_: dec ecx\njnz loop_\n", 0x1000);
        assertThat(program.symbols()).containsEntry("loop_", 0x1000L);
        assertThat(instructions.disassemble(program.bytes(), 0x1000, 32)).extracting(Line::address, Line::text)
                .containsExactly(tuple(0x1000L, "dec    ecx"), tuple(0x1001L, "jne    0x1000"));
    }

    @Test
    void bytesThatAreNoInstructionOrCutShortAreSaidToBeBad() {
        byte[] code = {0x06, (byte) 0x90, (byte) 0xE9, (byte) 0x06};
        assertThat(instructions.disassemble(code, 0, 64)).extracting(Line::text).containsExactly("(bad)", "nop", "(bad)", "(bad)");
        assertThat(instructions.disassemble(code, 0, 64)).allSatisfy(line -> assertThat(line.bytes()).hasSize(1));
    }

    @Test
    void errorsAreTheContracts() {
        assertThatThrownBy(() -> instructions.assemble("\n  bogus ax\n", 0)).isInstanceOf(InstructionSet.AssemblyException.class)
                .hasMessageStartingWith("line 2, column 3: ");
    }
}
