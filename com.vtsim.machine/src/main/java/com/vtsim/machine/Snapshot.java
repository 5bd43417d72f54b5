package com.vtsim.machine;

import com.vtsim.api.machine.State;
import java.util.List;
import java.util.Map;

/**
 * A machine's whole state at one instant, as a file holds it.
 *
 * @param memory       bytes of RAM
 * @param low          bytes of it below 4 GiB
 * @param mips         instructions in a virtual microsecond
 * @param instructions retired since power-on
 * @param skipped      virtual nanoseconds skipped while all processors were halted
 * @param turn         index of the processor whose turn it is
 * @param quantumLeft  instructions left of its turn
 * @param lines        asserted outputs
 * @param parts        states by part name
 * @param roms         images the operator has mapped
 * @param loads        what a reset puts back
 * @param ram          content of RAM
 */
record Snapshot(long memory, long low, long mips, long instructions, long skipped, int turn, long quantumLeft, List<Wiring.Pin> lines,
                Map<String, State> parts, List<MemoryMap.Image> roms, List<Loads.Loaded> loads, Ram ram) {
    /** The same with other content of RAM. */
    Snapshot with(Ram other) {
        return new Snapshot(memory, low, mips, instructions, skipped, turn, quantumLeft, lines, parts, roms, loads, other);
    }
}
