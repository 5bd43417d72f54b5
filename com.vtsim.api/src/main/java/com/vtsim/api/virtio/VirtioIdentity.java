package com.vtsim.api.virtio;

import com.vtsim.api.pci.PciAddress;
import java.util.List;

/**
 * What a device is.
 *
 * @param name      of the part
 * @param model     of the part's state
 * @param address   where it sits
 * @param type      device type: 1 network, 2 block, 3 console, 4 entropy
 * @param classCode 24 bits
 * @param features  of the type (bits 23:0 and 127:50); the transport adds those of the rings
 * @param packed    whether packed rings are offered beside split ones
 * @param queues    entries of each queue at most, powers of two up to 1024
 */
public record VirtioIdentity(String name, String model, PciAddress address, int type, int classCode, long features, boolean packed, List<Integer> queues) {
    /** @throws IllegalArgumentException if a queue's size is none */
    public VirtioIdentity {
        queues = List.copyOf(queues);
        if (queues.stream().anyMatch(size -> size < 1 || size > 1024 || Integer.bitCount(size) != 1)) {
            throw new IllegalArgumentException("queues have powers of two up to 1024 as sizes, not " + queues);
        }
    }
}
