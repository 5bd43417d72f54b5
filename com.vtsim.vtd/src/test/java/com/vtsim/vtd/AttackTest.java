package com.vtsim.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import com.vtsim.api.pci.RequestTranslator.Request;
import com.vtsim.pci.bus.HostBridge;
import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A device that means harm, on the bus: what it does is contained, counted and shown, and costs the host no more than any request. */
class AttackTest {
    private static final int DEV = 0x28;
    private static final long IOVA = 0x10_0000;
    private static final long OWN = 0x380_0000;
    private static final int TRIES = 20_000;
    private static final int RECORDS = 8;

    private final SplittableRandom random = new SplittableRandom(0xBAD);
    private final Rig rig = new Rig(Rig.unit("server", RECORDS, false));
    private final Endpoint device = new Endpoint("00:05.0");

    @BeforeEach
    void build() {
        rig.machine.add(new HostBridge("host", "q35", "1af4:1100"));
        rig.machine.add(device);
        rig.enable().interrupts(7, false);
        rig.map(rig.domain(DEV, 1), IOVA, OWN, Rig.RW);
        rig.irte(5, 1 | 0x45_0000, 1 << 18 | DEV);
        rig.irte(6, 1 | 0x46_0000, 1 << 18 | 0x30);
        rig.set(0x3C, 0x99);
        rig.set(0x40, 0xFEE0_0000);
        rig.set(0x38, 0);
    }

    @AfterEach
    void close() {
        rig.close();
    }

    /** Addresses of every size, many of them where RAM, the unit's registers and its tables are. */
    private long anywhere() {
        return switch (random.nextInt(5)) {
            case 0 -> random.nextLong();
            case 1 -> random.nextLong() >>> random.nextInt(64);
            case 2 -> Rig.BASE + random.nextInt(0x2000);
            case 3 -> random.nextInt(0x40_0000);
            default -> IOVA + random.nextInt(0x3000) - 0x1000;
        };
    }

    @Test
    void aDeviceThatWritesAnywhereReachesItsPageOnly() {
        byte[] junk = new byte[64];
        java.util.Arrays.fill(junk, (byte) 0xEE);
        byte[] before = new byte[64 << 20];
        rig.machine.memory().read(0, before, 0, before.length);
        int passed = 0;
        for (int i = 0; i < TRIES; i++) {
            int length = 1 + random.nextInt(64);
            passed += device.upstream.write(anywhere(), junk, 0, length) ? 1 : 0;
        }
        byte[] after = new byte[64 << 20];
        rig.machine.memory().read(0, after, 0, after.length);
        java.util.Arrays.fill(before, (int) OWN, (int) OWN + 4096, (byte) 0);
        java.util.Arrays.fill(after, (int) OWN, (int) OWN + 4096, (byte) 0);
        assertThat(java.util.Arrays.equals(before, after)).as("memory but its page").isTrue();
        assertThat(passed).isBetween(1, TRIES - 1);
        assertThat(rig.unit.faults()).hasSize(RECORDS).allMatch(fault -> fault.sourceId() == DEV);
        assertThat(rig.unit.lint().toString()).contains("faults were not recorded");
        assertThat(rig.get(0x1C) < 0).as("remapping is still on").isTrue();
    }

    @Test
    void aDeviceThatForgesInterruptsSendsItsOwnOnly() {
        for (int i = 0; i < TRIES; i++) {
            long address = 0xFEE0_0000L | random.nextInt(1 << 20) & ~3;
            if (random.nextBoolean()) {
                device.upstream.message(address, random.nextInt());
            } else {
                byte[] data = new byte[4];
                device.upstream.write(address, data, 0, 4);
            }
        }
        // The unit's own fault event is 99h; entry 5 is this device's.
        assertThat(rig.messages.heard).isNotEmpty().allMatch(message -> message.equals("fee00000 99") || message.equals("fee00000 45"));
        assertThat(rig.messages.heard.stream().filter(message -> message.endsWith("99"))).as("fault events").hasSize(1);
        assertThat(rig.unit.faults()).hasSize(RECORDS).allMatch(fault -> fault.kind().equals("interrupt") && fault.reason() >= 0x20);
    }

    @Test
    void aFloodOfFaultsIsOneEventAndCostsNoMemory() {
        Request request = new Request();
        request.sourceId = DEV;
        request.length = 4;
        request.write = true;
        flood(request, TRIES);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        flood(request, 50 * TRIES);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(allocated).as("bytes allocated for %d blocked requests", 50 * TRIES).isLessThan(TRIES);
        assertThat(rig.messages.heard).containsExactly("fee00000 99");
        assertThat(rig.unit.faults()).hasSize(RECORDS);
        assertThat(rig.get(0x34) & 1).as("PFO: more faults than records").isEqualTo(1);
        assertThat(rig.unit.lint().toString()).contains(51 * TRIES - RECORDS + " faults were not recorded");
        assertThat(rig.unit.cached()).hasSizeLessThan(16);
    }

    private void flood(Request request, int count) {
        for (int i = 0; i < count; i++) {
            request.address = 0x4000_0000L + (i & 0xFFFF) * 0x1000L;
            assertThatBlocked(request);
        }
    }

    private void assertThatBlocked(Request request) {
        if (rig.unit.translate(request)) {
            throw new AssertionError(Long.toHexString(request.address) + " is not blocked");
        }
    }

    /** What was translated before stays translated, and faster than any flood could push it out of the tables. */
    @Test
    void afterAnAttackTheDevicesOwnTrafficGoesOn() {
        for (int i = 0; i < TRIES; i++) {
            device.upstream.write(anywhere(), new byte[4], 0, 4);
        }
        assertThat(device.upstream.write(IOVA, new byte[] {1, 2, 3, 4}, 0, 4)).isTrue();
        assertThat(rig.peek(OWN) & 0xFFFF_FFFFL).isEqualTo(0x0403_0201);
        rig.clearFaults();
        device.upstream.write(0x9000, new byte[4], 0, 4);
        assertThat(rig.unit.faults()).as("faults are recorded again").hasSize(1);
    }
}
