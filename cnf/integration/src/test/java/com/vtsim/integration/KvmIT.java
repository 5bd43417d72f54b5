package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
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

/**
 * The stock kernel's own KVM runs virtual machines on VTSim: guests of the client in {@code src/test/resources/kvm}, and the same
 * stock kernel again. What the client must see is what Documentation/virt/kvm/api.rst promises it. One boot for all of it.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 600, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class KvmIT {
    private static final String READY = "VTSim's guest is ready";
    private static final String INIT = """
            #!/bin/busybox sh
            /bin/busybox mount -t proc proc /proc
            /bin/busybox mount -t sysfs sys /sys
            /bin/busybox mount -t devtmpfs dev /dev
            /bin/busybox --install -s /bin
            for module in irqbypass kvm kvm-intel; do insmod /$module.ko && echo "loaded: $module"; done
            for each in /sys/module/kvm_intel/parameters/*; do echo "parameter: ${each##*/}=$(cat $each)"; done
            echo "VTSim's guest is ""ready"
            exec setsid cttyhack sh
            """;
    private static final RunLimits BOOT = new RunLimits(6_000_000_000L, Long.MAX_VALUE, READY);

    private final BundleContext context = FrameworkUtil.getBundle(KvmIT.class).getBundleContext();
    private final Machines machines = context.getService(context.getServiceReference(Machines.class));
    private CommandSession session;
    private Machine machine;

    @BeforeAll
    void boot(@TempDir Path folder) throws Exception {
        GuestPackages guest = GuestPackages.get();
        Initramfs disk = new Initramfs().folder("bin").folder("dev").folder("proc").folder("sys").device("dev/console", 5, 1)
            .program("bin/busybox", Files.readAllBytes(guest.busybox())).program("init", INIT.getBytes(StandardCharsets.US_ASCII))
            .program("client", Files.readAllBytes(client(folder))).program("traced", Files.readAllBytes(TracedProgram.build(folder))).program("vmlinuz", Files.readAllBytes(guest.kernel()));
        for (String module : List.of("irqbypass.ko", "kvm.ko", "kvm-intel.ko")) {
            disk.program(module, Files.readAllBytes(guest.modules().resolve(module)));
        }
        Path image = Files.write(folder.resolve("initramfs"), disk.bytes());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        session = context.getService(context.getServiceReference(CommandProcessor.class)).createSession(new ByteArrayInputStream(new byte[0]), out, out);
        session.execute("machine:create kvm --memory 512M --cpus 2 --irq apic");
        session.execute("machine:load kvm linux " + guest.kernel() + " --initrd " + image + " --append 'console=ttyS0'");
        machine = machines.machine("kvm");
        Stop stop = machine.run(BOOT);
        assertThat(stop.cause()).as("the kernel reaches its init: %s", machine.transcripts()).isEqualTo(Stop.Cause.TEXT);
    }

    @AfterAll
    void destroy() throws Exception {
        if (machine != null) {
            session.execute("machine:destroy kvm");
        }
        if (session != null) {
            session.close();
        }
    }

    /** Builds the client with the machine's C compiler. */
    private static Path client(Path folder) throws IOException, InterruptedException {
        if (!Files.isExecutable(Path.of("/usr/bin/gcc"))) {
            abort("no KVM client: no C compiler is installed at /usr/bin/gcc");
        }
        for (String name : List.of("client.c", "guests.S")) {
            try (InputStream source = KvmIT.class.getResourceAsStream("/kvm/" + name)) {
                Files.copy(source, folder.resolve(name));
            }
        }
        Path said = folder.resolve("said");
        Process gcc = new ProcessBuilder("/usr/bin/gcc", "-O1", "-static", "-pthread", "-o", "client", "client.c", "guests.S").directory(folder.toFile())
            .redirectErrorStream(true).redirectOutput(said.toFile()).start();
        boolean ended = gcc.waitFor(60, TimeUnit.SECONDS);
        gcc.destroyForcibly();
        assertThat(ended && gcc.exitValue() == 0).as("gcc builds the client: %s", Files.readString(said)).isTrue();
        return folder.resolve("client");
    }

    private String console() {
        return machine.transcripts().get("com1").toString();
    }

    /** Types a command. @return what the console says until the text comes */
    private String say(String command, String until, long instructions) throws Exception {
        int before = console().length();
        session.execute("machine:send kvm '" + command + "\\n'");
        Stop stop = machine.run(new RunLimits(instructions, Long.MAX_VALUE, until));
        String said = console().substring(before);
        assertThat(stop.cause()).as("\"%s\" comes: %s", until, said).isEqualTo(Stop.Cause.TEXT);
        return said;
    }

    @Test
    @Order(1)
    void theModulesLoadWithWhatTheProcessorAnnounces() {
        assertThat(console()).contains("loaded: irqbypass", "loaded: kvm\r", "loaded: kvm-intel");
        assertThat(console().lines().filter(line -> line.startsWith("parameter: ")).map(line -> line.substring(11).strip()).collect(Collectors.toSet()))
            .contains("ept=Y", "eptad=Y", "vpid=Y", "unrestricted_guest=Y", "vnmi=Y", "preemption_timer=Y", "nested=Y", "flexpriority=Y",
                // Which takes APIC-register virtualization, virtual-interrupt delivery and posted interrupts.
                "enable_apicv=Y", "enable_ipiv=Y", "enable_shadow_vmcs=Y", "pml=Y", "ple_gap=128");
    }

    @Test
    @Order(2)
    void guestsRunInEveryModeWithPortsMemoryAndTimers() throws Exception {
        String said = say("/client", "client: end", 2_000_000_000L).replace("\r", "");
        assertThat(said.lines().filter(line -> line.matches("[a-z0-9]+: .*")).toList()).containsExactly(
            "api: version 12",
            "real: in 10 size 1", "real: out 11 size 1 value 35", "real: out 1234 size 2 value beef",
            "real: out 40 size 1 value 61", "real: out 40 size 1 value 62", "real: out 40 size 1 value 63", "real: halt", "real: rbx 8935",
            "protected: mmio read d0000000 size 4", "protected: mmio write d0000010 size 2 value cafe", "protected: mmio write d0000013 size 1 value 5a",
            "protected: out 80 size 4 value ffffffff", "protected: done 1", "protected: rbx 55668788",
            // 123456789ABCh times 7
            "long: mmio write e0000008 size 8 value 7f6e5d4c3b24", "long: mmio read e0000008 size 8", "long: out 81 size 4 value 11223344",
            "long: done 1", "long: rbx 7f6e5d4c3b24",
            "pit: done 5", "pit: rbx 5",
            // Version 14h of a local APIC; task priority 30h is class 3 in CR8.
            "apic: out 50 size 1 value 14", "apic: out 51 size 1 value 3", "apic: done 5", "apic: rbx 5",
            "x2apic: done 5", "x2apic: rbx 5",
            "self: out 52 size 4 value 1", "self: out 53 size 4 value 4", "self: done 101", "self: rbx 101",
            // 14h interrupts sent by the other processor
            "posted: done 14", "posted: seen 20",
            // And between virtual processors
            "sender: done 14", "receiver: done 14",
            "client: end");
    }

    @Test
    @Order(3)
    void interruptsWerePostedToARunningGuest() throws Exception {
        Matcher taken = Pattern.compile("posted interrupts taken without an exit: (\\d+) notifications").matcher(session.execute("vmx:why --cpu 1 kvm").toString());
        assertThat(taken.find()).isTrue();
        // 20 come from the host, and 20 from the other virtual processor; a tick of the host's may be in the way of some.
        assertThat(Integer.parseInt(taken.group(1))).isBetween(21, 40);
    }

    @Test
    @Order(4)
    void theHostsKernelHasNothingToComplainAbout() throws Exception {
        assertThat(say("dmesg | grep -icE \"warning:|bug:|oops|call trace|unhandled|unchecked|lockup\"; echo E\"\"ND", "END", 1_000_000_000L)).contains("\n0\r\n");
    }

    /** perf's driver, with interrupts for full regions; the trace is decoded by libipt where that is there. */
    @Test
    @Order(5)
    void theKernelsDriverTracesAProgram(@TempDir Path folder) throws Exception {
        assertThat(say("ls /sys/bus/event_source/devices; echo E\"\"ND", "END", 500_000_000L)).contains("intel_pt");
        String said = say("/traced", "trace: end", 1_000_000_000L).replace("\r", "");
        assertThat(said).contains("trace: caps topa 1 entries 1 single 1 cr3 1 ip 1 ranges 2 mtc 0");
        assertThat(said.lines().filter(line -> line.startsWith("trace: bytes ")).mapToInt(line -> Integer.parseInt(line.substring(13)))).hasSize(1).allMatch(n -> n > 40_000);
        String interrupts = say("grep PMI: /proc/interrupts; echo E\"\"ND", "END", 500_000_000L);
        assertThat(interrupts).containsPattern("PMI: +\\d* +[1-9]|PMI: +[1-9]");
        TracedProgram.assertDecodes(said, folder);
    }

    @Test
    @Order(6)
    void theSameKernelBootsInAVirtualMachine() throws Exception {
        String said = say("/client /vmlinuz \"earlyprintk=serial console=ttyS0 acpi=off\"", "Freeing SMP alternatives memory", 8_000_000_000L);
        assertThat(said).contains("Linux version", "Hypervisor detected: KVM", "Memory: ", "Freeing SMP alternatives memory");
    }
}
