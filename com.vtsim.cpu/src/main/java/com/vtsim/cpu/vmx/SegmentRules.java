package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;

import java.util.List;

/** Checks on the guest's segment registers. @sdm Checks on Guest Segment Registers */
final class SegmentRules {
    private static final int UNUSABLE = 16;
    private static final long V86_ACCESS = 0xF3;

    /** A segment register: name and fields. */
    private record Register(String name, VmcsField selector, VmcsField base, VmcsField limit, VmcsField access) { }

    private static final Register CS = new Register("CS", GUEST_CS_SELECTOR, GUEST_CS_BASE, GUEST_CS_LIMIT, GUEST_CS_ACCESS);
    private static final Register SS = new Register("SS", GUEST_SS_SELECTOR, GUEST_SS_BASE, GUEST_SS_LIMIT, GUEST_SS_ACCESS);
    private static final Register DS = new Register("DS", GUEST_DS_SELECTOR, GUEST_DS_BASE, GUEST_DS_LIMIT, GUEST_DS_ACCESS);
    private static final Register ES = new Register("ES", GUEST_ES_SELECTOR, GUEST_ES_BASE, GUEST_ES_LIMIT, GUEST_ES_ACCESS);
    private static final Register FS = new Register("FS", GUEST_FS_SELECTOR, GUEST_FS_BASE, GUEST_FS_LIMIT, GUEST_FS_ACCESS);
    private static final Register GS = new Register("GS", GUEST_GS_SELECTOR, GUEST_GS_BASE, GUEST_GS_LIMIT, GUEST_GS_ACCESS);
    private static final Register LDTR = new Register("LDTR", GUEST_LDTR_SELECTOR, GUEST_LDTR_BASE, GUEST_LDTR_LIMIT, GUEST_LDTR_ACCESS);
    private static final Register TR = new Register("TR", GUEST_TR_SELECTOR, GUEST_TR_BASE, GUEST_TR_LIMIT, GUEST_TR_ACCESS);
    private static final List<Register> ALL = List.of(CS, SS, DS, ES, FS, GS);
    private static final List<Register> DATA = List.of(DS, ES, FS, GS);

    private SegmentRules() { }

    static void add(List<EntryRule> rules) {
        EntryRule.Section s = new EntryRule.Section(rules, EntryRule.Area.GUEST, "Checks on Guest Segment Registers");
        selectors(s);
        bases(s);
        virtual8086(s);
        code(s);
        stack(s);
        for (Register r : DATA) {
            data(s, r);
        }
        for (Register r : ALL) {
            common(s, r);
        }
        task(s);
        local(s);
    }

    private static boolean usable(VmcsImage v, Register r) {
        return !v.bit(r.access, UNUSABLE);
    }

    private static int type(VmcsImage v, Register r) {
        return (int) v.get(r.access) & 0xF;
    }

    private static int dpl(VmcsImage v, Register r) {
        return (int) (v.get(r.access) >> 5) & 3;
    }

    private static int rpl(VmcsImage v, Register r) {
        return (int) v.get(r.selector) & 3;
    }

    private static boolean v86(VmcsImage v) {
        return GuestRules.virtual8086(v);
    }

    private static void selectors(EntryRule.Section s) {
        s.rule("TR selector TI", GUEST_TR_SELECTOR, "bit 2 0", (v, c) -> !v.bit(GUEST_TR_SELECTOR, 2));
        s.rule("LDTR selector TI", GUEST_LDTR_SELECTOR, "bit 2 0", (v, c) -> !usable(v, LDTR) || !v.bit(GUEST_LDTR_SELECTOR, 2));
        s.rule("SS selector RPL", GUEST_SS_SELECTOR, "that of CS", (v, c) -> v86(v) || GuestRules.unrestricted(v) || rpl(v, SS) == rpl(v, CS));
    }

    private static void bases(EntryRule.Section s) {
        for (Register r : ALL) {
            s.rule(r.name + " base in virtual-8086 mode", r.base, "selector × 16", (v, c) -> !v86(v) || v.get(r.base) == v.get(r.selector) << 4);
        }
        for (Register r : List.of(TR, FS, GS)) {
            s.rule(r.name + " base canonical", r.base, "a canonical address", (v, c) -> Rules.canonical(c, v.get(r.base), v.get(GUEST_CR4)));
        }
        s.rule("LDTR base canonical", GUEST_LDTR_BASE, "a canonical address", (v, c) ->
            !usable(v, LDTR) || Rules.canonical(c, v.get(GUEST_LDTR_BASE), v.get(GUEST_CR4)));
        s.rule("CS base beyond 32 bits", GUEST_CS_BASE, "bits 63:32 0", (v, c) -> v86(v) || v.get(GUEST_CS_BASE) >>> 32 == 0);
        for (Register r : List.of(SS, DS, ES)) {
            s.rule(r.name + " base beyond 32 bits", r.base, "bits 63:32 0", (v, c) -> v86(v) || !usable(v, r) || v.get(r.base) >>> 32 == 0);
        }
    }

    private static void virtual8086(EntryRule.Section s) {
        for (Register r : ALL) {
            s.rule(r.name + " limit in virtual-8086 mode", r.limit, "FFFFh", (v, c) -> !v86(v) || v.get(r.limit) == 0xFFFF);
            s.rule(r.name + " access rights in virtual-8086 mode", r.access, "F3h", (v, c) -> !v86(v) || v.get(r.access) == V86_ACCESS);
        }
    }

    private static void code(EntryRule.Section s) {
        s.rule("CS type", GUEST_CS_ACCESS, "9, 11, 13, 15, or 3 for an unrestricted guest", (v, c) ->
            v86(v) || (type(v, CS) & 9) == 9 || GuestRules.unrestricted(v) && type(v, CS) == 3);
        s.rule("CS DPL", GUEST_CS_ACCESS, "0 for type 3, that of SS for 9 and 11, at most that of SS for 13 and 15", (v, c) ->
            v86(v) || switch (type(v, CS)) {
                case 3 -> dpl(v, CS) == 0 || !GuestRules.unrestricted(v);
                case 9, 11 -> dpl(v, CS) == dpl(v, SS);
                case 13, 15 -> dpl(v, CS) <= dpl(v, SS);
                default -> true;
            });
        s.rule("CS unusable", GUEST_CS_ACCESS, "usable", (v, c) -> v86(v) || usable(v, CS));
        s.rule("CS D/B of 64-bit code", GUEST_CS_ACCESS, "bit 14 0 where bit 13 (L) is 1", (v, c) ->
            v86(v) || !GuestRules.wide(v) || !v.bit(GUEST_CS_ACCESS, 13) || !v.bit(GUEST_CS_ACCESS, 14));
    }

    private static void stack(EntryRule.Section s) {
        s.rule("SS type", GUEST_SS_ACCESS, "3 or 7", (v, c) -> v86(v) || !usable(v, SS) || type(v, SS) == 3 || type(v, SS) == 7);
        s.rule("SS DPL", GUEST_SS_ACCESS, "that of the selector's RPL", (v, c) -> v86(v) || GuestRules.unrestricted(v) || dpl(v, SS) == rpl(v, SS));
        s.rule("SS DPL in real mode", GUEST_SS_ACCESS, "0 where CS has type 3 or CR0.PE is 0", (v, c) ->
            v86(v) || !(GuestRules.unrestricted(v) && type(v, CS) == 3) && v.bit(GUEST_CR0, 0) || dpl(v, SS) == 0);
    }

    private static void data(EntryRule.Section s, Register r) {
        s.rule(r.name + " type", r.access, "accessed, and readable if code", (v, c) ->
            v86(v) || !usable(v, r) || (type(v, r) & 1) != 0 && ((type(v, r) & 8) == 0 || (type(v, r) & 2) != 0));
        s.rule(r.name + " DPL", r.access, "at least the selector's RPL for types 0 to 11", (v, c) ->
            v86(v) || !usable(v, r) || GuestRules.unrestricted(v) || type(v, r) > 11 || dpl(v, r) >= rpl(v, r));
    }

    private static boolean looked(VmcsImage v, Register r) {
        return !v86(v) && (r == CS || usable(v, r));
    }

    private static void common(EntryRule.Section s, Register r) {
        s.rule(r.name + " S", r.access, "bit 4 1", (v, c) -> !looked(v, r) || v.bit(r.access, 4));
        s.rule(r.name + " present", r.access, "bit 7 1", (v, c) -> !looked(v, r) || v.bit(r.access, 7));
        s.rule(r.name + " reserved access rights", r.access, "bits 31:17 and 11:8 0", (v, c) -> !looked(v, r) || (v.get(r.access) & 0xFFFE_0F00L) == 0);
        s.rule(r.name + " granularity", r.access, "bit 15 0 where a limit bit 11:0 is 0, 1 where a limit bit 31:20 is 1", (v, c) ->
            !looked(v, r) || granular(v, r));
    }

    private static boolean granular(VmcsImage v, Register r) {
        long limit = v.get(r.limit);
        boolean big = v.bit(r.access, 15);
        return (!big || (limit & 0xFFF) == 0xFFF) && (big || limit >>> 20 == 0);
    }

    private static void system(EntryRule.Section s, Register r) {
        s.rule(r.name + " S", r.access, "bit 4 0", (v, c) -> ignored(v, r) || !v.bit(r.access, 4));
        s.rule(r.name + " present", r.access, "bit 7 1", (v, c) -> ignored(v, r) || v.bit(r.access, 7));
        s.rule(r.name + " reserved access rights", r.access, "bits 31:17 and 11:8 0", (v, c) -> ignored(v, r) || (v.get(r.access) & 0xFFFE_0F00L) == 0);
        s.rule(r.name + " granularity", r.access, "bit 15 0 where a limit bit 11:0 is 0, 1 where a limit bit 31:20 is 1", (v, c) ->
            ignored(v, r) || granular(v, r));
    }

    private static boolean ignored(VmcsImage v, Register r) {
        return r == LDTR && !usable(v, r);
    }

    private static void task(EntryRule.Section s) {
        s.rule("TR type", GUEST_TR_ACCESS, "11, or 3 outside of IA-32e mode", (v, c) -> type(v, TR) == 11 || type(v, TR) == 3 && !GuestRules.wide(v));
        system(s, TR);
        s.rule("TR unusable", GUEST_TR_ACCESS, "usable", (v, c) -> usable(v, TR));
    }

    private static void local(EntryRule.Section s) {
        s.rule("LDTR type", GUEST_LDTR_ACCESS, "2", (v, c) -> !usable(v, LDTR) || type(v, LDTR) == 2);
        system(s, LDTR);
    }
}
