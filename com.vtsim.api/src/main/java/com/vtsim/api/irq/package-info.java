/**
 * Interrupt controllers: who acknowledges, what is pending, and the state that two models of the family can hand to each other.
 */
@Export
@Version("1.0.0")
package com.vtsim.api.irq;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
