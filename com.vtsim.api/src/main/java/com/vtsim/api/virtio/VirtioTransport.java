package com.vtsim.api.virtio;

import org.osgi.annotation.versioning.ProviderType;

/** Carries virtio devices over a bus. A service, of which a device's component needs one; when it goes, the devices are replaced with it. */
@ProviderType
public interface VirtioTransport {
    /**
     * @param device   what it does; not called before it is attached
     * @param identity what it is
     * @return its function on the bus, as after power-on
     */
    VirtioFunction function(VirtioDevice device, VirtioIdentity identity);
}
