package com.vtsim.pci.lpc.rtc;

import com.vtsim.pci.lpc.PortScript;
import com.vtsim.pci.lpc.QemuPorts;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** The same port accesses here and on QEMU: see {@link QemuPorts}. */
class QemuRealTimeClockTest extends QemuPorts {
    QemuRealTimeClockTest() {
        super(new RealTimeClock("rtc", RealTimeClock.DEFAULT_BASE));
    }

    @Test
    void memoryAndControlRegisters() throws IOException, InterruptedException {
        PortScript script = new PortScript();
        for (int cell : new int[] {0x0A, 0x0B, 0x0D}) {
            script.out(0x70, cell).in(0x71);
        }
        for (int cell : new int[] {1, 3, 5, 0x0E, 0x0F, 0x40, 0x7F}) {
            script.out(0x70, cell).out(0x71, 0xA5 ^ cell).in(0x71);
        }
        script.out(0x70, 0x0B).out(0x71, 0x92).in(0x71).out(0x70, 0).out(0x71, 0x42).in(0x71).out(0x70, 0x0A).in(0x71);
        same(script);
    }

    /** What firmware reads of a machine of 16 MiB with one processor. */
    @Test
    void memorySizes() throws IOException, InterruptedException {
        PortScript script = new PortScript();
        for (int cell : new int[] {0x15, 0x16, 0x17, 0x18, 0x30, 0x31, 0x34, 0x35, 0x5B, 0x5C, 0x5D, 0x5F}) {
            script.out(0x70, cell).in(0x71);
        }
        same(script);
    }
}
