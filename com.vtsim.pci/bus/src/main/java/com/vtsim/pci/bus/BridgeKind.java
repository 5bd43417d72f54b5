package com.vtsim.pci.bus;

/** What a bridge is; its PCI Express port type with it. Source: PCI Express Base Specification, PCI Express Capabilities Register, Device/Port Type. */
enum BridgeKind {
    /** A port of the root complex: one link, one slot. */
    ROOT_PORT("root-port", 4, true),
    /** The upper port of a switch: the switch's inner bus. */
    UPSTREAM("switch-up", 5, false),
    /** A lower port of a switch: one link, one slot. */
    DOWNSTREAM("switch-down", 6, true),
    /** A bridge to conventional PCI: what is behind it asks in its name. */
    PCI("pci-bridge", 7, false);

    private final String word;
    private final int type;
    private final boolean link;

    BridgeKind(String word, int type, boolean link) {
        this.word = word;
        this.type = type;
        this.link = link;
    }

    /** @param word as a configuration has it */
    static BridgeKind named(String word) {
        for (BridgeKind kind : values()) {
            if (kind.word.equals(word)) {
                return kind;
            }
        }
        throw new IllegalArgumentException("kind of a bridge is root-port, switch-up, switch-down or pci-bridge, not '" + word + "'");
    }

    String word() {
        return word;
    }

    /** @return device or port type */
    int type() {
        return type;
    }

    /** @return whether a link is below, on which there is one device, number 0; otherwise a bus with up to 32 */
    boolean hasLink() {
        return link;
    }
}
