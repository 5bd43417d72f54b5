package com.vtsim.cpu.vmx;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.MemoryRef;
import com.vtsim.cpu.engine.MemoryTypes;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.Semantics;
import com.vtsim.cpu.isa.Instruction;
import com.vtsim.cpu.isa.Operand;

/**
 * Locked accesses that lock the bus, for they reach over a cache line or are to memory that is not write-back: with bus-lock detection the VM exits
 * behind the instruction.
 *
 * @sdm VM Exits Induced by Bus Locks
 */
final class BusLocks {
    private static final int LINE = 64;
    private static final String[] LOCKABLE = {"ADC", "ADD", "AND", "BTC", "BTR", "BTS", "CMPXCHG", "CMPXCHG8B", "CMPXCHG16B", "DEC", "INC", "NEG", "NOT", "OR",
        "SBB", "SUB", "XADD", "XCHG", "XOR"};

    private BusLocks() { }

    static void define(Semantics s) {
        for (String mnemonic : LOCKABLE) {
            s.wrap(mnemonic, factory -> (instruction, at) -> {
                Operation inner = factory.create(instruction, at);
                Operand place = memory(instruction);
                boolean locks = place != null && (instruction.lock() || mnemonic.equals("XCHG"));
                boolean offset = mnemonic.startsWith("BT") && instruction.operand(1) instanceof Operand.Register;
                return inner == null || !locks ? inner : new Locked(inner, at.memory((Operand.Memory) place), place.size(),
                    offset ? ((Operand.Register) instruction.operand(1)).number() : -1);
            });
        }
    }

    private static Operand memory(Instruction instruction) {
        for (int i = 0; i < 2 && i < instruction.operands().size(); i++) {
            if (instruction.operand(i) instanceof Operand.Memory memory) {
                return memory;
            }
        }
        return null;
    }

    /** Looks where the access goes, before the instruction changes a register it is addressed by. */
    private static final class Locked extends Operation {
        private final Operation inner;
        private final MemoryRef place;
        private final int size;
        /** The register that holds a bit offset, or -1. */
        private final int bits;

        Locked(Operation inner, MemoryRef place, int size, int bits) {
            this.inner = inner;
            this.place = place;
            this.size = size;
            this.bits = bits;
        }

        @Override
        public void execute(Cpu cpu) {
            boolean locks = cpu.vmx.nonRoot && cpu.vmx.has(Control.BUS_LOCK_DETECTION) && locks(cpu);
            inner.execute(cpu);
            if (locks) {
                cpu.vmx.boundary.attend(Boundary.BUS_LOCK);
            }
        }

        private boolean locks(Cpu cpu) {
            long linear = cpu.segBase[place.segment] + place.offset(cpu);
            if (bits >= 0) {
                // A bit offset in a register counts from the operand on, in units of its size.
                long offset = size == 8 ? cpu.r[bits] : size == 4 ? (int) cpu.r[bits] : (short) cpu.r[bits];
                linear += Math.floorDiv(offset, 8 * size) * size;
            }
            return ((int) linear & LINE - 1) + size > LINE || cpu.memoryTypes.of(linear) != MemoryTypes.WB;
        }

        @Override
        public boolean endsBlock() {
            return inner.endsBlock();
        }
    }
}
