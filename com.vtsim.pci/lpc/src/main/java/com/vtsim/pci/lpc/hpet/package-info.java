/** The high precision event timer. */
package com.vtsim.pci.lpc.hpet;
