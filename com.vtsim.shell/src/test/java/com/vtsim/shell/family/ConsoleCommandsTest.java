package com.vtsim.shell.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Stop;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

/** machine:console and machine:send. */
final class ConsoleCommandsTest {
    private final ByteArrayOutputStream typed = new ByteArrayOutputStream();
    /** What the machine does at each look. */
    private final Deque<Machine.Status> states = new ArrayDeque<>();
    private int starts;
    private final Machine machine = StubMachine.proxy(Machine.class, (proxy, method, arguments) -> switch (method.getName()) {
        case "name" -> "m";
        case "input" -> {
            typed.writeBytes((byte[]) arguments[1]);
            yield null;
        }
        case "status" -> states.size() > 1 ? states.poll() : states.peek();
        case "start" -> {
            starts++;
            yield null;
        }
        default -> throw new UnsupportedOperationException(method.toString());
    });

    private static Machine.Status status(Stop.Cause cause) {
        return new Machine.Status(cause == null, cause == null ? null : Stop.of(cause, ""), 0, 0, List.of());
    }

    private static Keys keys(int... keys) {
        Deque<Integer> queue = new ArrayDeque<>(Arrays.stream(keys).boxed().toList());
        return new Keys() {
            @Override
            public int read(long millis) {
                return queue.isEmpty() ? NOTHING : queue.poll();
            }

            @Override
            public void close() { }
        };
    }

    private Stop attend(boolean debugged, int... keys) throws Exception {
        return new Attachment(machine, "com1", keys(keys), () -> debugged).attend();
    }

    @Test void keysReachTheGuestUntilTheDetachKey() throws Exception {
        states.add(status(null));
        assertThat(attend(false, 'l', 's', '\r', 3, 'ä', Attachment.DETACH, 'x')).isNull();
        assertThat(typed.toString(StandardCharsets.UTF_8)).isEqualTo("ls\r\u0003ä");
        assertThat(starts).as("it ran already").isZero();
    }

    @Test void aMachineThatDoesNotRunIsStartedAndAPowerOffEndsTheAttachment() throws Exception {
        states.addAll(List.of(status(Stop.Cause.PAUSED), status(null), status(Stop.Cause.POWER_OFF)));
        assertThat(attend(false).cause()).isEqualTo(Stop.Cause.POWER_OFF);
        assertThat(starts).isEqualTo(1);
    }

    @Test void anIdleMachineWaitsForAKeyAndGoesOnWithIt() throws Exception {
        states.addAll(List.of(status(null), status(Stop.Cause.IDLE), status(Stop.Cause.IDLE), status(Stop.Cause.IDLE)));
        assertThat(attend(false, Keys.NOTHING, Keys.NOTHING, 'a', Keys.NOTHING, Attachment.DETACH)).isNull();
        assertThat(starts).isEqualTo(1);
    }

    @Test void withoutKeysToComeAnIdleMachineIsAtItsEnd() throws Exception {
        states.addAll(List.of(status(null), status(Stop.Cause.IDLE)));
        assertThat(attend(false, Keys.END).cause()).isEqualTo(Stop.Cause.IDLE);
    }

    @Test void aDebuggersStopsDoNotEndTheAttachment() throws Exception {
        states.addAll(List.of(status(null), status(Stop.Cause.BREAKPOINT), status(Stop.Cause.PAUSED), status(null), status(Stop.Cause.POWER_OFF)));
        assertThat(attend(true).cause()).isEqualTo(Stop.Cause.POWER_OFF);
        states.clear();
        states.addAll(List.of(status(null), status(Stop.Cause.BREAKPOINT)));
        assertThat(attend(false).cause()).isEqualTo(Stop.Cause.BREAKPOINT);
    }

    @Test void aDebuggerThatHasJustLeftDoesNotEndTheAttachment() throws Exception {
        // Seen stopped, found without a debugger, and running by then.
        states.addAll(List.of(status(null), status(Stop.Cause.PAUSED), status(null), status(Stop.Cause.POWER_OFF)));
        assertThat(attend(false).cause()).isEqualTo(Stop.Cause.POWER_OFF);
    }

    @Test void escapesStandForKeys() {
        assertThat(Typed.bytes("a\\n\\r\\t\\e[A\\\\\\x03ü")).isEqualTo("a\n\r\t\u001b[A\\\u0003ü".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> Typed.bytes("a\\q")).isInstanceOf(OperatorException.class).hasMessageContaining("means nothing");
        assertThatThrownBy(() -> Typed.bytes("a\\")).isInstanceOf(OperatorException.class);
        assertThatThrownBy(() -> Typed.bytes("\\xg0")).isInstanceOf(OperatorException.class);
    }
}
