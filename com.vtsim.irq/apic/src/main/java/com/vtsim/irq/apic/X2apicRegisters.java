package com.vtsim.irq.apic;

import com.vtsim.api.register.RegisterFile;

/**
 * The registers of a local APIC as model-specific registers 800h to 8FFh. Machine thread only.
 *
 * @sdm Extended XAPIC (x2APIC)
 */
final class X2apicRegisters {
    private static final int SELF_IPI = 0x83F;

    private final LocalApic apic;
    private final RegisterFile<ApicRegister> registers;
    private final MessageBus bus;
    /** ICR bits 63:32, which are all the destination. */
    private long destination;
    private long value;

    X2apicRegisters(LocalApic apic, RegisterFile<ApicRegister> registers, MessageBus bus) {
        this.apic = apic;
        this.registers = registers;
        this.bus = bus;
    }

    /** @return ICR bits 63:32 */
    long destination() {
        return destination;
    }

    void destination(long bits) {
        destination = bits;
    }

    /** @return what the latest {@link #read} found */
    long value() {
        return value;
    }

    /** @return whether the register can be read now; then {@link #value} has it */
    boolean read(int msr) {
        int offset = msr - 0x800 << 4;
        ApicRegister register = registers.at(offset);
        if (!apic.x2apic() || register == null) {
            return false;
        }
        switch (register) {
            case ID -> value = apic.id();
            case LDR -> value = apic.logicalId() & 0xFFFF_FFFFL;
            case ICR_LOW -> value = registers.get(ApicRegister.ICR_LOW) | destination << 32;
            case APR, RRD, DFR, EOI, ICR_HIGH -> {
                return false;
            }
            default -> value = registers.load(offset, 4);
        }
        return true;
    }

    /** @return false for #GP(0). @sdm x2APIC Register Address Space; Reserved Bit Checking */
    boolean write(int msr, long written) {
        int offset = msr - 0x800 << 4;
        if (!apic.x2apic()) {
            return false;
        }
        if (msr == SELF_IPI) {
            return selfIpi(written);
        }
        ApicRegister register = registers.at(offset);
        if (register == null) {
            return false;
        }
        long writable = register.layout().replaced() | register.layout().readable() & 0x5000;
        switch (register) {
            case LDR, DFR, ICR_HIGH -> {
                return false;
            }
            case EOI, ESR -> {
                if (written != 0) {
                    return false;
                }
            }
            case ICR_LOW -> {
                if ((written & 0xFFFF_FFFFL & ~register.layout().replaced()) != 0) {
                    return false;
                }
                destination = written >>> 32;
            }
            default -> {
                if (register.layout().replaced() == 0 || (written & ~writable) != 0) {
                    return false;
                }
            }
        }
        registers.store(offset, 4, written & 0xFFFF_FFFFL);
        return true;
    }

    private boolean selfIpi(long written) {
        if (written >>> 8 != 0) {
            return false;
        }
        bus.begin("self IPI of cpu", apic.id());
        apic.accept(Delivery.FIXED, (int) written, false);
        return true;
    }
}
