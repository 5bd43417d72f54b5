package com.vtsim.pci.bus;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.Registration;
import com.vtsim.api.pci.HubRegisters;
import java.util.List;

/**
 * The hub's own register space, where MCHBAR says: 16 KiB, or 32 KiB if some part has registers in the upper half. Memory timing and the
 * like are not there and read 0. Source: Intel 3 Series Express Chipset Family Datasheet, MCHBAR.
 */
final class HubSpace implements MmioDevice {
    private static final int SMALL = 0x4000;

    private List<HubRegisters> parts = List.of();
    private Registration window;
    private long shown;

    /** @param mchbar its value */
    void attach(Board board, long mchbar) {
        parts = board.findAll(HubRegisters.class).stream().filter(part -> part.hubOffset() >= 0).toList();
        window = null;
        shown = 0;
        map(board, mchbar);
    }

    /** Shows the space where it has been moved to. */
    void map(Board board, long mchbar) {
        if (board == null || mchbar == shown) {
            return;
        }
        if (window != null) {
            window.close();
            window = null;
        }
        shown = mchbar;
        if ((mchbar & 1) != 0) {
            boolean small = parts.stream().allMatch(part -> part.hubOffset() + part.hubLength() <= SMALL);
            window = board.memory().map(mchbar & ~1L, small ? SMALL : HubRegisters.SPACE, this);
        }
    }

    private HubRegisters at(int offset) {
        for (HubRegisters part : parts) {
            if (offset >= part.hubOffset() && offset < part.hubOffset() + part.hubLength()) {
                return part;
            }
        }
        return null;
    }

    @Override
    public long read(int offset, int size) {
        HubRegisters part = at(offset);
        return part == null ? 0 : part.hubRegisters().read(offset - part.hubOffset(), size);
    }

    @Override
    public void write(int offset, int size, long value) {
        HubRegisters part = at(offset);
        if (part != null) {
            part.hubRegisters().write(offset - part.hubOffset(), size, value);
        }
    }
}
