package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machine.PartInfo;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.RunLimits;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;

/** The operator's view of virtual machines, and the EPT mechanism's bundle updated under one. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class VmxIT {
    /** In place of the guest of a scenario: writes its counter to a page of 128 in turn, and calls the monitor at the end. */
    private static final String LOOP = """
        xor     ebx, ebx
        again:  mov     eax, ebx
                and     eax, 0x7f
                shl     eax, 12
                mov     [rax + 0x100000], rbx
                inc     ebx
                cmp     ebx, 4000000
                jne     again
                vmcall
        """;

    private final BundleContext context = FrameworkUtil.getBundle(VmxIT.class).getBundleContext();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private CommandSession session;
    private Machines machines;

    @TempDir
    Path folder;

    @BeforeEach
    void open() throws Exception {
        await().atMost(Duration.ofSeconds(30)).until(() -> context.getServiceReferences((String) null, "(osgi.command.scope=scenario)") != null);
        machines = context.getService(context.getServiceReference(Machines.class));
        session = context.getService(context.getServiceReference(CommandProcessor.class)).createSession(new ByteArrayInputStream(new byte[0]), out, out);
        session.currentDir(folder);
    }

    @AfterEach
    void destroy() {
        machines.machines().forEach(machine -> machines.destroy(machine.name()));
        session.close();
    }

    private String run(String line) throws Exception {
        Object result = session.execute(line);
        return result == null ? "" : String.valueOf(session.format(result, Converter.INSPECT));
    }

    private Machine load(String source) throws Exception {
        Files.writeString(folder.resolve("v.asm"), source);
        run("machine:create v --memory 32M");
        run("machine:load v asm v.asm --mode long");
        return machines.machine("v");
    }

    private String scenario(String name) throws Exception {
        return (String) session.execute("scenario:source " + name);
    }

    @Test
    void breakpointsStopAtExitsAndFields() throws Exception {
        load(scenario("memory"));
        assertThat(run("vmx:break v EPT_VIOLATION")).contains("breakpoint 1");
        assertThat(run("vmx:break v guest-rip")).contains("breakpoint 2");
        assertThat(run("cpu:break v")).contains("vm_exit").contains("vmwrite");
        assertThat(run("machine:run v")).contains("hit a breakpoint");
        assertThat(run("vmx:why v")).contains("no VM entry has failed");
        assertThat(run("machine:run v")).contains("hit a breakpoint");
        assertThat(run("vmx:why v")).contains("EPT violation");
        assertThat(run("vmx:exits v")).contains("EPT violation");
        assertThat(run("vmx:show v --field EXIT_REASON")).contains("00000030");
        assertThat(run("ept:walk v 100000h")).contains("2M page at 0000800000");
    }

    @Test
    void wrongArgumentsAreNamed() throws Exception {
        load(scenario("memory"));
        assertThatThrownBy(() -> run("vmx:break v NOWHERE")).hasMessageContaining("NOWHERE").hasMessageContaining("EPT_VIOLATION").hasMessageContaining("GUEST_RIP");
        assertThatThrownBy(() -> run("vmx:trace v stop")).hasMessageContaining("not traced");
        assertThatThrownBy(() -> run("vmx:trace v start")).hasMessageContaining("needs a file");
        assertThatThrownBy(() -> run("vmx:trace v start " + folder.resolve("none/t.json"))).hasMessageContaining("cannot write");
        assertThatThrownBy(() -> run("ept:walk v 0")).hasMessageContaining("EPT");
    }

    /** Every begin has its end on the same processor's track, in order, and time never goes back. */
    @Test
    void aTraceIsWellFormed() throws Exception {
        load(scenario("interrupt-model-a"));
        run("vmx:trace v start t.json");
        assertThatThrownBy(() -> run("vmx:trace v start u.json")).hasMessageContaining("already");
        run("machine:run v --instructions 2000000");
        run("vmx:trace v stop");
        JsonNode events = new ObjectMapper().readTree(folder.resolve("t.json").toFile()).get("traceEvents");
        Map<Integer, Deque<String>> open = new HashMap<>();
        Map<Integer, Double> latest = new HashMap<>();
        int guests = 0;
        for (JsonNode event : events) {
            String phase = event.get("ph").asText();
            if (phase.equals("M")) {
                continue;
            }
            int track = event.get("tid").asInt();
            assertThat(event.get("ts").asDouble()).isGreaterThanOrEqualTo(latest.getOrDefault(track, 0.0));
            latest.put(track, event.get("ts").asDouble());
            Deque<String> stack = open.computeIfAbsent(track, t -> new ArrayDeque<>());
            if (phase.equals("B")) {
                stack.push(event.get("name").asText());
                guests += event.get("name").asText().startsWith("VM ") ? 1 : 0;
            } else {
                assertThat(phase).isEqualTo("E");
                assertThat(stack).isNotEmpty();
                stack.pop();
            }
        }
        assertThat(open).containsKey(0).allSatisfy((track, stack) -> assertThat(stack).isEmpty());
        assertThat(guests).isGreaterThan(2);
        assertThat(latest.get(0)).isLessThanOrEqualTo(machines.machine("v").status().time() / 1000.0);
    }

    /** Translations are dropped with the part and made again; the guest, which writes to 128 pages in turn, does not notice. */
    @Test
    void theEptBundleIsUpdatedUnderAGuest() throws Exception {
        String source = scenario("memory");
        Machine machine = load(source.substring(0, source.indexOf("\nguest:") + 8) + LOOP + source.substring(source.indexOf("guest_end:")));
        Installed bundle = Installed.of(context, "com.vtsim.ept");
        machine.start(RunLimits.instructions(100_000_000));
        try {
            for (int i = 0; i < 8; i++) {
                bundle.update();
                await().until(() -> machine.parts().stream().allMatch(PartInfo::present));
            }
            machine.await();
        } finally {
            bundle.putBack();
        }
        assertThat(machine.part("ept")).hasValueSatisfying(part -> assertThat(part.carried()).isEqualTo("state"));
        assertThat(run("vmx:exits v").lines().skip(1)).singleElement().asString().contains("VMCALL");
        for (int page = 0; page < 128; page++) {
            long place = 0x900000L + page * 4096L;
            assertThat(machine.<Long>call(() -> machine.memory().read(place, 8))).isEqualTo(4_000_000 - 128 + page);
        }
        assertThat(machine.status().reports()).isEmpty();
        assertThat(new String(out.toByteArray(), StandardCharsets.UTF_8)).doesNotContain("xception");
    }
}
