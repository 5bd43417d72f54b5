package com.vtsim.cpu.vmx;

/** VM-instruction error numbers. @sdm VM Instruction Error Numbers */
public enum VmError {
    /** 1. */
    VMCALL_IN_ROOT(1, "VMCALL executed in VMX root operation"),
    /** 2. */
    VMCLEAR_ADDRESS(2, "VMCLEAR with invalid physical address"),
    /** 3. */
    VMCLEAR_VMXON(3, "VMCLEAR with VMXON pointer"),
    /** 4. */
    VMLAUNCH_NOT_CLEAR(4, "VMLAUNCH with non-clear VMCS"),
    /** 5. */
    VMRESUME_NOT_LAUNCHED(5, "VMRESUME with non-launched VMCS"),
    /** 7. */
    ENTRY_CONTROLS(7, "VM entry with invalid control field(s)"),
    /** 8. */
    ENTRY_HOST(8, "VM entry with invalid host-state field(s)"),
    /** 9. */
    VMPTRLD_ADDRESS(9, "VMPTRLD with invalid physical address"),
    /** 10. */
    VMPTRLD_VMXON(10, "VMPTRLD with VMXON pointer"),
    /** 11. */
    VMPTRLD_REVISION(11, "VMPTRLD with incorrect VMCS revision identifier"),
    /** 12. */
    UNSUPPORTED_COMPONENT(12, "VMREAD/VMWRITE from/to unsupported VMCS component"),
    /** 15. */
    VMXON_IN_ROOT(15, "VMXON executed in VMX root operation"),
    /** 26. */
    ENTRY_MOV_SS(26, "VM entry with events blocked by MOV SS"),
    /** 28. */
    INVALIDATION_OPERAND(28, "Invalid operand to INVEPT/INVVPID");

    /** In the VM-instruction error field. */
    public final int number;
    /** The manual's words. */
    public final String title;

    VmError(int number, String title) {
        this.number = number;
        this.title = title;
    }

    /** @return the error with this number, or null */
    public static VmError of(int number) {
        for (VmError error : values()) {
            if (error.number == number) {
                return error;
            }
        }
        return null;
    }
}
