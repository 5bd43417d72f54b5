package com.vtsim.pci.bus;

import com.vtsim.api.machine.Board;
import com.vtsim.api.pci.RequestTranslator;
import java.util.BitSet;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which remapping unit has which requester. A unit that was there and is away keeps its requesters: their requests fail, rather than pass
 * untranslated, until it is back, another unit has them, or the platform is reset without it.
 */
final class Translators {
    private static final int REQUESTERS = 0x1_0000;

    private final Map<String, BitSet> owned = new TreeMap<>();

    /** Takes note of the units that are there. */
    void scan(Board board) {
        for (RequestTranslator unit : board.findAll(RequestTranslator.class)) {
            BitSet requesters = new BitSet(REQUESTERS);
            for (int sourceId = 0; sourceId < REQUESTERS; sourceId++) {
                if (unit.owns(sourceId)) {
                    requesters.set(sourceId);
                }
            }
            owned.put(unit.name(), requesters);
        }
    }

    /** @return the unit, or null */
    RequestTranslator owner(Board board, int sourceId) {
        return board.findAll(RequestTranslator.class).stream().filter(unit -> unit.owns(sourceId)).findFirst().orElse(null);
    }

    /** @return whether a unit that is away has the requester */
    boolean isOrphan(Board board, int sourceId) {
        return owned.entrySet().stream().anyMatch(entry -> entry.getValue().get(sourceId)
                && board.findAll(RequestTranslator.class).stream().noneMatch(unit -> unit.name().equals(entry.getKey())));
    }

    /** The platform comes up with what is there. */
    void forget() {
        owned.clear();
    }
}
