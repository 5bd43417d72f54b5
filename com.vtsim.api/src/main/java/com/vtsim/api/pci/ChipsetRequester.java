package com.vtsim.api.pci;

import com.vtsim.api.machine.Board;
import java.util.Optional;

/**
 * The source-ids that parts of the chipset send interrupts with, and one part's way through the remapping unit that has them.
 * <p>
 * Made in a part's attach and, without a predecessor, in its reset. While a unit that was there is away, interrupts are lost rather than sent past it.
 * Machine thread only.
 * Source: Intel I/O Controller Hub 9 (ICH9) Family Datasheet, LPC I/F IOxAPIC Bus:Device:Function and HPET Bus:Device:Function.
 */
public final class ChipsetRequester {
    /** Of the event timer's messages: 00:1f.0. */
    public static final int EVENT_TIMER = 0x00F8;
    private static final PciAddress LPC = new PciAddress(0, 0x1F, 0);
    private static final int LPC_IBDF = 0x6C;

    private final RequestTranslator translator;
    private final boolean orphan;
    private final RequestTranslator.Message message = new RequestTranslator.Message();

    private ChipsetRequester(RequestTranslator translator, boolean orphan, int sourceId) {
        this.translator = translator;
        this.orphan = orphan;
        message.sourceId = sourceId;
    }

    /**
     * @param host of the LPC bridge, if there is one
     * @return source-id of the I/O APIC's messages, which the LPC bridge's register LPC_IBDF has; 00:1f.0 without a bridge
     */
    public static int ioApic(Optional<PciHost> host) {
        return host.flatMap(h -> h.function(LPC)).map(lpc -> lpc.configRead(LPC_IBDF, 2) & 0xFFFF).orElse(EVENT_TIMER);
    }

    /**
     * @param before what the part had until now, or null: if it passed a unit and there is none, nothing passes
     */
    public static ChipsetRequester of(Board board, int sourceId, ChipsetRequester before) {
        RequestTranslator unit = board.findAll(RequestTranslator.class).stream().filter(each -> each.owns(sourceId)).findFirst().orElse(null);
        return new ChipsetRequester(unit, unit == null && before != null && (before.translator != null || before.orphan), sourceId);
    }

    /** @return whether the unit is away, so that nothing passes */
    public boolean isOrphan() {
        return orphan;
    }

    /**
     * Remaps a message.
     *
     * @param address FEEx_xxxxh
     * @return where it goes now, or null if it is not delivered; valid until the next call
     */
    public RequestTranslator.Message remap(long address, int data) {
        message.address = address;
        message.data = data;
        return orphan || translator != null && !translator.remap(message) ? null : message;
    }
}
