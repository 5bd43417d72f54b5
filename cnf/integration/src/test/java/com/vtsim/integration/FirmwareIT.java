package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.vtsim.api.cpu.InstructionSet;
import com.vtsim.api.irq.InterruptController;
import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;

/** Who boots without Linux's zero page: SeaBIOS builds the tables it is given, a Multiboot kernel finds them as the specification says; with both controllers. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FirmwareIT {
    private static final Path BIOS = Path.of("/usr/share/seabios/bios-256k.bin");
    /** Looks for the RSDP in the BIOS area on 16-byte boundaries, and leaves its address and the first table's in the XSDT. */
    private static final String KERNEL = """
                    bits 32
                    org 0x100000
                    dd 0x1badb002, 0x00010000, 0xe4514ffe
                    dd header, 0x100000, 0, 0, start
            header  equ 0x100000
            found:  dd 0
            start:  mov esi, 0xe0000
            look:   cmp dword [esi], 'RSD '
                    jne next
                    cmp dword [esi + 4], 'PTR '
                    je here
            next:   add esi, 16
                    cmp esi, 0x100000
                    jb look
                    jmp stop
            here:   mov [found], esi
            stop:   cli
                    hlt
                    jmp stop
            """;

    private final BundleContext context = FrameworkUtil.getBundle(FirmwareIT.class).getBundleContext();
    private final Machines machines = context.getService(context.getServiceReference(Machines.class));

    @TempDir
    Path folder;

    @AfterEach
    void destroy() {
        machines.machines().forEach(machine -> machines.destroy(machine.name()));
    }

    private static long number(Machine machine, long address, int size) {
        return machine.call(() -> machine.memory().read(address, size));
    }

    private static String text(Machine machine, long address, int length) {
        byte[] bytes = new byte[length];
        machine.call(() -> {
            machine.memory().read(address, bytes, 0, length);
            return null;
        });
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    private static void sumsToZero(Machine machine, long address, long length) {
        long sum = 0;
        for (long at = address; at < address + length; at++) {
            sum += number(machine, at, 1);
        }
        assertThat(sum & 0xFF).as("checksum at %x", address).isZero();
    }

    /** @return the tables the RSDP leads to: signature to address */
    private static Map<String, Long> tables(Machine machine, long rsdp) {
        assertThat(text(machine, rsdp, 8)).isEqualTo("RSD PTR ");
        sumsToZero(machine, rsdp, 20);
        sumsToZero(machine, rsdp, 36);
        Map<String, Long> tables = new TreeMap<>();
        long xsdt = number(machine, rsdp + 24, 8);
        for (long at = xsdt + 36; at < xsdt + number(machine, xsdt + 4, 4); at += 8) {
            long table = number(machine, at, 8);
            tables.put(text(machine, table, 4), table);
        }
        tables.put("DSDT", number(machine, tables.get("FACP") + 40, 4));
        tables.put("XSDT", xsdt);
        tables.forEach((name, table) -> sumsToZero(machine, table, number(machine, table + 4, 4)));
        return tables;
    }

    private Machine machine(String irq) {
        Map<String, String> options = new HashMap<>(Map.of("memory", "64M", "irq", irq));
        if (irq.equals("apic")) {
            options.put("cpus", "3");
        }
        return machines.create("f", "q35", options);
    }

    private void fits(String irq, Map<String, Long> tables, Machine machine) {
        assertThat(tables).containsKeys("FACP", "DSDT", "HPET", "MCFG", "XSDT");
        assertThat(tables.containsKey("APIC")).isEqualTo(irq.equals("apic"));
        if (irq.equals("apic")) {
            long processors = 0;
            long madt = tables.get("APIC");
            for (long at = madt + 44; at < madt + number(machine, madt + 4, 4); at += number(machine, at + 1, 1)) {
                processors += number(machine, at, 1) == 0 ? 1 : 0;
            }
            assertThat(processors).isEqualTo(3);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"pic", "apic"})
    void seaBiosBuildsTheTables(String irq) throws Exception {
        assumeTrue(Files.isReadable(BIOS), "the package seabios is not installed");
        Machine machine = machine(irq);
        machine.load("rom", BIOS, Map.of());
        assertThat(machine.run(new RunLimits(2_000_000_000L, Long.MAX_VALUE, "No bootable device")).cause()).isEqualTo(Stop.Cause.TEXT);
        long rsdp = 0;
        for (long at = 0xF_0000; at < 0x10_0000 && rsdp == 0; at += 16) {
            rsdp = text(machine, at, 8).equals("RSD PTR ") ? at : 0;
        }
        assertThat(rsdp).as("the RSDP in the BIOS area").isPositive();
        fits(irq, tables(machine, rsdp), machine);
        assertThat(machine.call(() -> machine.find(InterruptController.class).orElseThrow().inputs().get(0))).as("the timer")
            .satisfies(input -> assertThat(input.masked()).isFalse()).satisfies(input -> assertThat(input.vector()).isEqualTo(8));
    }

    @ParameterizedTest
    @ValueSource(strings = {"pic", "apic"})
    void aMultibootKernelFindsTheTables(String irq) throws Exception {
        InstructionSet.Program kernel = context.getService(context.getServiceReference(InstructionSet.class)).assemble(KERNEL, 0);
        Machine machine = machine(irq);
        machine.load("multiboot", Files.write(folder.resolve("kernel"), kernel.bytes()), Map.of());
        machine.run(RunLimits.instructions(1_000_000));
        long rsdp = number(machine, kernel.symbols().get("found"), 4);
        assertThat(rsdp).as("what the kernel has found").isPositive();
        fits(irq, tables(machine, rsdp), machine);
    }
}
