package com.vtsim.pci.virtio;

import com.vtsim.api.machine.State;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.virtio.VirtioDevice;
import com.vtsim.api.virtio.VirtioIdentity;
import java.util.List;

/** A device of the entropy type that fills each buffer, up to 4 KiB, with the count of those before. */
final class Filler extends VirtioDevice {
    private static final String MODEL = "virtio-filler";
    private final byte[] data = new byte[4096];
    private int count;

    private record FillerState(int count) { }

    Filler() {
        super(new PciTransport(), new VirtioIdentity("rng", MODEL, PciAddress.parse("00:06.0"), 4, 0x00_FF_00, 0, true, List.of(64)));
    }

    @Override
    public boolean serve(int queue) {
        if (!function().next(queue)) {
            return false;
        }
        int length = (int) Math.min(function().writable(), data.length);
        java.util.Arrays.fill(data, 0, length, (byte) ++count);
        if (function().write(0, data, length)) {
            function().give(queue, length);
        }
        return true;
    }

    @Override
    public int configuration(int offset) {
        return 0;
    }

    @Override
    protected State saveDevice() {
        return State.of(MODEL, 1, new FillerState(count));
    }

    @Override
    protected void restoreDevice(State state) {
        count = state.as(FillerState.class, MODEL, 1).count();
    }
}
