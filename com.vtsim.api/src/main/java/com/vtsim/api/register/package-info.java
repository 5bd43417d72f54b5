/**
 * A register block is a table: an enum lists the registers, {@link com.vtsim.api.register.RegisterFile} holds and moves their values,
 * and the device's code is what a write does.
 */
@Export
@Version("1.0.0")
package com.vtsim.api.register;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
