package com.vtsim.cpu.vector;

import com.vtsim.cpu.engine.FloatingState;
import com.vtsim.cpu.engine.SystemState;
import com.vtsim.cpu.integer.SiliconCase;
import com.vtsim.cpu.integer.SiliconModel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** VTSim's side of the comparison, with x87 and vector state. */
final class VectorModel extends SiliconModel {
    VectorModel() {
        super(VectorInstructions::define);
        cpu.system.cr4 |= SystemState.CR4_OSFXSR | SystemState.CR4_OSXMMEXCPT | SystemState.CR4_OSXSAVE;
        cpu.system.xcr0 = 7;
        cpu.segments.modeChanged();
    }

    @Override
    public SiliconCase.Outcome run(SiliconCase test) {
        load(ByteBuffer.wrap(test.state).order(ByteOrder.LITTLE_ENDIAN));
        SiliconCase.Outcome outcome = super.run(test);
        outcome.state = new byte[SiliconCase.STATE];
        save(ByteBuffer.wrap(outcome.state).order(ByteOrder.LITTLE_ENDIAN));
        return outcome;
    }

    private void load(ByteBuffer from) {
        FloatingState f = cpu.floating;
        f.control = from.getShort(0) & 0xFFFF;
        f.loadStatus(from.getShort(2) & 0xFFFF);
        f.valid = from.get(4) & 0xFF;
        f.mxcsr = from.getInt(24);
        for (int i = 0; i < 8; i++) {
            f.significand[f.top + i & 7] = from.getLong(32 + 16 * i);
            f.exponent[f.top + i & 7] = from.getShort(40 + 16 * i) & 0xFFFF;
        }
        for (int i = 0; i < 16; i++) {
            f.vector[4 * i] = from.getLong(160 + 16 * i);
            f.vector[4 * i + 1] = from.getLong(168 + 16 * i);
            f.vector[4 * i + 2] = from.getLong(512 + 16 * i);
            f.vector[4 * i + 3] = from.getLong(520 + 16 * i);
        }
    }

    private void save(ByteBuffer to) {
        FloatingState f = cpu.floating;
        to.putShort(0, (short) f.control);
        to.putShort(2, (short) f.statusWord());
        to.put(4, (byte) f.valid);
        to.putInt(24, f.mxcsr);
        for (int i = 0; i < 8; i++) {
            to.putLong(32 + 16 * i, f.significand[f.top + i & 7]);
            to.putShort(40 + 16 * i, (short) f.exponent[f.top + i & 7]);
        }
        for (int i = 0; i < 16; i++) {
            to.putLong(160 + 16 * i, f.vector[4 * i]);
            to.putLong(168 + 16 * i, f.vector[4 * i + 1]);
            to.putLong(512 + 16 * i, f.vector[4 * i + 2]);
            to.putLong(520 + 16 * i, f.vector[4 * i + 3]);
        }
    }
}
