/** Image formats: what a file says lies where, checked before a machine is touched. */
package com.vtsim.machine.load;
