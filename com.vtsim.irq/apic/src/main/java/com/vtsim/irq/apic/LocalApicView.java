package com.vtsim.irq.apic;

import java.util.ArrayList;
import java.util.List;

/** A local APIC as the operator sees it, and as another model of controller can take it. */
final class LocalApicView {
    private final LocalApic apic;

    LocalApicView(LocalApic apic) {
        this.apic = apic;
    }

    /** @return edge-triggered requests as messages to this APIC, as {@link com.vtsim.api.irq.InterruptState#messages} */
    List<Long> messages() {
        List<Long> messages = new ArrayList<>();
        for (int vector = 16; vector < 256; vector++) {
            if (apic.irr.has(vector) && !apic.tmr.has(vector)) {
                messages.add((LocalApic.DEFAULT_BASE | (long) apic.id() << 12) << 32 | vector);
            }
        }
        return messages;
    }

    /** @return what of it virtual wire mode and messages do not tell, in words; empty if nothing */
    String leftBehind() {
        List<String> what = new ArrayList<>();
        if (apic.x2apic()) {
            what.add("x2APIC mode");
        } else if (apic.base() != (LocalApic.DEFAULT_BASE | LocalApic.EN | (apic.id() == 0 ? LocalApic.BSP : 0))) {
            what.add("IA32_APIC_BASE");
        }
        if (apic.timer.running()) {
            what.add("timer");
        }
        for (ApicRegister entry : LocalVectorTable.ENTRIES) {
            boolean wire = entry == ApicRegister.LVT_LINT0 && apic.lvt.mode(entry) == Delivery.EXTINT || entry == ApicRegister.LVT_LINT1 && apic.lvt.mode(entry) == Delivery.NMI;
            if (apic.lvt.mode(entry) >= 0 && !wire) {
                what.add(entry.name());
            }
        }
        if (apic.registers().get(ApicRegister.LDR) != 0) {
            what.add("logical ID");
        }
        if (apic.id() != 0 && apic.enabled()) {
            what.add("software enable");
        }
        if (apic.isr.highest() != VectorSet.NONE) {
            what.add("in service " + apic.isr);
        }
        return String.join(", ", what);
    }

    /** @return one line, counted since this controller came */
    String counts() {
        return "cpu" + apic.id() + ": " + apic.delivered + " delivered, " + apic.merged + " merged with one that waited, " + apic.spurious + " spurious";
    }

    /** @return how many vectors of each priority class, highest first, are requested and in service, and which classes PPR holds back */
    List<String> picture() {
        StringBuilder classes = new StringBuilder("      class    ");
        StringBuilder requested = new StringBuilder("      IRR      ");
        StringBuilder service = new StringBuilder("      ISR      ");
        StringBuilder held = new StringBuilder("      held     ");
        int priority = apic.processorPriority() >> 4;
        for (int each = 15; each >= 1; each--) {
            classes.append(Integer.toHexString(each)).append("  ");
            requested.append(count(apic.irr, each)).append("  ");
            service.append(count(apic.isr, each)).append("  ");
            held.append(each <= priority ? "#  " : ".  ");
        }
        return List.of("cpu%d  TPR %02x, PPR %02x".formatted(apic.id(), apic.registers().get(ApicRegister.TPR), apic.processorPriority()),
            classes.toString().stripTrailing(), requested.toString().stripTrailing(), service.toString().stripTrailing(), held.toString().stripTrailing());
    }

    private static String count(VectorSet set, int priority) {
        int count = 0;
        for (int vector = priority << 4; vector < priority + 1 << 4; vector++) {
            count += set.has(vector) ? 1 : 0;
        }
        return count == 0 ? "." : count > 9 ? "+" : Integer.toString(count);
    }

    /** @return one line with what decides on delivery */
    String describe() {
        return "cpu%d %s id=%d TPR=%02x PPR=%02x IRR=%s ISR=%s SVR=%03x LINT0=%05x timer=%05x ESR=%02x%s".formatted(apic.id(),
            !apic.on() ? "off" : apic.x2apic() ? "x2APIC" : "xAPIC", apic.id(), apic.registers().get(ApicRegister.TPR), apic.processorPriority(), apic.irr, apic.isr,
            apic.registers().get(ApicRegister.SVR), apic.registers().get(ApicRegister.LVT_LINT0), apic.registers().get(ApicRegister.LVT_TIMER), apic.errors, apic.intr ? " INTR" : "");
    }

    /** @return where a vector stands, or null if it is neither pending nor in service */
    String why(int vector) {
        String where = "cpu" + apic.id() + ": ";
        if (!apic.irr.has(vector)) {
            return apic.isr.has(vector) ? where + "in service, not ended by an EOI yet" : null;
        }
        int ppr = apic.processorPriority() & 0xF0;
        String pending = where + "pending in IRR" + (apic.isr.has(vector) ? " and in service" : "") + "; ";
        if (!apic.on()) {
            return pending + "held: the local APIC is off (IA32_APIC_BASE.EN)";
        }
        if ((vector & 0xF0) <= ppr) {
            boolean task = (apic.registers().get(ApicRegister.TPR) & 0xF0) >= LocalApic.priorityOf(apic.isr.highest());
            return pending + "held: its class " + (vector >> 4) + " is not above PPR class " + (ppr >> 4) + ", which comes from "
                + (task ? "TPR" : "vector " + Integer.toHexString(apic.isr.highest()) + "h in service");
        }
        return apic.irr.highest() != vector ? pending + "waits for vector " + Integer.toHexString(apic.irr.highest()) + "h, which is of higher priority"
            : pending + "INTR is asserted: the processor has not taken it (EFLAGS.IF, a shadow, or it is not running)";
    }
}
