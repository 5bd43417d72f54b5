package com.vtsim.pci.lpc.serial;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.Console;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.pci.lpc.ByteQueue;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * A 16550A at eight ports; section titles are those of National Semiconductor's data sheet "PC16550D".
 * <p>
 * Characters take the virtual time that divisor and format give them. The console, file or socket is handed a character
 * when the transmitter accepts it, so that a machine that stops keeps none back; towards the guest a character waits on
 * the wire until the receiver has room, so that the host's speed never causes an overrun.
 * OUT2 gates the interrupt, as on a PC.
 */
@Component(configurationPid = Uart.PID, configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = {Part.class, Console.class})
public final class Uart implements Console, PortDevice {
    /** The factory PID. */
    static final String PID = "com.vtsim.pci.lpc.uart";
    /** {@link #model}. */
    static final String MODEL = "ns16550a";

    private static final int VERSION = 1;
    /** The crystal of a PC's serial port, Hz: 16 cycles and the divisor make a bit. */
    static final int CRYSTAL = 1_843_200;

    private static final int DLAB = 0x80;
    private static final int BREAK = 0x40;
    private static final int OUT2 = 0x08;
    private static final int LOOP = 0x10;
    private static final int CTS_DSR_DCD = 0xB0;
    private static final int RI = 0x40;
    private static final int TERI = 0x04;

    private static final int RLS = 0x06;
    private static final int RDA = 0x04;
    private static final int TIME_OUT = 0x0C;
    private static final int THR_EMPTY = 0x02;
    private static final int MODEM = 0x00;
    private static final int NONE = 0x01;

    private final String name;
    private final int port;
    private final int irq;
    private final String backend;
    private final int crystal;
    private final Receiver receiver = new Receiver();
    private final Transmitter transmitter = new Transmitter();
    private final ByteQueue wire = new ByteQueue(256);
    private int ier;
    private int fcr;
    private int lcr;
    private int mcr;
    private int msr;
    private int scr;
    private int divisor;
    private boolean thrInterrupt;
    private boolean timedOut;
    private long rxDue;
    private long txDue;
    private long thrDue;
    private long timeOutDue;
    private Board board;
    private Clock clock;
    private Lines.Driver line;
    private Clock.Timer alarm;
    private Sink sink;
    private Backend host;

    /** Configuration of factory PID {@code com.vtsim.pci.lpc.uart}. */
    @interface Config {
        /** {@link Part#MACHINE}. */
        String vtsim_machine();

        /** {@link Part#NAME}. */
        String vtsim_name() default "com1";

        /** First of eight ports. */
        int port() default 0x3F8;

        /** The board's line. */
        int line() default 4;

        /** {@code console}, {@code file:PATH} (appended to) or {@code tcp:PORT} (listens on the loopback address). */
        String backend() default "console";

        /**
         * The crystal, Hz, up to 1.8432 GHz. A faster one than a PC's, as some cards have, makes characters quicker than the
         * guest believes: a kernel that waits for each of them then wastes fewer instructions.
         */
        int crystal() default CRYSTAL;
    }

    /** Made from its configuration. */
    @Activate
    public Uart(Config config) {
        this(config.vtsim_name(), config.port(), config.line(), config.backend(), config.crystal());
    }

    Uart(String name, int port, int irq, String backend) {
        this(name, port, irq, backend, CRYSTAL);
    }

    /** For machines put together in plain Java. */
    public Uart(String name, int port, int irq, String backend, int crystal) {
        if (port < 0 || port > 0xFFF8 || (port & 7) != 0) {
            throw new OperatorException(name + ": port is " + Integer.toHexString(port) + "h, expected a multiple of 8 below 10000h");
        }
        if (irq < 0 || irq >= Lines.COUNT) {
            throw new OperatorException(name + ": line is " + irq + ", expected 0 to " + (Lines.COUNT - 1));
        }
        if (crystal < CRYSTAL || crystal > 1000 * CRYSTAL) {
            throw new OperatorException(name + ": crystal is " + crystal + ", expected 1843200 to 1843200000");
        }
        Backend.check(name, backend);
        this.name = name;
        this.port = port;
        this.irq = irq;
        this.backend = backend;
        this.crystal = crystal;
        powerOn();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String model() {
        return MODEL;
    }

    @Override
    public void attach(Board board) {
        this.board = board;
        clock = board.clock();
        line = board.lines().driver(irq, "INTR");
        alarm = clock.timer("UART", this::expire);
        board.ports().map(port, 8, 1, this);
        if (host == null) {
            host = Backend.open(name, backend, this::arrived);
        }
        settle();
    }

    @Override
    public void detach() {
        if (host != null) {
            host.close();
            host = null;
        }
    }

    /** On the back end's thread. */
    private void arrived(byte[] bytes) {
        Board now = board;
        if (now != null) {
            now.post(() -> input(bytes));
        }
    }

    @Override
    public void reset(Reset kind) {
        // "Master reset" leaves divisor latch and scratch register alone.
        int kept = divisor;
        int scratch = scr;
        powerOn();
        if (kind == Reset.WARM) {
            divisor = kept;
            scr = scratch;
        }
        if (board != null) {
            settle();
        }
    }

    private void powerOn() {
        ier = 0;
        fcr = 0;
        lcr = 0;
        mcr = 0;
        msr = CTS_DSR_DCD;
        scr = 0;
        divisor = 1;
        thrInterrupt = false;
        timedOut = false;
        receiver.reset();
        transmitter.reset();
        rxDue = Long.MAX_VALUE;
        txDue = Long.MAX_VALUE;
        thrDue = Long.MAX_VALUE;
        timeOutDue = Long.MAX_VALUE;
    }

    private boolean fifos() {
        return (fcr & 1) != 0;
    }

    private boolean loop() {
        return (mcr & LOOP) != 0;
    }

    /** Nanoseconds of half a bit. A divisor of 0 counts as 65536. */
    private long halfBits(long halves) {
        return Clock.nanosFor(halves * 8 * (divisor == 0 ? 65_536 : divisor), crystal);
    }

    /** Halves of a bit in a character: start, data, parity, stop. */
    private int frame() {
        int stop = (lcr & 0x04) == 0 ? 2 : (lcr & 0x03) == 0 ? 3 : 4;
        return 2 * (1 + dataBits() + (lcr >> 3 & 1)) + stop;
    }

    private int dataBits() {
        return 5 + (lcr & 3);
    }

    private long character() {
        return halfBits(frame());
    }

    @Override
    public int read(int port, int size) {
        pass();
        int value = switch (port & 7) {
            case 0 -> (lcr & DLAB) != 0 ? divisor & 0xFF : readBuffer();
            case 1 -> (lcr & DLAB) != 0 ? divisor >> 8 : ier;
            case 2 -> identify();
            case 3 -> lcr;
            case 4 -> mcr;
            case 5 -> receiver.status() | transmitter.status();
            case 6 -> readModem();
            default -> scr;
        };
        settle();
        return value;
    }

    private int readBuffer() {
        int value = receiver.read();
        timedOut = false;
        timeOutDue = receiver.waiting() && fifos() ? clock.now() + 4 * character() : Long.MAX_VALUE;
        return value;
    }

    /** Reading the identification ends the transmitter's interrupt if that is what it shows. */
    private int identify() {
        int source = source();
        if (source == THR_EMPTY) {
            thrInterrupt = false;
        }
        return source | (fifos() ? 0xC0 : 0);
    }

    private int readModem() {
        int value = msr;
        msr &= 0xF0;
        return value;
    }

    @Override
    public void write(int port, int size, int written) {
        pass();
        int value = written & 0xFF;
        switch (port & 7) {
            case 0 -> {
                if ((lcr & DLAB) != 0) {
                    divisor = divisor & 0xFF00 | value;
                } else {
                    transmit(value);
                }
            }
            case 1 -> {
                if ((lcr & DLAB) != 0) {
                    divisor = divisor & 0xFF | value << 8;
                } else {
                    enable(value & 0x0F);
                }
            }
            case 2 -> control(value);
            case 3 -> format(value);
            case 4 -> modem(value & 0x1F);
            case 7 -> scr = value;
            default -> { }
        }
        settle();
    }

    /** Enabling the transmitter's interrupt while it is empty causes one at once. */
    private void enable(int value) {
        if ((value & ~ier & 0x02) != 0 && transmitter.thre()) {
            thrInterrupt = true;
        }
        ier = value;
    }

    private void control(int value) {
        if (((value ^ fcr) & 1) != 0) {
            receiver.clear();
            clearTransmitter();
            transmitter.first();
        }
        if ((value & 1) == 0) {
            fcr = 0;
        } else {
            if ((value & 2) != 0) {
                receiver.clear();
            }
            if ((value & 4) != 0) {
                clearTransmitter();
            }
            fcr = value & 0xC9;
        }
        receiver.depth(fifos());
        if (!receiver.waiting()) {
            timedOut = false;
            timeOutDue = Long.MAX_VALUE;
        }
    }

    /** The shift register is not cleared. */
    private void clearTransmitter() {
        boolean before = transmitter.thre();
        transmitter.clear();
        thrDue = Long.MAX_VALUE;
        thrInterrupt |= !before;
    }

    private void format(int value) {
        boolean breaks = (value & ~lcr & BREAK) != 0;
        lcr = value;
        if (breaks && loop()) {
            receiver.arrive(0, Receiver.BI, fifos());
        }
    }

    private void modem(int value) {
        boolean looped = loop();
        mcr = value;
        int lines = loop()
                ? (mcr & 0x02) << 3 | (mcr & 0x01) << 5 | (mcr & 0x04) << 4 | (mcr & 0x08) << 4
                : CTS_DSR_DCD;
        int changed = (msr ^ lines) >> 4 & 0x0B;
        if ((msr & RI) != 0 && (lines & RI) == 0) {
            changed |= TERI;
        }
        msr = lines | msr & 0x0F | changed;
        if (looped != loop()) {
            rxDue = Long.MAX_VALUE;
        }
    }

    private void transmit(int value) {
        thrInterrupt = false;
        thrDue = Long.MAX_VALUE;
        if (!transmitter.accept(value, fifos())) {
            return;
        }
        if (!loop()) {
            emit(value & (1 << dataBits()) - 1);
        }
        if (txDue == Long.MAX_VALUE) {
            // "Transmitter": shifting starts within 8 to 24 baud clocks of the write.
            txDue = clock.now() + halfBits(2);
        }
    }

    private void emit(int value) {
        if (sink != null) {
            sink.accept(value);
        }
        if (host != null) {
            if (!board.repeating()) {
                host.write(value);
            }
        }
    }

    private void expire() {
        pass();
        settle();
    }

    /** Lets everything happen that is due by now, in order of time. */
    private void pass() {
        long now = clock.now();
        while (true) {
            long next = Math.min(Math.min(rxDue, txDue), Math.min(thrDue, timeOutDue));
            if (next > now) {
                break;
            }
            if (next == txDue) {
                shift(next);
            } else if (next == rxDue) {
                rxDue = Long.MAX_VALUE;
                if (receiver.room(fifos()) && wire.size() > 0) {
                    arrive(wire.remove(), next);
                }
                if (wire.size() > 0 && receiver.room(fifos())) {
                    rxDue = next + character();
                }
            } else if (next == thrDue) {
                thrDue = Long.MAX_VALUE;
                transmitter.empty();
                thrInterrupt = true;
            } else {
                timeOutDue = Long.MAX_VALUE;
                timedOut = receiver.waiting() && fifos();
            }
        }
    }

    /** The shift register has sent its character, or takes the first. */
    private void shift(long at) {
        int sent = transmitter.finish();
        if (sent >= 0 && loop()) {
            arrive(sent & (1 << dataBits()) - 1, at);
        }
        txDue = Long.MAX_VALUE;
        if (transmitter.load()) {
            txDue = at + character();
            if (transmitter.drained()) {
                if (fifos() && transmitter.lone()) {
                    // "FIFO interrupt mode operation": one character at a time delays the indication by a character less its stop bit.
                    thrDue = at + halfBits(frame() - 2L);
                } else {
                    transmitter.empty();
                    thrInterrupt = true;
                }
            }
        }
    }

    private void arrive(int value, long at) {
        receiver.arrive(value, 0, fifos());
        timedOut = false;
        if (fifos()) {
            timeOutDue = at + 4 * character();
        }
    }

    /** The pending interrupt of highest priority, as IIR shows it. */
    private int source() {
        if ((ier & 0x04) != 0 && receiver.failed()) {
            return RLS;
        }
        if ((ier & 0x01) != 0) {
            if (receiver.reached(fifos() ? fcr >> 6 : 0)) {
                return RDA;
            }
            if (timedOut) {
                return TIME_OUT;
            }
        }
        if ((ier & 0x02) != 0 && thrInterrupt) {
            return THR_EMPTY;
        }
        return (ier & 0x08) != 0 && (msr & 0x0F) != 0 ? MODEM : NONE;
    }

    /** Puts INTR on the wire, keeps characters coming and sets the alarm. */
    private void settle() {
        if (rxDue == Long.MAX_VALUE && wire.size() > 0 && !loop() && receiver.room(fifos())) {
            rxDue = clock.now() + character();
        }
        line.set((mcr & OUT2) != 0 && source() != NONE);
        long next = Math.min(Math.min(rxDue, txDue), Math.min(thrDue, timeOutDue));
        if (next == Long.MAX_VALUE) {
            alarm.cancel();
        } else if (next != alarm.deadline()) {
            alarm.at(next);
        }
    }

    @Override
    public void output(Sink sink) {
        this.sink = sink;
    }

    @Override
    public void input(byte[] bytes) {
        wire.append(bytes);
        if (board != null) {
            settle();
        }
    }

    /** @return the registers, for the operator; machine thread only */
    public List<String> registers() {
        return List.of("IER = %02x".formatted(ier), "IIR = %02x".formatted(source()), "FCR = %02x".formatted(fcr),
                "LCR = %02x".formatted(lcr), "MCR = %02x".formatted(mcr), "MSR = %02x".formatted(msr), "SCR = %02x".formatted(scr),
                "divisor = %d (%d baud)".formatted(divisor, CRYSTAL / 16 / (divisor == 0 ? 65_536 : divisor)));
    }

    @Override
    public State save() {
        return State.of(MODEL, VERSION, new Saved(receiver.save(), transmitter.save(), wire.save(), ier, fcr, lcr, mcr, msr, scr,
                divisor, thrInterrupt, timedOut, rxDue, txDue, thrDue, timeOutDue));
    }

    @Override
    public void restore(State state) {
        Saved saved = state.as(Saved.class, MODEL, VERSION);
        receiver.restore(saved.receiver);
        transmitter.restore(saved.transmitter);
        wire.clear();
        wire.append(saved.wire);
        ier = saved.ier;
        fcr = saved.fcr;
        lcr = saved.lcr;
        mcr = saved.mcr;
        msr = saved.msr;
        scr = saved.scr;
        divisor = saved.divisor;
        thrInterrupt = saved.thrInterrupt;
        timedOut = saved.timedOut;
        rxDue = saved.rxDue;
        txDue = saved.txDue;
        thrDue = saved.thrDue;
        timeOutDue = saved.timeOutDue;
    }

    /**
     * State of the port. The times are virtual nanoseconds, {@link Long#MAX_VALUE} where nothing is due.
     *
     * @param wire         characters on their way to the guest
     * @param thrInterrupt whether the transmitter has asked for an interrupt and not been heard
     * @param timedOut     whether characters have lain in the FIFO for four character times
     * @param rxDue        when the next character has arrived
     * @param txDue        when the shift register is done
     * @param thrDue       when the transmitter will say that it is empty
     * @param timeOutDue   when the FIFO will say that its characters lie there
     */
    record Saved(Receiver.Saved receiver, Transmitter.Saved transmitter, byte[] wire, int ier, int fcr, int lcr, int mcr, int msr,
            int scr, int divisor, boolean thrInterrupt, boolean timedOut, long rxDue, long txDue, long thrDue, long timeOutDue) {
        Saved {
            if (((ier | fcr | lcr | mcr | msr | scr) & ~0xFF) != 0 || (divisor & ~0xFFFF) != 0) {
                throw new IllegalArgumentException("a 16550A register is out of range");
            }
        }
    }
}
