package com.vtsim.api.pci;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.machine.Reset;
import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;
import com.vtsim.api.register.RegisterFile;

/**
 * The page request interface: the function may ask for pages that are not present. Machine thread only.
 * Source: PCI Express Base Specification, Page Request Extended Capability.
 */
public final class PageRequests extends Capability {
    private static final Field ENABLE = Field.bit(0);
    private static final Field RESET = Field.bit(1);
    private static final Field RESPONSE_FAILURE = Field.bit(0);
    private static final Field UNEXPECTED_GROUP = Field.bit(1);
    private static final Field STOPPED = Field.bit(8);

    private final Runnable restarted;
    private final RegisterFile<Row> registers = new RegisterFile<>(Row.class, this::written);

    private enum Row implements Register {
        CTL(at(0x04, 2).rw(0x0001).wo(0x0002).title("Page Request Control")),
        STS(at(0x06, 2).rw1c(0x0003).ro(0x8100).reset(0x0100).title("Page Request Status")),
        CAPACITY(at(0x08, 4).ro(0xFFFF_FFFF).title("Outstanding Page Request Capacity")),
        ALLOCATION(at(0x0C, 4).rw(0xFFFF_FFFF).title("Outstanding Page Request Allocation"));

        private final Layout layout;

        Row(Layout layout) {
            this.layout = layout;
        }

        @Override
        public Layout layout() {
            return layout;
        }
    }

    /**
     * @param capacity  requests that may be outstanding
     * @param withPasid whether responses to requests with a PASID have to carry it (PRG Response PASID Required)
     * @param restarted called when software resets the interface, and at reset: requests outstanding are forgotten
     */
    public PageRequests(int capacity, boolean withPasid, Runnable restarted) {
        super("PRI", 0x0013, 1, 16);
        this.restarted = restarted;
        registers.strap(Row.CAPACITY, capacity);
        registers.strap(Row.STS, withPasid ? 0x8100 : 0x0100);
    }

    @Override
    protected RegisterFile<?> registers() {
        return registers;
    }

    private void written(Row register, long old, long now, long written) {
        if (register != Row.CTL) {
            return;
        }
        boolean enable = ENABLE.isSet(now);
        registers.set(Row.CTL, ENABLE.in(now));
        registers.set(Row.STS, STOPPED, enable ? 0 : 1);
        if (RESET.isSet(written) && !enable) {
            registers.clear(Row.STS, RESPONSE_FAILURE.mask() | UNEXPECTED_GROUP.mask());
            restarted.run();
        }
    }

    @Override
    protected void cleared(Reset kind) {
        restarted.run();
    }

    /** @return whether software has enabled it */
    public boolean enabled() {
        return registers.isSet(Row.CTL, ENABLE);
    }

    /** @return whether responses to requests with a PASID have to carry it */
    public boolean withPasid() {
        return (registers.get(Row.STS) & 0x8000) != 0;
    }

    /** @return requests that may be outstanding: what software allocated, at most the capacity */
    public long allocation() {
        return Math.min(registers.get(Row.ALLOCATION), registers.get(Row.CAPACITY));
    }

    /** A response said failure: the interface stops. */
    public void failed() {
        registers.set(Row.STS, RESPONSE_FAILURE, 1);
        registers.set(Row.STS, STOPPED, 1);
        registers.set(Row.CTL, ENABLE, 0);
    }

    /** A response came for a group that is not outstanding. */
    public void unexpected() {
        registers.set(Row.STS, UNEXPECTED_GROUP, 1);
    }
}
