package com.vtsim.api.register;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * The tests that every register table gets for free: reset values, read-only and reserved bits, bits that read back what was written.
 * For use in a {@code @TestFactory} of any module that depends on this one's test jar.
 */
public final class RegisterRules {
    private RegisterRules() { }

    /** A newly reset device, by the guest's door. */
    public interface Door {
        /** Reads a register. */
        long read(int offset, int size);

        /** Writes a register. */
        void write(int offset, int size, long value);
    }

    /** A door to the bare registers, without a device. */
    public static <R extends Enum<R> & Register> Door bare(Class<R> table) {
        RegisterFile<R> file = new RegisterFile<>(table, (register, old, now, written) -> { });
        return new Door() {
            @Override
            public long read(int offset, int size) {
                return file.load(offset, size);
            }

            @Override
            public void write(int offset, int size, long value) {
                file.store(offset, size, value);
            }
        };
    }

    /**
     * @param table  the registers
     * @param device makes a newly reset device
     * @param except registers whose value the device computes, or whose reset value the configuration chooses: only their reserved bits are looked at
     */
    public static <R extends Enum<R> & Register> Stream<DynamicTest> of(Class<R> table, Supplier<Door> device, List<R> except) {
        return Stream.of(table.getEnumConstants()).flatMap(row -> except.contains(row)
                ? Stream.of(reserved(row, device))
                : Stream.of(reset(row, device), reserved(row, device), readOnly(row, device), readWrite(row, device)));
    }

    private static DynamicTest reset(Register row, Supplier<Door> device) {
        Layout l = row.layout();
        return dynamicTest(row.name() + " has its reset value", () ->
                assertThat(device.get().read(l.offset(), l.width())).isEqualTo(l.resetValue() & l.readable()));
    }

    private static DynamicTest reserved(Register row, Supplier<Door> device) {
        Layout l = row.layout();
        return dynamicTest(row.name() + " keeps reserved bits 0", () -> {
            Door door = device.get();
            door.write(l.offset(), l.width(), l.all());
            assertThat(door.read(l.offset(), l.width()) & ~l.readable()).isZero();
        });
    }

    private static DynamicTest readOnly(Register row, Supplier<Door> device) {
        Layout l = row.layout();
        long fixed = l.readable() & ~(l.replaced() | l.setByOne() | l.clearedByOne() | l.clearedByRead());
        return dynamicTest(row.name() + " keeps read-only bits", () -> {
            Door door = device.get();
            door.write(l.offset(), l.width(), l.all());
            assertThat(door.read(l.offset(), l.width()) & fixed).as("after writing ones").isEqualTo(l.resetValue() & fixed);
            door.write(l.offset(), l.width(), 0);
            assertThat(door.read(l.offset(), l.width()) & fixed).as("after writing zeros").isEqualTo(l.resetValue() & fixed);
        });
    }

    private static DynamicTest readWrite(Register row, Supplier<Door> device) {
        Layout l = row.layout();
        long free = l.replaced() & l.readable() & ~l.writtenOnce() & ~l.lockable();
        return dynamicTest(row.name() + " reads back what was written", () -> {
            for (long pattern : new long[] {free, 0, free & 0x5555_5555_5555_5555L, free & 0xAAAA_AAAA_AAAA_AAAAL}) {
                Door door = device.get();
                door.write(l.offset(), l.width(), pattern);
                assertThat(door.read(l.offset(), l.width()) & free).as("after writing %X", pattern).isEqualTo(pattern);
            }
        });
    }
}
