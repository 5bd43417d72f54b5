package com.vtsim.shell.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import com.vtsim.shell.session.Exit;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** machine:run and its kin. */
final class RunCommandsTest {
    private final StubMachine stub = new StubMachine();
    private final StubSession session = new StubSession(Path.of("/"));
    private final RunCommands commands = new RunCommands(stub.machines());

    @Test void runShowsWhatTheGuestSaysAndHowItEnded() {
        stub.says = new String[] {"com1", "hello\r\n"};
        stub.stop = Stop.of(Stop.Cause.TEXT, "hello");
        Ended ended = run("hello");
        assertThat(session.text()).isEqualTo("hello\r\n");
        assertThat(ended.line()).isEqualTo("m said \"hello\" after 500 instructions, 1 us");
    }

    @Test void consolesDoNotWriteIntoEachOthersLines() {
        stub.says = new String[] {"com1", "login: ", "debug", "warning\n", "com1", "root"};
        run("");
        assertThat(session.text()).isEqualTo("login: root\nwarning\n");
    }

    @Test void lineEndThatTheGuestStillOwesIsNotPrintedTwice() {
        stub.says = new String[] {"com1", "ready"};
        run("");
        stub.says = new String[] {"com1", "\r\n\r\nmore\n"};
        run("");
        assertThat(session.text()).isEqualTo("ready\n\r\nmore\n");
    }

    @Test void oneConsoleCanBeChosenAndAllBeSilenced() {
        stub.says = new String[] {"com1", "one\n", "debug", "two\n"};
        commands.run(session.session(), "", 0, Duration.ZERO, "debug", false, "m");
        assertThat(session.text()).isEqualTo("two\n");
        commands.run(session.session(), "", 0, Duration.ZERO, "", true, "m");
        assertThat(session.text()).isEqualTo("two\n");
    }

    @Test void limitsReachTheMachine() {
        commands.run(session.session(), "", 12, Duration.ofSeconds(10), "", false, "m");
        assertThat(stub.limits).isEqualTo(new RunLimits(12, 10_000_000_000L, null));
        run("");
        assertThat(stub.limits).isEqualTo(RunLimits.NONE);
        assertThatThrownBy(() -> commands.run(session.session(), "", -1, Duration.ZERO, "", false, "m")).hasMessageContaining("--instructions -1 is negative");
    }

    @Test void guestsExitStatusBecomesTheSessions() {
        stub.stop = new Stop(Stop.Cause.POWER_OFF, "", 33);
        assertThat(run("").line()).isEqualTo("m switched off with exit status 33 after 500 instructions, 1 us");
        assertThat(session.variables).containsEntry(Exit.STATUS, 33);
    }

    @Test void textThatDoesNotAppearIsAnError() {
        stub.stop = Stop.of(Stop.Cause.DEADLINE, "");
        assertThatThrownBy(() -> run("hello")).isInstanceOf(OperatorException.class)
                .hasMessage("\"hello\" did not appear: m reached its deadline after 500 instructions, 1 us");
    }

    /** A guest that dies at once and is reset for ever says nothing else. */
    @Test void tripleFaultsOfTheRunAreTold() {
        stub.reports = List.of("cpu0: triple fault");
        stub.whileRunning = () -> stub.reports = List.of("cpu0: triple fault (9 times)", "pit: odd");
        assertThat(run("").line()).endsWith(", 1 us; 8 triple faults, see cpu:why m");
        stub.whileRunning = () -> { };
        assertThat(run("").line()).endsWith(", 1 us");
    }

    @Test void failedAndParkedMachinesAreErrors() {
        stub.stop = Stop.of(Stop.Cause.FAILED, "pit threw");
        assertThatThrownBy(() -> run("")).hasMessage("m failed: pit threw after 500 instructions, 1 us");
        stub.stop = Stop.of(Stop.Cause.PARKED, "cpu0 is missing");
        assertThatThrownBy(() -> run("")).hasMessageStartingWith("m is parked: cpu0 is missing");
    }

    @Test void unknownMachineIsNamed() {
        assertThatThrownBy(() -> commands.pause("n")).hasMessage("no machine 'n'; there is m");
    }

    private Ended run(String until) {
        return commands.run(session.session(), until, 0, Duration.ZERO, "", false, "m");
    }
}
