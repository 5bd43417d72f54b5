/**
 * The backplane: memory, ports, clock and lines of a machine, its parts and the thread that runs it. Private to the bundle;
 * {@link com.vtsim.machine.Backplane} is also what the other bundles' unit tests build their small machines with.
 */
package com.vtsim.machine;
