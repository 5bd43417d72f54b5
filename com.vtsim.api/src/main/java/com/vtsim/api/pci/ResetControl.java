package com.vtsim.api.pci;

import com.vtsim.api.machine.Part;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The part that has the Reset Control Register. Port CF9h lies within CF8h–CFBh, of which the host bridge takes double words only:
 * it hands on byte accesses to CF9h. Where there is no host bridge, this part maps the port itself. Machine thread only.
 */
@ConsumerType
public interface ResetControl extends Part {
    /** @return the register's value, 8 bits */
    int resetControl();

    /** Writes the register; resets the machine or its processors where that is what the value asks for. */
    void resetControl(int value);
}
