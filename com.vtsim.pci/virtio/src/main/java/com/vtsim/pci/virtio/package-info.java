/** Devices of virtio 1.2 over PCI: block, console, entropy and network, and the hub that joins networks of this process. */
package com.vtsim.pci.virtio;
