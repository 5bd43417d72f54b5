package com.vtsim.machine;

import com.vtsim.api.machine.PortDevice;

/** A port that reads back what was written. */
final class Latch implements PortDevice {
    private int value;

    @Override
    public int read(int port, int size) {
        return value;
    }

    @Override
    public void write(int port, int size, int newValue) {
        value = newValue;
    }
}
