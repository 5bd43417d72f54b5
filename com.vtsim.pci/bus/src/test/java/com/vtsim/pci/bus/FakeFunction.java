package com.vtsim.pci.bus;

import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.pci.BusMaster;
import com.vtsim.api.pci.ConfigSpace;

/** A function with a memory window (BAR0, 64 KiB), ports (BAR1, 32), a 64-bit window (BAR2, 1 MiB), a ROM, INTA and two capabilities. */
final class FakeFunction extends BusMaster {
    FakeFunction(String name, String address) {
        super(name, address, new ConfigSpace.Identity(0x8086, 0x10D3, 0x01, 0x02_00_00, 0x1234, 0x5678));
        byte[] rom = new byte[4096];
        rom[0] = 0x55;
        rom[1] = (byte) 0xAA;
        config.memory(0, 0x1_0000, false, new Echo(0x10)).ports(1, 32, 4, new EchoPorts()).memory64(2, 0x10_0000, true, new Echo(0x20))
                .rom(rom).pin(1).capability(0x05, 0x50).capability(0x10, 0x60).extendedCapability(0x0001, 2, 0x100).extendedCapability(0x0003, 1, 0x150);
    }

    private record Echo(int tag) implements MmioDevice {
        @Override
        public long read(int offset, int size) {
            return tag;
        }

        @Override
        public void write(int offset, int size, long value) { }
    }

    private static final class EchoPorts implements PortDevice {
        @Override
        public int read(int port, int size) {
            return port;
        }

        @Override
        public void write(int port, int size, int value) { }
    }
}
