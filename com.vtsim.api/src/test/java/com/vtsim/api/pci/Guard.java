package com.vtsim.api.pci;

import com.vtsim.api.machine.StatelessPart;
import java.util.Set;
import java.util.TreeSet;

/** Remapping hardware reduced to what tests of devices need: it lets requests for listed pages pass, and no message unless told so. */
public final class Guard extends StatelessPart implements RequestTranslator {
    /** Numbers of the pages that may be reached. */
    public final Set<Long> pages = new TreeSet<>();
    /** Whether messages pass. */
    public boolean messages;
    /** Requests and messages that did not pass. */
    public int blocked;

    @Override
    public boolean owns(int sourceId) {
        return true;
    }

    @Override
    public boolean translate(Request request) {
        boolean good = pages.contains(request.address >>> 12);
        blocked += good ? 0 : 1;
        return good;
    }

    @Override
    public boolean remap(Message message) {
        blocked += messages ? 0 : 1;
        return messages;
    }

    /** Lets requests for the pages of these addresses pass. @return this */
    public Guard allow(long... addresses) {
        for (long address : addresses) {
            pages.add(address >>> 12);
        }
        return this;
    }
}
