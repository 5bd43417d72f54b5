/** The virtio block device. */
package com.vtsim.pci.virtio.block;
