/**
 * The logical processor as an operator sees it, and the instruction set as a service.
 */
@Export
@Version("1.1.0")
package com.vtsim.api.cpu;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
