package com.vtsim.shell.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.shell.session.Script.Step;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScriptTest {

    @Test
    void commandsAreCutAtSemicolonsAndLineEnds() {
        assertThat(Script.of("a 1; b | c 2 ;\n# a remark\nd && e\n\n")).extracting(Step::text).containsExactly("a 1", "b | c 2", "# a remark\nd && e");
    }

    @Test
    void closuresStayWhole() {
        assertThat(Script.of("each [1 2] { x = $it; echo $x }; b")).extracting(Step::text).containsExactly("each [1 2] { x = $it; echo $x }", "b");
    }

    @Test
    void stepsKnowTheirLine() {
        assertThat(Script.of("a\n\n# a remark\nb; c\n")).extracting(Step::line).containsExactly(1, 4, 4);
    }

    @Test
    void assignmentsAreSilent() {
        assertThat(Script.of("x = 5; echo x")).extracting(Step::silent).containsExactly(true, false);
    }

    @Test
    void aJobInTheBackgroundKeepsItsSign() {
        assertThat(Script.of("a & b")).extracting(Step::text).containsExactly("a &", "b");
    }

    @Test
    void nothingIsNoStep() {
        assertThat(Script.of("")).isEmpty();
        assertThat(Script.of("  # only a remark\n")).isEmpty();
    }

    @Test
    void whatDoesNotParseIsOneLineBeforeAnythingRuns() {
        assertThatThrownBy(() -> Script.of("a; { b")).isInstanceOf(OperatorException.class).message().doesNotContain("\n");
    }

    @Test
    void theNearestNameIsSuggested() {
        List<String> names = List.of("help", "machine:create", "machine:run", "log:list");
        assertThat(Diagnosis.nearest("hlep", names)).contains("help");
        assertThat(Diagnosis.nearest("machine:crate", names)).contains("machine:create");
        assertThat(Diagnosis.nearest("xyzzy", names)).isEmpty();
    }
}
