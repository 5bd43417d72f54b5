package com.vtsim.pci.lpc.debug;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.pci.lpc.Bench;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DebugPortsTest {
    private final Bench bench = new Bench();
    private final StringBuilder text = new StringBuilder();
    private DebugPorts ports = bench.attach(new DebugPorts("debug"));

    /** Firmware asks by reading whether the port is there. */
    @ParameterizedTest
    @ValueSource(ints = {0x402, 0xE9})
    void textPortsAnswerAndSpeak(int port) {
        ports.output(c -> text.append((char) c));
        assertThat(bench.in(port)).isEqualTo(0xE9);
        bench.out(port, 'H');
        bench.out(port, 'i');
        assertThat(text).hasToString("Hi");
    }

    @Test
    void speaksToNobody() {
        bench.out(0x402, 'x');
        ports.input(new byte[] {1});
        assertThat(bench.in(0x402)).isEqualTo(0xE9);
    }

    @Test
    void postCodeIsKeptAndTraced() {
        bench.out(0x80, 0xD3);
        assertThat(bench.in(0x80)).isEqualTo(0xD3);
        assertThat(bench.events).containsExactly("post.code d3h");
        assertThat(ports.registers()).containsExactly("POST = d3");
    }

    @Test
    void postCodeCarriesOverAndIsReset() {
        bench.out(0x80, 0x42);
        ports = bench.replace(ports, new DebugPorts("debug"));
        assertThat(bench.in(0x80)).isEqualTo(0x42);
        ports.reset(Reset.WARM);
        assertThat(bench.in(0x80)).isZero();
    }

    @Test
    void refusesBadState() {
        assertThatThrownBy(() -> ports.restore(new State("debug-ports", 1, Map.of("code", 256L)))).isInstanceOf(StateException.class);
        assertThatThrownBy(() -> ports.restore(new State("i8042", 1, Map.of("code", 1L)))).isInstanceOf(StateException.class);
    }
}
