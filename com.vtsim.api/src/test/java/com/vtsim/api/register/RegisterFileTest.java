package com.vtsim.api.register;

import static com.vtsim.api.register.Layout.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class RegisterFileTest {

    enum Block implements Register {
        ID(at(0x00, 4).constant(0x8086_29C0).title("Identity")),
        CTL(at(0x04, 2).rw(0x00F7).reset(0x0011).title("Control")),
        STS(at(0x06, 2).rw1c(0x00FF).rw1cs(0x4000).ro(0x0100).reset(0x0100).title("Status")),
        CMD(at(0x08, 4).wo(0x8000_0001).rw1s(0x0000_0010)),
        CNT(at(0x0C, 1).rc(0xFF)),
        SUB(at(0x0D, 1).once(0xFF)),
        LCK(at(0x0E, 1).rw(0x0F).rw1s(0x80).locks(0x80, 0x0F)),
        ADR(at(0x10, 8).rws(0x0000_000F_FFFF_F000L).rw(0x0000_0000_0000_0001L)),
        W16(at(0x1E, 2).once(0xFFFF)),
        ODD(at(0x21, 4).rw(-1));

        private final Layout layout;

        Block(Layout layout) {
            this.layout = layout;
        }

        @Override
        public Layout layout() {
            return layout;
        }
    }

    private final List<String> heard = new ArrayList<>();
    private final RegisterFile<Block> file = new RegisterFile<>(Block.class, (register, old, now, written) ->
            heard.add(String.format("%s %X>%X by %X", register, old, now, written)));

    @TestFactory
    Stream<DynamicTest> tableRules() {
        return RegisterRules.of(Block.class, () -> RegisterRules.bare(Block.class), List.of());
    }

    @Test
    void constantKeepsItsValue() {
        file.store(0, 4, 0);
        assertThat(file.load(0, 4)).isEqualTo(0x8086_29C0L);
    }

    @Test
    void partsOfARegisterAreReadByByteAndWord() {
        assertThat(file.load(0, 1)).isEqualTo(0xC0);
        assertThat(file.load(1, 1)).isEqualTo(0x29);
        assertThat(file.load(2, 2)).isEqualTo(0x8086);
        assertThat(file.load(1, 2)).isEqualTo(0x8629);
    }

    @Test
    void aWideAccessCoversSeveralRegisters() {
        assertThat(file.load(0, 8)).isEqualTo(0x0100_0011_8086_29C0L);
        file.store(4, 4, 0x00FF_00A2);
        assertThat(heard).containsExactly("CTL 11>A2 by A2", "STS 100>100 by FF");
    }

    @Test
    void aWriteReplacesOnlyTheBytesItCovers() {
        file.store(0x10, 8, 0x0000_0001_2345_6001L);
        file.store(0x12, 1, 0xFF);
        assertThat(file.load(0x10, 8)).isEqualTo(0x0000_0001_23FF_6001L);
        file.store(0x14, 4, 0xFFFF_FFF2L);
        assertThat(file.load(0x10, 8)).isEqualTo(0x0000_0002_23FF_6001L);
    }

    @Test
    void reservedOffsetsReadZeroAndAreSilent() {
        file.store(0x18, 4, -1);
        assertThat(file.load(0x18, 8)).isZero();
        assertThat(file.load(0x4000, 4)).isZero();
        assertThat(heard).isEmpty();
    }

    @Test
    void aRegisterAtAnOddOffsetIsWhole() {
        file.store(0x21, 4, 0x1234_5678);
        assertThat(file.load(0x20, 8)).isEqualTo(0x12_3456_7800L);
    }

    @Test
    void writingOneClearsStatus() {
        file.raise(Block.STS, 0x40A5);
        file.store(6, 2, 0x0021);
        assertThat(file.load(6, 2)).isEqualTo(0x4184);
        file.store(7, 1, 0x40);
        assertThat(file.load(6, 2)).isEqualTo(0x0184);
    }

    @Test
    void writeOnlyBitsReadZeroAndAreHeard() {
        file.store(8, 4, 0x8000_0001L);
        assertThat(file.load(8, 4)).isZero();
        assertThat(file.get(Block.CMD)).isEqualTo(0x8000_0001L);
        assertThat(heard).containsExactly("CMD 0>80000001 by 80000001");
    }

    @Test
    void aSetOnlyBitStays() {
        file.store(8, 1, 0x10);
        file.store(8, 1, 0x00);
        assertThat(file.load(8, 4)).isEqualTo(0x10);
        file.clear(Block.CMD, 0x10);
        assertThat(file.load(8, 4)).isZero();
    }

    @Test
    void readingClearsAndPeekingDoesNot() {
        file.set(Block.CNT, 0x5A);
        assertThat(file.peek(0x0C, 1)).isEqualTo(0x5A);
        assertThat(file.load(0x0C, 4)).isEqualTo(0x5A);
        assertThat(file.load(0x0C, 1)).isZero();
    }

    @Test
    void writeOnceBitsLockAtTheFirstWrite() {
        file.store(0x0D, 1, 0);
        file.store(0x0D, 1, 0x77);
        assertThat(file.load(0x0D, 1)).isZero();
        file.reset(Reset.WARM);
        file.store(0x0D, 1, 0x77);
        assertThat(file.load(0x0D, 1)).isEqualTo(0x77);
    }

    @Test
    void writeOnceLocksByByte() {
        file.store(0x1E, 1, 0x12);
        file.store(0x1E, 2, 0x3456);
        assertThat(file.load(0x1E, 2)).isEqualTo(0x3412);
    }

    @Test
    void aLockBitProtectsFromTheNextWriteOn() {
        file.store(0x0E, 1, 0x8A);
        assertThat(file.load(0x0E, 1)).isEqualTo(0x8A);
        file.store(0x0E, 1, 0x05);
        assertThat(file.load(0x0E, 1)).isEqualTo(0x8A);
        file.reset(Reset.COLD);
        file.store(0x0E, 1, 0x05);
        assertThat(file.load(0x0E, 1)).isEqualTo(0x05);
    }

    @Test
    void aWarmResetKeepsStickyBits() {
        file.raise(Block.STS, 0x4003);
        file.store(0x10, 8, 0xFFFF_F001L);
        file.reset(Reset.WARM);
        assertThat(file.load(6, 2)).isEqualTo(0x4100);
        assertThat(file.load(0x10, 8)).isEqualTo(0xFFFF_F000L);
        file.reset(Reset.COLD);
        assertThat(file.load(6, 2)).isEqualTo(0x0100);
        assertThat(file.load(0x10, 8)).isZero();
    }

    @Test
    void theDeviceCanRefuseAWrite() {
        RegisterFile<?>[] self = new RegisterFile<?>[1];
        RegisterFile<Block> refusing = new RegisterFile<>(Block.class, (register, old, now, written) -> set(self[0], register, old));
        self[0] = refusing;
        refusing.store(4, 2, 0x00);
        assertThat(refusing.load(4, 2)).isEqualTo(0x11);
    }

    @SuppressWarnings("unchecked") // a lambda cannot name the variable it initialises
    private static void set(RegisterFile<?> file, Block register, long value) {
        ((RegisterFile<Block>) file).set(register, value);
    }

    @Test
    void aComputedRegisterIsRefreshedBeforeItIsShown() {
        RegisterFile<?>[] self = new RegisterFile<?>[1];
        RegisterFile<Block> computing = new RegisterFile<>(Block.class, new RegisterFile.Device<>() {
            private int reads;

            @Override
            public void written(Block register, long old, long now, long written) { }

            @Override
            public void refresh(Block register) {
                if (register == Block.ADR && self[0] != null) {
                    set(self[0], register, (long) ++reads << 12);
                }
            }
        });
        self[0] = computing;
        assertThat(computing.load(0x10, 8)).isEqualTo(0x1000);
        assertThat(computing.peek(0x10, 4)).isEqualTo(0x2000);
    }

    @Test
    void aStrapChangesWhatResetGives() {
        file.strap(Block.ID, 0x8086_2A40L);
        assertThat(file.load(0, 4)).isEqualTo(0x8086_2A40L);
        file.reset(Reset.COLD);
        assertThat(file.load(0, 4)).isEqualTo(0x8086_2A40L);
    }

    record Saved(RegisterState registers) { }

    @Test
    void savedValuesAndLocksComeBackThroughAState() {
        file.store(4, 2, 0x00A5);
        file.store(0x0D, 1, 0x77);
        State state = State.of("block", 1, new Saved(file.save()));
        RegisterFile<Block> other = new RegisterFile<>(Block.class, (register, old, now, written) -> { });
        other.restore(state.as(Saved.class, "block", 1).registers());
        assertThat(other.dump()).isEqualTo(file.dump());
        other.store(0x0D, 1, 0x11);
        assertThat(other.load(0x0D, 1)).isEqualTo(0x77);
    }

    @Test
    void aStateWithAnUnknownRegisterIsRefusedWhole() {
        file.store(4, 2, 0x00A5);
        RegisterState foreign = new RegisterState(List.of("CTL", "XYZ"), new long[] {1, 2}, new long[2]);
        assertThatThrownBy(() -> file.restore(foreign)).isInstanceOf(StateException.class).hasMessageContaining("XYZ");
        assertThatThrownBy(() -> file.restore(new RegisterState(List.of("CTL"), new long[0], new long[0]))).isInstanceOf(StateException.class);
        assertThat(file.load(4, 2)).isEqualTo(0xA5);
    }

    @Test
    void aRegisterTheStateDoesNotKnowHasItsResetValue() {
        file.store(4, 2, 0x00A5);
        file.restore(new RegisterState(List.of("ODD"), new long[] {7}, new long[1]));
        assertThat(file.load(4, 2)).isEqualTo(0x11);
        assertThat(file.load(0x21, 4)).isEqualTo(7);
    }

    @Test
    void theDumpIsInOrderOfOffsetWithLongNames() {
        assertThat(file.dump()).hasSize(Block.values().length)
                .startsWith(new RegisterFile.Value("ID", 0, 4, 0x8086_29C0L, "Identity"), new RegisterFile.Value("CTL", 4, 2, 0x11, "Control"))
                .isSortedAccordingTo((a, b) -> Integer.compare(a.offset(), b.offset()));
    }

    @Test
    void fieldsReadAndWriteTheirBits() {
        Field high = Field.bits(7, 4);
        assertThat(high.mask()).isEqualTo(0xF0);
        assertThat(high.of(0xABC)).isEqualTo(0xB);
        assertThat(high.in(0x15)).isEqualTo(0x50);
        assertThat(high.with(0xABC, 1)).isEqualTo(0xA1C);
        assertThat(Field.bits(63, 0).mask()).isEqualTo(-1L);
        assertThat(Field.bit(63).in(1)).isEqualTo(Long.MIN_VALUE);
        assertThat(high.isSet(0x10)).isTrue();
        assertThat(high.isSet(0x0F)).isFalse();
        file.set(Block.CTL, high, 0xA);
        assertThat(file.load(4, 2)).isEqualTo(0xA1);
        assertThatThrownBy(() -> Field.bits(0, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void accessesAllocateNothing() {
        RegisterFile<Block> quiet = new RegisterFile<>(Block.class, (register, old, now, written) -> { });
        var thread = (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        long sum = 0;
        long before = 0;
        for (int round = 0; round < 20_000; round++) {
            if (round == 10_000) {
                before = thread.getCurrentThreadAllocatedBytes();
            }
            for (int offset = 0; offset < 0x28; offset += 4) {
                quiet.store(offset, 4, round);
                sum += quiet.load(offset, 4) + quiet.load(offset, 1) + quiet.peek(offset, 8);
            }
        }
        long allocated = thread.getCurrentThreadAllocatedBytes() - before;
        assertThat(sum).isNotZero();
        assertThat(allocated).as("bytes in 400,000 accesses").isLessThan(10_000);
    }

    enum Overlap implements Register {
        A(at(0, 4).rw(1)), B(at(2, 4).rw(1));

        private final Layout layout;

        Overlap(Layout layout) {
            this.layout = layout;
        }

        @Override
        public Layout layout() {
            return layout;
        }
    }

    @Test
    void wrongTablesAreRefused() {
        assertThatThrownBy(() -> new RegisterFile<>(Overlap.class, (register, old, now, written) -> { }))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("overlaps");
        assertThatThrownBy(() -> at(0, 4).rw(1).ro(1)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("two attributes");
        assertThatThrownBy(() -> at(0, 1).rw(0x100)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("wider");
        assertThatThrownBy(() -> at(0, 3)).isInstanceOf(IllegalArgumentException.class);
    }
}
