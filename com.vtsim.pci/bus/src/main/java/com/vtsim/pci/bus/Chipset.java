package com.vtsim.pci.bus;

import com.vtsim.api.pci.ConfigSpace.Identity;

/** Memory controller hubs that the host bridge can be. Their configuration registers have one layout. */
enum Chipset {
    /** Intel Q35 Express. */
    Q35("q35-mch", 0x29C0, 0x02),
    /** Mobile Intel GM45 Express. */
    GM45("gm45-gmch", 0x2A40, 0x07);

    private final String model;
    private final int device;
    private final int revision;

    Chipset(String model, int device, int revision) {
        this.model = model;
        this.device = device;
        this.revision = revision;
    }

    /** @param name as a configuration has it: {@code q35}, {@code gm45} */
    static Chipset named(String name) {
        for (Chipset chipset : values()) {
            if (chipset.name().equalsIgnoreCase(name)) {
                return chipset;
            }
        }
        throw new IllegalArgumentException("chipset is q35 or gm45, not '" + name + "'");
    }

    String model() {
        return model;
    }

    /** @param subsystem vendor 31:16 and device 15:0 */
    Identity identity(int subsystem) {
        return new Identity(0x8086, device, revision, 0x06_00_00, subsystem >>> 16, subsystem & 0xFFFF);
    }
}
