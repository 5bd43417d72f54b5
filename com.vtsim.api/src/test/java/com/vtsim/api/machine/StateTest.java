package com.vtsim.api.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Records become trees of plain values and records again. */
class StateTest {
    enum Mode { READ, WRITE }

    record Channel(int count, boolean gate) { }

    record Everything(boolean flag, int number, long wide, String text, Mode mode, byte[] bytes, int[] ints, long[] longs, boolean[] flags,
                      Channel channel, List<Channel> channels, List<Integer> queue, List<String> names) { }

    record Checked(int value) {
        Checked {
            if (value > 7) {
                throw new IllegalArgumentException("value is 0 to 7, not " + value);
            }
        }
    }

    private static Everything everything() {
        return new Everything(true, -5, 1L << 63, "grün", Mode.WRITE, new byte[] {1, -1}, new int[] {-1, 2}, new long[] {Long.MIN_VALUE},
            new boolean[] {true, false}, new Channel(3, true), List.of(new Channel(4, false), new Channel(5, true)), List.of(6, 7), List.of("a"));
    }

    private static State with(Map<String, Object> changes) {
        Map<String, Object> fields = new HashMap<>(State.of("x", 1, new Channel(3, true)).fields());
        fields.putAll(changes);
        fields.values().removeIf("none"::equals);
        return new State("x", 1, fields);
    }

    @Test
    void aRecordComesBackAsItWas() {
        Everything back = State.of("x", 1, everything()).as(Everything.class, "x", 1);
        assertThat(back).usingRecursiveComparison().isEqualTo(everything());
    }

    @Test
    void theTreeHoldsNoClassOfTheRecord() {
        assertOnlyPlain(State.of("x", 1, everything()).fields());
    }

    private static void assertOnlyPlain(Object value) {
        if (value instanceof Map<?, ?> map) {
            map.values().forEach(StateTest::assertOnlyPlain);
        } else if (value instanceof List<?> list) {
            list.forEach(StateTest::assertOnlyPlain);
        } else {
            assertThat(value.getClass().getClassLoader()).as("loader of %s", value.getClass()).isNull();
        }
    }

    @Test
    void theTreeIsACopy() {
        byte[] bytes = {1, 2};
        record Buffer(byte[] bytes) { }
        State state = State.of("x", 1, new Buffer(bytes));
        bytes[0] = 9;
        Buffer back = state.as(Buffer.class, "x", 1);
        assertThat(back.bytes).containsExactly(1, 2);
        back.bytes[1] = 9;
        assertThat(state.as(Buffer.class, "x", 1).bytes).containsExactly(1, 2);
    }

    @Test
    void anotherModelIsRefused() {
        assertThatThrownBy(() -> with(Map.of()).as(Channel.class, "i8254", 1)).isInstanceOf(StateException.class)
            .hasMessage("state is of x, expected i8254");
    }

    @Test
    void aNewerVersionIsRefusedAndAnOlderIsNot() {
        State state = State.of("x", 2, new Channel(3, true));
        assertThatThrownBy(() -> state.as(Channel.class, "x", 1)).isInstanceOf(StateException.class)
            .hasMessage("state of x has version 2, newest understood is 1");
        assertThat(state.as(Channel.class, "x", 3)).isEqualTo(new Channel(3, true));
    }

    @Test
    void aMissingFieldIsNamed() {
        assertThatThrownBy(() -> with(Map.of("gate", "none")).as(Channel.class, "x", 1)).isInstanceOf(StateException.class)
            .hasMessage("state field x.gate is missing");
    }

    @Test
    void aMissingFieldOfANestedRecordIsNamedWithItsPath() {
        State state = State.of("x", 1, everything());
        Map<String, Object> fields = new HashMap<>(state.fields());
        fields.put("channels", List.of(Map.of("count", 1L, "gate", true), Map.of("count", 1L)));
        assertThatThrownBy(() -> new State("x", 1, fields).as(Everything.class, "x", 1)).isInstanceOf(StateException.class)
            .hasMessage("state field x.channels[1].gate is missing");
    }

    @Test
    void aFieldOfAnotherShapeIsNamed() {
        assertThatThrownBy(() -> with(Map.of("count", "three")).as(Channel.class, "x", 1)).isInstanceOf(StateException.class)
            .hasMessageContaining("x.count");
        assertThatThrownBy(() -> with(Map.of("count", 1L << 40)).as(Channel.class, "x", 1)).as("more than an int").isInstanceOf(StateException.class)
            .hasMessageContaining("x.count");
        record Named(Mode mode) { }
        assertThatThrownBy(() -> new State("x", 1, Map.of("mode", "ERASE")).as(Named.class, "x", 1)).isInstanceOf(StateException.class)
            .hasMessage("state field x.mode has no value ERASE");
    }

    @Test
    void unknownFieldsArePassedOver() {
        assertThat(with(Map.of("later", 5L)).as(Channel.class, "x", 1)).isEqualTo(new Channel(3, true));
    }

    @Test
    void theRecordsOwnRulesHold() {
        assertThatThrownBy(() -> new State("x", 1, Map.of("value", 8L)).as(Checked.class, "x", 1)).isInstanceOf(StateException.class)
            .hasMessage("state of x is not possible: value is 0 to 7, not 8");
    }
}
