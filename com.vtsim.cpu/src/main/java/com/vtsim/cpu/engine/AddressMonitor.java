package com.vtsim.cpu.engine;

import com.vtsim.api.machine.MemoryPage;

/**
 * The line of memory that MONITOR watches for MWAIT: a store to it, by any processor or device, ends the wait.
 *
 * @sdm MONITOR—Set Up Monitor Address; MWAIT—Monitor Wait
 */
public final class AddressMonitor implements MemoryPage.Watcher {
    /** Bytes watched: a line, as CPUID leaf 05H says. */
    public static final int LINE = 64;
    /** {@link #armed} where nothing is watched. */
    public static final long NONE = -1;

    private final Cpu cpu;
    private MemoryPage page;
    private long armed = NONE;

    AddressMonitor(Cpu cpu) {
        this.cpu = cpu;
    }

    /** @return host-physical address of the line that is watched and has not been written since, or {@link #NONE} */
    public long armed() {
        return armed;
    }

    /** Watches the line of a linear address that can be read, provided it is write-back memory: stores to other types do not trigger the hardware. */
    public void watch(long linear) {
        long line = cpu.translation.allowed(cpu.memory.paging().translate(linear, Paging.READ | (cpu.cpl == 3 ? Paging.USER : 0)), ApicAccesses.MONITOR) & -LINE;
        restore(cpu.memoryTypes.of(linear) == MemoryTypes.WB ? line : NONE);
    }

    /** Watches a line of host-physical memory, or nothing; nobody tells of stores to a device. */
    public void restore(long line) {
        MemoryPage wanted = line == NONE || cpu.memory.space() == null ? null : cpu.memory.space().page(line);
        armed = wanted == null ? NONE : line;
        // A page once watched stays so: the next MONITOR will mostly name it again.
        if (wanted == page || wanted == null) {
            return;
        }
        if (page != null) {
            page.unwatch(this);
        }
        page = wanted;
        page.watch(this);
        cpu.execution.code().pageWatched(page);
    }

    /** Pages mean something else: watches what lies at the same place now. */
    void pagesChanged() {
        if (page != null) {
            page.unwatch(this);
            page = null;
        }
        restore(armed);
    }

    /** Watches nothing any more. */
    public void disarm() {
        armed = NONE;
    }

    @Override
    public void written(MemoryPage written, int from, int length) {
        int line = (int) armed & 0xFFF;
        if (armed != NONE && from < line + LINE && from + length > line) {
            armed = NONE;
            cpu.execution.activity.monitored();
        }
    }
}
