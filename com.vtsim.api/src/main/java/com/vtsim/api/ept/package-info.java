/**
 * Extended page tables: guest-physical to host-physical translation.
 */
@Export
@Version("1.1.0")
package com.vtsim.api.ept;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
