/** The virtio network device. */
package com.vtsim.pci.virtio.network;
