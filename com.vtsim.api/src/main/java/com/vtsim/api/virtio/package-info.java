/**
 * Virtio: what a device of its kind does, and the transport that carries it to the guest. The two live in bundles of their own.
 */
@Export
@Version("1.0.0")
package com.vtsim.api.virtio;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
