package com.vtsim.machine;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.Registration;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A kernel finds the machine as firmware would have left it: host bridges have opened the memory below 1 MiB and their configuration space. */
final class EntryWithoutFirmwareTest {
    private static final long SHADOW = 0xF_0000;
    private static final long CONFIGURATION = 0xE000_0000L;
    private static final int MAP_LENGTH = 44;

    private final Backplane machine = Backplane.of("t", 16 << 20);
    private final CountingProcessor cpu = new CountingProcessor(0);

    @TempDir
    Path folder;

    /** As a host bridge: memory below 1 MiB takes no writes, and configuration space is nowhere, until firmware says otherwise. */
    private static final class Bridge extends FakePart {
        private Registration closed;

        Bridge() {
            super("host");
            onAttach = board -> closed = board.memory().map(SHADOW, 0x1_0000, new Swallowing());
        }

        @Override
        public void asFirmwareLeaves() {
            if (closed != null) {
                closed.close();
                closed = null;
                board.memory().map(CONFIGURATION, 0x1000_0000, new Swallowing());
            }
        }
    }

    private static final class Swallowing implements MmioDevice {
        @Override
        public long read(int offset, int size) {
            return 0;
        }

        @Override
        public void write(int offset, int size, long value) { }
    }

    @BeforeEach
    void load() throws IOException {
        machine.add(new Bridge());
        machine.add(cpu);
        // An address header (flag 16): loaded at 20_0000h, where the entry is too.
        ByteBuffer kernel = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putInt(0x1BAD_B002).putInt(1 << 16).putInt(-0x1BAD_B002 - (1 << 16))
            .putInt(0x20_0000).putInt(0x20_0000).putInt(0).putInt(0).putInt(0x20_0020);
        machine.load("multiboot", Files.write(folder.resolve("kernel"), kernel.array()), Map.of());
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private long number(long address, int size) {
        return machine.call(() -> machine.memory().read(address, size));
    }

    @Test
    void whatLiesBelowOneMegabyteIsWrittenOnceTheBridgeHasOpenedIt() {
        long vector = 4 * 0x15;
        long handler = (number(vector + 2, 2) << 4) + number(vector, 2);
        assertThat(handler).as("where INT 15h leads").isBetween(SHADOW, 0xF_FFFFL);
        assertThat(number(handler, 1)).as("its first byte, PUSH BP").isEqualTo(0x55);
    }

    @Test
    void theMemoryMapReservesConfigurationSpace() {
        long information = cpu.entered().registers().get("rbx");
        long map = number(information + MAP_LENGTH + 4, 4);
        long end = map + number(information + MAP_LENGTH, 4);
        boolean reserved = false;
        for (long at = map; at < end; at += number(at, 4) + 4) {
            reserved |= number(at + 4, 8) == CONFIGURATION && number(at + 12, 8) == 0x1000_0000 && number(at + 20, 4) == 2;
        }
        assertThat(reserved).isTrue();
    }
}
