package com.vtsim.cpu.vmx;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/conformance-vmx-table.md says what is so. */
class ConformanceTest {
    private static final Pattern CONTROL = Pattern.compile("\\| (\\w+), (\\d+) \\| [^|]+ \\| `(\\w+)` \\| `(\\w+)\\.(\\w+)` \\|");
    private static final Pattern REASON = Pattern.compile("\\| (\\d+) \\| ([^|]+) \\| `(\\w+)\\.(\\w+)` \\|");

    private static Stream<Matcher> rows(Pattern row) throws IOException {
        return Files.readAllLines(Path.of("..", "docs", "conformance-vmx-table.md")).stream().map(row::matcher).filter(Matcher::matches);
    }

    private static void assertTest(String type, String method) {
        try {
            assertThat(Stream.of(Class.forName("com.vtsim.cpu.vmx." + type).getDeclaredMethods()).filter(each -> each.getAnnotations().length > 0)
                .map(each -> each.getName())).contains(method);
        } catch (ClassNotFoundException e) {
            throw new AssertionError(type + " is no test", e);
        }
    }

    @Test void everyControlHasItsRowAndTest() throws IOException {
        List<String> found = new ArrayList<>();
        rows(CONTROL).forEach(row -> {
            found.add(row.group(1) + ", " + row.group(2) + " " + row.group(3));
            assertTest(row.group(4), row.group(5));
        });
        assertThat(found).containsExactlyElementsOf(Stream.of(Control.values()).map(each -> each.field + ", " + each.bit + " " + each).toList());
    }

    @Test void everyExitReasonHasItsRowAndTest() throws IOException {
        List<String> found = new ArrayList<>();
        rows(REASON).forEach(row -> {
            found.add(row.group(1) + " " + row.group(2));
            assertTest(row.group(3), row.group(4));
        });
        assertThat(found).containsExactlyElementsOf(Stream.of(ExitReason.values()).map(each -> each.number + " " + each.title).toList());
    }

    /** Rows of EPT have several tests each. */
    @Test void everyTestOfEptIsThere() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("..", "docs", "conformance-vmx-table.md"));
        Pattern test = Pattern.compile("`(\\w+Test)\\.(\\w+)`");
        List<String> rows = lines.subList(lines.indexOf("## EPT and cached translations") + 4, lines.size());
        assertThat(rows).hasSizeGreaterThan(15).allSatisfy(row -> assertThat(test.matcher(row).find()).as(row).isTrue());
        rows.forEach(row -> test.matcher(row).results().forEach(each -> assertTest(each.group(1), each.group(2))));
    }
}
