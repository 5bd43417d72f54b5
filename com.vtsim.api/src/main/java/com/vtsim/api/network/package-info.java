/**
 * Networks: hubs that join the network cards of the machines of this process.
 */
@Export
@Version("1.0.0")
package com.vtsim.api.network;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
