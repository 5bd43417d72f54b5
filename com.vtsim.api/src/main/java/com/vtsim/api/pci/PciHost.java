package com.vtsim.api.pci;

import com.vtsim.api.machine.Part;
import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The host bridge and the bus behind it: routes configuration accesses to functions, their INTx pins to the board's lines,
 * and their upstream requests through the remapping unit that owns them to memory. Machine thread only.
 */
@ConsumerType
public interface PciHost extends Part {
    /** @return every function, by address as the guest has numbered the buses */
    List<PciFunction> functions();

    /** @return the function at an address */
    Optional<PciFunction> function(PciAddress address);

    /**
     * Drives an interrupt pin of a function.
     *
     * @param pin 1 (INTA) to 4 (INTD)
     */
    void interrupt(PciFunction function, int pin, boolean asserted);

    /** @return where a function sends its DMA and messages */
    Upstream upstream(PciFunction function);
}
