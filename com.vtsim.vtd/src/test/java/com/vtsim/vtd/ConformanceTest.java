package com.vtsim.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;

/** What docs/conformance-vtd.md claims is tested somewhere. */
class ConformanceTest {
    private static final Pattern NAMED = Pattern.compile("`(\\w+Test)#(\\w+)`");
    private static String document;

    @BeforeAll
    static void read() throws IOException {
        document = Files.readString(Path.of("..", "docs", "conformance-vtd.md"));
    }

    private static boolean isTest(Method method) {
        return method.isAnnotationPresent(Test.class) || method.isAnnotationPresent(TestFactory.class) || method.isAnnotationPresent(ParameterizedTest.class);
    }

    @Test
    void everyNamedTestExists() {
        List<String> missing = new ArrayList<>();
        Matcher named = NAMED.matcher(document);
        int count = 0;
        while (named.find()) {
            count++;
            try {
                Class<?> type = Class.forName("com.vtsim.vtd." + named.group(1));
                if (Arrays.stream(type.getDeclaredMethods()).noneMatch(method -> method.getName().equals(named.group(2)) && isTest(method))) {
                    missing.add(named.group());
                }
            } catch (ClassNotFoundException e) {
                missing.add(named.group());
            }
        }
        assertThat(missing).isEmpty();
        assertThat(count).isGreaterThan(100);
    }

    @Test
    void everyFaultReasonHasItsTest() {
        for (FaultReason reason : FaultReason.values()) {
            assertThat(document).containsPattern(String.format("\\| %02Xh \\| .*`\\w+#\\w+` \\|", reason.code()));
        }
    }

    @Test
    void everyCapabilityHasItsTest() {
        List<String> fields = Arrays.stream(Capability.class.getDeclaredFields())
                .filter(field -> field.getType() == com.vtsim.api.register.Field.class).map(java.lang.reflect.Field::getName).toList();
        assertThat(fields).hasSizeGreaterThan(40);
        for (String field : fields) {
            assertThat(document).containsPattern("\\| E?CAP\\." + field + " \\| .*`\\w+#\\w+` \\|");
        }
    }
}
