package com.vtsim.shell.family;

import com.vtsim.api.irq.InterruptController;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Processor;
import com.vtsim.shell.draw.Drawing;
import java.time.Duration;

/**
 * A machine in a row.
 *
 * @param machine      its name
 * @param memory       RAM, as operators write it
 * @param processors   how many are there
 * @param irq          model of the interrupt controller; empty if there is none
 * @param parts        how many are there
 * @param state        what it does
 * @param instructions retired since power-on
 * @param time         virtual time since power-on
 */
public record MachineSummary(String machine, String memory, int processors, String irq, long parts, String state, long instructions, Duration time) {
    static MachineSummary of(Machine machine) {
        Machine.Status status = machine.status();
        String memory = machine.call(() -> Drawing.bytes(machine.memory().ramSize()));
        int processors = machine.call(() -> machine.findAll(Processor.class).size());
        String irq = machine.part(InterruptController.PART).filter(Machine.PartInfo::present).map(Machine.PartInfo::model).orElse("");
        long parts = machine.parts().stream().filter(Machine.PartInfo::present).count();
        return new MachineSummary(machine.name(), memory, processors, irq, parts, state(status), status.instructions(), Duration.ofNanos(status.time()));
    }

    static String state(Machine.Status status) {
        return status.running() ? "running" : status.stop() == null ? "not yet run" : Ended.reason(status.stop());
    }
}
