package com.vtsim.pci.bus;

import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost.Span;

/**
 * Where requests of the processor end that nobody takes: an unsupported request, recorded by whoever found it out. A read then gives all ones,
 * and its completion sets the bits of received master aborts on its way back; a write vanishes.
 * Source: PCI Express Base Specification, Error Signaling and Logging, Transaction Layer Packet Rules; PCI-to-PCI Bridge Architecture Specification, Master Abort.
 */
final class Aborts {
    private static final int WRITE = 0x4000_0000;
    private static final int FOUR_DOUBLE_WORDS = 0x2000_0000;
    private static final int IO = 0x0200_0000;
    private static final int CONFIGURATION = 0x0400_0000;

    private final Topology topology;
    private final HostBridge host;

    Aborts(Topology topology, HostBridge host) {
        this.topology = topology;
        this.host = host;
    }

    /** A memory access of the processor met nobody. */
    void memory(long address, int size, boolean write) {
        Bridge last = topology.taker(false, new Span(address, 1));
        boolean wide = address >>> 32 != 0;
        end(last, write, (write ? WRITE : 0) | (wide ? FOUR_DOUBLE_WORDS : 0) | Math.max(1, size / 4),
                enables(address, size), wide ? (int) (address >>> 32) : (int) address & ~3, wide ? (int) address & ~3 : 0);
    }

    /** A port access met nobody. On the root bus the legacy devices' bus takes it, where that is no error. */
    void port(long port, int size, boolean write) {
        Bridge last = topology.taker(true, new Span(port, 1));
        if (last != null) {
            end(last, false, (write ? WRITE : 0) | IO | 1, enables(port, size), (int) port & ~3, 0);
        }
    }

    /** A configuration request met nobody behind a bridge, or on the root bus if that is null. */
    void configuration(Bridge last, int sourceId, int offset, boolean write) {
        end(last, false, (write ? WRITE : 0) | CONFIGURATION | 1, 0xF, sourceId << 16 | offset & 0xFFC, 0);
    }

    /** First and last byte enables, in the second double word of a header: requester 00:00.0, tag 0. */
    private static int enables(long address, int size) {
        int bytes = (1 << Math.min(size, 8)) - 1 << (int) (address & 3);
        return bytes & 0xF | bytes >> 4 << 4 & 0xF0;
    }

    private void end(Bridge last, boolean posted, int first, int second, int third, int fourth) {
        if (last != null) {
            Bridge completed = last.kind() == BridgeKind.PCI ? last : posted ? null : topology.top(last);
            if (completed != null) {
                completed.masterAbort();
            }
            if (last.kind() == BridgeKind.UPSTREAM) {
                last.unsupported(posted, first, second, third, fourth);
            } else if (last.kind().hasLink() && last.isLinkUp()) {
                for (PciFunction function : topology.on(last.behind())) {
                    host.unsupported(function, posted, first, second, third, fourth);
                }
            }
        }
        if (!posted && (last == null || last.kind() != BridgeKind.PCI)) {
            host.masterAbort();
        }
    }
}
