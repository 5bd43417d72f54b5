package com.vtsim.pci.testdev;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Lines;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.machine.Stop;
import java.util.Arrays;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * The devices that free x86 test suites expect of a virtual machine. No silicon has them.
 * <ul>
 * <li>Port F4h: writing {@code v} ends the run with exit status {@code (v << 1) | 1}.
 * <li>Port 8900h: the text {@code Shutdown}, a character a write, ends the run.
 * <li>Ports E0h–E3h: latches that read back, as bytes, words or a double word.
 * <li>Ports 2000h–2017h: drive interrupt lines 0–23; anything but 0 asserts.
 * <li>FF00_0000h: 64 KiB of memory.
 * </ul>
 */
@Component(configurationPid = "com.vtsim.pci.testdev", configurationPolicy = ConfigurationPolicy.REQUIRE, service = Part.class)
public final class TestDevices implements Part {
    private static final String MODEL = "test-devices";
    private static final int VERSION = 1;
    private static final int EXIT = 0xF4;
    private static final int EXIT_PORTS = 4;
    private static final int SHUTDOWN = 0x8900;
    private static final String SHUTDOWN_TEXT = "Shutdown";
    private static final int LATCHES = 0xE0;
    private static final int LINES = 0x2000;
    private static final long MEMORY = 0xFF00_0000L;
    private static final int MEMORY_LENGTH = 0x1_0000;

    private final String name;
    private final byte[] memory = new byte[MEMORY_LENGTH];
    private int latches;
    private int asserted;
    private int matched;
    private Board board;
    private Lines.Driver[] drivers = {};

    /** A configuration of the test devices. */
    public @interface Config {
        /** @return the machine's name */
        String vtsim_machine();

        /** @return the part's name */
        String vtsim_name() default "test";
    }

    private record TestState(byte[] memory, int latches, int asserted, int matched) { }

    /** Made from a configuration. */
    @Activate
    public TestDevices(Config config) {
        this(config.vtsim_name());
    }

    /** @param name the part's name */
    public TestDevices(String name) {
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

    @Override
    public void attach(Board newBoard) {
        board = newBoard;
        drivers = new Lines.Driver[Lines.COUNT];
        for (int line = 0; line < drivers.length; line++) {
            drivers[line] = board.lines().driver(line, "test");
            drivers[line].set((asserted >> line & 1) != 0);
        }
        board.ports().map(EXIT, EXIT_PORTS, 4, new ExitPort());
        board.ports().map(SHUTDOWN, 1, 1, new ShutdownPort());
        board.ports().map(LATCHES, 4, 4, new Latches());
        board.ports().map(LINES, Lines.COUNT, 1, new LinePorts());
        board.memory().mapRam(MEMORY, memory);
    }

    @Override
    public void reset(Reset kind) {
        if (kind == Reset.COLD) {
            Arrays.fill(memory, (byte) 0);
        }
        latches = 0;
        asserted = 0;
        matched = 0;
        for (Lines.Driver driver : drivers) {
            driver.set(false);
        }
    }

    @Override
    public State save() {
        return State.of(MODEL, VERSION, new TestState(memory, latches, asserted, matched));
    }

    @Override
    public void restore(State state) {
        TestState saved = state.as(TestState.class, MODEL, VERSION);
        if (saved.memory().length != MEMORY_LENGTH) {
            throw new StateException("state of " + MODEL + " has " + saved.memory().length + " bytes of memory, expected " + MEMORY_LENGTH);
        }
        System.arraycopy(saved.memory(), 0, memory, 0, MEMORY_LENGTH);
        latches = saved.latches();
        asserted = saved.asserted();
        matched = saved.matched();
    }

    private final class ExitPort implements PortDevice {
        @Override
        public int read(int port, int size) {
            return 0;
        }

        @Override
        public void write(int port, int size, int value) {
            if (port == EXIT) {
                int status = (value << 1 | 1) & 0xFF;
                board.stop(new Stop(Stop.Cause.POWER_OFF, "the guest asked to exit with status " + status, status));
            }
        }
    }

    private final class ShutdownPort implements PortDevice {
        @Override
        public int read(int port, int size) {
            return 0;
        }

        @Override
        public void write(int port, int size, int value) {
            if (SHUTDOWN_TEXT.charAt(matched) == (value & 0xFF)) {
                matched++;
            } else {
                matched = SHUTDOWN_TEXT.charAt(0) == (value & 0xFF) ? 1 : 0;
            }
            if (matched == SHUTDOWN_TEXT.length()) {
                matched = 0;
                board.stop(Stop.of(Stop.Cause.POWER_OFF, "the guest asked to shut down (port 8900h)"));
            }
        }
    }

    private final class Latches implements PortDevice {
        @Override
        public int read(int port, int size) {
            return latches >>> 8 * (port - LATCHES) & -1 >>> 32 - 8 * size;
        }

        @Override
        public void write(int port, int size, int value) {
            int shift = 8 * (port - LATCHES);
            int lanes = -1 >>> 32 - 8 * size << shift;
            latches = latches & ~lanes | value << shift & lanes;
        }
    }

    private final class LinePorts implements PortDevice {
        @Override
        public int read(int port, int size) {
            return asserted >> port - LINES & 1;
        }

        @Override
        public void write(int port, int size, int value) {
            int bit = 1 << port - LINES;
            asserted = value != 0 ? asserted | bit : asserted & ~bit;
            drivers[port - LINES].set(value != 0);
        }
    }
}
