package com.vtsim.cpu.hot;

import com.vtsim.cpu.engine.BlockCompiler;
import com.vtsim.cpu.engine.CompiledBlock;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.isa.Instruction;
import java.lang.invoke.MethodHandles;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;

/**
 * Makes a hidden class of a block. {@link IntegerCode} writes the frequent instructions as bytecode; for every other one the
 * class calls the interpreter's operation, which is a constant of it. The class goes when its block goes.
 */
public final class HotBlocks implements BlockCompiler {
    static final String NAME = Type.getInternalName(HotBlocks.class) + "$Block";
    static final String OPERATION = Type.getDescriptor(Operation.class);
    private static final String SUPER = Type.getInternalName(CompiledBlock.class);
    private static final String LOOKUP = "Ljava/lang/invoke/MethodHandles$Lookup;";

    @Override
    public CompiledBlock compile(Instruction[] instructions, Operation[] operations, short[] starts, int length) {
        byte[] bytes = bytes(instructions, starts, length);
        try {
            return (CompiledBlock) MethodHandles.lookup().defineHiddenClassWithClassData(bytes, operations, true)
                .lookupClass().getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("a block could not be compiled", e);
        }
    }

    /** @return the operations that a class was defined with: its initialiser asks */
    static Operation[] operations(MethodHandles.Lookup lookup) throws IllegalAccessException {
        return MethodHandles.classData(lookup, "_", Operation[].class);
    }

    private static byte[] bytes(Instruction[] instructions, short[] starts, int length) {
        // Classes of this version need no stack maps, whose making costs more than all the rest.
        ClassWriter out = new ClassWriter(ClassWriter.COMPUTE_MAXS);
        out.visit(Opcodes.V1_5, Opcodes.ACC_FINAL | Opcodes.ACC_SUPER, NAME, null, SUPER, null);
        constructor(out);
        MethodVisitor run = out.visitMethod(Opcodes.ACC_PUBLIC | Opcodes.ACC_FINAL, "run", BlockCode.RUN, null, null);
        boolean[] called = new BlockCode(run, instructions, starts, length).write();
        constants(out, called);
        out.visitEnd();
        return out.toByteArray();
    }

    private static void constructor(ClassWriter out) {
        MethodVisitor m = out.visitMethod(0, "<init>", "()V", null, null);
        m.visitCode();
        m.visitVarInsn(Opcodes.ALOAD, 0);
        m.visitMethodInsn(Opcodes.INVOKESPECIAL, SUPER, "<init>", "()V", false);
        m.visitInsn(Opcodes.RETURN);
        m.visitMaxs(0, 0);
        m.visitEnd();
    }

    /** A static final field for each operation that is called: the host's compiler takes it for the constant it is. */
    private static void constants(ClassWriter out, boolean[] called) {
        MethodVisitor m = out.visitMethod(Opcodes.ACC_STATIC, "<clinit>", "()V", null, null);
        m.visitCode();
        m.visitMethodInsn(Opcodes.INVOKESTATIC, "java/lang/invoke/MethodHandles", "lookup", "()" + LOOKUP, false);
        m.visitMethodInsn(Opcodes.INVOKESTATIC, Type.getInternalName(HotBlocks.class), "operations", "(" + LOOKUP + ")[" + OPERATION, false);
        m.visitVarInsn(Opcodes.ASTORE, 0);
        for (int i = 0; i < called.length; i++) {
            if (called[i]) {
                out.visitField(Opcodes.ACC_PRIVATE | Opcodes.ACC_STATIC | Opcodes.ACC_FINAL, constant(i), OPERATION, null, null).visitEnd();
                m.visitVarInsn(Opcodes.ALOAD, 0);
                m.visitIntInsn(Opcodes.BIPUSH, i);
                m.visitInsn(Opcodes.AALOAD);
                m.visitFieldInsn(Opcodes.PUTSTATIC, NAME, constant(i), OPERATION);
            }
        }
        m.visitInsn(Opcodes.RETURN);
        m.visitMaxs(0, 0);
        m.visitEnd();
    }

    /** @return name of the field that holds the operation of an instruction */
    static String constant(int index) {
        return "operation" + index;
    }
}
