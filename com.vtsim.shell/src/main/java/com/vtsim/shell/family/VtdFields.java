package com.vtsim.shell.family;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The registers of a remapping unit taken apart into their fields. Source: VT-d specification, Register Descriptions. */
final class VtdFields {
    private VtdFields() { }

    private record Bits(String name, int high, int low) { }

    private static final Map<String, List<Bits>> FIELDS = Map.ofEntries(
            Map.entry("VER", fields("MAX 7:4, MIN 3:0")),
            Map.entry("CAP", fields("ESRTPS 63, ESIRTPS 62, FL5LP 60, PI 59, FL1GP 56, DRD 55, DWD 54, MAMV 53:48, NFR 47:40, PSI 39, SLLPS 37:34, FRO 33:24, ZLR 22, MGAW 21:16, "
                    + "SAGAW 12:8, CM 7, PHMR 6, PLMR 5, RWBF 4, AFL 3, ND 2:0")),
            Map.entry("ECAP", fields("RPRIVS 53, RPS 49, SMPWCS 48, FLTS 47, SLTS 46, SLADS 45, SMTS 43, PDS 42, PASID 40, PSS 39:35, EAFS 34, NWFS 33, SRS 31, ERS 30, PRS 29, NEST 26, "
                    + "MHMV 23:20, IRO 17:8, SC 7, PT 6, EIM 4, IR 3, DT 2, QI 1, C 0")),
            Map.entry("GSTS", fields("TES 31, RTPS 30, FLS 29, AFLS 28, WBFS 27, QIES 26, IRES 25, IRTPS 24, CFIS 23")),
            Map.entry("CCMD", fields("ICC 63, CIRG 62:61, CAIG 60:59, FM 33:32, SID 31:16, DID 15:0")),
            Map.entry("FSTS", fields("FRI 15:8, ITE 6, ICE 5, IQE 4, APF 3, AFO 2, PPF 1, PFO 0")),
            Map.entry("FECTL", fields("IM 31, IP 30")),
            Map.entry("IECTL", fields("IM 31, IP 30")),
            Map.entry("PMEN", fields("EPM 31, PRS 0")),
            Map.entry("RTADDR", fields("TTM 11:10")),
            Map.entry("AFLOG", fields("FLS 11:9")),
            Map.entry("PECTL", fields("IM 31, IP 30")),
            Map.entry("PRSTS", fields("PRO 1, PPR 0")),
            Map.entry("PQA", fields("PQS 2:0")),
            Map.entry("IQA", fields("DW 11, QS 2:0")),
            Map.entry("ICS", fields("IWC 0")),
            Map.entry("IQER", fields("ITESID 63:48, ICESID 47:32, IQEI 3:0")),
            Map.entry("IRTA", fields("EIME 11, S 3:0")),
            Map.entry("IOTLB", fields("IVT 63, IIRG 61:60, IAIG 58:57, DR 49, DW 48, DID 47:32")));

    private static List<Bits> fields(String text) {
        List<Bits> fields = new ArrayList<>();
        for (String each : text.split(", ")) {
            String[] parts = each.split("[ :]");
            int high = Integer.parseInt(parts[1]);
            fields.add(new Bits(parts[0], high, parts.length > 2 ? Integer.parseInt(parts[2]) : high));
        }
        return fields;
    }

    /** @return the fields that are not 0, {@code TES RTPS}, {@code MGAW=38} */
    static String of(String register, long value) {
        List<String> words = new ArrayList<>();
        for (Bits bits : FIELDS.getOrDefault(register, List.of())) {
            long field = value >>> bits.low() & -1L >>> 63 - bits.high() + bits.low();
            if (field != 0) {
                words.add(bits.high() == bits.low() ? bits.name() : bits.name() + "=" + Long.toHexString(field));
            }
        }
        return String.join(" ", words);
    }
}
