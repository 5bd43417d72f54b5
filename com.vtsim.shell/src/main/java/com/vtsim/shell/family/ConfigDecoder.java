package com.vtsim.shell.family;

import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.shell.draw.Drawing;
import com.vtsim.shell.draw.Tree;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Tells what a configuration space says, capability by capability, by reading it as software does.
 * Source: PCI Local Bus Specification, Capability IDs; PCI Express Base Specification, Software Initialization and Configuration.
 */
final class ConfigDecoder {
    private static final int MSI = 0x05;
    private static final int EXPRESS = 0x10;
    private static final int MSIX = 0x11;
    private static final int MOST = 48;
    private static final String[] TYPES = {"endpoint", "legacy endpoint", "type 2", "type 3", "root port", "switch upstream port", "switch downstream port",
        "bridge to PCI", "bridge from PCI", "root complex integrated endpoint", "root complex event collector"};
    private static final Map<Integer, String> NAMES = Map.of(0x01, "power management", 0x05, "MSI", 0x09, "vendor specific", 0x0D, "subsystem", 0x10, "PCI Express", 0x11, "MSI-X");
    private static final Map<Integer, String> EXTENDED = Map.of(0x0001, "advanced error reporting", 0x0003, "serial number", 0x000D, "access control services",
            0x000E, "alternative routing-id", 0x000F, "address translation services", 0x0010, "single-root I/O virtualization", 0x0013, "page request interface", 0x001B, "PASID",
            0x001D, "downstream port containment");
    private static final String[] UNCORRECTABLE = new String[32];
    private static final String[] CORRECTABLE = new String[32];

    static {
        UNCORRECTABLE[4] = "data link protocol";
        UNCORRECTABLE[5] = "surprise down";
        UNCORRECTABLE[12] = "poisoned request";
        UNCORRECTABLE[13] = "flow control";
        UNCORRECTABLE[14] = "completion timeout";
        UNCORRECTABLE[15] = "completer abort";
        UNCORRECTABLE[16] = "unexpected completion";
        UNCORRECTABLE[17] = "receiver overflow";
        UNCORRECTABLE[18] = "malformed request";
        UNCORRECTABLE[19] = "ECRC";
        UNCORRECTABLE[20] = "unsupported request";
        UNCORRECTABLE[21] = "ACS violation";
        UNCORRECTABLE[22] = "internal";
        CORRECTABLE[0] = "receiver";
        CORRECTABLE[6] = "bad TLP";
        CORRECTABLE[7] = "bad DLLP";
        CORRECTABLE[8] = "replay rollover";
        CORRECTABLE[12] = "replay timeout";
        CORRECTABLE[13] = "advisory non-fatal";
        CORRECTABLE[14] = "internal";
        CORRECTABLE[15] = "header log overflow";
    }

    private final PciFunction function;

    private ConfigDecoder(PciFunction function) {
        this.function = function;
    }

    static Tree of(PciHost host, PciFunction function) {
        return new ConfigDecoder(function).draw(host);
    }

    /** @return how a function's interrupts go out */
    static String messages(PciFunction function) {
        ConfigDecoder decoder = new ConfigDecoder(function);
        List<String> parts = new ArrayList<>();
        int msix = decoder.find(MSIX);
        int msi = decoder.find(MSI);
        if (msix != 0) {
            parts.add("MSI-X " + decoder.msix(msix));
        }
        if (msi != 0) {
            parts.add("MSI " + decoder.msi(msi));
        }
        int pin = decoder.word(0x3C) >> 8 & 0xFF;
        if (pin >= 1 && pin <= 4) {
            parts.add("INT" + (char) ('A' + pin - 1) + ((decoder.word(6) & 8) != 0 ? " pending" : ""));
        }
        return String.join("; ", parts);
    }

    /** @return what a bridge forwards */
    static String windows(PciFunction bridge) {
        ConfigDecoder d = new ConfigDecoder(bridge);
        List<String> parts = new ArrayList<>();
        window(parts, "ports", (d.word(0x1C) & 0xF0L) << 8, (d.word(0x1C) >> 8 & 0xF0L) << 8 | 0xFFF, 4);
        window(parts, "memory", (d.word(0x20) & 0xFFF0L) << 16, (d.word(0x22) & 0xFFF0L) << 16 | 0xF_FFFF, 8);
        window(parts, "prefetchable", (d.word(0x24) & 0xFFF0L) << 16 | d.dword(0x28) << 32, (d.word(0x26) & 0xFFF0L) << 16 | 0xF_FFFF | d.dword(0x2C) << 32, 8);
        return parts.isEmpty() ? "none" : String.join(", ", parts);
    }

    private static void window(List<String> parts, String what, long base, long limit, int digits) {
        if (base < limit) {
            parts.add(what + " " + Drawing.hexadecimal(base, digits) + "-" + Drawing.hexadecimal(limit, digits));
        }
    }

    private int word(int offset) {
        return function.configRead(offset, 2) & 0xFFFF;
    }

    private long dword(int offset) {
        return function.configRead(offset, 4) & 0xFFFF_FFFFL;
    }

    private int find(int id) {
        int at = (word(6) & 0x10) == 0 ? 0 : word(0x34) & 0xFC;
        for (int seen = 0; at >= 0x40 && seen < MOST; seen++) {
            if ((word(at) & 0xFF) == id) {
                return at;
            }
            at = word(at) >> 8 & 0xFC;
        }
        return 0;
    }

    private Tree draw(PciHost host) {
        Tree tree = new Tree(host.address(function).toString(), "%04x:%04x  %s  %s".formatted(word(0), word(2), PciCommands.type(function), function.name()));
        tree.add("command", flags(word(4), "ports", "memory", "master", "", "", "", "parity", "", "SERR", "", "INTx disabled"));
        tree.add("status", flags(word(6), "", "", "", "INTx pending", "capabilities", "", "", "", "master parity error", "", "", "signalled target abort", "received target abort",
                "received master abort", "signalled system error", "parity error"));
        boolean bridge = PciTopology.isBridge(function);
        tree.add("revision", "%02x".formatted(word(8) & 0xFF) + (bridge ? "" : ", subsystem %04x:%04x".formatted(word(0x2C), word(0x2E))));
        if (bridge) {
            tree.add("buses", "primary %02x, secondary %02x, subordinate %02x".formatted(word(0x18) & 0xFF, word(0x18) >> 8, word(0x1A) & 0xFF));
            tree.add("windows", windows(function));
            tree.add("secondary status", flags(word(0x1E), "", "", "", "", "", "", "", "", "parity error", "", "", "signalled target abort", "received target abort",
                    "received master abort", "received system error", "parity error"));
            tree.add("bridge control", flags(word(0x3E), "parity", "SERR", "ISA", "VGA", "VGA 16 bits", "master abort mode", "secondary bus reset"));
        } else {
            for (int index = 0; index < 6; index++) {
                if (dword(0x10 + 4 * index) != 0) {
                    tree.add("BAR " + index, Drawing.hexadecimal(dword(0x10 + 4 * index), 8));
                }
            }
            if (dword(0x30) != 0) {
                tree.add("ROM", Drawing.hexadecimal(dword(0x30) & ~1L, 8) + ((dword(0x30) & 1) != 0 ? ", enabled" : ", disabled"));
            }
        }
        list(tree);
        extended(tree);
        return tree;
    }

    private void list(Tree tree) {
        int at = (word(6) & 0x10) == 0 ? 0 : word(0x34) & 0xFC;
        for (int seen = 0; at >= 0x40 && seen < MOST; seen++) {
            int id = word(at) & 0xFF;
            Tree branch = tree.add("%02x".formatted(at), NAMES.getOrDefault(id, "capability %02x".formatted(id)));
            switch (id) {
                case 0x01 -> power(branch, at);
                case MSI -> branch.add("state", msi(at));
                case EXPRESS -> express(branch, at);
                case MSIX -> branch.add("state", msix(at));
                default -> { }
            }
            at = word(at) >> 8 & 0xFC;
        }
    }

    private void power(Tree branch, int at) {
        branch.add("state", new String[] {"D0", "D1", "D2", "D3hot"}[word(at + 4) & 3] + ((word(at + 4) & 8) != 0 ? ", kept on the way to D0" : ", reset on the way to D0"));
        if (word(at + 2) >> 11 != 0) {
            branch.add("events", "from " + flags(word(at + 2) >> 11, "D0", "D1", "D2", "D3hot", "D3cold") + ((word(at + 4) & 0x100) != 0 ? "; enabled" : "; disabled")
                    + ((word(at + 4) & 0x8000) != 0 ? ", pending" : ""));
        }
    }

    private String msi(int at) {
        int control = word(at + 2);
        boolean wide = (control & 0x80) != 0;
        int vectors = 1 << (control >> 1 & 7);
        String text = "%s, %d of %d vector%s".formatted((control & 1) != 0 ? "enabled" : "disabled", 1 << (control >> 4 & 7), vectors, vectors == 1 ? "" : "s");
        if ((control & 1) != 0) {
            text += ", address " + Drawing.hexadecimal(dword(at + 4) | (wide ? dword(at + 8) << 32 : 0), 8) + " data %04x".formatted(word(at + (wide ? 12 : 8)));
        }
        if ((control & 0x100) != 0 && wide && (dword(at + 0x10) | dword(at + 0x14)) != 0) {
            text += ", masked %x, pending %x".formatted(dword(at + 0x10), dword(at + 0x14));
        }
        return text;
    }

    private String msix(int at) {
        int control = word(at + 2);
        long table = dword(at + 4);
        long pending = dword(at + 8);
        return "%s, %d vectors%s, table at BAR %d + %x, pending bits at BAR %d + %x".formatted((control & 0x8000) != 0 ? "enabled" : "disabled", (control & 0x7FF) + 1,
                (control & 0x4000) != 0 ? ", all masked" : "", table & 7, table & ~7L, pending & 7, pending & ~7L);
    }

    private void express(Tree branch, int at) {
        int type = word(at + 2) >> 4 & 0xF;
        branch.add("type", (type < TYPES.length ? TYPES[type] : "type " + type) + ((dword(at + 4) & 1L << 28) != 0 ? ", function-level reset" : ""));
        branch.add("device control", flags(word(at + 8), "reports correctable", "reports non-fatal", "reports fatal", "reports unsupported requests", "relaxed ordering", "", "", "",
                "extended tags", "", "", "no snoop") + "; payload %d, read request %d".formatted(128 << (word(at + 8) >> 5 & 7), 128 << (word(at + 8) >> 12 & 7)));
        branch.add("device status", flags(word(at + 0xA), "correctable error", "non-fatal error", "fatal error", "unsupported request", "", "transactions pending"));
        if (type != 9) {
            branch.add("link", "%s GT/s, x%d%s%s".formatted(new String[] {"0", "2.5", "5", "8", "16", "32"}[Math.min(word(at + 0x12) & 0xF, 5)], word(at + 0x12) >> 4 & 0x3F,
                    (word(at + 0x12) & 0x2000) != 0 ? ", active" : "", (word(at + 0x10) & 0x10) != 0 ? ", disabled" : ""));
        }
        if ((word(at + 2) & 0x100) != 0) {
            branch.add("slot", "number %d; %s".formatted(dword(at + 0x14) >> 19, flags((int) dword(at + 0x14), "attention button", "power controller", "", "attention indicator", "power indicator",
                    "surprise removal", "hot-plug")));
            branch.add("slot control", flags(word(at + 0x18), "button interrupt", "power fault interrupt", "", "presence interrupt", "command interrupt", "interrupts", "", "", "", "", "power off",
                    "", "link interrupt"));
            branch.add("slot status", flags(word(at + 0x1A), "button pressed", "power fault", "", "presence changed", "command completed", "", "card present", "", "link changed"));
        }
        if (type == 4) {
            branch.add("root control", flags(word(at + 0x1C), "system error on correctable", "system error on non-fatal", "system error on fatal", "event interrupt"));
            branch.add("root status", (dword(at + 0x20) & 0x1_0000) == 0 ? "no event"
                    : "event of " + com.vtsim.api.pci.PciAddress.of(word(at + 0x20)) + ((dword(at + 0x20) & 0x2_0000) != 0 ? ", more wait" : ""));
        }
        if (word(at + 0x28) != 0) {
            branch.add("device control 2", flags(word(at + 0x28), "", "", "", "", "no completion timeout", "ARI forwarding"));
        }
    }

    private void extended(Tree tree) {
        int at = 0x100;
        for (int seen = 0; at >= 0x100 && seen < MOST; seen++) {
            long head = dword(at);
            if (head == 0 || head == 0xFFFF_FFFFL) {
                return;
            }
            int id = (int) head & 0xFFFF;
            Tree branch = tree.add("%03x".formatted(at), EXTENDED.getOrDefault(id, "extended capability %04x".formatted(id)));
            switch (id) {
                case 0x0001 -> errors(branch, at);
                case 0x0003 -> branch.add("number", Drawing.hexadecimal(dword(at + 4) | dword(at + 8) << 32, 16));
                case 0x000D -> branch.add("enabled", flags(word(at + 6), "source validation", "translation blocking", "request redirect", "completion redirect", "upstream forwarding", "egress control",
                        "direct translated"));
                case 0x000F -> branch.add("state", ((word(at + 6) & 0x8000) != 0 ? "enabled" : "disabled") + ", smallest unit " + Drawing.bytes(4096L << (word(at + 6) & 0x1F)));
                case 0x000E -> branch.add("next function", word(at + 4) >> 8 == 0 ? "none" : Integer.toString(word(at + 4) >> 8));
                case 0x0010 -> branch.add("functions", "%d of %d%s, first at +%d, then every %d%s".formatted(word(at + 0x10), word(at + 0xE), (word(at + 8) & 1) != 0 ? ", enabled" : ", disabled",
                        word(at + 0x14), word(at + 0x16), (word(at + 8) & 0x10) != 0 ? ", in an ARI hierarchy" : ""));
                case 0x0013 -> branch.add("state", ((word(at + 4) & 1) != 0 ? "enabled" : "disabled") + ", %d of %d requests; %s".formatted(dword(at + 0xC), dword(at + 8),
                        flags(word(at + 6), "response failure", "unexpected group", "", "", "", "", "", "", "stopped")));
                case 0x001B -> branch.add("state", ((word(at + 6) & 1) != 0 ? "enabled" : "disabled") + ", %d bits; %s".formatted(word(at + 4) >> 8 & 0x1F,
                        flags(word(at + 6), "", "execute", "privileged")));
                case 0x001D -> containment(branch, at);
                default -> { }
            }
            at = (int) (head >> 20) & 0xFFC;
        }
    }

    private void containment(Tree branch, int at) {
        int status = word(at + 8);
        branch.add("enabled", new String[] {"no", "for fatal errors", "for fatal and non-fatal errors", "reserved"}[word(at + 6) & 3] + ((word(at + 6) & 8) != 0 ? ", interrupts" : ""));
        String by = new String[] {"an error of the port", "a non-fatal error of ", "a fatal error of ", (status & 0x20) != 0 ? "software" : "a failed request"}[status >> 1 & 3];
        boolean reported = (status >> 1 & 3) == 1 || (status >> 1 & 3) == 2;
        branch.add("state", (status & 1) == 0 ? "not triggered" : "triggered by " + by + (reported ? com.vtsim.api.pci.PciAddress.of(word(at + 0xA)) : ""));
    }

    private void errors(Tree branch, int at) {
        branch.add("uncorrectable", flags((int) dword(at + 4), UNCORRECTABLE));
        branch.add("masked", flags((int) dword(at + 8), UNCORRECTABLE));
        branch.add("fatal", flags((int) dword(at + 0xC), UNCORRECTABLE));
        branch.add("correctable", flags((int) dword(at + 0x10), CORRECTABLE));
        branch.add("masked", flags((int) dword(at + 0x14), CORRECTABLE));
        if (dword(at + 4) != 0) {
            String first = UNCORRECTABLE[(int) dword(at + 0x18) & 0x1F];
            branch.add("first", first == null ? "none" : first);
            branch.add("header log", "%08x %08x %08x %08x".formatted(dword(at + 0x1C), dword(at + 0x20), dword(at + 0x24), dword(at + 0x28)));
        }
        int express = find(EXPRESS);
        if (express != 0 && (word(express + 2) >> 4 & 0xF) == 4) {
            branch.add("root", flags((int) dword(at + 0x30), "correctable received", "several correctable", "uncorrectable received", "several uncorrectable", "first is fatal", "non-fatal received",
                    "fatal received"));
            branch.add("sources", "correctable %s, uncorrectable %s".formatted(com.vtsim.api.pci.PciAddress.of((int) dword(at + 0x34) & 0xFFFF),
                    com.vtsim.api.pci.PciAddress.of((int) (dword(at + 0x34) >> 16) & 0xFFFF)));
        }
    }

    private static String flags(int value, String... names) {
        List<String> set = new ArrayList<>();
        for (int bit = 0; bit < names.length; bit++) {
            if ((value >> bit & 1) != 0 && names[bit] != null && !names[bit].isEmpty()) {
                set.add(names[bit]);
            }
        }
        return set.isEmpty() ? "none" : String.join(", ", set);
    }
}
