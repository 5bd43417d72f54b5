package com.vtsim.api.network;

import com.vtsim.api.machine.Part;
import org.osgi.annotation.versioning.ConsumerType;

/** A network card. Machine thread only. */
@ConsumerType
public interface NetworkCard extends Part {
    /** @return the hub that its cable goes to */
    String hub();

    /** @return its address, {@code 52:54:00:00:00:01} */
    String hardwareAddress();

    /** @return whether its cable is plugged in */
    boolean isLinkUp();

    /** Plugs its cable in or pulls it: the guest is told, and without it no frame comes or goes. */
    void link(boolean up);
}
