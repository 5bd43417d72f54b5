package com.vtsim.checks;

import static org.assertj.core.api.Assertions.assertThat;

import com.vtsim.checks.Launcher.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code ./vtsim} prints and returns, seen from outside. */
class LauncherTest {

    @TempDir
    Path folder;

    private Launcher launcher;

    @BeforeEach
    void launchInAFolderOfOurOwn() throws IOException {
        launcher = new Launcher(folder);
    }

    @Test
    void commandsPrintWhatTheyReturnAndNothingElse() throws Exception {
        assertThat(vtsim("-c", "echo one; x = two; echo $x")).isEqualTo(new Outcome(0, "one\ntwo\n", ""));
    }

    @Test
    void aFailureIsOneLineAndStopsTheCommands() throws Exception {
        assertThat(vtsim("-c", "echo one; log:list --count many; echo two"))
                .isEqualTo(new Outcome(1, "one\n", "vtsim: log:list: --count: 'many' is no number; write it as 10, 0x10, 64K or 250ms\n"));
    }

    @Test
    void aProgramReadsJson() throws Exception {
        assertThat(vtsim("--json", "-c", "vtsim.x = 1; machine:create a; machine:run a -n 10 -q; machine:destroy b"))
                .isEqualTo(new Outcome(1, "{\"name\":\"a\",\"text\":\"256M of RAM, 1 processor, 12 parts (q35)\"}\n"
                        + "{\"machine\":\"a\",\"stop\":{\"cause\":\"INSTRUCTIONS\",\"text\":\"\",\"exitStatus\":-1},\"instructions\":10,\"time\":10,\"resets\":0}\n",
                        "{\"script\":null,\"line\":1,\"error\":\"no machine 'b'; there is a\"}\n"));
        assertThat(vtsim("--json")).isEqualTo(new Outcome(2, "", "vtsim: --json needs -c or a file of commands; see vtsim --help\n"));
    }

    @Test
    void anUnknownCommandHasANeighbour() throws Exception {
        assertThat(vtsim("-c", "log:lits")).isEqualTo(new Outcome(1, "", "vtsim: no such command: log:lits; did you mean log:list?\n"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            machine:digest           | machine:digest: machine is missing; see "help machine:digest"
            cpu:break                | cpu:break: machine is missing; see "help cpu:break"
            machine:console a com1 5 | machine:console: one argument too many: 5; see "help machine:console"
            log:level org.example "" | log:level: wrong arguments; it takes none, or LEVEL, or LOGGER LEVEL; see "help log:level"
            machine:save a --nosuch  | machine:save: no such option: --nosuch
            mem:dump a ""            | '' is no address; write a number as 0x1000 or fee0_0000h, or a register as rsp or rip+10h
            mem:dump a -1            | '-1' is no address; write a number as 0x1000 or fee0_0000h, or a register as rsp or rip+10h
            machine:events a -n -1   | --count -1 is not possible; it must be 1 or more
            log:list -n 4000000000   | log:list: -n: '4000000000' does not fit in 32 bits
            cpu:trace a -1           | keep -1 is not possible; it must be 0 to 1000000
            """)
    void wrongArgumentsAreNamedWithWhatIsRight(String command, String error) throws Exception {
        assertThat(vtsim("-c", "machine:create a --memory 1M; " + command).err()).isEqualTo("vtsim: " + error + "\n");
    }

    @Test
    void whatACommandThrowsIsUnwrapped() throws Exception {
        assertThat(vtsim("-c", "throw 'first\nsecond'")).isEqualTo(new Outcome(1, "", "vtsim: first; second\n"));
    }

    @Test
    void aCommandSetsTheExitStatus() throws Exception {
        assertThat(vtsim("-c", "exit 33; echo no")).isEqualTo(new Outcome(33, "", ""));
        assertThat(vtsim("-c", "vtsim.exit = 7; echo on")).isEqualTo(new Outcome(7, "on\n", ""));
    }

    @Test
    void aScriptHasArgumentsAndItsErrorsHaveLines() throws Exception {
        Path script = Files.writeString(folder.resolve("script.gogo"), "# a remark\necho $1 $2\n\nnonsense:here\n");
        assertThat(vtsim(script.toString(), "a", "b c"))
                .isEqualTo(new Outcome(1, "a b c\n", "vtsim: " + script + ":4: no such command: nonsense:here; \"help\" lists them\n"));
    }

    @Test
    void whatDoesNotParseRunsNotAtAll() throws Exception {
        Outcome outcome = vtsim("-c", "echo one; { echo");
        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err().lines()).hasSize(1);
    }

    @Test
    void aWrongCommandLineIsAnError() throws Exception {
        assertThat(vtsim("-c")).isEqualTo(new Outcome(2, "", "vtsim: -c takes one argument, the commands; see vtsim --help\n"));
        assertThat(vtsim("--nonsense")).isEqualTo(new Outcome(2, "", "vtsim: no such option: --nonsense; see vtsim --help\n"));
        assertThat(vtsim("absent.gogo")).isEqualTo(new Outcome(1, "", "vtsim: cannot read absent.gogo: no such file: absent.gogo\n"));
    }

    @Test
    void helpNamesEveryCommandOfTheShell() throws Exception {
        Outcome outcome = vtsim("-c", "help");
        assertThat(outcome.status()).isZero();
        assertThat(outcome.out()).contains("help  ", "exit  ", "log:list  ").doesNotContain("\u001b");
        assertThat(vtsim("-c", "help log:list").out()).contains("-l, --level", "-n, --count N");
    }

    @Test
    void commandsMayComeThroughAPipe() throws Exception {
        assertThat(run(List.of("bash", "-c", "echo 'echo ├─; exit 4' | LC_ALL=C " + script()))).isEqualTo(new Outcome(4, "├─\n", ""));
    }

    @Test
    void theScriptWorksThroughALink() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("link"), script());
        assertThat(run(List.of(link.toString(), "--version")).out()).startsWith("VTSim 1.");
        Files.delete(link);
    }

    @Test
    void theLogGoesToItsFile() throws Exception {
        vtsim("-c", "log:level debug; each 1 { echo }");
        assertThat(folder.resolve("log/vtsim.log")).exists();
    }

    private static Path script() {
        return Launcher.root().resolve("vtsim");
    }

    private Outcome vtsim(String... arguments) throws Exception {
        List<String> line = new ArrayList<>(List.of(script().toString()));
        line.addAll(List.of(arguments));
        return run(line);
    }

    private Outcome run(List<String> line) throws Exception {
        return launcher.run(line.toArray(String[]::new));
    }
}
