package com.vtsim.api.register;

import com.vtsim.api.machine.Part;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** A part that shows its registers to the operator, without the effects of a guest's reads. Machine thread only. */
@ConsumerType
public interface RegisterBlocks extends Part {
    /** @return each block with its present values */
    List<Block> registerBlocks();

    /**
     * A block.
     *
     * @param name      as the manual calls it
     * @param space     {@code configuration}, {@code ports} or {@code memory}
     * @param base      where the guest finds it in that space: 0 in configuration space, -1 where it is not mapped
     * @param registers by offset
     */
    record Block(String name, String space, long base, List<RegisterFile.Value> registers) { }
}
