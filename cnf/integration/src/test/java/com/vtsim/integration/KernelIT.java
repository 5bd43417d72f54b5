package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
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

/** The distribution's stock kernel, with busybox: one boot that is talked to, and a second under gdb that is the same. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class KernelIT {
    static final String READY = "VTSim's guest is ready";
    static final String INIT = """
            #!/bin/busybox sh
            /bin/busybox mount -t proc proc /proc
            /bin/busybox mount -t sysfs sys /sys
            /bin/busybox mount -t devtmpfs dev /dev
            /bin/busybox --install -s /bin
            echo "VTSim's guest is ""ready"
            exec setsid cttyhack sh
            """;
    static final RunLimits BOOT = new RunLimits(5_000_000_000L, Long.MAX_VALUE, READY);
    static final RunLimits COMMAND = new RunLimits(1_000_000_000L, Long.MAX_VALUE, "END");
    /** What a kernel says when the machine is not as it should be. */
    static final Pattern COMPLAINT = Pattern.compile("(?i)warning:|\\bbug\\b|oops|call trace|panic|unchecked msr|unhandled|nobody cared|lockup|stall|"
        + "unstable|mtrrs disabled|blank|firmware bug|segfault|protection fault|invalid opcode|trap |bad |corrupt|inconsistent|hang|timed out|deadlock|vulnerable");

    /** What it says when it misses something or will not trust it. */
    private static final Pattern SUSPICIOUS = Pattern.compile("(?i)spurious|error|fail|unable|cannot|could ?n.t|can.t|does ?n.t|\\bnot\\b|unsupported|disable|unknown|"
        + "missing|invalid\\b|ignor|skipp|unexpected|conflict|broken|bogus|weird|problem|\\bno\\b");
    /** What may remain of that, by reason; real machines of the same make and with the same command line say it too. */
    private static final List<Pattern> EXPLAINED = Stream.of(
        // acpi=off: no tables, thus nothing of what they list.
        "ACPI: MPS support code is not built-in|ACPI: Interpreter disabled|pnp: PnP ACPI: disabled|PNP: No PS/2 controller|no PNP device found|No busn resource found",
        // noapic, and a machine with the 8259A alone: no local APIC, thus one processor, and counters that cannot interrupt.
        "No local APIC present|disable apic facility|APIC disabled via kernel command line|boot CPU \\(#0\\) not listed by the BIOS|SMP disabled|"
            + "no APIC, boot with the .lapic|no hardware sampling interrupt",
        // A loader in place of firmware: no DMI, no table of nodes. No trusted platform module.
        "DMI not present|No NUMA configuration|No TPM chip found|No architecture policies found",
        // The announced model without hyper-threading, without transactions, and without the hardware's own frequency scaling.
        "HSD29 workaround disabled, HT off|TSX disabled|intel_pstate: CPU model not supported",
        // The kernel's own settings, and what only sounds like it.
        "NX \\(Execute Disable\\) protection: active|Calibrating delay loop \\(skipped\\), value calculated|Yama: disabled by default|netlink subsys \\(disabled\\)|"
            + "security\\.SMACK64.*\\(disabled\\)|Max phase no-delay instances|no W\\+X pages found").map(Pattern::compile).toList();

    private final BundleContext context = FrameworkUtil.getBundle(KernelIT.class).getBundleContext();
    private final Machines machines = context.getService(context.getServiceReference(Machines.class));
    private CommandSession session;
    private GuestPackages guest;
    private Path disk;
    private long instructionsWhenReady;
    private long opening;

    @BeforeAll
    void boot(@TempDir Path folder) throws Exception {
        guest = GuestPackages.get();
        disk = Files.write(folder.resolve("initramfs"), new Initramfs().folder("bin").folder("dev").folder("proc").folder("sys").device("dev/console", 5, 1)
            .program("bin/busybox", Files.readAllBytes(guest.busybox())).program("init", INIT.getBytes(StandardCharsets.US_ASCII)).bytes());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        session = context.getService(context.getServiceReference(CommandProcessor.class)).createSession(new ByteArrayInputStream(new byte[0]), out, out);
        Machine machine = create("k");
        Stop stop = machine.run(BOOT);
        assertThat(stop.cause()).as("the kernel reaches its init: %s", machine.transcripts()).isEqualTo(Stop.Cause.TEXT);
        instructionsWhenReady = machine.status().instructions();
    }

    @AfterAll
    void destroy() throws Exception {
        for (Machine machine : machines.machines()) {
            if (machine.name().matches("k2?")) {
                session.execute("machine:destroy " + machine.name());
            }
        }
        if (session != null) {
            session.close();
        }
    }

    private Machine create(String name) throws Exception {
        session.execute("machine:create " + name + " --memory 256M");
        session.execute("machine:load " + name + " linux " + guest.kernel() + " --initrd " + disk + " --append 'console=ttyS0 acpi=off noapic'");
        return machines.machine(name);
    }

    /** Types a command. @return what it prints */
    private String say(String command) throws Exception {
        Machine machine = machines.machine("k");
        int before = machine.transcripts().get("com1").length();
        session.execute("machine:send k '" + command + "; echo E\"\"ND\\n'");
        Stop stop = machine.run(COMMAND);
        String said = machine.transcripts().get("com1").substring(before);
        assertThat(stop.cause()).as("the shell answers: %s", said).isEqualTo(Stop.Cause.TEXT);
        return said;
    }

    @Test
    @Order(1)
    void theShellAnswers() throws Exception {
        assertThat(say("echo $((6*7)); uname -m; grep -c ^processor /proc/cpuinfo; awk \"BEGIN { print 10/4, 1/3 }\"")).contains("\n42\r\n", "\nx86_64\r\n", "\n1\r\n", "\n2.5 0.333333\r\n");
    }

    @Test
    @Order(2)
    void theKernelHasNothingToComplainAbout() throws Exception {
        String log = say("dmesg");
        assertThat(log).contains("Linux version", "Run /init as init process");
        assertThat(log.lines().filter(line -> line.startsWith("[")).filter(line -> COMPLAINT.matcher(line).find() || SUSPICIOUS.matcher(line).find())
            .filter(line -> EXPLAINED.stream().noneMatch(each -> each.matcher(line).find())).toList()).isEmpty();
        assertThat(log).contains("Intel PMU driver").doesNotContain("unsupported p6 CPU model");
        assertThat(say("grep ERR /proc/interrupts")).as("interrupts that nobody has asked for").containsPattern("ERR: +0\\r");
    }

    @Test
    @Order(3)
    void theKernelTellsItsSymbols() throws Exception {
        Matcher symbol = Pattern.compile("([0-9a-f]{16}) T vfs_open").matcher(say("grep -m1 \" vfs_open$\" /proc/kallsyms"));
        assertThat(symbol.find()).isTrue();
        opening = Long.parseUnsignedLong(symbol.group(1), 16);
    }

    @Test
    @Order(4)
    void theKernelHaltsCleanly() throws Exception {
        Machine machine = machines.machine("k");
        session.execute("machine:send k 'poweroff -f\\n'");
        // Without ACPI there is no power switch to throw: Linux halts instead, with interrupts off.
        assertThat(machine.run(COMMAND).cause()).isEqualTo(Stop.Cause.IDLE);
        assertThat(machine.transcripts().get("com1")).contains("reboot: System halted");
        session.execute("machine:destroy k");
    }

    @Test
    @Order(5)
    void aSecondBootIsTheSameAlthoughGdbLooksAtIt() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/gdb")), "no gdb is installed at /usr/bin/gdb");
        Machine machine = create("k2");
        machine.run(RunLimits.instructions(instructionsWhenReady / 5));
        String door = session.execute("gdb:serve k2 --port 0").toString();
        String said = gdb(door.replaceAll(".*port=(\\d+).*", "$1"), "break *0x" + Long.toHexString(opening), "continue", "info registers rip cs cr0 cr3 k_gs_base",
            "x/2i $pc", "stepi", "stepi", "x/gx $rsp", "backtrace 3", "monitor machine:list", "delete", "detach");
        assertThat(said).contains("Breakpoint 1, 0x" + Long.toHexString(opening), "rip            0x" + Long.toHexString(opening), "#0  0x" + Long.toHexString(opening >>> 12), "detached")
            .containsPattern("#1  +0xffffffff[0-9a-f]{8}").containsPattern("k2 +256M");
        machine.pause();
        assertThat(machine.transcripts().get("com1")).doesNotContain(READY);
        assertThat(machine.run(BOOT).cause()).isEqualTo(Stop.Cause.TEXT);
        assertThat(machine.status().instructions()).isEqualTo(instructionsWhenReady);
    }

    private static String gdb(String port, String... commands) throws Exception {
        List<String> line = new ArrayList<>(List.of("/usr/bin/gdb", "-batch", "-nx", "-ex", "target remote 127.0.0.1:" + port));
        for (String command : commands) {
            line.add("-ex");
            line.add(command);
        }
        Path out = Files.createTempFile("vtsim", "gdb");
        try {
            Process gdb = new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(out.toFile()).redirectInput(Path.of("/dev/null").toFile()).start();
            boolean ended = gdb.waitFor(120, TimeUnit.SECONDS);
            gdb.destroyForcibly();
            assertThat(ended).as("gdb ends: %s", Files.readString(out)).isTrue();
            return Files.readString(out);
        } finally {
            Files.delete(out);
        }
    }
}
