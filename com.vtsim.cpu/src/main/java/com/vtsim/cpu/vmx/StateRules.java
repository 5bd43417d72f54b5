package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;

import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.Paging;
import com.vtsim.cpu.engine.SystemState;
import java.util.List;

/** Checks on what is no register, and on PDPTEs. @sdm Checks on Guest Non-Register State; Checks on Guest Page-Directory-Pointer-Table Entries */
final class StateRules {
    private static final int HLT = 1, SHUTDOWN = 2, WAIT_FOR_SIPI = 3;
    private static final int STI = 1, MOV_SS = 2, SMI = 4, NMI = 8;
    private static final int DETAIL_PDPTE = 2, DETAIL_NMI = 3, DETAIL_LINK = 4;
    private static final long PDPTE_RESERVED = 0x1E6L | -1L << Paging.PHYSICAL_BITS;
    private static final VmcsField[] PDPTES = {GUEST_PDPTE0, GUEST_PDPTE1, GUEST_PDPTE2, GUEST_PDPTE3};

    private StateRules() { }

    static void add(List<EntryRule> rules) {
        EntryRule.Section s = new EntryRule.Section(rules, EntryRule.Area.GUEST, "Checks on Guest Non-Register State");
        activity(s);
        interruptibility(s);
        rest(s);
        pdptes(new EntryRule.Section(rules, EntryRule.Area.GUEST, "Checks on Guest Page-Directory-Pointer-Table Entries"));
    }

    private static long blocking(VmcsImage v) {
        return v.get(GUEST_INTERRUPTIBILITY);
    }

    /** @return the type of the event to inject, or -1 */
    private static int injected(VmcsImage v) {
        return v.bit(ENTRY_INTERRUPTION, 31) ? (int) (v.get(ENTRY_INTERRUPTION) >> 8) & 7 : -1;
    }

    private static void activity(EntryRule.Section s) {
        s.rule("activity state", GUEST_ACTIVITY, "0 to 3", (v, c) -> v.get(GUEST_ACTIVITY) <= WAIT_FOR_SIPI);
        s.rule("HLT above CPL 0", GUEST_ACTIVITY, "not HLT where the DPL of SS is not 0", (v, c) ->
            v.get(GUEST_ACTIVITY) != HLT || (v.get(GUEST_SS_ACCESS) >> 5 & 3) == 0);
        s.rule("activity state with events blocked", GUEST_ACTIVITY, "active where STI or MOV SS blocks", (v, c) ->
            v.get(GUEST_ACTIVITY) == 0 || (blocking(v) & (STI | MOV_SS)) == 0);
        s.rule("activity state for the event to inject", GUEST_ACTIVITY, "one that the event can end", (v, c) -> {
            int type = injected(v);
            int vector = (int) v.get(ENTRY_INTERRUPTION) & 0xFF;
            return type < 0 || switch ((int) v.get(GUEST_ACTIVITY)) {
                case HLT -> type == 0 || type == 2 || type == 3 && (vector == 1 || vector == 18) || type == 7 && vector == 0;
                case SHUTDOWN -> type == 2 || type == 3 && vector == 18;
                case WAIT_FOR_SIPI -> false;
                default -> true;
            };
        });
    }

    private static void interruptibility(EntryRule.Section s) {
        s.rule("reserved interruptibility", GUEST_INTERRUPTIBILITY, "bits 31:4 0", (v, c) -> blocking(v) >>> 4 == 0);
        s.rule("blocking by STI and by MOV SS", GUEST_INTERRUPTIBILITY, "not both", (v, c) -> (blocking(v) & (STI | MOV_SS)) != (STI | MOV_SS));
        s.rule("blocking by STI with IF 0", GUEST_INTERRUPTIBILITY, "bit 0 0 where RFLAGS.IF is 0", (v, c) ->
            (blocking(v) & STI) == 0 || v.bit(GUEST_RFLAGS, 9));
        s.rule("external interrupt while blocked", GUEST_INTERRUPTIBILITY, "bits 1:0 0 where an external interrupt is injected", (v, c) ->
            injected(v) != 0 || (blocking(v) & (STI | MOV_SS)) == 0);
        s.rule("NMI while STI blocks", GUEST_INTERRUPTIBILITY, DETAIL_NMI, "bit 0 0 where an NMI is injected", (v, c) ->
            injected(v) != 2 || (blocking(v) & STI) == 0);
        s.rule("NMI while MOV SS blocks", GUEST_INTERRUPTIBILITY, "bit 1 0 where an NMI is injected", (v, c) ->
            injected(v) != 2 || (blocking(v) & MOV_SS) == 0);
        s.rule("blocking by SMI", GUEST_INTERRUPTIBILITY, "bit 2 0 outside of SMM", (v, c) -> (blocking(v) & SMI) == 0);
        s.rule("virtual NMI while NMIs are blocked", GUEST_INTERRUPTIBILITY, "bit 3 0 where a virtual NMI is injected", (v, c) ->
            injected(v) != 2 || !Control.VIRTUAL_NMIS.in(v) || (blocking(v) & NMI) == 0);
    }

    private static void rest(EntryRule.Section s) {
        s.rule("reserved pending debug exceptions", GUEST_PENDING_DEBUG, "bits 63:15, 13, 11:4 0", (v, c) ->
            (v.get(GUEST_PENDING_DEBUG) & ~0x500FL) == 0);
        s.rule("pending single step", GUEST_PENDING_DEBUG, "bit 14 (BS) equal to RFLAGS.TF, 0 with IA32_DEBUGCTL.BTF, while the guest is blocked or halted", (v, c) -> {
            boolean held = (blocking(v) & (STI | MOV_SS)) != 0 || v.get(GUEST_ACTIVITY) == HLT;
            return !held || v.bit(GUEST_PENDING_DEBUG, 14) == ((v.get(GUEST_RFLAGS) & Flags.TF) != 0 && !v.bit(GUEST_DEBUGCTL, 1));
        });
        s.rule("VMCS link pointer", VMCS_LINK, DETAIL_LINK, "all ones, or 4-KByte aligned, within the physical-address width and not the current VMCS", (v, c) -> {
            long link = v.get(VMCS_LINK);
            return link == -1L || (link & 0xFFF) == 0 && Capabilities.physical(link) && link != c.current();
        });
        s.rule("VMCS that is linked", VMCS_LINK, DETAIL_LINK, "a region with the revision identifier, whose bit 31 is VMCS shadowing", (v, c) -> {
            long link = v.get(VMCS_LINK);
            boolean there = (link & 0xFFF) == 0 && Capabilities.physical(link) && link != c.current();
            int wanted = Capabilities.REVISION | (Control.VMCS_SHADOWING.in(v) ? Capabilities.SHADOW : 0);
            return link == -1L || !there || c.vmcs().revision(link) == wanted;
        });
    }

    private static boolean pae(VmcsImage v) {
        return v.bit(GUEST_CR0, 31) && (v.get(GUEST_CR4) & SystemState.CR4_PAE) != 0 && !GuestRules.wide(v);
    }

    private static boolean legal(long pdpte) {
        return (pdpte & 1) == 0 || (pdpte & PDPTE_RESERVED) == 0;
    }

    private static void pdptes(EntryRule.Section s) {
        for (VmcsField field : PDPTES) {
            s.rule(field.title, field, DETAIL_PDPTE, "reserved bits 0 where present", (v, c) ->
                !pae(v) || !Control.ENABLE_EPT.in(v) || legal(v.get(field)));
        }
        s.rule("PDPTEs in memory", GUEST_CR3, DETAIL_PDPTE, "the address of four entries without reserved bits", (v, c) -> {
            if (!pae(v) || Control.ENABLE_EPT.in(v) || !Capabilities.physical(v.get(GUEST_CR3))) {
                return true;
            }
            boolean all = true;
            for (int i = 0; i < 4; i++) {
                all &= legal(c.cpu().memory.space().read((v.get(GUEST_CR3) & 0xFFFF_FFE0L) + 8L * i, 8));
            }
            return all;
        });
    }
}
