package com.vtsim.pci.lpc.hpet;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.MessageTarget;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.pci.ChipsetRequester;
import com.vtsim.api.pci.RequestTranslator;
import com.vtsim.api.register.RegisterBlocks;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.register.RegisterState;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * The high precision event timer at FED0_0000h: a 64-bit main counter at 14.31818 MHz and four timers. An edge-triggered timer holds its line
 * until it rings again, so that a controller which wants the request to stay sees it. Source: IA-PC HPET Specification 1.0a.
 */
@Component(configurationPid = Hpet.PID, configurationPolicy = ConfigurationPolicy.REQUIRE, service = {Part.class, RegisterBlocks.class})
public final class Hpet implements RegisterBlocks, MmioDevice {
    /** The factory PID. */
    static final String PID = "com.vtsim.pci.lpc.hpet";
    /** {@link #model}. */
    static final String MODEL = "hpet";
    /** Where its registers lie. */
    static final long BASE = 0xFED0_0000L;
    /** Of the main counter, Hz; its period is announced as 69,841,279 fs. */
    static final long FREQUENCY = 14_318_180;

    private static final int VERSION = 1;
    private static final int PAGE = 4096;
    private static final int PIT_LINE = 0;
    private static final int RTC_LINE = 8;

    private final String name;
    private final RegisterFile<HpetRegister> registers = new RegisterFile<>(HpetRegister.class, new Device());
    private final long[] period = new long[HpetRegister.TIMERS];
    private final boolean[] asserted = new boolean[HpetRegister.TIMERS];
    private final Clock.Timer[] alarms = new Clock.Timer[HpetRegister.TIMERS];
    private final Lines.Driver[][] drivers = new Lines.Driver[HpetRegister.TIMERS][];
    /** What the main counter is ahead of virtual time's ticks while it runs; its value while it stands. */
    private long offset;
    private Board board;
    private MessageTarget messages;
    private ChipsetRequester requester;

    /** Configuration of factory PID {@code com.vtsim.pci.lpc.hpet}. */
    @interface Config {
        /** {@link Part#MACHINE}. */
        String vtsim_machine();

        /** {@link Part#NAME}. */
        String vtsim_name() default "hpet";
    }

    /**
     * State of the timers.
     *
     * @param registers register block
     * @param offset    of the main counter
     * @param period    of each periodic timer
     * @param asserted  whether each holds its line
     */
    record HpetState(RegisterState registers, long offset, long[] period, boolean[] asserted) { }

    /** Made from its configuration. */
    @Activate
    public Hpet(Config config) {
        this(config.vtsim_name());
    }

    /** For machines put together in plain Java. */
    public Hpet(String name) {
        this.name = name;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String model() {
        return MODEL;
    }

    /** @return whether timers 0 and 1 take the places of 8254 and RTC */
    public boolean legacyReplacement() {
        return registers.isSet(HpetRegister.GEN_CONF, HpetRegister.LEG_RT_CNF);
    }

    @Override
    public void attach(Board newBoard) {
        board = newBoard;
        messages = board.find(MessageTarget.class).orElse(null);
        requester = ChipsetRequester.of(board, ChipsetRequester.EVENT_TIMER, requester);
        board.memory().map(BASE, PAGE, this);
        for (int i = 0; i < HpetRegister.TIMERS; i++) {
            int timer = i;
            alarms[i] = board.clock().timer("timer " + i, () -> ring(timer));
            drivers[i] = new Lines.Driver[Lines.COUNT];
            for (int line = 0; line < Lines.COUNT; line++) {
                boolean can = (routes(i) >> line & 1) != 0 || i == 0 && line == PIT_LINE || i == 1 && line == RTC_LINE;
                drivers[i][line] = can ? board.lines().driver(line, "timer " + i) : null;
            }
            drive(i);
            arm(i);
        }
        displace();
    }

    private void displace() {
        if (board != null) {
            board.findAll(LegacySource.class).forEach(source -> source.displaced(legacyReplacement()));
        }
    }

    // The main counter

    private boolean running() {
        return registers.isSet(HpetRegister.GEN_CONF, HpetRegister.ENABLE_CNF);
    }

    private long ticks() {
        return board == null ? 0 : Clock.ticksIn(board.clock().now(), FREQUENCY);
    }

    private long counter() {
        return running() ? ticks() + offset : offset;
    }

    // Timers

    private long configuration(int timer) {
        return registers.get(HpetRegister.configuration(timer));
    }

    private long routes(int timer) {
        return HpetRegister.INT_ROUTE_CAP.of(HpetRegister.configuration(timer).layout().resetValue());
    }

    private boolean wide(int timer) {
        return timer == 0 && !HpetRegister.MODE32_CNF.isSet(configuration(timer));
    }

    private void arm(int timer) {
        if (alarms[timer] == null) {
            return;
        }
        if (!running()) {
            alarms[timer].cancel();
            return;
        }
        long left = registers.get(HpetRegister.comparator(timer)) - counter();
        if (!wide(timer)) {
            left &= 0xFFFF_FFFFL;
            left = left == 0 ? 1L << 32 : left;
        }
        long due = ticks() + left;
        // A 64-bit comparator that lies behind the counter matches after some ten thousand years.
        if (left <= 0 || due < 0 || due / FREQUENCY > Long.MAX_VALUE / Clock.SECOND / 2) {
            alarms[timer].cancel();
        } else {
            alarms[timer].at(Clock.nanosFor(due, FREQUENCY));
        }
    }

    private void ring(int timer) {
        long conf = configuration(timer);
        if (HpetRegister.TYPE_CNF.isSet(conf) && period[timer] != 0) {
            HpetRegister comparator = HpetRegister.comparator(timer);
            long next = registers.get(comparator) + period[timer];
            registers.set(comparator, wide(timer) ? next : next & 0xFFFF_FFFFL);
        }
        boolean level = HpetRegister.INT_TYPE_CNF.isSet(conf);
        if (level) {
            registers.raise(HpetRegister.GINTR_STA, 1L << timer);
        }
        if (HpetRegister.INT_ENB_CNF.isSet(conf)) {
            if (HpetRegister.FSB_EN_CNF.isSet(conf)) {
                send(timer);
            } else {
                // The line falls before it rises, so that each match is an edge.
                asserted[timer] = false;
                drive(timer);
                asserted[timer] = true;
                drive(timer);
            }
        }
        arm(timer);
    }

    private void send(int timer) {
        long route = registers.get(HpetRegister.route(timer));
        RequestTranslator.Message message = requester.remap(route >>> 32, (int) route);
        if (messages != null && message != null) {
            messages.message(message.address, message.data);
        }
    }

    /** @return the line a timer drives, or -1 */
    private int line(int timer) {
        long conf = configuration(timer);
        if (!HpetRegister.INT_ENB_CNF.isSet(conf) || HpetRegister.FSB_EN_CNF.isSet(conf)) {
            return -1;
        }
        if (legacyReplacement() && timer < 2) {
            return timer == 0 ? PIT_LINE : RTC_LINE;
        }
        int input = (int) HpetRegister.INT_ROUTE_CNF.of(conf);
        return (routes(timer) >> input & 1) != 0 ? input : -1;
    }

    private void drive(int timer) {
        if (board == null) {
            return;
        }
        int wanted = running() && asserted[timer] ? line(timer) : -1;
        for (int line = 0; line < Lines.COUNT; line++) {
            if (drivers[timer][line] != null) {
                drivers[timer][line].set(line == wanted);
            }
        }
    }

    private void written(HpetRegister register, long old, long now, long written) {
        switch (register) {
            case GEN_CONF -> {
                boolean ran = HpetRegister.ENABLE_CNF.isSet(old);
                if (ran != running()) {
                    offset += ran ? ticks() : -ticks();
                }
                if (HpetRegister.LEG_RT_CNF.isSet(old ^ now)) {
                    displace();
                }
                all();
            }
            case MAIN_CNT -> {
                offset = running() ? now - ticks() : now;
                all();
            }
            case GINTR_STA -> {
                for (int i = 0; i < HpetRegister.TIMERS; i++) {
                    if ((written >> i & 1) != 0 && HpetRegister.INT_TYPE_CNF.isSet(configuration(i))) {
                        asserted[i] = false;
                        drive(i);
                    }
                }
            }
            default -> timerWritten(register, old, now);
        }
    }

    private void timerWritten(HpetRegister register, long old, long now) {
        int timer = register.layout().offset() - 0x100 >> 5;
        if (timer < 0) {
            return;
        }
        if (register == HpetRegister.configuration(timer)) {
            if (!HpetRegister.INT_ENB_CNF.isSet(now) || HpetRegister.INT_TYPE_CNF.isSet(old ^ now)) {
                asserted[timer] = false;
            }
            drive(timer);
            arm(timer);
        } else if (register == HpetRegister.comparator(timer)) {
            if (HpetRegister.TYPE_CNF.isSet(configuration(timer))) {
                period[timer] = wide(timer) ? now : now & 0xFFFF_FFFFL;
                if (HpetRegister.VAL_SET_CNF.isSet(configuration(timer))) {
                    registers.set(HpetRegister.configuration(timer), HpetRegister.VAL_SET_CNF, 0);
                } else {
                    registers.set(register, old);
                }
            }
            arm(timer);
        }
    }

    private void all() {
        for (int i = 0; i < HpetRegister.TIMERS; i++) {
            drive(i);
            arm(i);
        }
    }

    @Override
    public long read(int at, int size) {
        return registers.load(at, size);
    }

    @Override
    public void write(int at, int size, long value) {
        registers.store(at, size, value);
    }

    @Override
    public void reset(Reset kind) {
        registers.reset(kind);
        offset = 0;
        java.util.Arrays.fill(period, 0);
        java.util.Arrays.fill(asserted, false);
        if (board != null) {
            requester = ChipsetRequester.of(board, ChipsetRequester.EVENT_TIMER, null);
            all();
            displace();
        }
    }

    @Override
    public State save() {
        registers.set(HpetRegister.MAIN_CNT, counter());
        return State.of(MODEL, VERSION, new HpetState(registers.save(), offset, period.clone(), asserted.clone()));
    }

    @Override
    public void restore(State state) {
        HpetState saved = state.as(HpetState.class, MODEL, VERSION);
        if (saved.period.length != HpetRegister.TIMERS || saved.asserted.length != HpetRegister.TIMERS) {
            throw new StateException("state of " + MODEL + " has " + saved.period.length + " timers, expected " + HpetRegister.TIMERS);
        }
        registers.restore(saved.registers);
        offset = saved.offset;
        System.arraycopy(saved.period, 0, period, 0, HpetRegister.TIMERS);
        System.arraycopy(saved.asserted, 0, asserted, 0, HpetRegister.TIMERS);
    }

    @Override
    public List<Block> registerBlocks() {
        return List.of(new Block("High Precision Event Timers", "memory", BASE, registers.dump()));
    }

    private final class Device implements RegisterFile.Device<HpetRegister> {
        @Override
        public void written(HpetRegister register, long old, long now, long written) {
            Hpet.this.written(register, old, now, written);
        }

        @Override
        public void refresh(HpetRegister register) {
            if (register == HpetRegister.MAIN_CNT) {
                registers.set(register, counter());
            }
        }
    }
}
