; Paging: 4 KiB pages over 8 MiB, each touched once a round (more than a TLB has), eight address spaces that take turns, an INVLPG now and
; then, and a page fault every 256 pages whose handler maps the page.
kernel: lidt    [rel idtr]
        ; Directories of eight address spaces at 400000h: PML4, PDPT, directory, and shared page tables at 600000h for 40000000h up.
        mov     edi, 0x400000
        mov     ecx, 0x40000
        xor     eax, eax
        rep stosd
        mov     edi, 0x600000
        mov     eax, 0x800003
        mov     ecx, 2048
.entry: mov     [rdi], rax
        add     eax, 0x1000
        add     edi, 8
        dec     ecx
        jnz     .entry
        mov     edi, 0x400000
        mov     ecx, 8
.space: lea     rax, [rdi + 0x1003]
        mov     [rdi], rax
        mov     qword [rdi + 0x1000], 0x12003
        lea     rax, [rdi + 0x2003]
        mov     [rdi + 0x1008], rax
        mov     qword [rdi + 0x2000], 0x600003
        mov     qword [rdi + 0x2008], 0x601003
        mov     qword [rdi + 0x2010], 0x602003
        mov     qword [rdi + 0x2018], 0x603003
        add     edi, 0x3000
        dec     ecx
        jnz     .space
        mov     ebp, ROUNDS
.round: mov     eax, ebp
        and     eax, 7
        imul    eax, eax, 0x3000
        add     eax, 0x400000
        mov     cr3, rax
        mov     esi, 0x40000000
        mov     edi, 0x600000
        mov     ecx, 2048
.page:  add     dword [rsi + 8], ecx
        test    ecx, 255
        jnz     .mapped
        mov     qword [rdi], 0          ; the page goes, and is found missing
        invlpg  [rsi]
        add     [rsi + 16], ecx
.mapped: add    esi, 0x1000
        add     edi, 8
        dec     ecx
        jnz     .page
        dec     ebp
        jnz     .round
        ret

; #PF: rdi points to the entry; the frame is where the page lies above 800000h.
fault:  push    rax
        lea     rax, [rsi - 0x40000000 + 0x800003]
        mov     [rdi], rax
        pop     rax
        add     rsp, 8
        iretq

idtr:   dw 15 * 16 - 1
        dq idt
align 16
idt:    times 14 * 16 db 0
        dw (fault - rom) & 0xFFFF, 0x18, 0x8E00, 0x10
        dq 0
