package com.vtsim.pci.virtio.entropy;

import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.State;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.register.RegisterBlocks;
import com.vtsim.api.virtio.VirtioDevice;
import com.vtsim.api.virtio.VirtioIdentity;
import com.vtsim.api.virtio.VirtioTransport;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Reference;

/**
 * A source of bytes that look random and are the same in every run: a machine is to repeat itself. They are no secret.
 * Source: Virtual I/O Device (VIRTIO) 1.2, Entropy Device.
 */
@Component(configurationPid = "com.vtsim.pci.virtio.entropy", configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = {Part.class, PciFunction.class, RegisterBlocks.class})
public final class VirtioEntropy extends VirtioDevice {
    private static final String MODEL = "virtio-entropy";
    private static final int VERSION = 1;
    private static final int TYPE = 4;
    private static final int QUEUE = 64;
    /** Bytes of an answer at most: a driver takes less than it has asked for. */
    private static final int MOST = 4096;
    private static final long STEP = 0x9E37_79B9_7F4A_7C15L;

    private final long seed;
    private final byte[] data = new byte[MOST];
    private long position;

    /** A configuration of the source. */
    public @interface Config {
        /** @return the machine's name */
        String vtsim_machine();

        /** @return the part's name */
        String vtsim_name() default "rng";

        /** @return bus:device.function */
        String vtsim_pci_address() default "00:06.0";

        /** @return where the sequence begins */
        long seed() default 1;

        /** @return whether the driver may choose packed rings */
        boolean packed() default true;
    }

    private record EntropyState(long position) { }

    /** Made from a configuration. */
    @Activate
    public VirtioEntropy(@Reference VirtioTransport transport, Config config) {
        this(transport, config.vtsim_name(), config.vtsim_pci_address(), config.seed(), config.packed());
    }

    /**
     * @param transport what carries it
     * @param name      the part's name
     * @param address   bus:device.function
     * @param seed      where the sequence begins
     * @param packed    whether the driver may choose packed rings
     */
    public VirtioEntropy(VirtioTransport transport, String name, String address, long seed, boolean packed) {
        super(transport, new VirtioIdentity(name, MODEL, PciAddress.parse(address), TYPE, 0x00_FF_00, 0, packed, List.of(QUEUE)));
        this.seed = seed;
    }

    @Override
    public int configuration(int offset) {
        return 0;
    }

    @Override
    public boolean serve(int queue) {
        if (!function().next(queue)) {
            return false;
        }
        int length = (int) Math.min(function().writable(), MOST);
        for (int i = 0; i < length; i++) {
            data[i] = (byte) at(position + i);
        }
        if (function().write(0, data, length)) {
            position += length;
            function().give(queue, length);
        }
        return true;
    }

    /** A byte of the sequence: the finaliser of SplitMix64 over its number. */
    private long at(long index) {
        long mixed = seed + (index >>> 3) * STEP + STEP;
        mixed = (mixed ^ mixed >>> 30) * 0xBF58_476D_1CE4_E5B9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94D0_49BB_1331_11EBL;
        return (mixed ^ mixed >>> 31) >>> 8 * (index & 7);
    }

    @Override
    protected State saveDevice() {
        return State.of(MODEL, VERSION, new EntropyState(position));
    }

    @Override
    protected void restoreDevice(State state) {
        EntropyState saved = state.as(EntropyState.class, MODEL, VERSION);
        position = saved.position();
    }
}
