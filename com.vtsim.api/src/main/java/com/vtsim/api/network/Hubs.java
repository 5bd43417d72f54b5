package com.vtsim.api.network;

import org.osgi.annotation.versioning.ProviderType;

/** Ethernet hubs by name, for all machines of this process: what one port sends all others hear. A service; any thread. */
@ProviderType
public interface Hubs {
    /** Frames that wait on a port at most; what comes beyond is dropped. */
    int WAITING = 256;

    /**
     * @param hub     its name; it is there as long as somebody is on it
     * @param owner   whose port it is: one of that name that is still open is closed
     * @param resumed whether the owner is the successor of one that closed its port: frames that came meanwhile are then waiting
     * @param bell    rung after a frame has come, on its sender's thread; it must return at once
     */
    Port join(String hub, String owner, boolean resumed, Runnable bell);

    /** A place on a hub. */
    @ProviderType
    interface Port extends AutoCloseable {
        /** Gives a frame to all others on the hub; nobody changes it from then on. */
        void send(byte[] frame);

        /** @return the frame that has waited longest, which no longer waits; null if there is none */
        byte[] receive();

        /** @return how many are on the hub, this one included */
        int neighbours();

        /** Leaves the hub. Frames that wait, and those that come, are kept for a successor. */
        @Override
        void close();
    }
}
