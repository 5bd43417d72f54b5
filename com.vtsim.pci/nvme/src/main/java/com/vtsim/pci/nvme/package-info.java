/** A controller of NVM Express: disks on the bus, their blocks in files of the host. */
package com.vtsim.pci.nvme;
