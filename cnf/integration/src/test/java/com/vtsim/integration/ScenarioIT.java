package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;

/** Every behaviour that the source text speaks of, shown by a guest under the built-in monitor, on a whole machine. */
class ScenarioIT {
    @ParameterizedTest
    @ValueSource(strings = {"without-vmx", "deprivileged", "two-machines", "host-system", "controller-kept", "controller-updated", "memory", "interrupt-model-a",
        "interrupt-pending", "interrupt-model-b-51", "interrupt-model-b-31", "interrupt-direct", "interrupt-window", "virtual-timer", "mapped-device", "three-transactions",
        "nested-walk", "remap-base", "remap-base-elsewhere", "dma-domains", "dma-attack", "figure-1"})
    void everyClaimHolds(String scenario) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BundleContext context = FrameworkUtil.getBundle(ScenarioIT.class).getBundleContext();
        await().atMost(Duration.ofSeconds(30)).until(() -> context.getServiceReferences((String) null, "(osgi.command.scope=scenario)") != null);
        CommandProcessor processor = context.getService(context.getServiceReference(CommandProcessor.class));
        try (CommandSession session = processor.createSession(new ByteArrayInputStream(new byte[0]), out, out)) {
            Object result = session.execute("scenario:run " + scenario);
            assertThat(out.toString(StandardCharsets.UTF_8)).doesNotContain("DOES NOT HOLD");
            assertThat(String.valueOf(result)).endsWith("claims hold");
        }
    }
}
