package com.vtsim.cpu.vmx;

/** The values of a VMCS, taken out of its region: what rules are asked about and what an entry loads. Reused. */
public final class VmcsImage {
    private final long[] values = new long[VmcsField.values().length];

    /** @return a field's value, zero-extended */
    public long get(VmcsField field) {
        return values[field.ordinal()];
    }

    /** Sets a field to what fits into it. */
    public void set(VmcsField field, long value) {
        values[field.ordinal()] = value & field.mask();
    }

    /** @return a field of controls; the secondary and tertiary ones are all 0 unless they are activated */
    long controls(VmcsField field) {
        boolean dormant = field == VmcsField.PROCBASED_CTLS2 && !bit(VmcsField.PROCBASED_CTLS, 31)
            || field == VmcsField.PROCBASED_CTLS3 && !bit(VmcsField.PROCBASED_CTLS, 17);
        return dormant ? 0 : get(field);
    }

    /** @return whether a bit is set */
    boolean bit(VmcsField field, int number) {
        return (get(field) >> number & 1) != 0;
    }
}
