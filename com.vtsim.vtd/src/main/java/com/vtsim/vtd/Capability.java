package com.vtsim.vtd;

import com.vtsim.api.register.Field;

/**
 * What a unit can do, as its CAP and ECAP registers announce it. Only what works is announced.
 * Source: VT-d specification, Capability Register and Extended Capability Register.
 *
 * @param cap  CAP
 * @param ecap ECAP
 * @param hostAddressWidth bits of a host-physical address
 * @param version VER: major version 7:4, minor version 3:0
 * @param protectsAlways whether protected memory is closed to translated requests too, as it is from the processors of 2015 on
 */
record Capability(long cap, long ecap, int hostAddressWidth, int version, boolean protectsAlways) {
    /** Number of domains: 4 + 2 × ND bits of id. */
    static final Field ND = Field.bits(2, 0);
    static final Field AFL = Field.bit(3);
    static final Field RWBF = Field.bit(4);
    static final Field PLMR = Field.bit(5);
    static final Field PHMR = Field.bit(6);
    static final Field CM = Field.bit(7);
    static final Field SAGAW = Field.bits(12, 8);
    static final Field MGAW = Field.bits(21, 16);
    static final Field ZLR = Field.bit(22);
    static final Field FRO = Field.bits(33, 24);
    static final Field SLLPS = Field.bits(37, 34);
    static final Field PSI = Field.bit(39);
    static final Field NFR = Field.bits(47, 40);
    static final Field MAMV = Field.bits(53, 48);
    static final Field DWD = Field.bit(54);
    static final Field DRD = Field.bit(55);
    static final Field FL1GP = Field.bit(56);
    static final Field PI = Field.bit(59);
    static final Field FL5LP = Field.bit(60);
    static final Field ESIRTPS = Field.bit(62);
    static final Field ESRTPS = Field.bit(63);

    static final Field C = Field.bit(0);
    static final Field QI = Field.bit(1);
    static final Field DT = Field.bit(2);
    static final Field IR = Field.bit(3);
    static final Field EIM = Field.bit(4);
    static final Field PT = Field.bit(6);
    static final Field SC = Field.bit(7);
    static final Field IRO = Field.bits(17, 8);
    static final Field MHMV = Field.bits(23, 20);
    static final Field MTS = Field.bit(25);
    static final Field NEST = Field.bit(26);
    static final Field PRS = Field.bit(29);
    static final Field ERS = Field.bit(30);
    static final Field SRS = Field.bit(31);
    static final Field NWFS = Field.bit(33);
    static final Field EAFS = Field.bit(34);
    static final Field PSS = Field.bits(39, 35);
    static final Field PASID = Field.bit(40);
    static final Field DIT = Field.bit(41);
    static final Field PDS = Field.bit(42);
    static final Field SMTS = Field.bit(43);
    static final Field SLADS = Field.bit(45);
    static final Field SLTS = Field.bit(46);
    static final Field FLTS = Field.bit(47);
    static final Field SMPWCS = Field.bit(48);
    static final Field RPS = Field.bit(49);
    static final Field ADMS = Field.bit(52);
    static final Field RPRIVS = Field.bit(53);
    static final Field SMS = Field.bit(58);

    private static final int FIRST_VERSION = 0x10;
    private static final int SCALABLE_VERSION = 0x40;

    /** Fault recording registers lie here if there are at most 16, and behind the first page otherwise. */
    private static final int RECORDS_IN_PAGE = 16;
    private static final int RECORDS_AT = 0x400;
    private static final int MANY_RECORDS_AT = 0x1000;

    private static final long DOMAINS_64K = ND.in(6);
    private static final long PROTECTED = PLMR.in(1) | PHMR.in(1);
    private static final long DRAINS = DWD.in(1) | DRD.in(1);

    /**
     * @param profile {@code gm45} (first generation: 16 domains, 3 levels, write buffers to flush, no queue, no interrupt remapping),
     *                {@code client} (39-bit addresses, queue, interrupt remapping, 2 MiB and 1 GiB pages),
     *                {@code server} (48- and 57-bit addresses, posted interrupts, implicit invalidation when a table pointer is set),
     *                {@code scalable} (the same with scalable and abort-DMA mode: PASIDs of 20 bits, first stage, nesting, accessed and dirty bits, memory types,
     *                device-TLBs, page requests and a fault log in memory) or {@code scalable-second} (scalable mode without first stage and nesting, PASIDs of 16 bits)
     * @param records fault recording registers, 1–256; 0 for the profile's own number
     * @param cachingMode whether not-present entries are cached too
     */
    static Capability of(String profile, int records, boolean cachingMode) {
        long cap;
        long ecap;
        int width;
        int own;
        switch (profile) {
            case "gm45" -> {
                cap = PROTECTED | RWBF.in(1) | SAGAW.in(0b00010) | MGAW.in(35) | ZLR.in(1) | PSI.in(1) | MAMV.in(9) | DRAINS;
                ecap = 0;
                width = 36;
                own = 1;
            }
            case "client" -> {
                cap = ND.in(4) | PROTECTED | SAGAW.in(0b00110) | MGAW.in(38) | ZLR.in(1) | SLLPS.in(3) | PSI.in(1) | MAMV.in(18) | DRAINS;
                ecap = C.in(1) | QI.in(1) | IR.in(1) | EIM.in(1) | PT.in(1) | SC.in(1) | MHMV.in(15);
                width = 39;
                own = 1;
            }
            case "server" -> {
                cap = DOMAINS_64K | PROTECTED | SAGAW.in(0b01110) | MGAW.in(56) | ZLR.in(1) | SLLPS.in(3) | PSI.in(1) | MAMV.in(18) | DRAINS
                        | PI.in(1) | ESIRTPS.in(1) | ESRTPS.in(1);
                ecap = C.in(1) | QI.in(1) | IR.in(1) | EIM.in(1) | PT.in(1) | SC.in(1) | MHMV.in(15);
                width = 46;
                own = 8;
            }
            case "scalable", "scalable-second" -> {
                boolean first = profile.equals("scalable");
                cap = DOMAINS_64K | AFL.in(1) | PROTECTED | SAGAW.in(0b01110) | MGAW.in(56) | ZLR.in(1) | SLLPS.in(3) | PSI.in(1) | MAMV.in(18) | DRAINS
                        | PI.in(1) | ESIRTPS.in(1) | ESRTPS.in(1) | (first ? FL1GP.in(1) | FL5LP.in(1) : 0);
                ecap = C.in(1) | QI.in(1) | DT.in(1) | IR.in(1) | EIM.in(1) | PT.in(1) | SC.in(1) | MHMV.in(15) | PRS.in(1) | NWFS.in(1) | PSS.in(first ? 19 : 15)
                        | PASID.in(1) | DIT.in(1) | PDS.in(1) | SMTS.in(1) | SLADS.in(1) | SLTS.in(1) | SMPWCS.in(1) | RPS.in(1) | ADMS.in(1) | SMS.in(1)
                        | (first ? FLTS.in(1) | NEST.in(1) | MTS.in(1) | ERS.in(1) | SRS.in(1) | EAFS.in(1) | RPRIVS.in(1) : 0);
                width = 46;
                own = 8;
            }
            default -> throw new IllegalArgumentException("profile is gm45, client or server, scalable or scalable-second, not '" + profile + "'");
        }
        int number = records == 0 ? own : records;
        if (number < 1 || number > 256) {
            throw new IllegalArgumentException("records is 1 to 256, not " + records);
        }
        cap |= NFR.in(number - 1L) | FRO.in((number <= RECORDS_IN_PAGE ? RECORDS_AT : MANY_RECORDS_AT) / 16) | (cachingMode ? CM.in(1) : 0);
        boolean modern = profile.startsWith("scalable");
        return new Capability(cap, ecap | IRO.in(VtdRegister.IRO / 16), width, modern ? SCALABLE_VERSION : FIRST_VERSION, modern || profile.equals("server"));
    }

    boolean has(Field field) {
        return field.isSet(cap);
    }

    boolean extended(Field field) {
        return field.isSet(ecap);
    }

    /** @return fault recording registers, 1–256 */
    int records() {
        return (int) NFR.of(cap) + 1;
    }

    /** @return offset of the first fault recording register */
    int recordsAt() {
        return (int) FRO.of(cap) * 16;
    }

    /** @return bytes of the register window */
    int windowLength() {
        return recordsAt() < 0x1000 ? 0x1000 : 0x2000;
    }

    /** @return bits of a domain id, 4–16 */
    int domainBits() {
        return 4 + 2 * (int) ND.of(cap);
    }

    /** @return bits of a DMA address */
    int guestAddressWidth() {
        return (int) MGAW.of(cap) + 1;
    }

    /** @return whether a second-level table of 2 + {@code aw} levels is supported; {@code aw} as in the context entry */
    boolean supportsWidth(int aw) {
        return aw >= 1 && aw <= 3 && (SAGAW.of(cap) >> aw & 1) != 0;
    }
}
