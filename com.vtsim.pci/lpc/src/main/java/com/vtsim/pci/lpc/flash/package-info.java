/** Flash memory with firmware and its variables. */
package com.vtsim.pci.lpc.flash;
