package com.vtsim.pci.bus;

import com.vtsim.api.pci.PciHost.Span;
import com.vtsim.api.register.RegisterFile;

/**
 * What a bridge forwards from its primary to its secondary side, by its windows and enables.
 * Source: PCI-to-PCI Bridge Architecture Specification, Address Decoding, ISA Mode, VGA Addressing.
 */
final class Windows {
    private static final int PORTS = 0x1000;
    private static final int MEBIBYTE = 0x10_0000;
    private static final long VGA_FRAME = 0xA_0000;
    private static final long VGA_FRAME_END = 0xC_0000;
    /** Ports are decoded by ten bits, but for VGA 16-bit Decode. */
    private static final long TEN_BITS = 0x3FF;

    private final RegisterFile<BridgeRegister> header;

    Windows(RegisterFile<BridgeRegister> header) {
        this.header = header;
    }

    /** @return what of a range is forwarded, or null */
    Span through(boolean ports, Span span) {
        if (!header.isSet(BridgeRegister.PCICMD, ports ? BridgeRegister.IO_SPACE : BridgeRegister.MEMORY_SPACE)) {
            return null;
        }
        Span vga = header.isSet(BridgeRegister.BCTRL, BridgeRegister.VGA_ENABLE) ? ports ? vgaPorts(span) : overlap(span, VGA_FRAME, VGA_FRAME_END) : null;
        return vga != null ? vga : ports ? ports(span) : memory(span);
    }

    private Span ports(Span span) {
        boolean kept = header.isSet(BridgeRegister.BCTRL, BridgeRegister.ISA_ENABLE) && (span.base() & 0x300) != 0;
        return kept ? null : overlap(span, header.get(BridgeRegister.IOBASE) << 8, (header.get(BridgeRegister.IOLIMIT) << 8) + PORTS);
    }

    private Span memory(Span span) {
        Span part = overlap(span, header.get(BridgeRegister.MBASE) << 16, (header.get(BridgeRegister.MLIMIT) << 16) + MEBIBYTE);
        return part != null ? part : overlap(span, (header.get(BridgeRegister.PMBASE) & ~0xFL) << 16 | header.get(BridgeRegister.PMBU32) << 32,
                ((header.get(BridgeRegister.PMLIMIT) & ~0xFL) << 16 | header.get(BridgeRegister.PMLU32) << 32) + MEBIBYTE);
    }

    /** 3C0h–3DFh and 3B0h–3BBh, whatever ISA enable says; without 16-bit decoding also where bits 15:10 are not 0. */
    private Span vgaPorts(Span span) {
        long alias = header.isSet(BridgeRegister.BCTRL, BridgeRegister.VGA_16_BIT) ? 0 : span.base() & ~TEN_BITS;
        Span part = overlap(span, alias + 0x3C0, alias + 0x3E0);
        return part != null ? part : overlap(span, alias + 0x3B0, alias + 0x3BC);
    }

    private static Span overlap(Span span, long from, long end) {
        long first = Math.max(span.base(), from);
        long last = Math.min(span.base() + span.length(), end);
        return first < last ? new Span(first, last - first) : null;
    }
}
