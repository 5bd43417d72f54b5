package com.vtsim.shell.draw;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DrawingTest {

    record Sample(String name, @Hex(8) long baseAddress, int count, Optional<Duration> age) {
    }

    @Test
    void aRecordIsDrawnAsFields() {
        Sample sample = new Sample("ram", 0xff00_0000L, 3, Optional.of(Duration.ofMillis(250)));
        assertThat(Drawing.full(sample, Paint.PLAIN)).isEqualTo("""
                name          ram
                base address  ff00_0000
                count         3
                age           250 ms""");
        assertThat(Drawing.line(sample)).isEqualTo("ram  ff00_0000  3  250 ms");
    }

    @Test
    void recordsAreDrawnAsTableWithNumbersToTheRight() {
        List<Sample> samples = List.of(new Sample("a", 0, 7, Optional.empty()), new Sample("long", 1, 123, Optional.empty()));
        assertThat(Drawing.full(samples, Paint.PLAIN)).isEqualTo("""
                NAME  BASE ADDRESS  COUNT  AGE
                a        0000_0000      7
                long     0000_0001    123""");
    }

    @Test
    void programsReadTheSameAsJson() {
        Sample sample = new Sample("ram \"0\"", 0xff00_0000_0000_0001L, 3, Optional.of(Duration.ofMillis(250)));
        assertThat(Json.of(sample)).isEqualTo("{\"name\":\"ram \\\"0\\\"\",\"baseAddress\":\"0xff00000000000001\",\"count\":3,\"age\":250000000}");
        assertThat(Json.of(List.of(new Sample("a", 0, -7, Optional.empty())))).isEqualTo("[{\"name\":\"a\",\"baseAddress\":\"0x0\",\"count\":-7,\"age\":null}]");
        Tree tree = new Tree("m", "runs");
        tree.add("cpu0", "");
        assertThat(Json.of(tree)).isEqualTo("{\"label\":\"m\",\"note\":\"runs\",\"branches\":[{\"label\":\"cpu0\",\"note\":\"\",\"branches\":[]}]}");
        assertThat(Json.of(new byte[] {1, (byte) 0xAB})).isEqualTo("\"01ab\"");
        assertThat(Json.of("two\nlines")).isEqualTo("\"two\\nlines\"");
        assertThat(Json.of(new Table("NAME").row("x"))).isEqualTo("\"NAME\\nx\"");
    }

    @Test
    void coloursDoNotShiftColumns() {
        String drawn = new Table("NAME", ">N").row("x", 10).full(Paint.COLOUR);
        assertThat(drawn.replaceAll("\u001b\\[[0-9;]*m", "")).isEqualTo("NAME   N\nx     10");
        assertThat(drawn).contains("\u001b[36mx\u001b[0m");
    }

    @Test
    void aTreeIsDrawnWithLines() {
        Tree tree = new Tree("board");
        Tree bus = tree.add("pci", "2 functions");
        bus.add("00:00.0", "");
        bus.add("00:1f.0", "LPC bridge");
        tree.add("pic", "");
        assertThat(tree.full(Paint.PLAIN)).isEqualTo("""
                board
                ├─ pci  2 functions
                │  ├─ 00:00.0
                │  └─ 00:1f.0  LPC bridge
                └─ pic""");
    }

    @Test
    void whatIsNotOursIsLeftToGogo() {
        assertThat(Drawing.full("text", Paint.PLAIN)).isNull();
        assertThat(Drawing.full(List.of("a", "b"), Paint.PLAIN)).isNull();
        assertThat(Drawing.full(List.of(), Paint.PLAIN)).isEmpty();
    }

    @Test
    void unitsAreTheLargestThatFit() {
        assertThat(Drawing.bytes(512L << 20)).isEqualTo("512M");
        assertThat(Drawing.bytes(1000)).isEqualTo("1000");
        assertThat(Drawing.bytes(0)).isEqualTo("0");
        assertThat(Drawing.duration(Duration.ofNanos(1_500_000))).isEqualTo("1.5 ms");
        assertThat(Drawing.duration(Duration.ofSeconds(100))).isEqualTo("100 s");
        assertThat(Drawing.duration(Duration.ofNanos(7))).isEqualTo("7 ns");
        assertThat(Drawing.hexadecimal(0xffff_ffff_8000_0000L, 1)).isEqualTo("ffff_ffff_8000_0000");
    }
}
