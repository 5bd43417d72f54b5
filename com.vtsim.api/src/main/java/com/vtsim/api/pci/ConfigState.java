package com.vtsim.api.pci;

import com.vtsim.api.register.RegisterState;

/**
 * Values of a function's configuration space, for use as a component of its part's state record.
 *
 * @param header the standard header
 * @param own    the function's own registers
 * @param intx   whether the function asserts its INTx pin
 */
public record ConfigState(RegisterState header, RegisterState own, boolean intx) { }
