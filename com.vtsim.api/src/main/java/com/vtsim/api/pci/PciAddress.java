package com.vtsim.api.pci;

/**
 * Bus, device and function; also a requester's source-id.
 *
 * @param bus      0–255
 * @param device   0–31
 * @param function 0–7
 */
public record PciAddress(int bus, int device, int function) implements Comparable<PciAddress> {

    /** Checks the ranges. */
    public PciAddress {
        if ((bus & ~0xFF) != 0 || (device & ~0x1F) != 0 || (function & ~7) != 0) {
            throw new IllegalArgumentException("no PCI address: " + bus + ":" + device + "." + function);
        }
    }

    /** @param text {@code bus:device.function} in hexadecimal; @throws IllegalArgumentException if it is not one */
    public static PciAddress parse(String text) {
        var matcher = java.util.regex.Pattern.compile("([0-9a-fA-F]{1,2}):([0-9a-fA-F]{1,2})\\.([0-7])").matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + text + "' is no PCI address; one is 00:1f.0 (bus:device.function in hexadecimal)");
        }
        return new PciAddress(Integer.parseInt(matcher.group(1), 16), Integer.parseInt(matcher.group(2), 16), Integer.parseInt(matcher.group(3), 16));
    }

    /** @param sourceId 16 bits: bus 15:8, device 7:3, function 2:0 */
    public static PciAddress of(int sourceId) {
        return new PciAddress(sourceId >> 8 & 0xFF, sourceId >> 3 & 0x1F, sourceId & 7);
    }

    /** @return 16 bits: bus 15:8, device 7:3, function 2:0 */
    public int sourceId() {
        return bus << 8 | device << 3 | function;
    }

    @Override
    public int compareTo(PciAddress other) {
        return Integer.compare(sourceId(), other.sourceId());
    }

    @Override
    public String toString() {
        return String.format("%02x:%02x.%x", bus, device, function);
    }
}
