package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;

import com.vtsim.cpu.engine.Flags;
import com.vtsim.cpu.engine.Msrs;
import com.vtsim.cpu.engine.PerformanceCounters;
import com.vtsim.cpu.engine.SystemState;
import com.vtsim.cpu.trace.ProcessorTrace;
import java.util.List;

/** Checks on the guest's control registers, debug registers, MSRs and descriptor-table registers, RIP and RFLAGS. */
final class GuestRules {
    private static final long RFLAGS_FREE = 0x3F_7FD5L;

    private GuestRules() { }

    static boolean wide(VmcsImage v) {
        return Control.IA32E_MODE_GUEST.in(v);
    }

    static boolean unrestricted(VmcsImage v) {
        return Control.UNRESTRICTED_GUEST.in(v);
    }

    static boolean virtual8086(VmcsImage v) {
        return (v.get(GUEST_RFLAGS) & Flags.VM) != 0;
    }

    static void add(List<EntryRule> rules) {
        registers(new EntryRule.Section(rules, EntryRule.Area.GUEST, "Checks on Guest Control Registers, Debug Registers, and MSRs"));
        tables(new EntryRule.Section(rules, EntryRule.Area.GUEST, "Checks on Guest Descriptor-Table Registers"));
        pointer(new EntryRule.Section(rules, EntryRule.Area.GUEST, "Checks on Guest RIP, RFLAGS, and SSP"));
    }

    private static void registers(EntryRule.Section s) {
        s.rule("guest CR0 fixed bits", GUEST_CR0, "as IA32_VMX_CR0_FIXED0 and _FIXED1 demand; PE and PG free for an unrestricted guest", (v, c) ->
            c.capabilities().validCr0(v.get(GUEST_CR0), unrestricted(v)));
        s.rule("guest CR0.PG without PE", GUEST_CR0, "PE 1 where PG is 1", (v, c) ->
            !v.bit(GUEST_CR0, 31) || v.bit(GUEST_CR0, 0) || !unrestricted(v));
        s.rule("guest CR4 fixed bits", GUEST_CR4, "as IA32_VMX_CR4_FIXED0 and _FIXED1 demand", (v, c) -> c.capabilities().validCr4(v.get(GUEST_CR4)));
        s.rule("guest IA32_DEBUGCTL", GUEST_DEBUGCTL, "LBR, BTF, FREEZE_LBRS_ON_PMI and FREEZE_PERFMON_ON_PMI alone: no other bit of it exists here", (v, c) ->
            !Control.LOAD_DEBUG_CONTROLS.in(v) || (v.get(GUEST_DEBUGCTL) & ~Msrs.DEBUGCTL_DEFINED) == 0);
        s.rule("guest CR0.PG of an IA-32e mode guest", GUEST_CR0, "PG 1", (v, c) -> !wide(v) || v.bit(GUEST_CR0, 31) || !unrestricted(v));
        s.rule("guest CR4.PAE of an IA-32e mode guest", GUEST_CR4, "PAE 1", (v, c) -> !wide(v) || (v.get(GUEST_CR4) & SystemState.CR4_PAE) != 0);
        s.rule("guest CR4.PCIDE without IA-32e mode", GUEST_CR4, "PCIDE 0", (v, c) -> wide(v) || (v.get(GUEST_CR4) & SystemState.CR4_PCIDE) == 0);
        s.rule("guest CR3", GUEST_CR3, "within the physical-address width", (v, c) -> Capabilities.physical(v.get(GUEST_CR3)));
        s.rule("guest DR7", GUEST_DR7, "bits 63:32 0", (v, c) -> !Control.LOAD_DEBUG_CONTROLS.in(v) || v.get(GUEST_DR7) >>> 32 == 0);
        s.rule("guest IA32_SYSENTER_ESP canonical", GUEST_SYSENTER_ESP, "a canonical address", (v, c) ->
            Rules.canonical(c, v.get(GUEST_SYSENTER_ESP), v.get(GUEST_CR4)));
        s.rule("guest IA32_SYSENTER_EIP canonical", GUEST_SYSENTER_EIP, "a canonical address", (v, c) ->
            Rules.canonical(c, v.get(GUEST_SYSENTER_EIP), v.get(GUEST_CR4)));
        s.rule("guest IA32_PERF_GLOBAL_CTRL", GUEST_PERF_GLOBAL_CTRL, "a bit for each counter there is", (v, c) ->
            !Control.ENTRY_LOAD_PERF_GLOBAL_CTRL.in(v) || (v.get(GUEST_PERF_GLOBAL_CTRL) & ~PerformanceCounters.COUNTERS) == 0);
        s.rule("guest IA32_RTIT_CTL", GUEST_RTIT_CTL, "bits that IA32_RTIT_CTL has", (v, c) ->
            !Control.LOAD_RTIT_CTL.in(v) || ProcessorTrace.legal(v.get(GUEST_RTIT_CTL)));
        s.rule("guest IA32_PAT", GUEST_PAT, "memory types 0, 1, 4, 5, 6, 7 in each byte", (v, c) ->
            !Control.ENTRY_LOAD_PAT.in(v) || Rules.pat(v.get(GUEST_PAT)));
        s.rule("guest IA32_EFER reserved bits", GUEST_EFER, "SCE, LME, LMA, NXE", (v, c) ->
            !Control.ENTRY_LOAD_EFER.in(v) || Rules.efer(v.get(GUEST_EFER)));
        s.rule("guest IA32_EFER.LMA", GUEST_EFER, "equal to IA-32e mode guest", (v, c) ->
            !Control.ENTRY_LOAD_EFER.in(v) || v.bit(GUEST_EFER, 10) == wide(v));
        s.rule("guest IA32_EFER.LME", GUEST_EFER, "equal to LMA where CR0.PG is 1", (v, c) -> !Control.ENTRY_LOAD_EFER.in(v)
            || !v.bit(GUEST_CR0, 31) || v.bit(GUEST_EFER, 8) == v.bit(GUEST_EFER, 10));
    }

    private static void tables(EntryRule.Section s) {
        for (VmcsField field : new VmcsField[] {GUEST_GDTR_BASE, GUEST_IDTR_BASE}) {
            s.rule(field.title + " canonical", field, "a canonical address", (v, c) -> Rules.canonical(c, v.get(field), v.get(GUEST_CR4)));
        }
        for (VmcsField field : new VmcsField[] {GUEST_GDTR_LIMIT, GUEST_IDTR_LIMIT}) {
            s.rule(field.title, field, "bits 31:16 0", (v, c) -> v.get(field) >>> 16 == 0);
        }
    }

    private static boolean code64(VmcsImage v) {
        return wide(v) && v.bit(GUEST_CS_ACCESS, 13);
    }

    private static void pointer(EntryRule.Section s) {
        s.rule("guest RIP beyond 32 bits", GUEST_RIP, "bits 63:32 0 outside of 64-bit code", (v, c) -> code64(v) || v.get(GUEST_RIP) >>> 32 == 0);
        s.rule("guest RIP beyond the linear-address width", GUEST_RIP, "the bits above it all the same", (v, c) -> !code64(v) || Rules.width(c, v.get(GUEST_RIP)));
        s.rule("guest RFLAGS reserved bits", GUEST_RFLAGS, "bits 63:22, 15, 5, 3 0, bit 1 1", (v, c) ->
            (v.get(GUEST_RFLAGS) & ~RFLAGS_FREE) == 2);
        s.rule("guest RFLAGS.VM", GUEST_RFLAGS, "VM 0 for an IA-32e mode guest and without protection", (v, c) ->
            !virtual8086(v) || !wide(v) && v.bit(GUEST_CR0, 0));
        s.rule("guest RFLAGS.IF for an external interrupt", GUEST_RFLAGS, "IF 1 where an external interrupt is injected", (v, c) ->
            (v.get(ENTRY_INTERRUPTION) & 0x8000_0700L) != 0x8000_0000L || v.bit(GUEST_RFLAGS, 9));
    }
}
