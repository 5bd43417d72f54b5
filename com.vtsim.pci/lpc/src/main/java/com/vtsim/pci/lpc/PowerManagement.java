package com.vtsim.pci.lpc;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.Stop;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.register.RegisterState;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * The ACPI block: fixed events, the timer of 3.579545 MHz, sleep states, and the APM ports. There is no system management mode:
 * what firmware's handler would do on ACPI enable and disable is done at once, and SMI_EN says that firmware has set it up already.
 */
final class PowerManagement {
    /** Hz. */
    static final long FREQUENCY = 3_579_545;
    /** Written to port B2h: give the fixed events to the operating system. */
    static final int ACPI_ENABLE = 0x02;
    /** Written to port B2h: take them back. */
    static final int ACPI_DISABLE = 0x03;

    private static final int OVERFLOW_BIT = 23;
    private static final int BLOCK = 0x80;
    private static final int APM_CNT = 0xB2;

    private final RegisterFile<PmRegister> registers;
    private final Consumer<Boolean> sci;
    private Board board;
    private Clock.Timer overflow;
    private final Watchdog watchdog;
    private int base;
    private long halfPeriods;
    private int apmControl;
    private int apmStatus;

    record PmState(RegisterState registers, long halfPeriods, int apmControl, int apmStatus, Watchdog.TcoState watchdog) { }

    /**
     * @param sci      drives the system control interrupt
     * @param noReboot whether the watchdog must not reset the platform
     */
    PowerManagement(Consumer<Boolean> sci, BooleanSupplier noReboot) {
        this.sci = sci;
        registers = new RegisterFile<>(PmRegister.class, new RegisterFile.Device<>() {
            @Override
            public void written(PmRegister register, long old, long now, long written) {
                PowerManagement.this.written(register, now, written);
            }

            @Override
            public void refresh(PmRegister register) {
                PowerManagement.this.refresh(register);
            }
        });
        watchdog = new Watchdog(registers, noReboot);
    }

    void attach(Board newBoard) {
        board = newBoard;
        overflow = board.clock().timer("pm-overflow", this::update);
        board.ports().map(APM_CNT, 2, 1, new ApmPorts());
        watchdog.attach(board);
        update();
    }

    /** @return the device to map at PMBASE, {@value #BLOCK} ports */
    PortDevice block(int pmbase) {
        base = pmbase;
        return new Block();
    }

    private long ticks() {
        return Clock.ticksIn(board.clock().now(), FREQUENCY);
    }

    private void refresh(PmRegister register) {
        if (board == null) {
            return;
        }
        if (register == PmRegister.PM1_TMR) {
            registers.set(PmRegister.PM1_TMR, ticks());
        } else if (register == PmRegister.PM1_STS) {
            long now = ticks() >> OVERFLOW_BIT;
            if (now != halfPeriods) {
                halfPeriods = now;
                registers.raise(PmRegister.PM1_STS, PmRegister.TMROF.mask());
            }
        } else if (register == PmRegister.TCO_RLD) {
            watchdog.refresh();
        }
    }

    private void written(PmRegister register, long now, long written) {
        if (register == PmRegister.PM1_CNT) {
            registers.clear(PmRegister.PM1_CNT, PmRegister.PM1_CNT.layout().implemented() & ~PmRegister.PM1_CNT.layout().readable());
            if (PmRegister.SLP_EN.isSet(written)) {
                sleep((int) PmRegister.SLP_TYP.of(now));
            }
        }
        watchdog.written(register);
        update();
    }

    /** @return every register, by offset */
    List<RegisterFile.Value> dump() {
        return registers.dump();
    }

    /**
     * S5 is 7 on this chipset. 0, which silicon maps to S0, is taken for S5 too: firmware built for virtual machines says so in its tables.
     * Suspend to RAM or S1 is not there: the machine wakes at once.
     */
    private void sleep(int type) {
        if (board == null) {
            return;
        }
        switch (type) {
            case 0, 7 -> board.stop(Stop.of(Stop.Cause.POWER_OFF, "the guest switched the power off (ACPI S5)"));
            case 6 -> board.stop(Stop.of(Stop.Cause.POWER_OFF, "the guest switched the power off (ACPI S4)"));
            default -> {
                board.report("ACPI sleep type " + type + " is not there: woken at once");
                registers.raise(PmRegister.PM1_STS, PmRegister.WAK_STS.mask());
            }
        }
    }

    /** Drives the SCI, and arms the timer while an overflow would raise it. */
    private void update() {
        if (board == null) {
            return;
        }
        refresh(PmRegister.PM1_STS);
        long enabled = registers.get(PmRegister.PM1_EN);
        boolean fixed = (registers.get(PmRegister.PM1_STS) & enabled & PmRegister.SCI_CAUSES) != 0;
        boolean general = (registers.get(PmRegister.GPE0_STS) & registers.get(PmRegister.GPE0_EN)) != 0;
        boolean delivered = registers.isSet(PmRegister.PM1_CNT, PmRegister.SCI_EN);
        sci.accept(delivered && (fixed || general));
        if (delivered && PmRegister.TMROF.isSet(enabled)) {
            overflow.at(Clock.nanosFor(halfPeriods + 1 << OVERFLOW_BIT, FREQUENCY));
        } else {
            overflow.cancel();
        }
    }

    void reset(Reset kind) {
        registers.reset(kind);
        watchdog.reset();
        halfPeriods = board == null ? 0 : ticks() >> OVERFLOW_BIT;
        apmControl = 0;
        apmStatus = 0;
        sci.accept(false);
    }

    /** Computed registers are brought up to date first: the state must not depend on who has looked at them when. */
    PmState save() {
        refresh(PmRegister.PM1_TMR);
        refresh(PmRegister.PM1_STS);
        refresh(PmRegister.TCO_RLD);
        return new PmState(registers.save(), halfPeriods, apmControl, apmStatus, watchdog.save());
    }

    void restore(PmState state) {
        registers.restore(state.registers());
        halfPeriods = state.halfPeriods();
        apmControl = state.apmControl();
        apmStatus = state.apmStatus();
        watchdog.restore(state.watchdog());
    }

    private final class Block implements PortDevice {
        @Override
        public int read(int port, int size) {
            return (int) registers.load(port - base, size);
        }

        @Override
        public void write(int port, int size, int value) {
            registers.store(port - base, size, value);
        }
    }

    /** B2h is control, B3h is status: a byte for the handler each. */
    private final class ApmPorts implements PortDevice {
        @Override
        public int read(int port, int size) {
            return port == APM_CNT ? apmControl : apmStatus;
        }

        @Override
        public void write(int port, int size, int value) {
            if (port != APM_CNT) {
                apmStatus = value & 0xFF;
                return;
            }
            apmControl = value & 0xFF;
            registers.raise(PmRegister.SMI_STS, PmRegister.APM_STS.mask());
            if (apmControl == ACPI_ENABLE) {
                registers.set(PmRegister.PM1_CNT, PmRegister.SCI_EN, 1);
            } else if (apmControl == ACPI_DISABLE) {
                registers.set(PmRegister.PM1_CNT, PmRegister.SCI_EN, 0);
            }
            update();
        }
    }
}
