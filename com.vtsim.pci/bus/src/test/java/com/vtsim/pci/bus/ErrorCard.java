package com.vtsim.pci.bus;

import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.pci.BusMaster;
import com.vtsim.api.pci.ConfigSpace;
import com.vtsim.api.pci.ErrorReporting;
import com.vtsim.api.pci.PciExpress;
import com.vtsim.api.pci.PowerManagement;

/** A function with error reporting, power management, a memory window of 64 KiB (region 0) and 32 ports (region 1). */
final class ErrorCard extends BusMaster {
    final PowerManagement power = new PowerManagement().waking();

    private static final class Window implements MmioDevice {
        @Override
        public long read(int offset, int size) {
            return 0x42;
        }

        @Override
        public void write(int offset, int size, long value) { }
    }

    private static final class Ports implements PortDevice {
        @Override
        public int read(int port, int size) {
            return 0x43;
        }

        @Override
        public void write(int port, int size, int value) { }
    }

    ErrorCard(String address) {
        super("card" + address.replaceAll("\\W", ""), address, new ConfigSpace.Identity(0x8086, 0x1234, 0, 0x02_00_00));
        config.memory(0, 0x1_0000, false, new Window()).ports(1, 32, 4, new Ports()).add(PciExpress.endpoint()).add(power).add(ErrorReporting.endpoint());
    }
}
