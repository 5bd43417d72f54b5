package com.vtsim.pci.lpc.serial;

import com.vtsim.pci.lpc.PortScript;
import com.vtsim.pci.lpc.QemuPorts;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** The same port accesses here and on QEMU: see {@link QemuPorts}. */
class QemuUartTest extends QemuPorts {
    QemuUartTest() {
        super(new Uart("com1", 0x3F8, 4, "console"));
    }

    /** Changes of the modem lines are not compared: QEMU sees none while looped back, and sets OUT2 at reset. */
    @Test
    void registersOfALoopedBackPort() throws IOException, InterruptedException {
        PortScript script = new PortScript().out(0x3FB, 0x83).out(0x3F8, 1).out(0x3F9, 0).in(0x3F8).in(0x3F9).out(0x3FB, 0x03)
                .in(0x3F9).in(0x3FA).in(0x3FB).in(0x3FD).out(0x3FF, 0x5A).in(0x3FF)
                .out(0x3F9, 0xFF).in(0x3F9).out(0x3FC, 0xFF).in(0x3FC).out(0x3F9, 0).out(0x3FA, 0xC7).in(0x3FA);
        for (int mcr = 1; mcr < 16; mcr++) {
            script.out(0x3FC, 0x10 | mcr).await(0x3FE, 0xF0).in(0x3FE);
        }
        script.out(0x3FC, 0x18).out(0x3F8, 0x41, 0x42).await(0x3FD, 0x40).in(0x3FD).in(0x3F8).in(0x3FD).in(0x3F8).in(0x3FD);
        script.out(0x3F9, 0x02).in(0x3FA).in(0x3FA);
        same(script);
    }
}
