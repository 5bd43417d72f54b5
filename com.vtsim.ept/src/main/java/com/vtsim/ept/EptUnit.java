package com.vtsim.ept;

import com.vtsim.api.ept.Ept;
import com.vtsim.api.ept.EptAccess;
import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import java.util.ArrayList;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * Extended page tables: the walk with its permissions, misconfigurations and accessed and dirty flags. It caches nothing itself:
 * what a processor keeps in its TLB is what is stale until an invalidation.
 *
 * @sdm The Extended Page Table Mechanism (EPT)
 */
@Component(configurationPid = EptUnit.PID, configurationPolicy = ConfigurationPolicy.REQUIRE, service = {Part.class, Ept.class})
public final class EptUnit implements Ept {
    /** The factory PID. */
    static final String PID = "com.vtsim.ept";
    /** {@link #model}. */
    public static final String MODEL = "ept";
    private static final int VERSION = 1;

    private final String name;
    private final Walk walk = new Walk();
    private MemorySpace memory;
    /** The access under way. */
    private EptAccess asking;

    /** Configuration of the factory PID. */
    public @interface Config {
        /** Machine. */
        String vtsim_machine();

        /** Part name: {@code ept}. */
        String vtsim_name();
    }

    /** What outlives the part: nothing, for the structures are in memory. */
    record Saved() { }

    /** Made by its configuration. */
    @Activate
    public EptUnit(Config config) {
        this(config.vtsim_name());
    }

    /** For machines put together in plain Java. */
    public EptUnit(String name) {
        this.name = name;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String model() {
        return MODEL;
    }

    @Override
    public void attach(Board board) {
        memory = board.memory();
        memory.onPoison(line -> {
            if (asking != null && asking.poison != null && !asking.dry) {
                asking.poison.met(line);
            }
        });
    }

    @Override
    public void reset(Reset kind) {
        // There is nothing to forget.
    }

    @Override
    public State save() {
        return State.of(MODEL, VERSION, new Saved());
    }

    @Override
    public void restore(State state) {
        state.as(Saved.class, MODEL, VERSION);
    }

    @Override
    public long capabilities() {
        return EptEntry.CAPABILITIES;
    }

    @Override
    public void translate(EptAccess access) {
        asking = access;
        try {
            walk.translate(memory, access);
        } finally {
            asking = null;
        }
    }

    @Override
    public void invalidate(int type, long eptp) {
        // Nothing is cached here; the processor that executed INVEPT drops what it has.
    }

    @Override
    public List<Step> walk(long eptp, long guestPhysical) {
        List<Step> steps = new ArrayList<>();
        long table = eptp & EptEntry.FRAME;
        for (int level = EptEntry.levels(eptp); level >= 1; level--) {
            long address = table + (guestPhysical >>> 3 + 9 * level & 0x1FF) * 8;
            long entry = memory.read(address, 8);
            steps.add(new Step(level, address, entry, EptEntry.describe(entry, level)));
            if (!EptEntry.present(entry, true) || EptEntry.misconfigured(entry, level) || EptEntry.leaf(entry, level)) {
                break;
            }
            table = entry & EptEntry.FRAME;
        }
        return steps;
    }
}
