package com.vtsim.pci.lpc.keyboard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.pci.lpc.Bench;
import com.vtsim.pci.lpc.SwapStorm;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Against IBM's "Personal System/2 Hardware Interface Technical Reference": "Keyboard and Auxiliary Device Controller",
 * "Keyboards (101- and 102-key)", and "Personal System/2 Mouse Technical Reference".
 */
class KeyboardControllerTest {
    private static final int OBF = 0x01;
    private static final int AUX = 0x20;
    private final Bench bench = new Bench(2, 16L << 20, 0);
    private KeyboardController controller = bench.attach(new KeyboardController("i8042"));

    private void command(int value) {
        bench.out(0x64, value);
    }

    private void data(int value) {
        bench.out(0x60, value);
    }

    private void configure(int value) {
        command(0x60);
        data(value);
    }

    private void mouse(int value) {
        command(0xD4);
        data(value);
    }

    /** Reads what comes within 10 ms, hexadecimal; bytes of the mouse are marked. */
    private String answer() {
        List<String> bytes = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            int status = bench.in(0x64);
            if ((status & OBF) != 0) {
                bytes.add("%s%02x".formatted((status & AUX) != 0 ? "m" : "", bench.in(0x60)));
            }
            bench.pass(10_000);
        }
        return String.join(" ", bytes);
    }

    private void type(String text) {
        controller.input(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Controller commands that answer. */
    @ParameterizedTest
    @CsvSource({"aa, 55", "ab, 00", "a9, 00", "a4, f1", "c0, 80", "e0, 00"})
    void commandAnswers(String command, String answer) {
        command(Integer.parseInt(command, 16));
        assertThat(answer()).isEqualTo(answer);
    }

    @Test
    void answerComesAfterAShortWhile() {
        command(0xAA);
        assertThat(bench.in(0x64) & OBF).isZero();
        bench.pass(5_000);
        assertThat(bench.in(0x64) & OBF).isEqualTo(OBF);
        assertThat(bench.in(0x60)).isEqualTo(0x55);
        assertThat(bench.in(0x64) & OBF).isZero();
        assertThat(bench.in(0x60)).as("the buffer keeps its byte").isEqualTo(0x55);
    }

    @Test
    void configurationByteIsReadAndWritten() {
        configure(0x65);
        command(0x20);
        assertThat(answer()).isEqualTo("65");
        assertThat(bench.in(0x64) & 0x04).as("system flag").isEqualTo(0x04);
    }

    @Test
    void controllerMemoryIsReadAndWritten() {
        command(0x7F);
        data(0x5A);
        command(0x3F);
        assertThat(answer()).isEqualTo("5a");
    }

    @Test
    void statusTellsCommandFromData() {
        command(0xAE);
        assertThat(bench.in(0x64) & 0x08).isEqualTo(0x08);
        data(0xEE);
        assertThat(bench.in(0x64) & 0x08).isZero();
    }

    @Test
    void disableAndEnableShowInTheConfigurationByte() {
        command(0xAD);
        command(0xA8);
        command(0x20);
        assertThat(answer()).isEqualTo("51");
        command(0xAE);
        command(0xA7);
        command(0x20);
        assertThat(answer()).isEqualTo("61");
    }

    /** D1h, Write Output Port: bit 1 is A20 of every processor. */
    @Test
    void outputPortDrivesA20() {
        command(0xD1);
        data(0xDD);
        assertThat(bench.processors).extracting(p -> p.a20).containsOnly(false);
        command(0xD0);
        assertThat(answer()).isEqualTo("c1");
        command(0xD1);
        data(0xDF);
        assertThat(bench.processors).extracting(p -> p.a20).containsOnly(true);
    }

    @Test
    void a20CommandsOfTheChipset() {
        command(0xDD);
        assertThat(bench.processors).extracting(p -> p.a20).containsOnly(false);
        command(0xDF);
        assertThat(bench.processors).extracting(p -> p.a20).containsOnly(true);
    }

    /** F0h–FFh, Pulse Output Port: bit 0 low pulses the processor's reset. */
    @ParameterizedTest
    @CsvSource({"fe, 1", "ff, 0", "f0, 1", "fd, 0"})
    void pulseResets(String command, int resets) {
        command(Integer.parseInt(command, 16));
        assertThat(bench.resets).hasSize(resets);
    }

    @Test
    void outputPortResets() {
        command(0xD1);
        data(0x02);
        assertThat(bench.resets).containsExactly(Reset.WARM);
    }

    @Test
    void writesToTheOutputBuffersComeBack() {
        command(0xD2);
        data(0x12);
        assertThat(answer()).isEqualTo("12");
        command(0xD3);
        data(0x34);
        assertThat(answer()).isEqualTo("m34");
    }

    /** Keyboard commands, untranslated. */
    @ParameterizedTest
    @CsvSource({"ff, fa aa", "ee, ee", "f2, fa ab 83", "f4, fa", "f5, fa", "f6, fa", "01, fe", "fa, fa"})
    void keyboardAnswers(String command, String answer) {
        configure(0x00);
        data(Integer.parseInt(command, 16));
        assertThat(answer()).isEqualTo(answer);
    }

    @Test
    void keyboardTakesParameters() {
        configure(0x00);
        data(0xED);
        assertThat(answer()).isEqualTo("fa");
        data(0x05);
        assertThat(answer()).isEqualTo("fa");
        assertThat(controller.registers().toString()).contains("LEDs 5");
        data(0xF3);
        data(0x7F);
        assertThat(answer()).isEqualTo("fa fa");
    }

    /** F0h, Select Alternate Scan Codes: parameter 0 asks. */
    @Test
    void keyboardTellsItsScanCodeSet() {
        configure(0x00);
        data(0xF0);
        data(0x00);
        assertThat(answer()).isEqualTo("fa fa 02");
        data(0xF0);
        data(0x03);
        data(0xF0);
        data(0x00);
        assertThat(answer()).isEqualTo("fa fa fa fa 03");
        data(0xF0);
        data(0x07);
        assertThat(answer()).isEqualTo("fa fe");
    }

    /** FEh, Resend. */
    @Test
    void keyboardResends() {
        configure(0x00);
        data(0xF2);
        answer();
        data(0xFE);
        assertThat(answer()).isEqualTo("83");
    }

    /** Keyboard scan code sets of the keys A (with shift), Enter and cursor up. */
    @ParameterizedTest
    @CsvSource({"1, 2a 1e 9e aa 1c 9c", "2, 12 1c f0 1c f0 12 5a f0 5a", "3, 12 1c f0 1c f0 12 5a f0 5a"})
    void keysSendTheCodesOfTheSet(int set, String codes) {
        configure(0x00);
        data(0xF0);
        data(set);
        answer();
        type("A\n");
        assertThat(answer()).isEqualTo(codes);
    }

    /** Translation: the controller turns set 2 into set 1, the break prefix into bit 7. */
    @Test
    void controllerTranslates() {
        configure(0x40);
        type("a?\u001b");
        assertThat(answer()).isEqualTo("1e 9e 2a 35 b5 aa 01 81");
        controller.key(0xE048, true);
        controller.key(0xE048, false);
        assertThat(answer()).isEqualTo("e0 48 e0 c8");
        data(0xF2);
        assertThat(answer()).as("identity as Linux knows it, translated").isEqualTo("fa ab 41");
    }

    @Test
    void everyPrintableCharacterHasAKey() {
        for (int c = ' '; c < 0x7F; c++) {
            assertThat(Keys.ascii(c)).as("character %c", c).isNotZero();
            assertThat(Keys.set2(Keys.ascii(c) & 0x7F)).isNotZero();
        }
        assertThat(Keys.ascii(3)).as("control-C").isEqualTo(0x2E | Keys.WITH_CONTROL);
        assertThat(Keys.ascii(0)).isZero();
        assertThat(Keys.ascii(0xC3)).isZero();
    }

    @Test
    void longTextIsTypedWholly() {
        configure(0x40);
        type("x".repeat(500));
        StringBuilder codes = new StringBuilder();
        for (int i = 0; i < 60; i++) {
            codes.append(answer()).append(' ');
        }
        assertThat(codes.toString().split("2d ad", -1)).hasSize(501);
    }

    /** A keyboard's buffer of 16 bytes: what does not fit is replaced by one overrun code. */
    @Test
    void keysBeyondTheBufferAreAnOverrun() {
        configure(0x00);
        for (int i = 0; i < 20; i++) {
            controller.key(0x1E, true);
        }
        String[] bytes = answer().split(" ");
        assertThat(bytes).hasSize(16).endsWith("1c", "00");
    }

    @Test
    void disabledKeyboardWaits() {
        configure(0x10);
        type("a");
        assertThat(answer()).isEmpty();
        command(0xAE);
        assertThat(answer()).isEqualTo("1c f0 1c");
    }

    /** F5h, Default Disable: no scanning until F4h. */
    @Test
    void keyboardWithScanningOffIsSilent() {
        configure(0x00);
        data(0xF5);
        answer();
        controller.key(0x1E, true);
        assertThat(answer()).isEmpty();
        data(0xF4);
        answer();
        controller.key(0x1E, true);
        assertThat(answer()).isEqualTo("1c");
    }

    @Test
    void line1FollowsTheOutputBuffer() {
        configure(0x41);
        controller.key(0x1E, true);
        bench.pass(1_000_000);
        assertThat(bench.level(1)).isTrue();
        bench.in(0x60);
        assertThat(bench.level(1)).isFalse();
        configure(0x40);
        controller.key(0x1E, false);
        bench.pass(1_000_000);
        assertThat(bench.level(1)).isFalse();
        configure(0x41);
        assertThat(bench.level(1)).as("a byte is there already").isTrue();
    }

    @Test
    void line12IsTheMouses() {
        configure(0x03);
        mouse(0xF4);
        bench.pass(1_000_000);
        assertThat(bench.level(12)).isTrue();
        assertThat(bench.level(1)).isFalse();
        assertThat(bench.in(0x60)).isEqualTo(0xFA);
        assertThat(bench.level(12)).isFalse();
    }

    /** Mouse commands. */
    @ParameterizedTest
    @CsvSource({"ff, mfa maa m00", "f2, mfa m00", "f4, mfa", "f5, mfa", "f6, mfa", "e6, mfa", "e9, mfa m00 m02 m64", "eb, mfa m08 m00 m00",
        "ea, mfa", "f0, mfa", "01, mfe"})
    void mouseAnswers(String command, String answer) {
        configure(0x00);
        mouse(Integer.parseInt(command, 16));
        assertThat(answer()).isEqualTo(answer);
    }

    @Test
    void mouseTakesParameters() {
        configure(0x00);
        for (int value : new int[] {0xE8, 0x03, 0xF3, 0x28, 0xE7, 0xF4}) {
            mouse(value);
        }
        answer();
        mouse(0xE9);
        assertThat(answer()).isEqualTo("mfa m30 m03 m28");
        mouse(0xF3);
        mouse(0x07);
        assertThat(answer()).isEqualTo("mfa mfc");
    }

    /** Stream mode: a packet per movement; buttons, signs, X, Y. */
    @Test
    void mouseStreamsWhenEnabled() {
        configure(0x00);
        controller.mouse(5, 5, 0);
        assertThat(answer()).isEmpty();
        mouse(0xF4);
        mouse(0xEB);
        answer();
        controller.mouse(5, -3, 1);
        assertThat(answer()).isEqualTo("m29 m05 mfd");
    }

    /** Wrap mode echoes all but reset and its end. */
    @Test
    void mouseEchoesInWrapMode() {
        configure(0x00);
        mouse(0xEE);
        mouse(0xF4);
        mouse(0xEC);
        mouse(0xF2);
        assertThat(answer()).isEqualTo("mfa mf4 mfa mfa m00");
    }

    @Test
    void resetIsAsNew() {
        configure(0x00);
        data(0xF0);
        data(0x01);
        answer();
        type("a");
        controller.reset(Reset.WARM);
        assertThat(controller.registers()).isEqualTo(new KeyboardController("x").registers());
        assertThat(answer()).isEmpty();
    }

    @Test
    void stateCarriesOverWithBytesUnderWay() {
        configure(0x40);
        type("ab");
        bench.pass(500_000);
        controller = bench.replace(controller, new KeyboardController("i8042"));
        assertThat(answer()).isEqualTo("1e 9e 30 b0");
    }

    @Test
    void refusesBadState() {
        assertThatThrownBy(() -> controller.restore(new State("i8042", 1, Map.of()))).isInstanceOf(StateException.class);
    }

    @Test
    void nothingIsLostOrThrownUnderSwapsAndRandomAccesses() {
        SwapStorm.run(0x8042, () -> new KeyboardController("i8042"), new int[] {0x60, 0x64}, 1_000_000);
    }
}
