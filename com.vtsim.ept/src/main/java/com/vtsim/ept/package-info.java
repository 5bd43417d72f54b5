/** The EPT mechanism. */
package com.vtsim.ept;
