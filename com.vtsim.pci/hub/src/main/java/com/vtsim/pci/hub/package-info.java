/** The Ethernet hubs that join the networks of this process's machines. */
package com.vtsim.pci.hub;
