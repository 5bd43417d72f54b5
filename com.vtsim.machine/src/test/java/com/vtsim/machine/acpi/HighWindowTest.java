package com.vtsim.machine.acpi;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Where firmware has put memory of PCI functions above 4 GiB. */
class HighWindowTest {
    private static final long RAM_END = 0x1_4000_0000L;

    /** Configuration space alone. */
    private static final class Function implements PciFunction {
        final ByteBuffer space = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);

        @Override
        public PciAddress address() {
            return new PciAddress(0, 4, 0);
        }

        @Override
        public int configRead(int offset, int size) {
            return switch (size) {
                case 1 -> space.get(offset) & 0xFF;
                case 2 -> space.getShort(offset) & 0xFFFF;
                default -> space.getInt(offset);
            };
        }

        @Override
        public void configWrite(int offset, int size, int value) { }

        @Override
        public String name() {
            return "function";
        }

        @Override
        public String model() {
            return "function";
        }

        @Override
        public void attach(Board board) { }

        @Override
        public void reset(Reset kind) { }

        @Override
        public State save() {
            throw new AssertionError("has no state");
        }

        @Override
        public void restore(State state) { }
    }

    private static Function wide(int at, long base) {
        Function function = new Function();
        function.space.putInt(at, (int) base | 4).putInt(at + 4, (int) (base >>> 32));
        return function;
    }

    private static HighWindow window(PciFunction... functions) {
        return HighWindow.of(List.of(functions), RAM_END);
    }

    @Test
    void thereIsNoneIfFirmwareHasPutNothingThere() {
        Function narrow = new Function();
        narrow.space.putInt(0x10, 0xFEB0_0000).putInt(0x14, 0x8);
        assertThat(window(narrow, wide(0x18, 0xC000_0000L)).exists()).isFalse();
    }

    /** What OVMF does with an NVMe controller: it keeps 32 GiB from 32 GiB on for such functions. */
    @Test
    void itIsTheSpaceThatFirmwareKeeps() {
        assertThat(window(wide(0x10, 0x8_0000_0000L), wide(0x20, 0xC_0000_0000L))).isEqualTo(new HighWindow(0x8_0000_0000L, 0xF_FFFF_FFFFL));
    }

    @Test
    void itBeginsBehindRam() {
        assertThat(window(wide(0x10, 0x2_0000_0000L))).isEqualTo(new HighWindow(RAM_END, 0x7_FFFF_FFFFL));
    }

    @Test
    void itHasABridgesPrefetchableMemory() {
        Function bridge = new Function();
        bridge.space.put(0x0E, (byte) 1).putShort(0x24, (short) 0x0001).putShort(0x26, (short) 0xFFF1).putInt(0x28, 8).putInt(0x2C, 0x10);
        assertThat(window(bridge)).isEqualTo(new HighWindow(0x8_0000_0000L, 0x17_FFFF_FFFFL));
        bridge.space.putInt(0x28, 0x20);
        assertThat(window(bridge).exists()).as("a window that is closed").isFalse();
    }
}
