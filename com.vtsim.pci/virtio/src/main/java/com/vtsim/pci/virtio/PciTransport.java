package com.vtsim.pci.virtio;

import com.vtsim.api.virtio.VirtioDevice;
import com.vtsim.api.virtio.VirtioFunction;
import com.vtsim.api.virtio.VirtioIdentity;
import com.vtsim.api.virtio.VirtioTransport;
import org.osgi.service.component.annotations.Component;

/** Virtio over PCI. Source: Virtual I/O Device (VIRTIO) 1.2, Virtio Over PCI Bus. */
@Component(service = VirtioTransport.class)
public final class PciTransport implements VirtioTransport {
    @Override
    public VirtioFunction function(VirtioDevice device, VirtioIdentity identity) {
        return new PciVirtio(device, identity);
    }
}
