package com.vtsim.machine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.PortSpace;
import com.vtsim.api.machine.Registration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What answers at a port. */
class PortMapTest {
    private final List<String> log = new ArrayList<>();
    private final PortSpace ports = Backplane.of("t", 1 << 20).ports();

    private PortDevice device(String name) {
        return new PortDevice() {
            @Override
            public int read(int port, int size) {
                log.add(name + ".r" + size + "@" + Integer.toHexString(port));
                return 0x8040_2010 >>> 8 * (port & 3);
            }

            @Override
            public void write(int port, int size, int value) {
                log.add(name + ".w" + size + "@" + Integer.toHexString(port) + "=" + Integer.toHexString(value));
            }
        };
    }

    @Test
    void whereNothingIsReadsGiveOnesAndWritesVanish() {
        ports.write(0x80, 1, 5);
        assertThat(ports.read(0x80, 1)).isEqualTo(0xFF);
        assertThat(ports.read(0x81, 2)).isEqualTo(0xFFFF);
        assertThat(ports.read(0xFFFF, 4)).isEqualTo(-1);
    }

    @Test
    void anAccessTheDeviceTakesArrivesWhole() {
        ports.map(0xCF8, 8, 4, device("a"));
        assertThat(ports.read(0xCF8, 4)).isEqualTo(0x8040_2010);
        ports.write(0xCFE, 2, 0xFFFF_1234);
        assertThat(log).containsExactly("a.r4@cf8", "a.w2@cfe=1234");
    }

    @Test
    void wideAndUnalignedAccessesAreSplitLowAddressFirst() {
        ports.map(0x20, 2, 1, device("a"));
        ports.map(0x22, 2, 1, device("b"));
        assertThat(ports.read(0x20, 4)).isEqualTo(0x8040_2010);
        assertThat(log).containsExactly("a.r1@20", "a.r1@21", "b.r1@22", "b.r1@23");
        log.clear();
        ports.map(0x100, 8, 4, device("c"));
        ports.write(0x101, 4, 0x4433_2211);
        assertThat(log).containsExactly("c.w1@101=11", "c.w2@102=3322", "c.w1@104=44");
        log.clear();
        assertThat(ports.read(0x106, 4)).as("the last two bytes are nobody's").isEqualTo(0xFFFF_0000 | 0x8040);
        assertThat(log).containsExactly("c.r2@106");
    }

    @Test
    void theLaterMappingWinsAndGivesBackWhatItCovered() {
        ports.map(0x60, 5, 1, device("a"));
        Registration later = ports.map(0x61, 1, 1, device("b"));
        ports.write(0x61, 1, 1);
        assertThat(ports.ranges()).extracting(PortSpace.Range::base).containsExactly(0x60, 0x61, 0x62);
        later.close();
        later.close();
        ports.write(0x61, 1, 1);
        assertThat(log).containsExactly("b.w1@61=1", "a.w1@61=1");
        assertThat(ports.ranges()).containsExactly(new PortSpace.Range(0x60, 5, Owner.OPERATOR));
    }

    @Test
    void aDeviceThatReturnsTooMuchIsCutToSize() {
        ports.map(0x300, 1, 1, device("a"));
        assertThat(ports.read(0x300, 1)).isEqualTo(0x10);
    }
}
