package com.vtsim.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.HaltedProcessor;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.pci.bus.HostBridge;
import com.vtsim.pci.edu.EduDevice;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** S8: two DMA devices in two domains, their transfers and their messages, each contained. */
class ContainmentTest {
    private static final long BUFFER = 0x4_0000;
    private static final long IOVA = 0x1000;
    private final EduDevice[] devices = {new EduDevice("edu1", "00:03.0", 28), new EduDevice("edu2", "00:03.1", 28)};
    private Rig rig;

    @BeforeEach
    void build() {
        rig = new Rig();
        rig.machine.add(new HaltedProcessor(0));
        rig.machine.add(new HostBridge("host", "q35", "1af4:1100"));
        for (int i = 0; i < 2; i++) {
            rig.machine.add(devices[i]);
            devices[i].configWrite(0x10, 4, (int) bar(i));
            devices[i].configWrite(0x04, 2, 6);
            devices[i].configWrite(0x44, 4, 0xFEE0_0010 | i + 1 << 5);
            devices[i].configWrite(0x42, 2, 1);
        }
        rig.enable().interrupts(7, false);
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private static long bar(int device) {
        return 0xC000_0000L + device * 0x10_0000L;
    }

    private void transfer(int device, long from, long to, int command) throws InterruptedException {
        rig.machine.memory().write(bar(device) + 0x80, 8, from);
        rig.machine.memory().write(bar(device) + 0x88, 8, to);
        rig.machine.memory().write(bar(device) + 0x90, 8, 8);
        rig.machine.memory().write(bar(device) + 0x98, 8, command);
        rig.machine.run(new RunLimits(Long.MAX_VALUE, 10_000, null));
    }

    @Test
    void eachReachesItsOwnDomainOnly() throws InterruptedException {
        rig.map(rig.domain(Rig.DEV, 1), IOVA, 0x200_0000, Rig.RW);
        rig.map(rig.domain(Rig.DEV_F1, 2), IOVA, 0x300_0000, Rig.RW);
        rig.irte(1, 1 | 0x31_0000, 1 << 18 | Rig.DEV);
        rig.irte(2, 1 | 0x51_0000, 1 << 18 | Rig.DEV_F1);
        rig.poke(0x200_0000, 0x1111_1111_1111_1111L);
        rig.poke(0x300_0000, 0x2222_2222_2222_2222L);
        for (int i = 0; i < 2; i++) {
            transfer(i, IOVA, BUFFER, 1);
            transfer(i, BUFFER, IOVA + 8, 7);
        }
        assertThat(rig.peek(0x200_0008)).isEqualTo(0x1111_1111_1111_1111L);
        assertThat(rig.peek(0x300_0008)).isEqualTo(0x2222_2222_2222_2222L);
        assertThat(rig.peek(IOVA + 8)).as("the monitor's memory").isZero();
        assertThat(rig.messages.heard).containsExactly("fee00000 31", "fee00000 51");
        assertThat(rig.unit.faults()).isEmpty();
    }

    @Test
    void whatIsNotMappedIsBlockedAndTold() throws InterruptedException {
        rig.map(rig.domain(Rig.DEV, 1), IOVA, 0x200_0000, Rig.R);
        rig.irte(1, 1 | 0x31_0000, 1 << 18 | Rig.DEV);
        transfer(0, BUFFER, IOVA, 7);
        assertThat(rig.peek(0x200_0000)).isZero();
        assertThat(rig.unit.faults()).singleElement().satisfies(fault -> assertThat(fault.reason()).isEqualTo(5));
        assertThat(rig.messages.heard).as("the device knows nothing of it").containsExactly("fee00000 31");
    }
}
