package com.vtsim.cpu.x87;

import com.vtsim.cpu.engine.Cpu;
import com.vtsim.cpu.engine.GuestFault;
import com.vtsim.cpu.engine.Operation;
import com.vtsim.cpu.engine.SystemState;

/** WAIT, and what a waiting instruction does about pending exceptions. @sdm WAIT/FWAIT—Wait; x87 FPU Exception Synchronization */
final class Waiting extends Operation {
    @Override
    public void execute(Cpu cpu) {
        long both = SystemState.CR0_MP | SystemState.CR0_TS;
        if ((cpu.system.cr0 & both) == both) {
            throw cpu.fault(7, GuestFault.NO_CODE);
        }
        cpu.floating.awaitExceptions();
    }

    /** @return a byte of the executing code, which is mapped, without any effect on the guest */
    static int codeByte(Cpu cpu, long linear) {
        long physical = cpu.memory.paging().peek(linear);
        return physical == -1 ? 0 : (int) cpu.memory.space().read(physical, 1) & 0xFF;
    }
}
