package com.vtsim.vtd;

import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.vtd.RemappingUnit.Reserved;
import java.util.ArrayList;
import java.util.List;

/**
 * The devices of a unit. Source: VT-d specification, Device Scope Structure.
 *
 * @param isAll     whether it has all that no other unit names
 * @param functions those it has, if not all
 * @param reserved  memory that must stay mapped for some
 */
record Scope(boolean isAll, List<PciAddress> functions, List<Reserved> reserved) {

    /**
     * @param text     {@code all}, or functions separated by commas
     * @param reserved regions {@code base-limit@functions}, separated by semicolons
     */
    static Scope parse(String text, String reserved) {
        List<Reserved> regions = new ArrayList<>();
        for (String each : reserved.split(";")) {
            String[] parts = each.strip().split("[-@]");
            if (each.isBlank()) {
                continue;
            }
            if (parts.length != 3) {
                throw new IllegalArgumentException("a reserved region is base-limit@functions, as 7d800000-7fffffff@00:02.0, not '" + each.strip() + "'");
            }
            regions.add(new Reserved(Long.parseUnsignedLong(parts[0], 16), Long.parseUnsignedLong(parts[1], 16), functions(parts[2])));
        }
        boolean all = text.strip().equals("all");
        return new Scope(all, all ? List.of() : functions(text), List.copyOf(regions));
    }

    private static List<PciAddress> functions(String text) {
        List<PciAddress> functions = new ArrayList<>();
        for (String each : text.split(",")) {
            functions.add(PciAddress.parse(each.strip()));
        }
        return List.copyOf(functions);
    }
}
