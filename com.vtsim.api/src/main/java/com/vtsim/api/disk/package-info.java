/**
 * Disks: devices that keep their blocks in files of the host.
 */
@Export
@Version("1.0.0")
package com.vtsim.api.disk;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
