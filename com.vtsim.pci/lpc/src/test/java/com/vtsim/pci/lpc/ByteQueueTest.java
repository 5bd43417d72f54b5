package com.vtsim.pci.lpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ByteQueueTest {
    @Test
    void aFullQueueRefuses() {
        ByteQueue queue = new ByteQueue(2);
        assertThat(queue.add(1)).isTrue();
        assertThat(queue.add(0xFF)).isTrue();
        assertThat(queue.room()).isZero();
        assertThat(queue.add(3)).isFalse();
        assertThat(queue.remove()).isEqualTo(1);
        assertThat(queue.remove()).as("unsigned").isEqualTo(0xFF);
        assertThat(queue.isEmpty()).isTrue();
    }

    /** Wherever its beginning is when it has to grow. */
    @Test
    void aQueueThatGrowsKeepsTheOrder() {
        for (int taken = 0; taken <= 4; taken++) {
            ByteQueue queue = new ByteQueue(4);
            queue.append(new byte[] {1, 2, 3, 4});
            for (int i = 0; i < taken; i++) {
                queue.remove();
            }
            queue.append(new byte[taken]);
            byte[] more = new byte[100];
            new Random(taken).nextBytes(more);
            queue.append(more);
            assertThat(queue.size()).isEqualTo(104);
            for (int i = taken; i < 4; i++) {
                assertThat(queue.remove()).isEqualTo(i + 1);
            }
            for (int i = 0; i < taken; i++) {
                assertThat(queue.remove()).isZero();
            }
            assertThat(queue.save()).isEqualTo(more);
        }
    }
}
