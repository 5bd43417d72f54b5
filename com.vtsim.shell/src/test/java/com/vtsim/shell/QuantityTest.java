package com.vtsim.shell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.OperatorException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantityTest {

    @ParameterizedTest
    @CsvSource({"10,10", "-1,-1", "0x10,16", "0xff00_0000,4278190080", "ff00_0000h,", "0FFH,255", "1_000,1000", "64K,65536", "512M,536870912", "2GiB,2147483648",
        "1.5k,1536", "10s,10000000000", "250ms,250000000", "3us,3000", "7ns,7", "1min,60000000000", "0.5s,500000000"})
    void numbersAreReadWithBaseAndUnit(String text, Long expected) {
        if (expected == null) {
            // The manual's notation needs a leading digit, or the word would be a name.
            assertThatThrownBy(() -> Quantity.number(text)).isInstanceOf(OperatorException.class);
        } else {
            assertThat(Quantity.number(text)).isEqualTo(expected);
        }
    }

    @Test
    void hexadecimalUsesAll64Bits() {
        assertThat(Quantity.number("0xffff_ffff_8000_0000")).isEqualTo(0xffff_ffff_8000_0000L);
        assertThatThrownBy(() -> Quantity.number("0x1_0000_0000_0000_0000")).hasMessageContaining("does not fit in 64 bits");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "12Q", "0x", "1.5", "--", "1e3", "10 s"})
    void whatIsNoNumberIsSaidToBeNone(String text) {
        assertThatThrownBy(() -> Quantity.number(text)).isInstanceOf(OperatorException.class).hasMessageContaining("'" + text + "' is no number");
    }

    @Test
    void sizesTakeNoTimesAndNoSign() {
        assertThat(Quantity.bytes("4K")).isEqualTo(4096);
        assertThatThrownBy(() -> Quantity.bytes("4s")).hasMessageContaining("is no size");
        assertThatThrownBy(() -> Quantity.bytes("-4K")).hasMessageContaining("negative");
        assertThatThrownBy(() -> Quantity.bytes("9999999T")).hasMessageContaining("does not fit");
    }

    @Test
    void durationsNeedAUnit() {
        assertThat(Quantity.duration("10s")).isEqualTo(Duration.ofSeconds(10));
        assertThat(Quantity.duration("0")).isEqualTo(Duration.ZERO);
        assertThatThrownBy(() -> Quantity.duration("10")).hasMessage("'10' is no duration; write it as 250ms or 10s (units: ns, us, ms, s, min, h)");
        assertThatThrownBy(() -> Quantity.duration("10M")).hasMessageContaining("is no duration");
    }

    @Test
    void argumentsOf32BitsAreNotCutShort() {
        QuantityConverter converter = new QuantityConverter();
        assertThat(converter.convert(int.class, "0xffff_ffff")).isEqualTo(-1);
        assertThat(converter.convert(Long.class, "64K")).isEqualTo(65536L);
        assertThat(converter.convert(String.class, "64K")).isNull();
        assertThatThrownBy(() -> converter.convert(int.class, "8G")).hasMessage("'8G' does not fit in 32 bits");
    }

    @Test
    void anIntegerTakes32BitsInHexadecimalAnd31InDecimal() {
        QuantityConverter converter = new QuantityConverter();
        assertThat(converter.convert(int.class, "0xffffffff")).isEqualTo(-1);
        assertThat(converter.convert(int.class, "-1")).isEqualTo(-1);
        assertThatThrownBy(() -> converter.convert(int.class, "4000000000")).isInstanceOf(OperatorException.class).hasMessage("'4000000000' does not fit in 32 bits");
        assertThatThrownBy(() -> converter.convert(int.class, 4_000_000_000L)).as("what Gogo has taken for a number").isInstanceOf(OperatorException.class);
        assertThatThrownBy(() -> converter.convert(int.class, "0x100000000")).isInstanceOf(OperatorException.class);
    }

    @Test
    void aNumberOutOfRangeIsNamedWithItsRange() {
        Quantity.check("--count", 1, 1, 5);
        Quantity.check("--count", 5, 1, 5);
        assertThatThrownBy(() -> Quantity.check("--count", 6, 1, 5)).hasMessage("--count 6 is not possible; it must be 1 to 5");
        assertThatThrownBy(() -> Quantity.check("--count", 0, 1, Long.MAX_VALUE)).hasMessage("--count 0 is not possible; it must be 1 or more");
    }
}
