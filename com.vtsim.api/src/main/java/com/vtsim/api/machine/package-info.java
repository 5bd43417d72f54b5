/**
 * The board and what every part of a machine shares: memory, ports, clock, lines, state, processors as the run loop sees them. Depends on no family.
 */
@Export
@Version("1.0.0")
package com.vtsim.api.machine;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
