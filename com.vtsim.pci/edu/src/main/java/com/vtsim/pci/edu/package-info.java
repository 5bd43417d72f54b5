/** The educational DMA device that driver courses and test suites use. */
package com.vtsim.pci.edu;
