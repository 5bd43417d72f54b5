/**
 * PCI: functions, the host bridge they hang on, and upstream requests with their requester.
 */
@Export
@Version("1.1.0")
package com.vtsim.api.pci;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
