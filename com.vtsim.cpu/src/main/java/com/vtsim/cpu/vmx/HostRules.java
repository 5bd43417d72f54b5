package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;

import com.vtsim.cpu.engine.PerformanceCounters;
import com.vtsim.cpu.engine.SystemState;
import java.util.List;

/** Checks on the host-state area. @sdm Checks on Host Control Registers, MSRs, and SSP; Checks on Host Segment and Descriptor-Table Registers */
final class HostRules {
    private HostRules() { }

    static void add(List<EntryRule> rules) {
        registers(new EntryRule.Section(rules, EntryRule.Area.HOST, "Checks on Host Control Registers, MSRs, and SSP"));
        segments(new EntryRule.Section(rules, EntryRule.Area.HOST, "Checks on Host Segment and Descriptor-Table Registers"));
        size(new EntryRule.Section(rules, EntryRule.Area.HOST, "Checks Related to Address-Space Size"));
    }

    private static boolean wide(VmcsImage v) {
        return Control.HOST_ADDRESS_SPACE_SIZE.in(v);
    }

    private static void canonical(EntryRule.Section s, VmcsField field) {
        s.rule(field.title + " canonical", field, "a canonical address", (v, c) -> Rules.canonical(c, v.get(field), v.get(HOST_CR4)));
    }

    private static void registers(EntryRule.Section s) {
        s.rule("host CR0 fixed bits", HOST_CR0, "as IA32_VMX_CR0_FIXED0 and _FIXED1 demand", (v, c) -> c.capabilities().validCr0(v.get(HOST_CR0), false));
        s.rule("host CR4 fixed bits", HOST_CR4, "as IA32_VMX_CR4_FIXED0 and _FIXED1 demand", (v, c) -> c.capabilities().validCr4(v.get(HOST_CR4)));
        s.rule("host CR3", HOST_CR3, "within the physical-address width", (v, c) -> Capabilities.physical(v.get(HOST_CR3)));
        canonical(s, HOST_SYSENTER_ESP);
        canonical(s, HOST_SYSENTER_EIP);
        s.rule("host IA32_PERF_GLOBAL_CTRL", HOST_PERF_GLOBAL_CTRL, "a bit for each counter there is", (v, c) ->
            !Control.EXIT_LOAD_PERF_GLOBAL_CTRL.in(v) || (v.get(HOST_PERF_GLOBAL_CTRL) & ~PerformanceCounters.COUNTERS) == 0);
        s.rule("host IA32_PAT", HOST_PAT, "memory types 0, 1, 4, 5, 6, 7 in each byte", (v, c) -> !Control.EXIT_LOAD_PAT.in(v) || Rules.pat(v.get(HOST_PAT)));
        s.rule("host IA32_EFER reserved bits", HOST_EFER, "SCE, LME, LMA, NXE", (v, c) -> !Control.EXIT_LOAD_EFER.in(v) || Rules.efer(v.get(HOST_EFER)));
        s.rule("host IA32_EFER.LMA and LME", HOST_EFER, "both equal to host address-space size", (v, c) -> !Control.EXIT_LOAD_EFER.in(v)
            || wide(v) == v.bit(HOST_EFER, 8) && wide(v) == v.bit(HOST_EFER, 10));
    }

    private static void segments(EntryRule.Section s) {
        for (VmcsField field : new VmcsField[] {HOST_ES_SELECTOR, HOST_CS_SELECTOR, HOST_SS_SELECTOR, HOST_DS_SELECTOR, HOST_FS_SELECTOR,
            HOST_GS_SELECTOR, HOST_TR_SELECTOR}) {
            s.rule(field.title + " RPL and TI", field, "bits 2:0 0", (v, c) -> (v.get(field) & 7) == 0);
        }
        s.rule("host CS selector null", HOST_CS_SELECTOR, "not 0", (v, c) -> v.get(HOST_CS_SELECTOR) != 0);
        s.rule("host TR selector null", HOST_TR_SELECTOR, "not 0", (v, c) -> v.get(HOST_TR_SELECTOR) != 0);
        s.rule("host SS selector null", HOST_SS_SELECTOR, "not 0 for a 32-bit host", (v, c) -> wide(v) || v.get(HOST_SS_SELECTOR) != 0);
        canonical(s, HOST_FS_BASE);
        canonical(s, HOST_GS_BASE);
        canonical(s, HOST_GDTR_BASE);
        canonical(s, HOST_IDTR_BASE);
        canonical(s, HOST_TR_BASE);
    }

    private static void size(EntryRule.Section s) {
        s.rule("host address-space size of a 64-bit host", EXIT_CTLS, "host address-space size 1 in IA-32e mode", (v, c) ->
            !c.cpu().system.longMode() || wide(v));
        s.rule("host address-space size of a 32-bit host", EXIT_CTLS, "host address-space size 0 outside of IA-32e mode", (v, c) ->
            c.cpu().system.longMode() || !wide(v));
        s.rule("IA-32e mode guest of a 32-bit host", ENTRY_CTLS, "IA-32e mode guest 0", (v, c) ->
            c.cpu().system.longMode() || !Control.IA32E_MODE_GUEST.in(v));
        s.rule("IA-32e mode guest without a 64-bit host", ENTRY_CTLS, "host address-space size 1", (v, c) ->
            wide(v) || !Control.IA32E_MODE_GUEST.in(v) || !c.cpu().system.longMode());
        s.rule("host CR4.PCIDE without a 64-bit host", HOST_CR4, "PCIDE 0", (v, c) -> wide(v) || (v.get(HOST_CR4) & SystemState.CR4_PCIDE) == 0);
        s.rule("host RIP beyond 32 bits", HOST_RIP, "bits 63:32 0", (v, c) -> wide(v) || v.get(HOST_RIP) >>> 32 == 0);
        s.rule("host CR4.PAE", HOST_CR4, "PAE 1 for a 64-bit host", (v, c) -> !wide(v) || (v.get(HOST_CR4) & SystemState.CR4_PAE) != 0);
        s.rule("host RIP canonical", HOST_RIP, "a canonical address", (v, c) -> !wide(v) || Rules.canonical(c, v.get(HOST_RIP), v.get(HOST_CR4)));
    }
}
