/** The 8259A and the pair of them in a PC: no bundle of its own, but a part of each bundle that has one. */
package com.vtsim.irq.i8259;
