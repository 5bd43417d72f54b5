package com.vtsim.vtd;

import com.vtsim.api.pci.DeviceTlb;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciHost;

/** Finds the functions that have a device-TLB. */
final class DeviceTlbs {
    private PciHost host;

    /** @param newHost or null */
    void attach(PciHost newHost) {
        host = newHost;
    }

    /** @return the function, or null if there is none or it has no device-TLB */
    DeviceTlb at(int sourceId) {
        return host != null && host.function(PciAddress.of(sourceId)).orElse(null) instanceof DeviceTlb device ? device : null;
    }
}
