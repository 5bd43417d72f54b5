/** The LPC bridge: interrupt routing, reset, power management. The legacy devices behind it are in packages of their own. */
package com.vtsim.pci.lpc;
