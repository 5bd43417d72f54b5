package com.vtsim.api.pci;

import com.vtsim.api.machine.Part;
import org.osgi.annotation.versioning.ConsumerType;

/** A PCI function. The bus finds it on the board; its place is the service property {@link #ADDRESS}. Machine thread only. */
@ConsumerType
public interface PciFunction extends Part {
    /** Service property and configuration key, {@code String}: {@code bus:device.function} in hexadecimal, {@code 00:1f.0}. */
    String ADDRESS = "vtsim.pci.address";

    /** @return where it sits; for a function behind a bridge, on the bridge's secondary bus as seen from the slot (bus numbers are the guest's to assign) */
    PciAddress address();

    /**
     * @param offset 0–FFFh, a multiple of {@code size}
     * @param size   1, 2 or 4 bytes
     * @return the value, zero-extended; 0 where reserved or not implemented
     */
    int configRead(int offset, int size);

    /** Stores the low {@code size} bytes; read-only bits keep their value. */
    void configWrite(int offset, int size, int value);
}
