; A monitor as `kernel`: it runs `inner` in a virtual machine with EPT (the first GiB, identity, 2 MiB pages) and a VPID. VMCALL leaves the
; machine, and is resumed behind it, unless EAX is -1, which ends it.
kernel: mov     ecx, 0x3A
        rdmsr
        test    al, 1
        jnz     .locked
        mov     al, 5
        wrmsr
.locked:
        mov     rax, cr0
        or      al, 0x20
        mov     cr0, rax
        mov     rax, cr4
        or      eax, 0x2000
        mov     cr4, rax
        mov     edi, 0x20000
        mov     ecx, 0x3000 / 4
        xor     eax, eax
        rep stosd
        mov     dword [0x20000], 0x21007
        mov     dword [0x21000], 0x22007
        mov     edi, 0x22000
        mov     eax, 0xB7
        mov     ecx, 512
.page:  mov     [edi], eax
        add     eax, 0x200000
        add     edi, 8
        dec     ecx
        jnz     .page
        mov     ecx, 0x480
        rdmsr
        mov     [0x30000], eax
        mov     [0x31000], eax
        vmxon   [region]
        vmclear [vmcs]
        vmptrld [vmcs]
        mov     rsi, fields
.field: mov     rdx, [rsi]
        cmp     rdx, -1
        je      .enter
        mov     rax, [rsi + 8]
        vmwrite rdx, rax
        add     rsi, 16
        jmp     .field
.enter: mov     edx, 0x6C14
        vmwrite rdx, rsp
        vmlaunch
        ud2
exited: cmp     eax, -1
        je      .done
        mov     edx, 0x681E
        vmread  rsi, rdx
        add     rsi, 3
        vmwrite rdx, rsi
        vmresume
        ud2
.done:  vmxoff
        ret
entered:
        call    inner
        mov     eax, -1
        vmcall
align 8
region: dq 0x30000
vmcs:   dq 0x31000
fields: dq 0x4000, 0x16, 0x4002, 0x84006172, 0x401E, 0x22, 0x400C, 0x36FFB, 0x4012, 0x13FB
        dq 0x0000, 1, 0x201A, 0x2001E, 0x2800, -1
        dq 0x6C00, 0x80000031, 0x6C02, 0x10000, 0x6C04, 0x2020, 0x0C02, 0x18, 0x0C04, 0x10, 0x0C06, 0x10, 0x0C0C, 0x08
        dq 0x6C0C, gdt, 0x6C16, exited
        dq 0x6800, 0x80000031, 0x6802, 0x10000, 0x6804, 0x2020
        dq 0x0800, 0x10, 0x4800, 0xFFFFFFFF, 0x4814, 0xC093, 0x0802, 0x18, 0x4802, 0xFFFFFFFF, 0x4816, 0xA09B
        dq 0x0804, 0x10, 0x4804, 0xFFFFFFFF, 0x4818, 0xC093, 0x0806, 0x10, 0x4806, 0xFFFFFFFF, 0x481A, 0xC093
        dq 0x0808, 0x10, 0x4808, 0xFFFFFFFF, 0x481C, 0xC093, 0x080A, 0x10, 0x480A, 0xFFFFFFFF, 0x481E, 0xC093
        dq 0x4820, 0x10000, 0x080E, 0x08, 0x480E, 0x67, 0x4822, 0x8B
        dq 0x6816, gdt, 0x4810, 31, 0x681A, 0x400, 0x681C, 0x80000, 0x681E, entered, 0x6820, 2
        dq -1
