; A 64 KiB ROM that enters 64-bit mode, copies itself to RAM at 1 MiB and calls `kernel`, then ends the machine:
; through port F4h where that is an exit port, through port 8900h otherwise. The same image runs on VTSim, QEMU and Bochs.
; `kernel` is appended to this file, then end.asm.

bits 16
org 0x100000
rom:
start:
        cli
        xor     ax, ax
        mov     ds, ax
        o32 lgdt [cs:gdtr - rom]
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     dword 0x08:(protected - rom + 0xF0000)

align 8
gdt:    dq 0
        dq 0x00CF9B000000FFFF           ; 08h: 32-bit code
        dq 0x00CF93000000FFFF           ; 10h: data
        dq 0x00AF9B000000FFFF           ; 18h: 64-bit code
gdtr:   dw 31
        dd gdt - rom + 0xF0000

bits 32
protected:
        mov     ax, 0x10
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     esp, 0x9000
        ; Fast A20 gate: emulators differ in what A20 is after reset.
        in      al, 0x92
        or      al, 2
        and     al, 0xFE
        out     0x92, al
        cld
        mov     esi, 0xF0000
        mov     edi, 0x100000
        mov     ecx, 0x4000
        rep movsd
        ; Page tables: PML4 at 10000h, PDPT at 11000h, one directory of 2 MiB pages at 12000h: the first GiB, identity.
        mov     edi, 0x10000
        mov     ecx, 0xC00
        xor     eax, eax
        rep stosd
        mov     dword [0x10000], 0x11003
        mov     dword [0x11000], 0x12003
        mov     edi, 0x12000
        mov     eax, 0x83
        mov     ecx, 512
.page:  mov     [edi], eax
        add     eax, 0x200000
        add     edi, 8
        dec     ecx
        jnz     .page
        mov     eax, 0x20
        mov     cr4, eax
        mov     eax, 0x10000
        mov     cr3, eax
        mov     ecx, 0xC0000080
        rdmsr
        or      eax, 0x100
        wrmsr
        mov     eax, cr0
        or      eax, 0x80000000
        mov     cr0, eax
        jmp     dword 0x18:long_mode

bits 64
long_mode:
        mov     rsp, 0x90000
        call    kernel
        mov     al, 0
        out     0xF4, al
        mov     dx, 0x8900
        lea     rsi, [rel goodbye]
        mov     ecx, 8
.text:  mov     al, [rsi]
        out     dx, al
        inc     rsi
        dec     ecx
        jnz     .text
.halt:  hlt
        jmp     .halt
goodbye: db "Shutdown"
