package com.vtsim.api.pci;

import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.Part;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A part with registers in the memory controller hub's own register space, which the host bridge shows where MCHBAR says.
 * Machine thread only.
 */
@ConsumerType
public interface HubRegisters extends Part {
    /** Bytes of the space: 32 KiB. */
    int SPACE = 0x8000;

    /** @return offset of the first register in the space, bytes, a multiple of 8; -1 if the part has none */
    int hubOffset();

    /** @return bytes of registers, a multiple of 8 */
    int hubLength();

    /** @return the registers; their offsets count from {@link #hubOffset} */
    MmioDevice hubRegisters();
}
