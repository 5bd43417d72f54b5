package com.vtsim.pci.lpc.keyboard;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.Console;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.pci.lpc.A20Gate;
import com.vtsim.pci.lpc.ByteQueue;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * The 8042 of a PC at ports 60h and 64h with a keyboard and a mouse, lines 1 and 12, the A20 gate and the reset pin.
 * Commands as in IBM's "Personal System/2 Hardware Interface Technical Reference", "Keyboard and Auxiliary Device Controller".
 * Bytes reach the output buffer after a short virtual delay, one at a time; the controller itself takes a command at once.
 */
@Component(configurationPid = KeyboardController.PID, configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = {Part.class, Console.class})
public final class KeyboardController implements A20Gate, Console, PortDevice {
    /** The factory PID. */
    static final String PID = "com.vtsim.pci.lpc.i8042";
    /** {@link #model}. */
    static final String MODEL = "i8042";

    private static final int VERSION = 1;
    private static final int DATA = 0x60;
    private static final int COMMAND = 0x64;
    /** Virtual delay of an answer of the controller, and of a byte over a device's wire. */
    private static final long CONTROLLER_DELAY = 5_000;
    private static final long DEVICE_DELAY = 200_000;

    private static final int OBF = 0x01;
    private static final int SYS = 0x04;
    private static final int A2 = 0x08;
    private static final int UNLOCKED = 0x10;
    private static final int AUX_OBF = 0x20;

    private static final int KEYBOARD_INTERRUPT = 0x01;
    private static final int MOUSE_INTERRUPT = 0x02;
    private static final int KEYBOARD_OFF = 0x10;
    private static final int MOUSE_OFF = 0x20;
    private static final int TRANSLATE = 0x40;

    private static final int OUT_RESET = 0x01;
    private static final int OUT_A20 = 0x02;

    private final String name;
    private final Keyboard keyboard = new Keyboard();
    private final Mouse mouse = new Mouse();
    private final ByteQueue answers = new ByteQueue(16);
    private final ByteQueue auxAnswers = new ByteQueue(16);
    private final byte[] ram = new byte[32];
    private int status;
    private int output;
    private int outputPort;
    private int command;
    private boolean breakPrefix;
    private long due;
    private Board board;
    private Clock clock;
    private Clock.Timer delay;
    private Lines.Driver irq1;
    private Lines.Driver irq12;

    /** Configuration of factory PID {@code com.vtsim.pci.lpc.i8042}. */
    @interface Config {
        /** {@link Part#MACHINE}. */
        String vtsim_machine();

        /** {@link Part#NAME}. */
        String vtsim_name() default "i8042";
    }

    /** Made from its configuration. */
    @Activate
    public KeyboardController(Config config) {
        this(config.vtsim_name());
    }

    /** Made by hand. @param name of the part */
    public KeyboardController(String name) {
        this.name = name;
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
        delay = clock.timer("output buffer", this::deliver);
        irq1 = board.lines().driver(1, "IRQ1");
        irq12 = board.lines().driver(12, "IRQ12");
        board.ports().map(DATA, 1, 1, this);
        board.ports().map(COMMAND, 1, 1, this);
        drive();
        schedule();
    }

    @Override
    public void reset(Reset kind) {
        powerOn();
        keyboard.reset();
        mouse.reset();
        if (board != null) {
            drive();
            schedule();
        }
    }

    /** As a BIOS leaves it, so that a kernel that is loaded without one finds a keyboard: interrupt on, translation on. */
    private void powerOn() {
        answers.clear();
        auxAnswers.clear();
        java.util.Arrays.fill(ram, (byte) 0);
        ram[0] = KEYBOARD_INTERRUPT | TRANSLATE | MOUSE_OFF;
        status = UNLOCKED;
        output = 0;
        outputPort = OUT_RESET | OUT_A20;
        command = 0;
        breakPrefix = false;
        due = Long.MAX_VALUE;
    }

    @Override
    public int read(int port, int size) {
        if (port == COMMAND) {
            return status;
        }
        status &= ~(OBF | AUX_OBF);
        drive();
        schedule();
        return output;
    }

    @Override
    public void write(int port, int size, int value) {
        if (port == COMMAND) {
            status |= A2;
            command = 0;
            command(value & 0xFF);
        } else {
            status &= ~A2;
            data(value & 0xFF);
        }
        schedule();
    }

    private void command(int value) {
        switch (value) {
            case 0xA4 -> answers.add(0xF1);
            case 0xA7 -> ram[0] |= MOUSE_OFF;
            case 0xA8 -> ram[0] &= ~MOUSE_OFF;
            case 0xA9, 0xAB -> answers.add(0x00);
            case 0xAA -> {
                status |= SYS;
                ram[0] |= SYS;
                answers.add(0x55);
            }
            case 0xAD -> ram[0] |= KEYBOARD_OFF;
            case 0xAE -> ram[0] &= ~KEYBOARD_OFF;
            case 0xC0 -> answers.add(0x80);
            case 0xD0 -> answers.add(outputPort());
            case 0xD1, 0xD2, 0xD3, 0xD4 -> command = value;
            case 0xDD -> outputPort(outputPort & ~OUT_A20);
            case 0xDF -> outputPort(outputPort | OUT_A20);
            case 0xE0 -> answers.add(0x00);
            default -> {
                if (value >= 0x20 && value < 0x40) {
                    answers.add(ram[value & 0x1F] & 0xFF);
                } else if (value >= 0x60 && value < 0x80) {
                    command = value;
                } else if (value >= 0xF0) {
                    // Bits that are 0 pulse their pin of the output port low: pin 0 is the processor's reset, the others are not wired.
                    if ((value & 1) == 0) {
                        board.reset(Reset.WARM);
                    }
                }
            }
        }
    }

    private int outputPort() {
        return outputPort | 0xC0 | ((status & (OBF | AUX_OBF)) == OBF ? 0x10 : 0) | ((status & AUX_OBF) != 0 ? 0x20 : 0);
    }

    private void data(int value) {
        int awaited = command;
        command = 0;
        switch (awaited) {
            case 0 -> {
                ram[0] &= ~KEYBOARD_OFF;
                keyboard.receive(value);
            }
            case 0xD1 -> outputPort(value);
            case 0xD2 -> answers.add(value);
            case 0xD3 -> auxAnswers.add(value);
            case 0xD4 -> {
                ram[0] &= ~MOUSE_OFF;
                mouse.receive(value);
            }
            default -> {
                ram[awaited & 0x1F] = (byte) value;
                if (awaited == 0x60) {
                    status = status & ~SYS | value & SYS;
                    drive();
                }
            }
        }
    }

    private void outputPort(int value) {
        outputPort = value & OUT_A20 | OUT_RESET;
        A20Gate.drive(board, this);
        if ((value & OUT_RESET) == 0) {
            board.reset(Reset.WARM);
        }
    }

    @Override
    public boolean isA20High() {
        return (outputPort & OUT_A20) != 0;
    }

    private boolean keyboardReady() {
        return (ram[0] & KEYBOARD_OFF) == 0 && keyboard.ready();
    }

    private boolean mouseReady() {
        return (ram[0] & MOUSE_OFF) == 0 && mouse.ready();
    }

    /** Sets out the next byte on its way if the output buffer is free. */
    private void schedule() {
        boolean own = !answers.isEmpty() || !auxAnswers.isEmpty();
        if ((status & OBF) != 0 || !own && !keyboardReady() && !mouseReady()) {
            due = Long.MAX_VALUE;
            delay.cancel();
            return;
        }
        due = Math.min(due, clock.now() + (own ? CONTROLLER_DELAY : DEVICE_DELAY));
        delay.at(due);
    }

    private void deliver() {
        due = Long.MAX_VALUE;
        if ((status & OBF) == 0) {
            if (!answers.isEmpty()) {
                put(answers.remove(), 0);
            } else if (!auxAnswers.isEmpty()) {
                put(auxAnswers.remove(), AUX_OBF);
            } else if (keyboardReady()) {
                fromKeyboard(keyboard.send());
            } else if (mouseReady()) {
                put(mouse.send(), AUX_OBF);
            }
            drive();
        }
        schedule();
    }

    private void fromKeyboard(int value) {
        if ((ram[0] & TRANSLATE) == 0) {
            put(value, 0);
        } else if (value == 0xF0) {
            breakPrefix = true;
        } else {
            int code = Keys.translate(value);
            put(breakPrefix ? code | 0x80 : code, 0);
            breakPrefix = false;
        }
    }

    private void put(int value, int origin) {
        output = value;
        status |= OBF | origin;
    }

    private void drive() {
        irq1.set((status & (OBF | AUX_OBF)) == OBF && (ram[0] & KEYBOARD_INTERRUPT) != 0);
        irq12.set((status & AUX_OBF) != 0 && (ram[0] & MOUSE_INTERRUPT) != 0);
    }

    /** Presses or releases a key. Machine thread only. @param code set 1 make code, with E0h in bits 15:8 for the keys that have it */
    public void key(int code, boolean down) {
        keyboard.key(code, down);
        schedule();
    }

    /** Moves the mouse. Machine thread only. @param right counts; @param up counts; @param buttons left 1, right 2, middle 4 */
    public void mouse(int right, int up, int buttons) {
        mouse.move(right, up, buttons);
        schedule();
    }

    /** A keyboard puts nothing out. */
    @Override
    public void output(Sink sink) { }

    /** Types ASCII on the keyboard. */
    @Override
    public void input(byte[] bytes) {
        keyboard.type(bytes);
        schedule();
    }

    /** @return what controller and devices are set to, for the operator; machine thread only */
    public List<String> registers() {
        return List.of("status = %02x".formatted(status), "configuration = %02x".formatted(ram[0]),
                "output port = %02x".formatted(outputPort()), "keyboard = " + keyboard.describe(), "mouse = " + mouse.describe());
    }

    @Override
    public State save() {
        return State.of(MODEL, VERSION, new Saved(keyboard.save(), mouse.save(), answers.save(), auxAnswers.save(), ram, status,
                output, outputPort, command, breakPrefix, due));
    }

    @Override
    public void restore(State state) {
        Saved saved = state.as(Saved.class, MODEL, VERSION);
        keyboard.restore(saved.keyboard);
        mouse.restore(saved.mouse);
        answers.restore(saved.answers);
        auxAnswers.restore(saved.auxAnswers);
        System.arraycopy(saved.ram, 0, ram, 0, ram.length);
        status = saved.status;
        output = saved.output;
        outputPort = saved.outputPort;
        command = saved.command;
        breakPrefix = saved.breakPrefix;
        due = saved.due;
    }

    /**
     * State of the controller.
     *
     * @param answers     of the controller, not yet in the output buffer
     * @param auxAnswers  the same, as if from the mouse
     * @param ram         byte 0 is the configuration byte
     * @param output      the output buffer
     * @param command     that waits for its parameter, or 0
     * @param breakPrefix whether the translation has seen F0h
     * @param due         when the next byte arrives, or {@link Long#MAX_VALUE}
     */
    record Saved(Keyboard.Saved keyboard, Mouse.Saved mouse, byte[] answers, byte[] auxAnswers, byte[] ram, int status,
            int output, int outputPort, int command, boolean breakPrefix, long due) {
        Saved {
            if (ram.length != 32) {
                throw new IllegalArgumentException("the controller has 32 bytes of memory");
            }
        }
    }
}
