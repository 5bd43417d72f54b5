/** The virtio entropy device. */
package com.vtsim.pci.virtio.entropy;
