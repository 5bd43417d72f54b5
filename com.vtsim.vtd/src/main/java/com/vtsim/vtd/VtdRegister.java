package com.vtsim.vtd;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Field;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;

/**
 * The registers of a remapping unit, but for the fault recording registers, whose number is configured ({@link FaultLog}).
 * Source: Intel Virtualization Technology for Directed I/O, Architecture Specification, Register Descriptions.
 */
enum VtdRegister implements Register {
    VER(at(0x000, 4).ro(0xFF).title("Version")),
    CAP(at(0x008, 8).ro(-1L).title("Capability")),
    ECAP(at(0x010, 8).ro(-1L).title("Extended Capability")),
    GCMD(at(0x018, 4).wo(0xFF80_0000).title("Global Command")),
    GSTS(at(0x01C, 4).ro(0xFF80_0000).title("Global Status")),
    RTADDR(at(0x020, 8).rw(0xFFFF_FFFF_FFFF_FC00L).title("Root Table Address")),
    CCMD(at(0x028, 8).rw1s(0x8000_0000_0000_0000L).rw(0x6000_0003_FFFF_FFFFL).ro(0x1800_0000_0000_0000L).title("Context Command")),
    FSTS(at(0x034, 4).rw1cs(0x7D).ro(0xFF02).sticky(0xFF02).title("Fault Status")),
    FECTL(at(0x038, 4).rw(0x8000_0000).ro(0x4000_0000).reset(0x8000_0000).title("Fault Event Control")),
    FEDATA(at(0x03C, 4).rw(0xFFFF).title("Fault Event Data")),
    FEADDR(at(0x040, 4).rw(0xFFFF_FFFC).title("Fault Event Address")),
    FEUADDR(at(0x044, 4).rw(0xFFFF_FFFF).title("Fault Event Upper Address")),
    /** Of earlier editions: the fault log in memory went with revision 4.0. */
    AFLOG(at(0x058, 8).rw(0xFFFF_FFFF_FFFF_FE00L).title("Advanced Fault Log")),
    PMEN(at(0x064, 4).rw(0x8000_0000).ro(0x1).title("Protected Memory Enable")),
    PLMBASE(at(0x068, 4).rw(0xFFE0_0000).title("Protected Low Memory Base")),
    PLMLIMIT(at(0x06C, 4).rw(0xFFE0_0000).title("Protected Low Memory Limit")),
    PHMBASE(at(0x070, 8).rw(0xFFFF_FFFF_FFE0_0000L).title("Protected High Memory Base")),
    PHMLIMIT(at(0x078, 8).rw(0xFFFF_FFFF_FFE0_0000L).title("Protected High Memory Limit")),
    IQH(at(0x080, 8).ro(0x7FFF0).title("Invalidation Queue Head")),
    IQT(at(0x088, 8).rw(0x7FFF0).title("Invalidation Queue Tail")),
    IQA(at(0x090, 8).rw(0xFFFF_FFFF_FFFF_F807L).title("Invalidation Queue Address")),
    ICS(at(0x09C, 4).rw1cs(0x1).title("Invalidation Completion Status")),
    IECTL(at(0x0A0, 4).rw(0x8000_0000).ro(0x4000_0000).reset(0x8000_0000).title("Invalidation Event Control")),
    IEDATA(at(0x0A4, 4).rw(0xFFFF).title("Invalidation Event Data")),
    IEADDR(at(0x0A8, 4).rw(0xFFFF_FFFC).title("Invalidation Event Address")),
    IEUADDR(at(0x0AC, 4).rw(0xFFFF_FFFF).title("Invalidation Event Upper Address")),
    IQERCD(at(0x0B0, 8).ro(0xFFFF_FFFF_0000_000FL).sticky(0xFFFF_FFFF_0000_000FL).title("Invalidation Queue Error Record")),
    IRTA(at(0x0B8, 8).rw(0xFFFF_FFFF_FFFF_F80FL).title("Interrupt Remapping Table Address")),
    PQH(at(0x0C0, 8).rw(0x7FFE0).title("Page Request Queue Head")),
    PQT(at(0x0C8, 8).rw(0x7FFE0).title("Page Request Queue Tail")),
    PQA(at(0x0D0, 8).rw(0xFFFF_FFFF_FFFF_F007L).title("Page Request Queue Address")),
    PRSTS(at(0x0DC, 4).rw1cs(0x3).title("Page Request Status")),
    PECTL(at(0x0E0, 4).rw(0x8000_0000).ro(0x4000_0000).reset(0x8000_0000).title("Page Request Event Control")),
    PEDATA(at(0x0E4, 4).rw(0xFFFF).title("Page Request Event Data")),
    PEADDR(at(0x0E8, 4).rw(0xFFFF_FFFC).title("Page Request Event Address")),
    PEUADDR(at(0x0EC, 4).rw(0xFFFF_FFFF).title("Page Request Event Upper Address")),
    IVA(at(0x500, 8).wo(0xFFFF_FFFF_FFFF_F07FL).title("Invalidate Address")),
    IOTLB(at(0x508, 8).rw1s(0x8000_0000_0000_0000L).rw(0x3003_FFFF_0000_0000L).ro(0x0600_0000_0000_0000L).title("IOTLB Invalidate"));

    /** Offset of {@link #IVA}: ECAP.IRO × 16. */
    static final int IRO = 0x500;

    static final Field TE = Field.bit(31);
    static final Field SRTP = Field.bit(30);
    static final Field WBF = Field.bit(27);
    static final Field QIE = Field.bit(26);
    static final Field IRE = Field.bit(25);
    static final Field SIRTP = Field.bit(24);
    /** GCMD, GSTS: set, and enable, the fault log in memory. */
    static final Field SFL = Field.bit(29);
    static final Field EAFL = Field.bit(28);
    /** AFLOG: 4096 × 2<sup>FLS</sup> bytes. */
    static final Field FLS = Field.bits(11, 9);
    static final Field CFI = Field.bit(23);

    /** RTADDR: translation table mode, 0 legacy, 1 scalable, 3 abort. */
    static final Field TTM = Field.bits(11, 10);

    static final Field ICC = Field.bit(63);
    static final Field CIRG = Field.bits(62, 61);
    static final Field CAIG = Field.bits(60, 59);
    static final Field FM = Field.bits(33, 32);
    static final Field SID = Field.bits(31, 16);
    static final Field CCMD_DID = Field.bits(15, 0);

    static final Field PFO = Field.bit(0);
    static final Field PPF = Field.bit(1);
    static final Field AFO = Field.bit(2);
    static final Field APF = Field.bit(3);
    static final Field IQE = Field.bit(4);
    static final Field ICE = Field.bit(5);
    static final Field ITE = Field.bit(6);
    static final Field FRI = Field.bits(15, 8);

    /** FECTL, IECTL: the message is held back. */
    static final Field IM = Field.bit(31);
    /** FECTL, IECTL: a message is held back. */
    static final Field IP = Field.bit(30);

    static final Field EPM = Field.bit(31);
    static final Field PRS = Field.bit(0);

    static final Field QS = Field.bits(2, 0);
    static final Field DW = Field.bit(11);
    static final Field IWC = Field.bit(0);
    static final Field IQEI = Field.bits(3, 0);
    static final Field ITESID = Field.bits(47, 32);
    static final Field ICESID = Field.bits(63, 48);
    static final Field PPR = Field.bit(0);
    static final Field PRO = Field.bit(1);

    static final Field EIME = Field.bit(11);
    static final Field IRT_SIZE = Field.bits(3, 0);

    static final Field IVT = Field.bit(63);
    static final Field IIRG = Field.bits(61, 60);
    static final Field IAIG = Field.bits(58, 57);
    static final Field IOTLB_DID = Field.bits(47, 32);
    static final Field AM = Field.bits(5, 0);
    static final Field IH = Field.bit(6);

    private final Layout layout;

    VtdRegister(Layout layout) {
        this.layout = layout;
    }

    @Override
    public Layout layout() {
        return layout;
    }
}
