package com.vtsim.cpu.vmx;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * VMX instructions in root operation: what they accept, and how they fail.
 *
 * @sdm VMX Instruction Reference; VM Instruction Error Numbers
 */
class InstructionTest {
    private static final int CF = 1, ZF = 0x40, STATUS = 0x8D5;

    /** Runs instructions in the monitor behind a VMPTRLD (or what {@code from} says), and returns RFLAGS' status bits. */
    private static long flags(VmxMachine m, String code) {
        m.monitor(code + "\npushfq\npop rbx\nhlt");
        assertThat(m.reg("r15")).as("no exception").isZero();
        return m.reg("rbx") & STATUS;
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "vmcall | 1",
        "mov qword [0x70000], 0x123 ! vmclear [0x70000] | 2",
        "mov qword [0x70000], 0x30000 ! vmclear [0x70000] | 3",
        "vmresume | 5",
        "mov qword [0x70000], 0x123 ! vmptrld [0x70000] | 9",
        "mov qword [0x70000], 0x30000 ! vmptrld [0x70000] | 10",
        "mov qword [0x70000], 0x34000 ! vmptrld [0x70000] | 11",
        "mov eax, 0x6c18 ! vmread rbx, rax | 12",
        "mov eax, 0x4003 ! vmread rbx, rax | 12",
        "vmxon [0x70000] | 15",
        "mov ax, 0x18 ! mov ss, ax ! vmlaunch | 26",
        "mov eax, 3 ! invept rax, [0x70000] | 28",
        "mov eax, 1 ! mov qword [0x70000], 1 ! invept rax, [0x70000] | 28",
        "mov eax, 4 ! invvpid rax, [0x70000] | 28",
        "mov eax, 1 ! mov qword [0x70000], 0 ! invvpid rax, [0x70000] | 28",
    })
    void aFailureHasItsNumber(String code, int error) {
        try (VmxMachine m = new VmxMachine(true)) {
            assertThat(flags(m, code.replace(" ! ", "\n"))).isEqualTo(ZF);
            assertThat(m.get(VmcsField.VM_INSTRUCTION_ERROR)).isEqualTo(error);
        }
    }

    @Test void launchOfALaunchedVmcsFails() {
        try (VmxMachine m = new VmxMachine(true)) {
            m.board.call(() -> {
                m.vmcs.launched(VmxMachine.VMCS, true);
                return null;
            });
            m.monitor("mov dword [0x31008], 1\nvmlaunch\npushfq\npop rbx\nhlt");
            assertThat(m.reg("rbx") & STATUS).isEqualTo(ZF);
            assertThat(m.get(VmcsField.VM_INSTRUCTION_ERROR)).isEqualTo(4);
        }
    }

    /** @sdm Conventions: VMfailInvalid */
    @ParameterizedTest
    @CsvSource({"vmlaunch", "vmresume", "'vmread rax, rbx'", "'vmwrite rax, rbx'"})
    void withoutACurrentVmcsCarryIsSet(String instruction) {
        try (VmxMachine m = new VmxMachine(true)) {
            assertThat(flags(m, "vmclear [pointer_vmcs]\n" + instruction)).isEqualTo(CF);
        }
    }

    @Test void vmptrstStoresAllOnesWithoutAVmcs() {
        try (VmxMachine m = new VmxMachine(true)) {
            assertThat(flags(m, "vmptrst [0x70000]\nvmclear [pointer_vmcs]\nvmptrst [0x70008]")).isZero();
            assertThat(m.peek(0x70000, 8)).isEqualTo(VmxMachine.VMCS);
            assertThat(m.peek(0x70008, 8)).isEqualTo(-1);
        }
    }

    @Test void fieldsKeepTheirWidths() {
        try (VmxMachine m = new VmxMachine(true)) {
            flags(m, """
                mov     rbx, 0x1122334455667788
                mov     eax, 0x800
                vmwrite rax, rbx
                vmread  r8, rax
                mov     eax, 0x4002
                vmwrite rax, rbx
                vmread  r9, rax
                mov     eax, 0x2000
                vmwrite rax, rbx
                vmread  r10, rax
                mov     eax, 0x2001
                vmread  r11, rax
                mov     ebx, 0x99
                vmwrite rax, rbx
                mov     eax, 0x2000
                vmread  r12, rax
                mov     eax, 0x681e
                vmwrite rax, r10
                vmread  r13, rax""");
            assertThat(m.reg("r8")).isEqualTo(0x7788);
            assertThat(m.reg("r9")).isEqualTo(0x5566_7788);
            assertThat(m.reg("r10")).isEqualTo(0x1122_3344_5566_7788L);
            assertThat(m.reg("r11")).isEqualTo(0x1122_3344);
            assertThat(m.reg("r12")).isEqualTo(0x99_5566_7788L);
            assertThat(m.reg("r13")).isEqualTo(0x1122_3344_5566_7788L);
        }
    }

    /** A region may be copied after VMCLEAR. @sdm Software Use of Virtual-Machine Control Structures */
    @Test void aClearedRegionCanBeMoved() {
        try (VmxMachine m = new VmxMachine(true)) {
            assertThat(flags(m, """
                mov     eax, 0x681e
                mov     ebx, 0x4321
                vmwrite rax, rbx
                vmclear [pointer_vmcs]
                mov     esi, 0x31000
                mov     edi, 0x36000
                mov     ecx, 4096
                cld
                rep movsb
                mov     qword [0x70000], 0x36000
                vmptrld [0x70000]
                mov     eax, 0x681e
                vmread  r8, rax""")).isZero();
            assertThat(m.reg("r8")).isEqualTo(0x4321);
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "vmxoff ! vmclear [0x70000] | 6",
        "vmxoff ! vmcall | 6",
        "vmfunc | 6",
        "mov rax, cr4 ! and eax, 0xffffdfff ! mov cr4, rax | 13",
        "mov rax, cr0 ! and eax, 0xffffffdf ! mov cr0, rax | 13",
        "vmxoff ! mov rax, cr4 ! and eax, 0xffffdfff ! mov cr4, rax ! vmxon [pointer_vmxon] | 6",
        "vmxoff ! mov rax, cr0 ! and eax, 0xffffffdf ! mov cr0, rax ! vmxon [pointer_vmxon] | 13",
        "mov ecx, 0x3a ! mov eax, 5 ! xor edx, edx ! wrmsr | 13",
        "mov ecx, 0x480 ! xor eax, eax ! xor edx, edx ! wrmsr | 13",
    })
    void whatIsForbiddenFaults(String code, int vector) {
        try (VmxMachine m = new VmxMachine(true)) {
            m.trapHost();
            m.monitor(code.replace(" ! ", "\n") + "\nhlt");
            assertThat(m.reg("r15")).isEqualTo(vector);
        }
    }

    /** Each control is announced if and only if entry accepts it. @sdm VMX Capability Reporting Facility */
    @Test void capabilitiesFollowTheTableOfControls() {
        try (VmxMachine m = new VmxMachine(true)) {
            m.endingApic();
            assertThat(m.reg("msr:480") >>> 32 & 0x1FFF).isEqualTo(0x1000);
            assertThat(m.reg("msr:48d") & 0xFFFF_FFFFL).isEqualTo(0x16);
            assertThat(m.reg("msr:482") & 0xFFFF_FFFFL).isEqualTo(0x0401_E172L);
            assertThat(m.reg("msr:48e") & 0xFFFF_FFFFL).isEqualTo(0x0400_6172L);
            assertThat(m.reg("msr:483") & 0xFFFF_FFFFL).isEqualTo(0x0003_6DFFL);
            assertThat(m.reg("msr:484") & 0xFFFF_FFFFL).isEqualTo(0x0000_11FFL);
            for (Control control : Control.values()) {
                int msr = switch (control.field) {
                    case PINBASED_CTLS -> 0x48D;
                    case PROCBASED_CTLS -> 0x48E;
                    case PROCBASED_CTLS2 -> 0x48B;
                    case PROCBASED_CTLS3 -> 0x492;
                    case EXIT_CTLS -> 0x48F;
                    default -> 0x490;
                };
                // The tertiary controls have all 64 bits of their register.
                int bit = control.bit + (msr == 0x492 ? 0 : 32);
                assertThat(m.reg("msr:" + Integer.toHexString(msr)) >>> bit & 1).as("%s", control).isEqualTo(1);
            }
        }
    }
}
