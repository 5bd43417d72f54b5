package com.vtsim.cpu.vmx;

import static com.vtsim.cpu.vmx.VmcsField.*;

import com.vtsim.cpu.engine.SystemState;
import java.util.List;

/** Checks on the event to inject. @sdm VM-Entry Control Fields */
final class EventRules {
    private static final int HARDWARE_EXCEPTION = 3, OTHER = 7;
    /** #DF, #TS, #NP, #SS, #GP, #PF, #AC have an error code; #CP would, where it existed. */
    private static final int WITH_CODE = 1 << 8 | 0x1F << 10 | 1 << 17;

    private EventRules() { }

    private static boolean valid(VmcsImage v) {
        return v.bit(ENTRY_INTERRUPTION, 31);
    }

    private static int type(VmcsImage v) {
        return (int) (v.get(ENTRY_INTERRUPTION) >> 8) & 7;
    }

    private static int vector(VmcsImage v) {
        return (int) v.get(ENTRY_INTERRUPTION) & 0xFF;
    }

    private static boolean delivers(VmcsImage v) {
        return v.bit(ENTRY_INTERRUPTION, 11);
    }

    /** An unrestricted guest in real mode gets no error codes. */
    private static boolean mayDeliver(VmcsImage v) {
        boolean real = Control.UNRESTRICTED_GUEST.in(v) && (v.get(GUEST_CR0) & SystemState.CR0_PE) == 0;
        return !real && type(v) == HARDWARE_EXCEPTION && vector(v) < 32 && (WITH_CODE & 1 << vector(v)) != 0;
    }

    static void add(List<EntryRule> rules) {
        EntryRule.Section s = new EntryRule.Section(rules, EntryRule.Area.CONTROLS, "VM-Entry Control Fields");
        s.rule("interruption type", ENTRY_INTERRUPTION, "bits 10:8 not 1", (v, c) -> !valid(v) || type(v) != 1);
        s.rule("vector of the interruption type", ENTRY_INTERRUPTION, "2 for an NMI, at most 31 for an exception, 0 for other events", (v, c) ->
            !valid(v) || switch (type(v)) {
                case 2 -> vector(v) == 2;
                case HARDWARE_EXCEPTION -> vector(v) <= 31;
                case OTHER -> vector(v) == 0;
                default -> true;
            });
        s.rule("deliver error code", ENTRY_INTERRUPTION, "bit 11 1 for, and only for, an exception that has an error code", (v, c) ->
            !valid(v) || delivers(v) == mayDeliver(v));
        s.rule("reserved bits of the interruption information", ENTRY_INTERRUPTION, "bits 30:12 0", (v, c) ->
            !valid(v) || (v.get(ENTRY_INTERRUPTION) & 0x7FFF_F000L) == 0);
        s.rule("exception error code", ENTRY_ERROR_CODE, "bits 31:16 0", (v, c) -> !valid(v) || !delivers(v) || v.get(ENTRY_ERROR_CODE) >>> 16 == 0);
        s.rule("VM-entry instruction length", ENTRY_LENGTH, "0 to 15 for a software interrupt or exception", (v, c) ->
            !valid(v) || type(v) < 4 || type(v) == OTHER || v.get(ENTRY_LENGTH) <= 15);
    }
}
