/** The host bridge and the root bus behind it. */
package com.vtsim.pci.bus;
