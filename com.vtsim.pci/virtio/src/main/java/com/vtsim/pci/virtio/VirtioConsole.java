package com.vtsim.pci.virtio;

import com.vtsim.api.machine.Console;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.State;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.register.RegisterBlocks;
import java.util.Arrays;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/** A console with one port, talked to as any other console of the machine. Source: Virtual I/O Device (VIRTIO) 1.2, Console Device. */
@Component(configurationPid = "com.vtsim.pci.virtio.console", configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = {Part.class, PciFunction.class, Console.class, RegisterBlocks.class})
public final class VirtioConsole extends VirtioDevice implements Console {
    private static final String MODEL = "virtio-console";
    private static final int VERSION = 1;
    private static final int TYPE = 3;
    private static final int QUEUE = 64;
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final long EMERGENCY_WRITE = 1L << 2;
    private static final int EMERGENCY_AT = 8;
    /** Bytes that wait for the guest; what comes beyond is dropped. */
    private static final int WAITING = 1 << 16;
    private static final int PIECE = 4096;

    private final byte[] data = new byte[PIECE];
    private byte[] waiting = new byte[0];
    private Sink sink;

    /** A configuration of the console. */
    public @interface Config {
        /** @return the machine's name */
        String vtsim_machine();

        /** @return the part's name */
        String vtsim_name() default "hvc0";

        /** @return bus:device.function */
        String vtsim_pci_address() default "00:07.0";
    }

    private record ConsoleState(Saved common, byte[] waiting) { }

    /** Made from a configuration. */
    @Activate
    public VirtioConsole(Config config) {
        this(config.vtsim_name(), config.vtsim_pci_address());
    }

    /**
     * @param name    the part's name
     * @param address bus:device.function
     */
    public VirtioConsole(String name, String address) {
        super(name, MODEL, address, TYPE, 0x07_80_00, EMERGENCY_WRITE, QUEUE, QUEUE);
    }

    @Override
    public void output(Sink newSink) {
        sink = newSink;
    }

    @Override
    public void input(byte[] bytes) {
        int taken = Math.min(bytes.length, WAITING - waiting.length);
        byte[] more = Arrays.copyOf(waiting, waiting.length + taken);
        System.arraycopy(bytes, 0, more, waiting.length, taken);
        waiting = more;
        wake();
    }

    @Override
    int configuration(int offset) {
        return offset == 4 ? 1 : 0; // max_nr_ports
    }

    @Override
    void configure(int offset, int value) {
        if (offset == EMERGENCY_AT && has(EMERGENCY_WRITE)) {
            put(value);
        }
    }

    private void put(int value) {
        if (sink != null) {
            sink.accept(value & 0xFF);
        }
    }

    @Override
    boolean serve(int queue) {
        if (queue == RECEIVE) {
            return waiting.length > 0 && next(RECEIVE) && receive();
        }
        return next(TRANSMIT) && transmit();
    }

    private boolean receive() {
        int length = (int) Math.min(waiting.length, chain().writable());
        if (write(0, waiting, 0, length)) {
            waiting = Arrays.copyOfRange(waiting, length, waiting.length);
            give(RECEIVE, length);
        }
        return true;
    }

    /** A chain of more than 64 KiB is cut: no driver has so much to say at once. */
    private boolean transmit() {
        long length = Math.min(chain().readable(), WAITING);
        for (long done = 0; done < length; done += PIECE) {
            int piece = (int) Math.min(PIECE, length - done);
            if (!read(done, data, piece)) {
                return true;
            }
            for (int i = 0; i < piece; i++) {
                put(data[i]);
            }
        }
        give(TRANSMIT, 0);
        return true;
    }

    @Override
    public State save() {
        return State.of(MODEL, VERSION, new ConsoleState(saveCommon(), waiting));
    }

    @Override
    public void restore(State state) {
        ConsoleState saved = state.as(ConsoleState.class, MODEL, VERSION);
        restoreCommon(saved.common());
        waiting = saved.waiting();
    }
}
