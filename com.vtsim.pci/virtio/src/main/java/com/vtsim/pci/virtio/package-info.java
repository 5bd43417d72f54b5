/** Virtio 1.2 over PCI: structures, queues and interrupts, for devices in bundles of their own. */
package com.vtsim.pci.virtio;
