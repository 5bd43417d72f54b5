/** Remapping hardware units: registers, table walks, caches, invalidation, fault logging, interrupt remapping. */
package com.vtsim.vtd;
