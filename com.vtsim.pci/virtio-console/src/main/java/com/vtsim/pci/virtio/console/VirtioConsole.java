package com.vtsim.pci.virtio.console;

import com.vtsim.api.machine.Console;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.State;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.register.RegisterBlocks;
import com.vtsim.api.virtio.VirtioDevice;
import com.vtsim.api.virtio.VirtioIdentity;
import com.vtsim.api.virtio.VirtioTransport;
import java.util.Arrays;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Reference;

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

        /** @return whether the driver may choose packed rings */
        boolean packed() default true;
    }

    private record ConsoleState(byte[] waiting) { }

    /** Made from a configuration. */
    @Activate
    public VirtioConsole(@Reference VirtioTransport transport, Config config) {
        this(transport, config.vtsim_name(), config.vtsim_pci_address(), config.packed());
    }

    /**
     * @param transport what carries it
     * @param name      the part's name
     * @param address   bus:device.function
     * @param packed    whether the driver may choose packed rings
     */
    public VirtioConsole(VirtioTransport transport, String name, String address, boolean packed) {
        super(transport, new VirtioIdentity(name, MODEL, PciAddress.parse(address), TYPE, 0x07_80_00, EMERGENCY_WRITE, packed, List.of(QUEUE, QUEUE)));
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
        function().wake();
    }

    @Override
    public int configuration(int offset) {
        return offset == 4 ? 1 : 0; // max_nr_ports
    }

    @Override
    public void configure(int offset, int value) {
        if (offset == EMERGENCY_AT && function().has(EMERGENCY_WRITE)) {
            put(value);
        }
    }

    private void put(int value) {
        if (sink != null) {
            sink.accept(value & 0xFF);
        }
    }

    @Override
    public boolean serve(int queue) {
        if (queue == RECEIVE) {
            return waiting.length > 0 && function().next(RECEIVE) && receive();
        }
        return function().next(TRANSMIT) && transmit();
    }

    private boolean receive() {
        int length = (int) Math.min(waiting.length, function().writable());
        if (function().write(0, waiting, length)) {
            waiting = Arrays.copyOfRange(waiting, length, waiting.length);
            function().give(RECEIVE, length);
        }
        return true;
    }

    /** A chain of more than 64 KiB is cut: no driver has so much to say at once. */
    private boolean transmit() {
        long length = Math.min(function().readable(), WAITING);
        for (long done = 0; done < length; done += PIECE) {
            int piece = (int) Math.min(PIECE, length - done);
            if (!function().read(done, data, piece)) {
                return true;
            }
            for (int i = 0; i < piece; i++) {
                put(data[i]);
            }
        }
        function().give(TRANSMIT, 0);
        return true;
    }

    @Override
    protected State saveDevice() {
        return State.of(MODEL, VERSION, new ConsoleState(waiting));
    }

    @Override
    protected void restoreDevice(State state) {
        ConsoleState saved = state.as(ConsoleState.class, MODEL, VERSION);
        waiting = saved.waiting();
    }
}
