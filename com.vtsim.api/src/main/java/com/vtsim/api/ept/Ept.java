package com.vtsim.api.ept;

import com.vtsim.api.machine.Part;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The EPT mechanism of a machine's processors: walks the structures an EPTP names. What is cached of them each processor keeps itself, and
 * drops when told. A machine without this part has processors that do not announce EPT. Machine thread only.
 */
@ConsumerType
public interface Ept extends Part {
    /** @return IA32_VMX_EPT_VPID_CAP, the EPT half and the VPID half: what works */
    long capabilities();

    /** Translates an access; fills in {@link EptAccess#outcome} and what goes with it. */
    void translate(EptAccess access);

    /** INVEPT. @param type 1 single-context, 2 all-context; @param eptp for type 1 */
    void invalidate(int type, long eptp);

    /**
     * Walks for the operator: no caches, no accessed bits.
     *
     * @param eptp          EPT pointer
     * @param guestPhysical any address
     */
    List<Step> walk(long eptp, long guestPhysical);

    /**
     * An entry read by a walk.
     *
     * @param level   5 to 1
     * @param address host-physical address of the entry
     * @param entry   its value
     * @param meaning decoded, one line
     */
    record Step(int level, long address, long entry, String meaning) { }
}
