package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machine.PartInfo;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;

/** The stock kernel on four processors through ACPI and APICs: one boot in xAPIC mode that is talked to, and one in x2APIC mode. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ApicKernelIT {
    private static final String APIC = "com.vtsim.irq.apic";
    private static final int UPDATES = 20;
    private static final Duration LIMIT = Duration.ofSeconds(120);
    /** More of what a kernel says when tables or hardware are not as it wants them. */
    private static final Pattern SUSPICIOUS = Pattern.compile("(?i)error|fail|unable|cannot|could ?n.t|can.t|does ?n.t|\\bnot\\b|unsupported|disabled|unknown|"
        + "missing|ignor|skipp|retains|AE_|unexpected|conflict|deferred probe|workaround|spurious");
    /** What remains, and docs/linux.md says why; no line of it is about a controller or a table that is there. */
    private static final Pattern EXPLAINED = Pattern.compile("DMI not present|No NUMA|Early table checksum verification disabled|PCI: not using MMCONFIG$|"
        + "Yama: disabled by default|CPU model not supported|security\\.SMACK64.*\\(disabled\\)|"
        + "audit: initializing netlink subsys \\(disabled\\)|TSX disabled|No TPM chip found|NetLabel:  unlabeled traffic allowed|deferred pages initialised|"
        + "Calibrating delay loop \\(skipped\\), value calculated using timer frequency|PCI: Using host bridge windows from ACPI; if necessary, use|"
        + "DMAR: No (RMRR|ATSR|SATC) found|PMU erratum BJ122, BV98, HSD29 workaround disabled, HT off");

    private final BundleContext context = FrameworkUtil.getBundle(ApicKernelIT.class).getBundleContext();
    private final Machines machines = context.getService(context.getServiceReference(Machines.class));
    private final Installed bundle = Installed.of(context, APIC);
    private CommandSession session;
    private GuestPackages guest;
    private Path disk;

    @BeforeAll
    void boot(@TempDir Path folder) throws Exception {
        guest = GuestPackages.get();
        disk = Files.write(folder.resolve("initramfs"), new Initramfs().folder("bin").folder("dev").folder("proc").folder("sys").device("dev/console", 5, 1)
            .program("bin/busybox", Files.readAllBytes(guest.busybox())).program("init", KernelIT.INIT.getBytes(StandardCharsets.US_ASCII)).bytes());
        session = context.getService(context.getServiceReference(CommandProcessor.class)).createSession(System.in, System.out, System.err);
        boot("x", Map.of(), "nox2apic");
    }

    @AfterAll
    void leaveEverythingAsItWas() throws Exception {
        machines.machines().stream().filter(machine -> machine.name().matches("x2?")).forEach(machine -> machines.destroy(machine.name()));
        bundle.putBack();
        if (session != null) {
            session.close();
        }
    }

    private void boot(String name, Map<String, String> options, String append) throws InterruptedException {
        Map<String, String> all = new HashMap<>(Map.of("memory", "512M", "cpus", "4", "irq", "apic"));
        all.putAll(options);
        Machine machine = machines.create(name, "q35", all);
        machine.load("linux", guest.kernel(), Map.of("initrd", disk.toString(), "append", "console=ttyS0 " + append));
        assertThat(machine.run(KernelIT.BOOT).cause()).as("the kernel reaches its init: %s", machine.transcripts()).isEqualTo(Stop.Cause.TEXT);
    }

    private void type(String name, String text) throws Exception {
        session.execute("machine:send " + name + " '" + text + "\\n'");
    }

    /** Types a command. @return what it prints */
    private String say(String name, String command) throws Exception {
        Machine machine = machines.machine(name);
        int before = machine.transcripts().get("com1").length();
        type(name, command + "; echo E\"\"ND");
        Stop stop = machine.run(KernelIT.COMMAND);
        String said = machine.transcripts().get("com1").substring(before);
        assertThat(stop.cause()).as("the shell answers: %s", said).isEqualTo(Stop.Cause.TEXT);
        return said;
    }

    private static List<String> complaints(String log) {
        return log.lines().filter(line -> line.startsWith("["))
            .filter(line -> KernelIT.COMPLAINT.matcher(line).find() || SUSPICIOUS.matcher(line).find())
            .filter(line -> !EXPLAINED.matcher(line).find()).toList();
    }

    /** @return a row of /proc/interrupts, by word */
    private static List<String> row(String interrupts, String name) {
        return Arrays.asList(interrupts.lines().filter(line -> line.strip().startsWith(name + ":")).findFirst().orElseThrow().strip().split("\\s+"));
    }

    private static List<Integer> counts(String interrupts, String name) {
        return row(interrupts, name).stream().skip(1).limit(4).map(Integer::valueOf).toList();
    }

    @Test
    @Order(1)
    void fourProcessorsAndNothingToComplainAbout() throws Exception {
        String log = say("x", "dmesg");
        assertThat(log).contains("smp: Brought up 1 node, 4 CPUs", "ACPI: Using IOAPIC for interrupt routing", "ACPI: PM: (supports S0 S5)",
            "_OSC: OS now controls [PCIeHotplug PME AER PCIeCapability LTR]", "TSC deadline timer available", "Run /init as init process");
        assertThat(complaints(log)).isEmpty();
    }

    @Test
    @Order(2)
    void interruptsAreWhereTheyBelong() throws Exception {
        String seen = say("x", "sleep 1; cat /proc/interrupts");
        assertThat(counts(seen, "LOC")).as("local timers").allMatch(count -> count > 10);
        assertThat(row(seen, "0")).contains("IO-APIC", "2-edge", "timer");
        assertThat(row(seen, "4")).contains("IO-APIC", "4-edge", "ttyS0");
        assertThat(counts(seen, "4").stream().mapToInt(Integer::intValue).sum()).isPositive();
        assertThat(row(seen, "9")).contains("IO-APIC", "9-fasteoi", "acpi");
        assertThat(counts(seen, "SPU")).containsOnly(0);
        assertThat(row(seen, "ERR")).containsExactly("ERR:", "0");
        assertThat(row(seen, "MIS")).containsExactly("MIS:", "0");
    }

    /** The loop sleeps on a timer and writes to the serial port; it ends when something is typed. */
    @Test
    @Order(3)
    void theGuestDoesNotNoticeTwentyUpdatesOfItsController() throws Exception {
        unnoticed("x", UPDATES);
    }

    private void unnoticed(String name, int updates) throws Exception {
        Machine machine = machines.machine(name);
        int before = logged(name);
        List<String> reports = machine.status().reports();
        int from = machine.transcripts().get("com1").length();
        type(name, "i=0; until read -t 0.02 x; do i=$((i+1)); echo tick $i; done; echo $i \"\"ticks");
        machine.start(new RunLimits(Long.MAX_VALUE, Long.MAX_VALUE, " ticks\r"));
        for (int i = 0; i < updates; i++) {
            int said = machine.transcripts().get("com1").length();
            awaitThat(() -> machine.transcripts().get("com1").length() > said + 40);
            bundle.update();
            awaitThat(() -> machine.part("irq").filter(PartInfo::present).isPresent());
            assertThat(machine.part("irq").orElseThrow().carried()).isEqualTo("state");
        }
        type(name, "");
        assertThat(machine.await().cause()).isEqualTo(Stop.Cause.TEXT);
        List<String> lines = machine.transcripts().get("com1").substring(from).lines().filter(line -> line.matches("tick \\d+")).toList();
        assertThat(lines).hasSizeGreaterThan(2 * updates).isEqualTo(IntStream.rangeClosed(1, lines.size()).mapToObj(i -> "tick " + i).toList());
        assertThat(machine.transcripts().get("com1")).contains("\n" + lines.size() + " ticks\r");
        assertThat(logged(name)).as("lines in the kernel's log").isEqualTo(before);
        assertThat(machine.status().reports()).isEqualTo(reports);
        String seen = say(name, "cat /proc/interrupts");
        assertThat(row(seen, "ERR")).containsExactly("ERR:", "0");
        assertThat(counts(seen, "SPU")).containsOnly(0);
    }

    private int logged(String name) throws Exception {
        return say(name, "dmesg | wc -l").lines().filter(line -> line.matches("\\d+")).mapToInt(Integer::parseInt).findFirst().orElseThrow();
    }

    private static void awaitThat(Callable<Boolean> condition) {
        await().pollInterval(Duration.ofMillis(1)).atMost(LIMIT).until(condition);
    }

    @Test
    @Order(4)
    void theGuestSwitchesThePowerOff() throws Exception {
        String said = powerOff("x");
        assertThat(said).contains("ACPI: PM: Preparing to enter system sleep state S5", "reboot: Power down");
    }

    /** @return all the machine has said */
    private String powerOff(String name) throws Exception {
        Machine machine = machines.machine(name);
        type(name, "poweroff -f");
        Stop stop = machine.run(KernelIT.COMMAND);
        assertThat(stop.cause()).as("%s", stop).isEqualTo(Stop.Cause.POWER_OFF);
        assertThat(stop.text()).contains("ACPI S5");
        String said = machine.transcripts().get("com1");
        machines.destroy(name);
        return said;
    }

    /** Linux keeps x2APIC mode where the I/O APIC's messages are remapped: 8 bits of destination are not enough for it. */
    @Test
    @Order(5)
    void fourProcessorsInX2apicMode() throws Exception {
        boot("x2", Map.of("vtd", "true", "x2apic", "true"), "quiet");
        String log = say("x2", "dmesg");
        assertThat(log).contains("x2apic: enabled by BIOS, switching to x2apic ops", "Setting APIC routing to cluster x2apic.",
            "DMAR-IR: Enabled IRQ remapping in x2apic mode", "smp: Brought up 1 node, 4 CPUs").doesNotContain("x2apic disabled");
        assertThat(complaints(log)).isEmpty();
        String seen = say("x2", "sleep 1; cat /proc/interrupts");
        assertThat(counts(seen, "LOC")).as("local timers").allMatch(count -> count > 10);
        assertThat(counts(seen, "RES").stream().mapToInt(Integer::intValue).sum()).as("interprocessor interrupts").isPositive();
        assertThat(row(seen, "4")).contains("IR-IO-APIC", "4-edge", "ttyS0");
        assertThat(row(seen, "ERR")).containsExactly("ERR:", "0");
        unnoticed("x2", UPDATES / 4);
        powerOff("x2");
    }
}
