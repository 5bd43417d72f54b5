package com.vtsim.api.irq;

import com.vtsim.api.machine.StatelessPart;
import java.util.List;

/** What the controllers that stand in for others in tests share: no local APIC, and nothing to show. */
public abstract class StatelessController extends StatelessPart implements InterruptController {
    /** A part named as interrupt controllers are. */
    protected StatelessController() {
        super(PART);
    }

    @Override
    public LocalApicPort localApic(int processor) {
        return null;
    }

    @Override
    public List<Input> inputs() {
        return List.of();
    }

    @Override
    public List<String> registers() {
        return List.of();
    }
}
