package com.vtsim.shell.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.cpu.LogicalProcessor;
import com.vtsim.shell.draw.Paint;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the commands' data looks like. */
final class ViewsTest {
    @Test void hexDumpKeepsColumnsWhenItStartsInMidLineAndMarksWhatWasNotRead() {
        int[] bytes = new int[20];
        bytes[0] = 'A';
        bytes[1] = 0xFF;
        bytes[19] = -1;
        assertThat(new HexDump(0x7C0E, bytes, 8).full(Paint.PLAIN)).isEqualTo("""
                0000_7c00                                             41 ff  |              A.|
                0000_7c10  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|
                0000_7c20  00 ··                                             |..              |""");
    }

    @Test void plainRegistersStandSideBySideAndThoseWithMeaningAlone() {
        Registers registers = new Registers(List.of(register("rax", 1, ""), register("rbx", 2, ""), register("rcx", 3, ""), register("rdx", 4, ""),
                register("rsi", 5, ""), register("rflags", 2, "reserved"), register("rdi", 6, "")));
        assertThat(registers.full(Paint.PLAIN).lines()).containsExactly(
                "rax   0000_0000_0000_0001  rbx   0000_0000_0000_0002  rcx   0000_0000_0000_0003",
                "rdx   0000_0000_0000_0004  rsi   0000_0000_0000_0005",
                "rflags 0000_0000_0000_0002  reserved",
                "rdi   0000_0000_0000_0006");
    }

    @Test void segmentsStandWithTheirParts() {
        Registers registers = new Registers(List.of(new LogicalProcessor.Register("cs", 16, 8, ""), new LogicalProcessor.Register("cs.base", 64, 0, ""),
                new LogicalProcessor.Register("cs.limit", 32, 0xFFFF, ""), new LogicalProcessor.Register("ss", 16, 16, "")));
        assertThat(registers.full(Paint.PLAIN).lines()).containsExactly("cs    0008  base 0000_0000_0000_0000  limit 0000_ffff", "ss    0010");
    }

    @Test void listingShowsAddressBytesAndText() {
        Listing listing = new Listing(List.of(new LogicalProcessor.Line(0x7C00, new byte[] {(byte) 0xFA}, "cli"), new LogicalProcessor.Line(-16, new byte[] {0x0F, 0x0B}, "ud2")));
        assertThat(listing.full(Paint.PLAIN).lines()).containsExactly(
                "0000_7c00  fa                    cli",
                "ffff_ffff_ffff_fff0  0f0b                  ud2");
    }

    @Test void bytesMayBeWrittenWithAndWithoutBlanks() {
        assertThat(Targets.bytes("55 aa")).containsExactly(0x55, 0xAA);
        assertThat(Targets.bytes("55AA")).containsExactly(0x55, 0xAA);
        assertThatThrownBy(() -> Targets.bytes("5")).hasMessage("'5' is no row of bytes; write it as \"55 aa\", or give --text");
    }

    private static LogicalProcessor.Register register(String name, long value, String text) {
        return new LogicalProcessor.Register(name, 64, value, text);
    }
}
