/** The virtio console device. */
package com.vtsim.pci.virtio.console;
