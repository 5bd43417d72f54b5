/**
 * VT-d remapping hardware units.
 */
@Export
@Version("1.1.0")
package com.vtsim.api.vtd;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
