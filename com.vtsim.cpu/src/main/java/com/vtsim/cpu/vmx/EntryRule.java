package com.vtsim.cpu.vmx;

import com.vtsim.cpu.engine.Cpu;
import java.util.ArrayList;
import java.util.List;

/**
 * A check that VM entry makes on the VMCS.
 *
 * @param name    unique, in words
 * @param area    controls, host state or guest state
 * @param section title in the manual
 * @param field   the field that is wrong if the rule does not hold
 * @param allowed what would be right
 * @param detail  exit qualification of the failure, for guest-state rules
 * @param check   the rule
 */
public record EntryRule(String name, Area area, String section, VmcsField field, String allowed, int detail, Check check) {
    /** What a rule is about: decides how its failure is reported. */
    public enum Area {
        /** VM-instruction error 7. */
        CONTROLS,
        /** VM-instruction error 8. */
        HOST,
        /** Exit 8000_0021h. */
        GUEST
    }

    /**
     * What rules look at beside the VMCS.
     *
     * @param cpu          the processor that would enter
     * @param capabilities what it announces
     * @param vmcs         regions in memory
     * @param current      the current VMCS
     */
    record Context(Cpu cpu, Capabilities capabilities, Vmcs vmcs, long current) { }

    /** Says whether a rule holds. */
    @FunctionalInterface
    interface Check {
        /** @return whether it holds */
        boolean holds(VmcsImage v, Context c);
    }

    /**
     * A rule that does not hold.
     *
     * @param rule  which
     * @param value of its field
     */
    public record Failure(EntryRule rule, long value) {
        /** @return one line for the operator */
        public String text() {
            return String.format("%s = %xh: %s; allowed: %s (%s)", rule.field, value, rule.name, rule.allowed, rule.section);
        }
    }

    private static final List<EntryRule> ALL = all();
    /** By area: what an entry goes through. */
    private static final EntryRule[][] OF_AREA = ofArea();

    private static EntryRule[][] ofArea() {
        EntryRule[][] rules = new EntryRule[Area.values().length][];
        for (Area area : Area.values()) {
            rules[area.ordinal()] = ALL.stream().filter(rule -> rule.area == area).toArray(EntryRule[]::new);
        }
        return rules;
    }

    private static List<EntryRule> all() {
        List<EntryRule> rules = new ArrayList<>();
        ControlRules.add(rules);
        EventRules.add(rules);
        HostRules.add(rules);
        GuestRules.add(rules);
        SegmentRules.add(rules);
        StateRules.add(rules);
        return List.copyOf(rules);
    }

    /** @return every rule, in the order they are applied */
    public static List<EntryRule> rules() {
        return ALL;
    }

    /** @return the first rule of an area that does not hold, or null */
    static EntryRule firstBroken(Area area, VmcsImage v, Context c) {
        for (EntryRule rule : OF_AREA[area.ordinal()]) {
            if (!rule.check.holds(v, c)) {
                return rule;
            }
        }
        return null;
    }

    /** @return all rules that do not hold */
    static List<Failure> broken(VmcsImage v, Context c) {
        List<Failure> failures = new ArrayList<>();
        for (EntryRule rule : ALL) {
            if (!rule.check.holds(v, c)) {
                failures.add(new Failure(rule, v.get(rule.field)));
            }
        }
        return failures;
    }

    /** Collects the rules of a section. */
    record Section(List<EntryRule> to, Area area, String title) {
        void rule(String name, VmcsField field, String allowed, Check check) {
            to.add(new EntryRule(name, area, title, field, allowed, 0, check));
        }

        void rule(String name, VmcsField field, int detail, String allowed, Check check) {
            to.add(new EntryRule(name, area, title, field, allowed, detail, check));
        }
    }
}
