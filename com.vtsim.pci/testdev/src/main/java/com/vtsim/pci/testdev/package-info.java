/** The devices that free x86 test suites expect. */
package com.vtsim.pci.testdev;
