package com.vtsim.api.pci;

import com.vtsim.api.machine.Part;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/** A slot: the place behind a root port or a switch's lower port, as the person in front of the machine has it. Machine thread only. */
@ConsumerType
public interface PciSlot extends Part {
    /** @return the bus number that functions in this slot have in their configured address */
    int behind();

    /** @return the number on the case, 13 bits */
    int number();

    /** @return whether cards may come and go while the machine runs */
    boolean isHotPluggable();

    /** @return name of the part that is in the slot */
    Optional<String> occupant();

    /** @return whether the slot has power */
    boolean isPowered();

    /** @return whether the link to the card is up */
    boolean isLinkUp();

    /** @return the indicators, {@code power on, attention off} for instance; empty if there are none */
    String indicators();

    /** Presses the attention button: asks software to release the card, or to take it in use. */
    void pressButton();
}
