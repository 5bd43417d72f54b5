package com.vtsim.cpu.trace;

import java.util.ArrayList;
import java.util.List;

/** Packets of a processor trace in words. @sdm Intel Processor Trace: Packet Definitions */
public final class PacketText {
    private final byte[] trace;
    private final List<String> packets = new ArrayList<>();
    private int at;
    private long lastIp;

    private PacketText(byte[] trace) {
        this.trace = trace;
    }

    /** @return one line a packet */
    public static List<String> of(byte[] trace) {
        PacketText text = new PacketText(trace);
        while (text.at < trace.length) {
            text.next();
        }
        return text.packets;
    }

    private long number(int bytes) {
        long value = 0;
        for (int i = 0; i < bytes && at < trace.length; i++) {
            value |= (trace[at++] & 0xFFL) << 8 * i;
        }
        return value;
    }

    private void next() {
        int first = (int) number(1);
        if (first == 0) {
            packets.add("PAD");
        } else if (first == 2) {
            extended((int) number(1));
        } else if ((first & 1) == 0) {
            int bits = 31 - Integer.numberOfLeadingZeros(first) - 1;
            StringBuilder text = new StringBuilder("TNT ");
            for (int i = bits; i > 0; i--) {
                text.append((first >> i & 1) != 0 ? 'T' : 'N');
            }
            packets.add(text.toString());
        } else if (first == 0x99) {
            packets.add("MODE.Exec " + switch ((int) number(1)) {
                case 0 -> 16;
                case 1 -> 64;
                default -> 32;
            });
        } else if (first == 0x19) {
            packets.add("TSC " + number(7));
        } else {
            address(first);
        }
    }

    private void extended(int second) {
        switch (second) {
            case 0x82 -> {
                number(14);
                lastIp = 0;
                packets.add("PSB");
            }
            case 0x23 -> packets.add("PSBEND");
            case 0xF3 -> packets.add("OVF");
            case 0x83 -> packets.add("TraceStop");
            case 0x03 -> packets.add("CBR " + (number(2) & 0xFF));
            case 0x43 -> {
                long payload = number(6);
                packets.add("PIP " + Long.toHexString(payload >> 1 << 5) + ((payload & 1) != 0 ? " NR" : ""));
            }
            case 0xC8 -> packets.add("VMCS " + Long.toHexString(number(5) << 12));
            case 0x12, 0x92 -> packets.add("PTW " + Long.toHexString(number(4)));
            case 0x32, 0xB2 -> packets.add("PTW " + Long.toHexString(number(8)));
            default -> packets.add("? 02 " + Integer.toHexString(second));
        }
    }

    private void address(int first) {
        String name = switch (first & 0x1F) {
            case 0x0D -> "TIP";
            case 0x11 -> "TIP.PGE";
            case 0x01 -> "TIP.PGD";
            case 0x1D -> "FUP";
            default -> "? " + Integer.toHexString(first);
        };
        switch (first >> 5) {
            case 0 -> {
                packets.add(name);
                return;
            }
            case 1 -> lastIp = lastIp & ~0xFFFFL | number(2);
            case 2 -> lastIp = lastIp & ~0xFFFF_FFFFL | number(4);
            case 3 -> lastIp = number(6) << 16 >> 16;
            case 4 -> lastIp = lastIp & 0xFFFFL << 48 | number(6);
            default -> lastIp = number(8);
        }
        packets.add(name + " " + Long.toHexString(lastIp));
    }
}
