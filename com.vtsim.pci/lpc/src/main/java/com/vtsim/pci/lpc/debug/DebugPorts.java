package com.vtsim.pci.lpc.debug;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Console;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.Tracer;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * Ports that firmware talks to its developers through: characters at 402h and E9h (both read E9h, by which software
 * finds them), the power-on self-test's code at 80h, which keeps and gives back the last one.
 */
@Component(configurationPid = DebugPorts.PID, configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = {Part.class, Console.class})
public final class DebugPorts implements Console, PortDevice {
    /** The factory PID. */
    static final String PID = "com.vtsim.pci.lpc.debug";
    /** {@link #model}. */
    static final String MODEL = "debug-ports";

    private static final int VERSION = 1;
    private static final int FIRMWARE = 0x402;
    private static final int BOCHS = 0xE9;
    private static final int POST = 0x80;
    private static final String CODE = "post.code";

    private final String name;
    private int code;
    private Tracer tracer;
    private Sink sink;

    /** Configuration of factory PID {@code com.vtsim.pci.lpc.debug}. */
    @interface Config {
        /** {@link Part#MACHINE}. */
        String vtsim_machine();

        /** {@link Part#NAME}. */
        String vtsim_name() default "debug";
    }

    /** Made from its configuration. */
    @Activate
    public DebugPorts(Config config) {
        this(config.vtsim_name());
    }

    DebugPorts(String name) {
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
    public void attach(Board board) {
        tracer = board.tracer();
        board.ports().map(FIRMWARE, 1, 1, this);
        board.ports().map(BOCHS, 1, 1, this);
        board.ports().map(POST, 1, 1, this);
    }

    @Override
    public int read(int port, int size) {
        return port == POST ? code : 0xE9;
    }

    @Override
    public void write(int port, int size, int value) {
        if (port == POST) {
            code = value & 0xFF;
            if (tracer.wants(CODE)) {
                tracer.event(CODE, "%02xh".formatted(code));
            }
        } else if (sink != null) {
            sink.accept(value & 0xFF);
        }
    }

    @Override
    public void output(Sink sink) {
        this.sink = sink;
    }

    /** These ports only speak. */
    @Override
    public void input(byte[] bytes) { }

    /** @return the last code, for the operator; machine thread only */
    public List<String> registers() {
        return List.of("POST = %02x".formatted(code));
    }

    @Override
    public void reset(Reset kind) {
        code = 0;
    }

    @Override
    public State save() {
        return State.of(MODEL, VERSION, new Saved(code));
    }

    @Override
    public void restore(State state) {
        code = state.as(Saved.class, MODEL, VERSION).code;
    }

    /**
     * State of the ports.
     *
     * @param code last written to port 80h
     */
    record Saved(int code) {
        Saved {
            if ((code & ~0xFF) != 0) {
                throw new IllegalArgumentException("a code is a byte");
            }
        }
    }
}
