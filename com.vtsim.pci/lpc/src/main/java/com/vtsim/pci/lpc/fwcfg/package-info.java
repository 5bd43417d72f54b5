/** The firmware configuration device. */
package com.vtsim.pci.lpc.fwcfg;
