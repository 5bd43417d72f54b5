package com.vtsim.pci.lpc.pit;

import com.vtsim.pci.lpc.PortScript;
import com.vtsim.pci.lpc.QemuPorts;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** The same port accesses here and on QEMU: see {@link QemuPorts}. */
class QemuIntervalTimerTest extends QemuPorts {
    QemuIntervalTimerTest() {
        super(new IntervalTimer("pit"));
    }

    /**
     * Latches and read-backs in each format: order of bytes and status. Counts are only compared where QEMU can be right:
     * it counts on where the data sheet has GATE stop the count, and knows OUT of modes 0 and 3 only.
     */
    @Test
    void latchesAndReadBacks() throws IOException, InterruptedException {
        same(new PortScript().out(0x61, 0)
                .out(0x43, 0xA6).out(0x42, 0x12).out(0x43, 0xE8).in(0x42)
                .out(0x43, 0xB6).out(0x42, 0xF0, 0xFF).out(0x43, 0x80).out(0x43, 0x80).await(0x42, 0xFF).in(0x42)
                .out(0x43, 0xE8).out(0x43, 0xC8).in(0x42).await(0x42, 0xFF).in(0x42)
                .out(0x43, 0xB7).out(0x42, 0x98, 0x99).out(0x43, 0xD8).await(0x42, 0xFF).in(0x42).out(0x43, 0xE8).in(0x42)
                .out(0x43, 0x90).out(0x42, 0xFF).out(0x43, 0xE8).in(0x42));
    }

    /** OUT2 at port 61h and in the status after terminal count, and of a one-shot before its trigger. */
    @Test
    void out2IsSeenAtPort61() throws IOException, InterruptedException {
        same(new PortScript().out(0x61, 1).out(0x43, 0xB0).out(0x42, 2, 0).await(0x61, 0x20).out(0x43, 0xE8).in(0x42)
                .out(0x43, 0xB0).out(0x42, 0xFF, 0xFF).out(0x43, 0xE8).in(0x42)
                .out(0x61, 0).out(0x43, 0xB2).out(0x42, 2, 0).await(0x61, 0x20));
    }
}
