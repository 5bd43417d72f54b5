package com.vtsim.api.cpu;

import java.util.List;
import java.util.Map;
import org.osgi.annotation.versioning.ProviderType;

/** The opcode table as a service: assembler and disassembler. Any thread. */
@ProviderType
public interface InstructionSet {
    /**
     * Assembles a whole source in Intel syntax (labels, {@code bits}, {@code org}, {@code db} …; docs/assembler.md).
     *
     * @param source lines
     * @param origin address of the first byte unless the source says {@code org}
     * @throws AssemblyException with line and column if the source is wrong
     */
    Program assemble(String source, long origin);

    /**
     * Disassembles bytes.
     *
     * @param code     bytes
     * @param address  of the first
     * @param codeSize 16, 32 or 64
     */
    List<LogicalProcessor.Line> disassemble(byte[] code, long address, int codeSize);

    /**
     * Assembled bytes.
     *
     * @param bytes   content
     * @param origin  address of the first
     * @param symbols label → address
     */
    record Program(byte[] bytes, long origin, Map<String, Long> symbols) { }

    /** A source that cannot be assembled. */
    class AssemblyException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        /** @param message {@code line 3, column 5: what is wrong; what would be right} */
        public AssemblyException(String message) {
            super(message);
        }
    }
}
