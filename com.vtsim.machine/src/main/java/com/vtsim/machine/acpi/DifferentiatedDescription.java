package com.vtsim.machine.acpi;

import static com.vtsim.machine.acpi.Aml.all;
import static com.vtsim.machine.acpi.Aml.device;
import static com.vtsim.machine.acpi.Aml.eisaId;
import static com.vtsim.machine.acpi.Aml.integer;
import static com.vtsim.machine.acpi.Aml.list;
import static com.vtsim.machine.acpi.Aml.method;
import static com.vtsim.machine.acpi.Aml.name;
import static com.vtsim.machine.acpi.Aml.path;
import static com.vtsim.machine.acpi.Aml.returned;
import static com.vtsim.machine.acpi.Aml.scope;
import static com.vtsim.machine.acpi.Aml.string;

import java.util.ArrayList;
import java.util.List;

/** The definition block of the DSDT: processors, the PCI root with its interrupt routing, the legacy devices, and S5. */
final class DifferentiatedDescription {
    /** SLP_TYP for S5 on this chipset. (ICH9 Datasheet, Power Management 1 Control.) */
    private static final int S5 = 7;
    private static final int FIRST_PIRQ_INPUT = 16;
    /** _OSC: which interface is asked for, what it may control (hot plug, SHPC, PME, AER, capability structure, LTR), and what the answer may complain about. */
    private static final String PCI_HOST_BRIDGE = "33db4d5b-1ff7-401c-9657-7441c03dd766";
    private static final int CONTROLS = 0x3F;
    private static final int UNRECOGNIZED_UUID = 1 << 2;
    private static final int UNRECOGNIZED_REVISION = 1 << 3;
    private static final long TOP_OF_WINDOW = 0xFEBF_FFFFL;

    private DifferentiatedDescription() { }

    static byte[] of(Wired machine) {
        return all(
            name("\\_S5", list(integer(S5), integer(S5), integer(0), integer(0))),
            name("\\PICF", 0),
            method("\\_PIC", 1, Aml.storeArgument0("\\PICF")),
            scope("\\_SB", processors(machine), root(machine), resources(machine), timer(machine)));
    }

    private static byte[] processors(Wired machine) {
        List<byte[]> devices = new ArrayList<>();
        for (int id : machine.processors()) {
            devices.add(device(String.format("C%03X", id), name("_HID", string("ACPI0007")), name("_UID", id)));
        }
        return all(devices.toArray(byte[][]::new));
    }

    private static byte[] root(Wired machine) {
        if (machine.pmBase() == 0) {
            return new byte[0];
        }
        long first = Math.max(machine.lowRam(), machine.ecamBase() > machine.lowRam() && machine.ecamBase() < 0xE000_0000L
            ? machine.ecamBase() + (long) machine.ecamBuses() * 0x10_0000 : machine.lowRam());
        long last = machine.ecamBase() > first ? machine.ecamBase() - 1 : TOP_OF_WINDOW;
        Resources windows = new Resources().buses(0, machine.ecamBase() == 0 ? 255 : machine.ecamBuses() - 1).ports(0xCF8, 8).portWindow(0, 0xCF7)
            .portWindow(0xD00, 0xFFFF).memoryWindow(0xA_0000, 0xB_FFFF).memoryWindow(first, last);
        byte[] resources = (machine.high().exists() ? windows.highWindow(machine.high().first(), machine.high().last()) : windows).term();
        return device("PCI0",
            name("_HID", eisaId("PNP0A08")),
            name("_CID", eisaId("PNP0A03")),
            name("_UID", 0),
            name("_CRS", resources),
            name("PRTP", routing(machine, false)),
            name("PRTA", routing(machine, true)),
            method("_PRT", 0, Aml.ifElse(path("\\PICF"), returned(path("PRTA")), returned(path("PRTP")))),
            machine.ecamBase() == 0 ? new byte[0] : control(),
            bridge(machine));
    }

    /**
     * What the operating system may take over: no firmware drives any feature of PCI Express here, so all it asks for. (PCI Firmware Specification,
     * _OSC Interface for PCI Host Bridge Devices.)
     */
    private static byte[] control() {
        byte[] known = all(Aml.dwordField(Aml.argument(3), 8, "CTRL"), Aml.keep("CTRL", CONTROLS),
            Aml.ifElse(Aml.equal(Aml.argument(1), integer(1)), new byte[0], Aml.set("STAT", UNRECOGNIZED_REVISION)));
        return method("_OSC", 4,
            Aml.dwordField(Aml.argument(3), 0, "STAT"),
            Aml.ifElse(Aml.equal(Aml.argument(0), Aml.uuid(PCI_HOST_BRIDGE)), known, Aml.set("STAT", UNRECOGNIZED_UUID)),
            returned(Aml.argument(3)));
    }

    /** Every slot's pins, hard-wired: to lines of the 8259A pair, or to inputs of the I/O APIC. */
    private static byte[] routing(Wired machine, boolean apic) {
        List<byte[]> entries = new ArrayList<>();
        for (int i = 4; i < machine.pirq().length; i++) {
            int pirq = machine.pirq()[i];
            int line = pirq < 0 ? -1 : apic ? FIRST_PIRQ_INPUT + pirq : machine.lines()[pirq];
            if (line >= 0) {
                entries.add(list(integer((long) (i / 4) << 16 | 0xFFFF), integer(i % 4), integer(0), integer(line)));
            }
        }
        return list(entries.toArray(byte[][]::new));
    }

    private static byte[] bridge(Wired machine) {
        List<byte[]> terms = new ArrayList<>(List.of(name("_ADR", 0x1F_0000)));
        if (machine.parts().contains("rtc")) {
            terms.add(device("RTC", name("_HID", eisaId("PNP0B00")), name("_CRS", new Resources().ports(0x70, 8).irq(8).term())));
        }
        if (machine.parts().contains("i8042")) {
            terms.add(device("KBD", name("_HID", eisaId("PNP0303")), name("_CRS", new Resources().ports(0x60, 1).ports(0x64, 1).irq(1).term())));
            terms.add(device("MOU", name("_HID", eisaId("PNP0F13")), name("_CRS", new Resources().irq(12).term())));
        }
        if (machine.parts().contains("com1")) {
            terms.add(device("COM1", name("_HID", eisaId("PNP0501")), name("_UID", 1), name("_CRS", new Resources().ports(0x3F8, 8).irq(4).term())));
        }
        if (machine.parts().contains("pit")) {
            terms.add(device("TIMR", name("_HID", eisaId("PNP0100")), name("_CRS", new Resources().ports(0x40, 4).term())));
        }
        return device("ISA", terms.toArray(byte[][]::new));
    }

    /** What no device driver may take for itself. */
    private static byte[] resources(Wired machine) {
        Resources resources = new Resources();
        if (machine.pmBase() != 0) {
            resources.ports(machine.pmBase(), 0x80);
        }
        if (machine.ecamBase() != 0) {
            resources.memory(machine.ecamBase(), (long) machine.ecamBuses() * 0x10_0000);
        }
        if (machine.apic()) {
            resources.memory(0xFEE0_0000L, 0x10_0000);
        }
        return device("MBRD", name("_HID", eisaId("PNP0C02")), name("_UID", 1), name("_CRS", resources.term()));
    }

    private static byte[] timer(Wired machine) {
        return !machine.hpet() ? new byte[0]
            : device("HPET", name("_HID", eisaId("PNP0103")), name("_UID", 0), name("_CRS", new Resources().memory(0xFED0_0000L, 0x400).term()));
    }
}
