package com.vtsim.vtd;

import static com.vtsim.vtd.ScalableRig.DTE;
import static com.vtsim.vtd.ScalableRig.PASIDE;
import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.HaltedProcessor;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.State;
import com.vtsim.pci.bus.HostBridge;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Devices that answer an invalidation late, wrongly or never. Source: VT-d specification, Handling of Device-TLB Invalidations; Hardware Handling of Queued
 * Invalidation Interface Errors; Queued Invalidation Ordering Considerations; Invalidation Wait Descriptor.
 */
class LateAnswerTest {
    private static final int DEV = 0x28;
    private static final int FSTS = 0x34;
    private static final int ICE = 1 << 5;
    private static final int ITE = 1 << 6;
    private static final int IQH = 0x80;
    private static final int IQERCD = 0xB0;
    private static final long STATUS = 0x5_0000;
    private static final long TIMEOUT = InvalidationQueue.TIMEOUT * 1000L;
    private static final long INVALIDATE = 3 | (long) DEV << 32 | (long) (DEV & 0xF) << 12 | (long) (DEV >> 4) << 52;

    private final ScalableRig r = new ScalableRig();
    private final Endpoint device = new Endpoint("00:05.0");

    @BeforeEach
    void build() {
        r.rig.machine.add(new HaltedProcessor(0));
        r.rig.machine.add(new HostBridge("host", "q35", "1af4:1100"));
        r.rig.machine.add(device);
        r.context(DEV, DTE | PASIDE);
        r.rig.set(0x3C, 0x55);
        r.rig.set(0x40, 0xFEE0_0000);
        r.rig.set(0x38, 0);
        device.answers = false;
    }

    @AfterEach
    void close() {
        r.close();
    }

    private void pass(long nanos) {
        try {
            r.rig.machine.run(new RunLimits(Long.MAX_VALUE, nanos, null));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void await(int flags, int data) {
        r.submit(5 | 0x20 | flags | (long) data << 32, STATUS);
    }

    private int status() {
        return (int) r.rig.peek(STATUS);
    }

    private void answer(int index, int count) {
        device.upstream.invalidated(1 << device.unanswered.get(index), count);
    }

    @Test
    void aWaitDescriptorWaitsForTheAnswer() {
        r.submit(INVALIDATE, 0x5000);
        await(0, 1);
        assertThat(r.rig.get64(IQH)).as("fetched").isEqualTo(64);
        assertThat(status()).isZero();
        pass(TIMEOUT / 2);
        assertThat(status()).isZero();
        answer(0, 1);
        assertThat(status()).isEqualTo(1);
        pass(2 * TIMEOUT);
        assertThat(r.rig.get(FSTS)).as("no time-out afterwards").isZero();
    }

    @Test
    void whatFollowsAWaitDescriptorDoesNotWait() {
        r.submit(INVALIDATE, 0x5000);
        await(0, 1);
        device.answers = true;
        r.submit(INVALIDATE, 0x6000);
        assertThat(device.told).hasSize(2);
        assertThat(status()).isZero();
    }

    @Test
    void whatFollowsAFenceWaits() {
        r.submit(INVALIDATE, 0x5000);
        await(0x40, 1);
        r.submit(INVALIDATE, 0x6000);
        assertThat(device.told).hasSize(1);
        assertThat(r.rig.get64(IQH)).isEqualTo(64);
        answer(0, 1);
        assertThat(status()).isEqualTo(1);
        assertThat(device.told).hasSize(2);
    }

    /** Each wait descriptor waits for what is before it only. */
    @Test
    void waitDescriptorsCompleteInOrder() {
        r.submit(INVALIDATE, 0x5000);
        await(0, 1);
        r.submit(INVALIDATE, 0x6000);
        await(0, 2);
        answer(1, 1);
        assertThat(status()).as("the second answer is there, the first wait descriptor stands before").isZero();
        answer(0, 1);
        assertThat(status()).isEqualTo(2);
    }

    @Test
    void oneMessageAnswersSeveralRequests() {
        r.submit(INVALIDATE, 0x5000);
        r.submit(INVALIDATE, 0x6000);
        await(0, 1);
        device.upstream.invalidated(1 << device.unanswered.get(0) | 1 << device.unanswered.get(1), 1);
        assertThat(status()).isEqualTo(1);
    }

    /** A count of 0 stands for 8. */
    @Test
    void aRequestIsAnsweredWithAllItsMessages() {
        r.submit(INVALIDATE, 0x5000);
        await(0, 1);
        answer(0, 3);
        answer(0, 3);
        assertThat(status()).isZero();
        answer(0, 3);
        assertThat(status()).isEqualTo(1);
        r.submit(INVALIDATE, 0x6000);
        await(0, 2);
        for (int i = 0; i < 7; i++) {
            answer(1, 0);
        }
        assertThat(status()).isEqualTo(1);
        answer(1, 0);
        assertThat(status()).isEqualTo(2);
    }

    @Test
    void anAnswerToNoQuestionIsAnError() {
        device.upstream.invalidated(1 << 9, 1);
        assertThat(r.rig.get(FSTS)).isEqualTo(ICE);
        assertThat(r.rig.get64(IQERCD) >>> 48).as("ICESID").isEqualTo(DEV);
        assertThat(r.rig.messages.heard).containsExactly("fee00000 55");
        await(0, 1);
        assertThat(status()).as("the queue goes on").isEqualTo(1);
        r.rig.set(FSTS, ICE);
        assertThat(r.rig.get(FSTS)).isZero();
    }

    @Test
    void whatIsRightInAWrongAnswerCounts() {
        r.submit(INVALIDATE, 0x5000);
        await(0, 1);
        device.upstream.invalidated(-1, 1);
        assertThat(status()).isEqualTo(1);
        assertThat(r.rig.get(FSTS)).isEqualTo(ICE);
    }

    @Test
    void anotherDevicesAnswerIsAnError() {
        Endpoint other = new Endpoint("liar", "00:06.0");
        r.rig.machine.add(other);
        r.rig.machine.settle();
        r.submit(INVALIDATE, 0x5000);
        await(0, 1);
        other.upstream.invalidated(-1, 1);
        assertThat(status()).isZero();
        assertThat(r.rig.get64(IQERCD) >>> 48).as("ICESID").isEqualTo(0x30);
    }

    /** Source: Handling of ATS Protocol Errors. */
    @Test
    void withRemappingOffAnswersAreNotHeard() {
        r.rig.disable(Rig.TE);
        device.upstream.invalidated(1, 1);
        assertThat(r.rig.get(FSTS)).isZero();
    }

    @Test
    void aDeviceThatDoesNotAnswerStopsTheQueueUntilSoftwareGoesOn() {
        r.submit(INVALIDATE, 0x5000);
        await(0, 1);
        pass(TIMEOUT - 1000);
        assertThat(r.rig.get(FSTS)).isZero();
        pass(2000);
        assertThat(r.rig.get(FSTS)).isEqualTo(ITE);
        assertThat(r.rig.get64(IQERCD) >>> 32 & 0xFFFF).as("ITESID").isEqualTo(DEV);
        assertThat(r.rig.messages.heard).containsExactly("fee00000 55");
        await(0, 2);
        assertThat(status()).as("the queue stands").isZero();
        assertThat(r.rig.get64(IQH)).isEqualTo(64);
        r.rig.set(FSTS, ITE);
        assertThat(status()).as("the aborted wait descriptor never completes, the next does").isEqualTo(2);
    }

    /** Tags stay with requests that are still in time, and their answers count. */
    @Test
    void answersThatComeWhileTheQueueStandsCount() {
        r.submit(INVALIDATE, 0x5000);
        pass(TIMEOUT / 2);
        r.submit(INVALIDATE, 0x6000);
        await(0, 1);
        pass(TIMEOUT / 2 + 1000);
        assertThat(r.rig.get(FSTS)).isEqualTo(ITE);
        answer(1, 1);
        assertThat(r.rig.get(FSTS)).as("an answer in time is no error").isEqualTo(ITE);
        answer(0, 1);
        assertThat(r.rig.get(FSTS)).as("one that comes too late is").isEqualTo(ITE | ICE);
    }

    @Test
    void nobodyAnswersForADeviceThatIsNotThere() {
        r.submit(3 | 0x99L << 32, 0x5000);
        pass(TIMEOUT + 1000);
        assertThat(r.rig.get(FSTS)).isEqualTo(ITE);
        assertThat(r.rig.get64(IQERCD) >>> 32 & 0xFFFF).isEqualTo(0x99);
    }

    /** There are 32 tags. */
    @Test
    void theQueueWaitsForATag() {
        for (int i = 0; i < 40; i++) {
            r.submit(INVALIDATE, 0x5000 + i * 0x1000L);
        }
        assertThat(device.told).hasSize(32);
        assertThat(r.rig.get64(IQH)).isEqualTo(32 * 32);
        device.upstream.invalidated(0xFF, 1);
        assertThat(device.told).hasSize(40);
        assertThat(device.unanswered.subList(32, 40)).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
    }

    /** Max Invalidations Pending, of a physical function and its virtual ones together. Source: Device-TLB Invalidate Descriptor; PASID-based-Device-TLB Invalidate Descriptor. */
    @Test
    void aFunctionHasNoMoreRequestsThanItTakes() {
        r.submit(INVALIDATE | 2 << 16, 0x5000);
        r.submit(8 | 2 << 4 | (long) DEV << 16 | 7L << 32 | (long) (DEV & 0xF) << 12 | (long) (DEV >> 4) << 52, 0x6000);
        r.submit(INVALIDATE | 2 << 16, 0x7000);
        assertThat(device.told).hasSize(2);
        answer(0, 1);
        assertThat(device.told).hasSize(3);
    }

    @Test
    void moreWaitDescriptorsThanTheUnitKeepsHoldTheQueue() {
        r.submit(INVALIDATE, 0x5000);
        for (int i = 1; i <= 50; i++) {
            await(0, i);
        }
        assertThat(r.rig.get64(IQH)).isEqualTo(33 * 32);
        answer(0, 1);
        assertThat(status()).isEqualTo(50);
    }

    /** A unit that is replaced meanwhile hears the answer; one that times out afterwards does so in time. */
    @Test
    void whatIsUnderWayIsHandedOver() {
        r.submit(INVALIDATE, 0x5000);
        r.submit(INVALIDATE, 0x6000);
        await(0, 1);
        State before = r.rig.unit.save();
        RemappingHardware successor = Rig.unit("scalable", 0, false);
        r.rig.machine.remove(r.rig.unit);
        r.rig.machine.add(successor);
        assertThat(successor.save()).usingRecursiveComparison().isEqualTo(before);
        answer(0, 1);
        assertThat(status()).isZero();
        pass(TIMEOUT + 1000);
        assertThat(r.rig.get(FSTS)).isEqualTo(ITE);
    }

    @Test
    void aResetForgetsWhatIsUnderWay() {
        r.submit(INVALIDATE, 0x5000);
        r.rig.unit.reset(com.vtsim.api.machine.Reset.WARM);
        pass(2 * TIMEOUT);
        assertThat(r.rig.get(FSTS)).isZero();
    }
}
