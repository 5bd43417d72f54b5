package com.vtsim.pci.lpc.serial;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.pci.lpc.Bench;
import com.vtsim.pci.lpc.SwapStorm;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against National Semiconductor's data sheet "PC16550D Universal Asynchronous Receiver/Transmitter with FIFOs". */
class UartTest {
    private static final int DATA = 0x3F8;
    private static final int IER = 0x3F9;
    private static final int IIR = 0x3FA;
    private static final int LCR = 0x3FB;
    private static final int MCR = 0x3FC;
    private static final int LSR = 0x3FD;
    private static final int MSR = 0x3FE;
    private static final int SCR = 0x3FF;
    /** 10 bits at 115200 baud: 16 × 10 cycles of 1.8432 MHz, rounded up to a nanosecond. */
    private static final long CHARACTER = 86_806;
    private static final long BIT = 8_681;

    private final Bench bench = new Bench();
    private final StringBuilder text = new StringBuilder();
    private Uart uart = new Uart("com1", 0x3F8, 4, "console");

    @BeforeEach
    void power() {
        uart.output(c -> text.append((char) c));
        bench.attach(uart);
        bench.out(LCR, 0x83);
        bench.out(DATA, 1);
        bench.out(IER, 0);
        bench.out(LCR, 0x03);
        bench.out(MCR, 0x08);
    }

    private void send(String characters) {
        uart.input(characters.getBytes(StandardCharsets.US_ASCII));
    }

    private int iir() {
        return bench.in(IIR) & 0x0F;
    }

    /** Reset Configuration. */
    @Test
    void masterResetSetsTheTablesValues() {
        bench.out(IER, 0x0F);
        bench.out(IIR, 0xC1);
        bench.out(MCR, 0x1F);
        bench.out(SCR, 0x5A);
        uart.reset(Reset.WARM);
        assertThat(bench.in(IER)).isZero();
        assertThat(bench.in(IIR)).isEqualTo(0x01);
        assertThat(bench.in(LCR)).isZero();
        assertThat(bench.in(MCR)).isZero();
        assertThat(bench.in(LSR)).isEqualTo(0x60);
        assertThat(bench.in(MSR) & 0x0F).isZero();
        assertThat(bench.in(SCR)).isEqualTo(0x5A);
    }

    @Test
    void registersKeepTheirBits() {
        bench.out(IER, 0xFF);
        bench.out(MCR, 0xFF);
        bench.out(LCR, 0x7F);
        bench.out(SCR, 0xA5);
        assertThat(bench.in(IER)).isEqualTo(0x0F);
        assertThat(bench.in(MCR)).isEqualTo(0x1F);
        assertThat(bench.in(LCR)).isEqualTo(0x7F);
        assertThat(bench.in(SCR)).isEqualTo(0xA5);
    }

    /** Line Control Register, DLAB: gives access to the divisor latches. */
    @Test
    void divisorIsBehindDlab() {
        bench.out(LCR, 0x83);
        bench.out(DATA, 0x34);
        bench.out(IER, 0x12);
        assertThat(bench.in(DATA)).isEqualTo(0x34);
        assertThat(bench.in(IER)).isEqualTo(0x12);
        bench.out(LCR, 0x03);
        assertThat(bench.in(IER)).isZero();
        assertThat(text).isEmpty();
    }

    @Test
    void consoleGetsWhatTheGuestWrites() {
        for (char c : "hello".toCharArray()) {
            bench.out(DATA, c);
            bench.pass(CHARACTER);
        }
        assertThat(text).hasToString("hello");
    }

    /** Line Status Register: THRE when the character has moved to the shift register, TEMT when that is empty too. */
    @Test
    void transmitterTakesTheTimeOfItsBits() {
        bench.out(DATA, 'x');
        assertThat(bench.in(LSR)).isZero();
        bench.pass(BIT);
        assertThat(bench.in(LSR)).isEqualTo(0x20);
        bench.pass(CHARACTER - 1);
        assertThat(bench.in(LSR)).isEqualTo(0x20);
        bench.pass(1);
        assertThat(bench.in(LSR)).isEqualTo(0x60);
    }

    /** Programmable Baud Generator; Line Control Register: word length, parity, stop bits. */
    @ParameterizedTest
    @CsvSource({"12, 3, 20", "12, 27, 22", "12, 7, 22", "1, 0, 14", "1, 4, 15", "96, 3, 20"})
    void characterTimeFollowsDivisorAndFormat(int divisor, int format, int halfBits) {
        bench.out(LCR, 0x80 | format);
        bench.out(DATA, divisor);
        bench.out(LCR, format);
        bench.out(DATA, 0);
        long start = bench.now();
        while ((bench.in(LSR) & 0x20) == 0) {
            bench.until(bench.due());
        }
        long moved = bench.now();
        while ((bench.in(LSR) & 0x40) == 0) {
            bench.until(bench.due());
        }
        long nanos = (halfBits * 8L * divisor * 1_000_000_000L + 1_843_199) / 1_843_200;
        assertThat(bench.now() - moved).isEqualTo(nanos);
        assertThat(moved - start).isPositive();
    }

    @Test
    void fasterCrystalMakesCharactersQuicker() {
        Uart quick = new Uart("com2", 0x2F8, 3, "console", 100 * Uart.CRYSTAL);
        bench.attach(quick);
        bench.out(0x2FB, 0x03);
        bench.out(0x2F8, 'x');
        bench.pass(BIT / 100 + CHARACTER / 100 + 2);
        assertThat(bench.in(0x2FD)).isEqualTo(0x60);
    }

    /** Interrupt Identification Register: THRE is cleared by reading IIR if that is its source. */
    @Test
    void holdingRegisterEmptyInterruptIsClearedByReadingIir() {
        bench.out(IER, 0x02);
        assertThat(bench.level(4)).as("empty when enabled").isTrue();
        assertThat(iir()).isEqualTo(0x02);
        assertThat(bench.level(4)).isFalse();
        assertThat(iir()).isEqualTo(0x01);
        bench.out(DATA, 'a');
        bench.pass(BIT);
        assertThat(bench.level(4)).isTrue();
    }

    @Test
    void holdingRegisterEmptyInterruptIsClearedByWriting() {
        bench.out(IER, 0x02);
        bench.out(DATA, 'a');
        assertThat(bench.level(4)).isFalse();
    }

    @Test
    void out2GatesTheInterrupt() {
        bench.out(MCR, 0x00);
        bench.out(IER, 0x02);
        assertThat(bench.level(4)).isFalse();
        bench.out(MCR, 0x08);
        assertThat(bench.level(4)).isTrue();
    }

    @Test
    void receivesOneCharacterAfterItsTime() {
        bench.out(IER, 0x01);
        send("q");
        bench.pass(CHARACTER - 1);
        assertThat(bench.in(LSR) & 1).isZero();
        bench.pass(1);
        assertThat(bench.level(4)).isTrue();
        assertThat(iir()).isEqualTo(0x04);
        assertThat(bench.in(LSR) & 1).isEqualTo(1);
        assertThat(bench.in(DATA)).isEqualTo('q');
        assertThat(bench.level(4)).isFalse();
        assertThat(bench.in(LSR) & 1).isZero();
    }

    /** What the host sends waits on the wire while the receiver is full. */
    @Test
    void hostNeverOverruns() {
        send("abc");
        bench.pass(100 * CHARACTER);
        assertThat(bench.in(LSR) & 0x03).isEqualTo(0x01);
        assertThat(bench.in(DATA)).isEqualTo('a');
        bench.pass(CHARACTER);
        assertThat(bench.in(DATA)).isEqualTo('b');
        bench.pass(CHARACTER);
        assertThat(bench.in(DATA)).isEqualTo('c');
    }

    /** FIFO Control Register: IIR bits 7:6 show that the FIFOs are on. */
    @Test
    void iirShowsTheFifos() {
        assertThat(bench.in(IIR)).isEqualTo(0x01);
        bench.out(IIR, 0x01);
        assertThat(bench.in(IIR)).isEqualTo(0xC1);
        bench.out(IIR, 0x00);
        assertThat(bench.in(IIR)).isEqualTo(0x01);
    }

    /** FIFO Control Register, RCVR trigger level: 1, 4, 8 or 14 characters. */
    @ParameterizedTest
    @CsvSource({"0x01, 1", "0x41, 4", "0x81, 8", "0xC1, 14"})
    void receiverInterruptsAtItsTriggerLevel(int fcr, int level) {
        bench.out(IIR, fcr);
        bench.out(IER, 0x01);
        send("0123456789abcdefgh");
        bench.pass((level - 1) * CHARACTER);
        assertThat(iir() == 0x04).isFalse();
        bench.pass(CHARACTER);
        assertThat(iir()).isEqualTo(0x04);
        bench.in(DATA);
        assertThat(iir()).as("below the level again").isEqualTo(0x01);
    }

    /** FIFO Interrupt Mode Operation, time-out: four character times without a character or a read. */
    @Test
    void timeOutAfterFourCharacterTimes() {
        bench.out(IIR, 0x81);
        bench.out(IER, 0x01);
        send("xy");
        bench.pass(2 * CHARACTER);
        bench.pass(4 * CHARACTER - 1);
        assertThat(iir()).isEqualTo(0x01);
        bench.pass(1);
        assertThat(bench.level(4)).isTrue();
        assertThat(iir()).isEqualTo(0x0C);
        assertThat(bench.in(DATA)).isEqualTo('x');
        assertThat(iir()).isEqualTo(0x01);
        bench.pass(4 * CHARACTER);
        assertThat(iir()).isEqualTo(0x0C);
        assertThat(bench.in(DATA)).isEqualTo('y');
        bench.pass(10 * CHARACTER);
        assertThat(iir()).isEqualTo(0x01);
    }

    /** FIFO Interrupt Mode Operation, transmitter: full FIFO, one interrupt when it is empty. */
    @Test
    void transmitterFifoTakesSixteen() {
        bench.out(IIR, 0x01);
        bench.out(IER, 0x02);
        iir();
        for (int i = 0; i < 17; i++) {
            bench.out(DATA, 'a' + i);
        }
        assertThat(text).as("the seventeenth is lost").hasToString("abcdefghijklmnop");
        bench.pass(BIT + 14 * CHARACTER);
        assertThat(iir()).isEqualTo(0x01);
        bench.pass(CHARACTER);
        assertThat(iir()).isEqualTo(0x02);
        assertThat(bench.in(LSR)).isEqualTo(0x20);
        bench.pass(CHARACTER);
        assertThat(bench.in(LSR)).isEqualTo(0x60);
    }

    /** FIFO Interrupt Mode Operation, transmitter b: one character at a time delays the indication by a character less its stop bit, but for the first. */
    @Test
    void loneCharactersDelayTheIndication() {
        bench.out(IIR, 0x01);
        bench.out(DATA, 'a');
        bench.pass(BIT);
        assertThat(bench.in(LSR) & 0x20).as("the first is immediate").isEqualTo(0x20);
        bench.pass(CHARACTER);
        bench.out(DATA, 'b');
        bench.pass(BIT);
        assertThat(bench.in(LSR) & 0x20).isZero();
        bench.pass(CHARACTER - BIT - 2);
        assertThat(bench.in(LSR) & 0x20).isZero();
        bench.pass(3);
        assertThat(bench.in(LSR) & 0x20).isEqualTo(0x20);
    }

    /** FIFO Control Register: resets of one FIFO leave the other. */
    @Test
    void fifoResets() {
        bench.out(IIR, 0x01);
        send("ab");
        bench.pass(2 * CHARACTER);
        bench.out(DATA, 'x');
        bench.out(DATA, 'y');
        bench.out(IIR, 0x03);
        assertThat(bench.in(LSR) & 0x21).isZero();
        bench.out(IIR, 0x05);
        assertThat(bench.in(LSR) & 0x20).isEqualTo(0x20);
    }

    /** Modem Status Register: the console is there, so CTS, DSR and DCD are asserted. */
    @Test
    void modemLinesAreAsserted() {
        assertThat(bench.in(MSR)).isEqualTo(0xB0);
    }

    private void loop(int mcr) {
        bench.out(MCR, 0x10 | mcr);
    }

    /** Modem Control Register, loopback: RTS, DTR, OUT1, OUT2 are CTS, DSR, RI, DCD. */
    @ParameterizedTest
    @CsvSource({"2, 0x10", "1, 0x20", "4, 0x40", "8, 0x80"})
    void loopbackConnectsTheModemLines(int mcr, int msr) {
        loop(0);
        bench.in(MSR);
        loop(mcr);
        int delta = mcr == 4 ? 0 : msr >> 4;
        assertThat(bench.in(MSR)).isEqualTo(msr | delta);
        assertThat(bench.in(MSR)).as("reading clears the changes").isEqualTo(msr);
    }

    /** Modem Status Register, TERI: only the end of ringing counts. */
    @Test
    void trailingEdgeOfRing() {
        loop(4);
        bench.in(MSR);
        loop(0);
        assertThat(bench.in(MSR)).isEqualTo(0x04);
    }

    @Test
    void modemStatusInterrupt() {
        loop(8);
        bench.in(MSR);
        bench.out(IER, 0x08);
        loop(0x0A);
        assertThat(bench.level(4)).isTrue();
        assertThat(iir()).isZero();
        bench.in(MSR);
        assertThat(bench.level(4)).isFalse();
    }

    @Test
    void loopbackReceivesWhatIsSent() {
        loop(8);
        bench.out(DATA, 0xA5);
        bench.pass(BIT + CHARACTER);
        assertThat(bench.in(DATA)).isEqualTo(0xA5);
        assertThat(text).isEmpty();
        bench.out(LCR, 0x00);
        bench.out(DATA, 0xFF);
        bench.pass(BIT + CHARACTER);
        assertThat(bench.in(DATA)).as("five data bits").isEqualTo(0x1F);
    }

    /** Line Status Register, OE: the buffer's character is destroyed by the next; reading the status clears it. */
    @Test
    void overrunWithoutFifo() {
        loop(8);
        bench.out(IER, 0x04);
        bench.out(DATA, 'a');
        bench.pass(2 * CHARACTER);
        bench.out(DATA, 'b');
        bench.pass(2 * CHARACTER);
        assertThat(bench.level(4)).isTrue();
        assertThat(iir()).isEqualTo(0x06);
        assertThat(bench.in(LSR) & 0x03).isEqualTo(0x03);
        assertThat(bench.in(LSR) & 0x02).isZero();
        assertThat(bench.level(4)).isFalse();
        assertThat(bench.in(DATA)).isEqualTo('b');
    }

    /** Line Status Register, OE in FIFO mode: the FIFO is kept, the new character is lost. */
    @Test
    void overrunWithFifo() {
        bench.out(IIR, 0x01);
        loop(8);
        for (int i = 0; i < 17; i++) {
            bench.out(DATA, i);
            bench.pass(3 * CHARACTER);
        }
        assertThat(bench.in(LSR) & 0x02).isEqualTo(0x02);
        for (int i = 0; i < 16; i++) {
            assertThat(bench.in(DATA)).isEqualTo(i);
        }
        assertThat(bench.in(LSR) & 0x01).isZero();
    }

    /** Line Control Register, Set Break: looped back it is a break of one null character. */
    @Test
    void breakIsLoopedBack() {
        bench.out(IIR, 0x01);
        loop(8);
        bench.out(LCR, 0x43);
        assertThat(bench.in(LSR) & 0x91).isEqualTo(0x91);
        assertThat(bench.in(LSR) & 0x90).isZero();
        assertThat(bench.in(DATA)).isZero();
    }

    /** Interrupt Identification Register: line status, received data, transmitter, modem, in this order. */
    @Test
    void interruptsAreIdentifiedInOrderOfPriority() {
        loop(8);
        bench.in(MSR);
        bench.out(DATA, 'a');
        bench.pass(2 * CHARACTER);
        bench.out(DATA, 'b');
        bench.pass(2 * CHARACTER);
        loop(0x0A);
        bench.out(IER, 0x0F);
        assertThat(iir()).isEqualTo(0x06);
        bench.in(LSR);
        assertThat(iir()).isEqualTo(0x04);
        bench.in(DATA);
        assertThat(iir()).isEqualTo(0x02);
        assertThat(iir()).isEqualTo(0x00);
        bench.in(MSR);
        assertThat(iir()).isEqualTo(0x01);
    }

    @Test
    void stateCarriesOverInTheMiddleOfACharacter() {
        bench.out(IIR, 0x01);
        bench.out(IER, 0x03);
        iir();
        bench.out(DATA, 'a');
        bench.out(DATA, 'b');
        send("pq");
        bench.pass(CHARACTER / 2);
        uart = bench.replace(uart, new Uart("com1", 0x3F8, 4, "console"));
        bench.pass(3 * CHARACTER);
        assertThat(iir()).isEqualTo(0x04);
        assertThat(bench.in(DATA)).isEqualTo('p');
        assertThat(bench.in(DATA)).isEqualTo('q');
        assertThat(iir()).isEqualTo(0x02);
        assertThat(bench.in(LSR)).isEqualTo(0x60);
    }

    @Test
    void idlePortHasNoAlarm() {
        bench.out(DATA, 'a');
        bench.pass(3 * CHARACTER);
        assertThat(bench.due()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void fileIsAppendedTo(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("serial.log");
        Files.writeString(file, "old ");
        Uart port = new Uart("com2", 0x2F8, 3, "file:" + file);
        bench.attach(port);
        bench.out(0x2FB, 0x03);
        bench.out(0x2F8, 'n');
        port.detach();
        assertThat(file).hasContent("old n");
    }

    /** The one test that waits for the host: bytes cross a real socket both ways; a time-out fails it, no sleep. */
    @Test
    void socketCarriesBytesBothWays() {
        int free = Assertions.assertDoesNotThrow(UartTest::freePort);
        Uart port = new Uart("com2", 0x2F8, 3, "tcp:" + free);
        bench.attach(port);
        bench.out(0x2FB, 0x03);
        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), free)) {
                client.getOutputStream().write('k');
                while (!bench.runPosted()) {
                    Thread.onSpinWait();
                }
                bench.pass(2 * CHARACTER);
                assertThat(bench.in(0x2F8)).isEqualTo('k');
                bench.out(0x2F8, 'v');
                assertThat(client.getInputStream().read()).isEqualTo('v');
            }
        });
        port.detach();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @ParameterizedTest
    @CsvSource({"0x3F9, 4, console", "0x3F8, 24, console", "0x3F8, 4, pipe:x", "0x3F8, 4, tcp:70000", "0x3F8, 4, file:"})
    void badConfigurationIsRefusedInOneLine(int port, int line, String backend) {
        assertThatThrownBy(() -> new Uart("com1", port, line, backend)).isInstanceOf(OperatorException.class)
                .hasMessageStartingWith("com1").hasMessageContaining("expected").hasMessageNotContaining("\n");
    }

    @Test
    void badCrystalIsRefused() {
        assertThatThrownBy(() -> new Uart("com1", 0x3F8, 4, "console", 0)).isInstanceOf(OperatorException.class).hasMessageContaining("crystal");
    }

    @Test
    void refusesBadState() {
        assertThatThrownBy(() -> uart.restore(new State("i8250", 1, Map.of()))).isInstanceOf(StateException.class);
    }

    @Test
    void nothingIsLostOrThrownUnderSwapsAndRandomAccesses() {
        SwapStorm.run(0x16550, () -> new Uart("com1", 0x3F8, 4, "console"), new int[] {0x3F8, 0x3F9, 0x3FA, 0x3FB, 0x3FC, 0x3FD, 0x3FE, 0x3FF}, 2_000_000);
    }
}
