package com.vtsim.cpu.isa;

import com.vtsim.cpu.isa.Operand.Memory;
import com.vtsim.cpu.isa.Operand.Register;
import com.vtsim.cpu.isa.Operand.RegisterFile;
import com.vtsim.cpu.isa.SourceOperand.OfMemory;
import com.vtsim.cpu.isa.SourceOperand.Scaled;

/** Turns a memory reference as written into base, index, scale and displacement. */
final class AddressResolver {
    private static final int ESP = 4;

    private boolean toRip;

    /** @return whether the last reference resolved is a symbol's address, still to be made relative to RIP */
    boolean toRip() {
        return toRip;
    }

    /** @return bytes of the vector register in the address, or 0 */
    int vectorIndexSize(OfMemory source) {
        for (Scaled scaled : source.registers()) {
            if (scaled.register().file() == RegisterFile.VECTOR) {
                return scaled.register().size();
            }
        }
        return 0;
    }

    Memory resolve(OfMemory source, Statement statement, Expression.Scope scope) {
        toRip = false;
        long displacement = source.displacement() == null ? 0 : source.displacement().value(scope);
        Scaled base = null;
        Scaled index = null;
        for (Scaled scaled : source.registers()) {
            boolean vector = scaled.register().file() == RegisterFile.VECTOR;
            if (base == null && scaled.scale() == 0 && !vector) {
                base = scaled;
            } else if (index == null) {
                index = scaled;
            } else {
                throw scope.error(source.column(), "an address has at most one base and one scaled index register");
            }
        }
        if (source.literal() && base != null) {
            return literalRip(source, base, displacement, statement, scope);
        }
        int size = addressSize(source, base, index, statement, scope);
        Memory memory;
        boolean noRegisters = base == null && index == null;
        boolean relative = source.relative() || statement.defaultRelative && !source.literal() && source.segment() < 4;
        if (noRegisters && statement.bits == 64 && relative) {
            toRip = true;
            memory = new Memory(3, Memory.RIP, Memory.NONE, 1, displacement, size, source.size());
        } else if (size == 2) {
            memory = resolve16(source, base, index, displacement, scope);
        } else {
            memory = resolve32(source, base, index, displacement, size, statement, scope);
        }
        return withSegment(memory, source.segment(), statement);
    }

    private Memory literalRip(OfMemory source, Scaled base, long displacement, Statement statement, Expression.Scope scope) {
        if (statement.bits != 64 || source.registers().size() != 1) {
            throw scope.error(source.column(), "RIP-relative addresses exist in 64-bit code only, and without other registers");
        }
        return withSegment(new Memory(3, Memory.RIP, Memory.NONE, 1, (int) displacement, base.register().size(), source.size()), source.segment(), statement);
    }

    private static Memory withSegment(Memory memory, int override, Statement statement) {
        int given = override >= 0 ? override : statement.segmentOverride;
        int segment = given < 0 || statement.bits == 64 && given < 4 ? Encoder.defaultSegment(memory) : given;
        return new Memory(segment, memory.base(), memory.index(), memory.scale(), memory.displacement(), memory.addressSize(), memory.size());
    }

    private static int addressSize(OfMemory source, Scaled base, Scaled index, Statement statement, Expression.Scope scope) {
        int size = 0;
        for (Scaled scaled : new Scaled[] {base, index}) {
            if (scaled == null || scaled.register().file() == RegisterFile.VECTOR) {
                continue;
            }
            if (size != 0 && size != scaled.register().size()) {
                throw scope.error(source.column(), "base and index must be of the same size");
            }
            size = scaled.register().size();
        }
        if (size == 0) {
            size = statement.addressSize != 0 ? statement.addressSize : statement.bits == 16 && index != null ? 4 : statement.bits / 8;
        }
        if (size == 2 && statement.bits == 64) {
            throw scope.error(source.column(), "64-bit code has no 16-bit addresses");
        }
        if (size == 8 && statement.bits != 64) {
            throw scope.error(source.column(), "64-bit addresses exist in 64-bit code only");
        }
        return size;
    }

    private static Memory resolve16(OfMemory source, Scaled first, Scaled second, long displacement, Expression.Scope scope) {
        int base = first == null ? Memory.NONE : first.register().number();
        int index = second == null ? Memory.NONE : second.register().number();
        boolean scaled = second != null && second.scale() > 1;
        if (Addressing.rm16(base, index) < 0 && index != Memory.NONE) {
            int swapped = base;
            base = index;
            index = swapped;
        }
        if (scaled || base != Memory.NONE && Addressing.rm16(base, index) < 0) {
            throw scope.error(source.column(), "16-bit addresses are bx or bp, plus si or di, plus a number");
        }
        if (displacement != (short) displacement && displacement >>> 16 != 0) {
            throw scope.error(source.column(), "0x" + Long.toHexString(displacement) + " does not fit into a 16-bit address; a32 before the instruction makes it a 32-bit one");
        }
        return new Memory(3, base, index, 1, (short) displacement, 2, source.size());
    }

    private static Memory resolve32(OfMemory source, Scaled first, Scaled second, long displacement, int size, Statement statement, Expression.Scope scope) {
        Scaled base = first;
        Scaled index = second;
        if (index != null && index.scale() <= 1 && isStackPointer(index.register())) {
            Scaled swapped = base;
            base = index;
            index = swapped;
        }
        if (index != null && isStackPointer(index.register())) {
            throw scope.error(source.column(), "the stack pointer cannot be an index");
        }
        boolean offset = base == null && index == null;
        // A 64-bit displacement is left to the forms that have one (MOV with a memory offset).
        boolean fits = size == 8 ? displacement == (int) displacement || offset : displacement == (int) displacement || displacement >>> 32 == 0;
        if (!fits) {
            throw scope.error(source.column(), "displacement 0x" + Long.toHexString(displacement) + " does not fit into 32 bits" + (statement.bits == 64 ? ", sign-extended" : ""));
        }
        return new Memory(3, base == null ? Memory.NONE : base.register().number(), index == null ? Memory.NONE : index.register().number(),
                index == null ? 1 : Math.max(1, index.scale()), size == 8 ? displacement : (int) displacement, size, source.size());
    }

    private static boolean isStackPointer(Register register) {
        return register.file() == RegisterFile.GENERAL && register.number() == ESP;
    }
}
