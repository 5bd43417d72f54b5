package com.vtsim.cpu.isa;

import com.vtsim.api.cpu.InstructionSet;
import com.vtsim.api.cpu.LogicalProcessor.Line;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/** The opcode table as a service. */
@Component(service = InstructionSet.class)
public final class TableInstructionSet implements InstructionSet {
    /** What stands for bytes that are no instruction, one line a byte. */
    private static final String UNDECODABLE = "(bad)";

    @Override
    public Program assemble(String source, long origin) {
        try {
            Assembly assembly = Assembler.assemble(source, origin);
            return new Program(assembly.bytes(), assembly.origin(), assembly.symbols());
        } catch (com.vtsim.cpu.isa.AssemblyException failure) {
            // The caller may outlive this bundle; it gets the contract's type.
            throw new InstructionSet.AssemblyException(failure.getMessage());
        }
    }

    @Override
    public List<Line> disassemble(byte[] code, long address, int codeSize) {
        Decoder decoder = new Decoder();
        List<Line> lines = new ArrayList<>();
        int at = 0;
        while (at < code.length) {
            int length = 1;
            String text = UNDECODABLE;
            Decoded decoded = decode(decoder, code, at, codeSize);
            if (decoded instanceof Instruction instruction) {
                length = instruction.length();
                text = Disassembler.format(instruction, address + at);
            }
            lines.add(new Line(address + at, Arrays.copyOfRange(code, at, at + length), text));
            at += length;
        }
        return lines;
    }

    private static Decoded decode(Decoder decoder, byte[] code, int at, int codeSize) {
        try {
            return decoder.decode(ByteSource.of(code, at), codeSize);
        } catch (IndexOutOfBoundsException cutShort) {
            return Undecodable.UNDEFINED;
        }
    }
}
