package com.vtsim.cpu.vmx;

/** The monitor of {@link VmxMachine} as a 32-bit host: it turns PAE paging on itself, and writes wide fields in halves. */
final class Monitor32 {
    static final String SOURCE = """
            bits 32
            org 0x10000
            mov     ecx, 0x3a
            mov     eax, 5
            xor     edx, edx
            wrmsr
            mov     eax, 0x2020
            mov     cr4, eax
            mov     eax, 0x1800
            mov     cr3, eax
            mov     eax, cr0
            or      eax, 0x80010020
            mov     cr0, eax
            lgdt    [gdtr]
            lidt    [idtr]
            mov     ax, 0x20
            ltr     ax
            mov     ecx, 0x480
            rdmsr
            mov     [0x30000], eax
            mov     [0x31000], eax
            vmxon   [pointer_vmxon]
            jbe     bad
            vmclear [pointer_vmcs]
            jbe     bad
            vmptrld [pointer_vmcs]
            jbe     bad
            mov     esi, 0x20000
    write:  mov     edx, [esi]
            cmp     edx, -1
            je      launch
            vmwrite edx, [esi + 8]
            jbe     bad
            mov     eax, edx
            and     eax, 0x6000
            cmp     eax, 0x2000
            jne     next
            inc     edx
            vmwrite edx, [esi + 12]
            jbe     bad
    next:   add     esi, 16
            jmp     write
    launch: xor     ebp, ebp
            vmlaunch
    failed: pushfd
            pop     ebx
            hlt
    bad:    ud2
    exited: hlt
    again:  vmresume
            jmp     failed
    host_interrupt:
            hlt
    pointer_vmxon: dq 0x30000
    pointer_vmcs:  dq 0x31000
            align 8
    gdt:    dq 0, 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x0000890520000067
    gdtr:   dw 0x27
            dd gdt
    idtr:   dw 0x7ff
            dd 0x60000
    """;

    private Monitor32() { }
}
