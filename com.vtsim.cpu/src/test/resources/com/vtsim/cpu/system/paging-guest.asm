; Tries accesses to pages of every combination of rights in 64-bit mode, and writes what came of each to port E9h: see PagingGuestTest.
; Runs from reset; copies itself to 10000h, where it has RAM. The language is that of VTSim's assembler and of NASM.
BASE equ 0x10000
TARGET equ 0x400000             ; the page that is accessed, by its own page table
OTHER equ 0x8000000000          ; the same, with tables of its own at every level
OTHER_PML4E equ 0x1008
ROOT equ 0x1000                 ; what CR3 points to
ALWAYS equ 0x20                 ; CR4: PAE
USER equ 0x200000               ; user code, then its stack
PDE equ 0x3010                  ; entries of TARGET
PTE equ 0x5000

        org 0x10000
        bits 16
rom:
        cli
        cld
        mov ax, 0xf000
        mov ds, ax
        mov ax, 0x1000
        mov es, ax
        xor si, si
        xor di, di
        mov cx, 0x8000
        rep movsw
        jmp 0x1000:real - BASE

real:
        mov ax, cs
        mov ds, ax
        mov sp, 0x9000
        xor ax, ax
        mov ss, ax
        ; tables: all below 10000h is cleared first
        mov es, ax
        mov di, 0x1000
        mov cx, 0x7000
        rep stosw
        mov dword [es:0x1000], 0x2027
        mov dword [es:0x2000], 0x3027
        mov dword [es:0x3000], 0xe3         ; 2 MiB at 0, the system's
        mov dword [es:0x3008], 0x2000e7     ; 2 MiB at 200000h, the user's
        mov dword [es:OTHER_PML4E], 0xa007
;;; fifth level
        mov dword [es:0xa000], 0xb007
        mov dword [es:0xb000], 0xc007
        mov dword [es:0xc000], 0x300007
        mov dword [es:0x6004], 0x8000       ; RSP0
        lgdt [gdtr - BASE]
        mov eax, ALWAYS
        mov cr4, eax
        mov eax, ROOT
        mov cr3, eax
        mov ecx, 0xc0000080
        mov eax, 0x900
        xor edx, edx
        wrmsr
        mov eax, 0x80000011
        mov cr0, eax
        jmp dword 0x08:wide

        bits 64
wide:
        mov ax, 0x10
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov esp, 0x9000
        mov ax, 0x28
        ltr ax
        ; gates: page fault, and 40h for what went well
        mov rdi, 0xd000
        mov rax, page_fault
        mov ebx, 14
        call gate
        mov rax, went_well
        mov ebx, 0x40
        call gate
        mov rax, other_fault
        mov ebx, 13
        call gate
        mov ebx, 6
        call gate
        lidt [idtr]
        ; what the user runs, and what lies in the target
        mov rsi, user_code
        mov edi, USER
        mov ecx, 0x40
        rep movsb
        mov dword [0x300000], 0x40cd
        mov dword [0x200000 + 0x800], 0

; ---------------------------------------------------------------- rights
; The counter in R12: bits 1:0 protection keys (3 is left out), 2 AC, 3 SMAP, 4 SMEP, 5 WP, 7:6 access (3 is left out), 8 CPL 3.
        xor r12d, r12d
setting:
        mov eax, r12d
        and eax, 3
        cmp eax, 3
        je next_setting
        mov eax, r12d
        and eax, 0xc0
        cmp eax, 0xc0
        je next_setting
        mov eax, r12d
        call print8
        mov al, ':'
        out 0xe9, al
        call apply
        xor r13d, r13d                  ; bits 2:0 of the page: R/W, U/S, XD; 5:3 the same of the table
page:
        mov eax, r13d
        call entry
        bts rax, 59
        or rax, 0x300000
        mov [PTE], rax
        mov eax, r13d
        shr eax, 3
        call entry
        or rax, 0x5000
        mov [PDE], rax
        mov esi, TARGET
        invlpg [rsi]
        call access
        call print4
        mov eax, [PTE]
        shr eax, 5
        and eax, 3
        mov ecx, [PDE]
        shr ecx, 3
        and ecx, 4
        or eax, ecx
        call print1
        inc r13d
        cmp r13d, 64
        jb page
        mov al, 10
        out 0xe9, al
next_setting:
        inc r12d
        cmp r12d, 0x200
        jb setting

; ---------------------------------------------------------------- reserved and ignored bits
        xor r12d, r12d
        call apply
        call reserved
        mov ecx, 0xc0000080
        rdmsr
        and eax, ~0x800
        wrmsr
        call reserved
        ; the end, as QEMU's port for it and then Bochs's want it
        out 0xf4, al
        mov rsi, shutdown
        mov ecx, 8
        mov edx, 0x8900
        rep outsb
        cli
        hlt

shutdown: db "Shutdown"

reserved:
;;; fifth entry
        mov r14d, OTHER_PML4E
        call bits_of
        mov r14d, 0xa000
        call bits_of
        mov r14d, 0xb000
        call bits_of
        mov r14d, 0xc000
        call bits_of
        mov dword [0xb000], 0x200087        ; a page of 2 MiB
        mov r14d, 0xb000
        call bits_of
        mov dword [0xb000], 0xc007
        mov dword [0xa000], 0x87            ; one of 1 GiB
        mov r14d, 0xa000
        call bits_of
        mov dword [0xa000], 0xb007
        ret

; flips each bit of the entry at R14 but those of addresses that lead nowhere
bits_of:
        mov rbx, [r14]
        xor r15d, r15d
flip:
        mov rax, rbx
        btc rax, r15
        cmp r15d, 52
        jae wanted
        cmp r15d, 12
        jb wanted
        test bl, 0x80
        jz unwanted
        cmp r15d, 21
        jae unwanted
wanted:
        mov [r14], rax
        mov rsi, OTHER
        mov rdi, cr3
        mov cr3, rdi
        call kernel_read
        call print4
        mov [r14], rbx
        mov eax, [r14]
        and dword [OTHER_PML4E], ~0x60
        and dword [0xa000], ~0x60
        and dword [0xb000], ~0x60
        and dword [0xc000], ~0x60
        mov rbx, [r14]
unwanted:
        inc r15d
        cmp r15d, 64
        jb flip
        mov al, 10
        out 0xe9, al
        ret

; ---------------------------------------------------------------- helpers
; control registers as R12 says
apply:
        mov rax, cr0
        btr rax, 16
        bt r12d, 5
        jnc apply_wp
        bts rax, 16
apply_wp:
        mov cr0, rax
        mov eax, ALWAYS
        bt r12d, 4
        jnc apply_smep
        bts eax, 20
apply_smep:
        bt r12d, 3
        jnc apply_smap
        bts eax, 21
apply_smap:
        test r12d, 3
        jz apply_keys
        bts eax, 22
apply_keys:
        mov cr4, rax
        test r12d, 3
        jz apply_end
        ; key 1: access disabled, or writes
        mov eax, r12d
        and eax, 3
        shl eax, 2
        xor ecx, ecx
        xor edx, edx
        wrpkru
apply_end:
        ret

; an entry with the rights in EAX
entry:
        mov edx, eax
        and edx, 3
        lea rdx, [rdx*2 + 1]
        bt eax, 2
        mov rax, rdx
        jnc entry_end
        bts rax, 63
entry_end:
        ret

; does what R12 says; AL is the error code, FFh where all went well
access:
        mov [saved], rsp
        mov eax, r12d
        shr eax, 6
        and eax, 3
        bt r12d, 8
        jc access_user
        bt r12d, 2
        jnc access_flags
        pushfq
        or dword [rsp], 0x40000
        popfq
access_flags:
        cmp eax, 1
        jb access_read
        je access_write
        mov eax, TARGET
        jmp rax
access_write:
        mov eax, 0x40cd
        mov [rsi], eax
        int 0x40
access_read:
        mov eax, [rsi]
        int 0x40
access_user:
        shl eax, 4
        add eax, USER
        push 0x23
        push USER + 0x1000
        push 2
        bt r12d, 2
        jnc access_go
        or dword [rsp], 0x40000
access_go:
        push 0x1b
        push rax
        iretq

kernel_read:
        mov [saved], rsp
        mov eax, [rsi]
        int 0x40

page_fault:
        pop rax
        jmp back
other_fault:
        mov eax, 0xee
        jmp back
went_well:
        mov eax, 0xff
back:
        mov rsp, [saved]
        push 2
        popfq
        mov cx, 0x10
        mov ss, cx
        ret

        align 16
user_code:
        mov eax, [rsi]
        int 0x40
        align 16
        mov edx, 0x40cd
        mov [rsi], edx
        int 0x40
        align 16
        mov edx, TARGET
        jmp rdx

; a gate for vector EBX to RAX in the table at RDI, open to users
gate:
        shl ebx, 4
        mov [rdi + rbx], ax
        mov word [rdi + rbx + 2], 0x08
        mov word [rdi + rbx + 4], 0xee00
        mov rdx, rax
        shr rdx, 16
        mov [rdi + rbx + 6], dx
        ret

print8:
        push rax
        shr eax, 8
        call print1
        pop rax
print4:
        push rax
        shr eax, 4
        call print1
        pop rax
print1:
        push rax
        and eax, 15
        mov al, [rax + digits]
        out 0xe9, al
        pop rax
        ret

digits: db "0123456789ABCDEF"
        align 8
saved:  dq 0
gdt:    dq 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00affb000000ffff, 0x00cff3000000ffff
        dq 0x0000890060000067, 0
gdtr:   dw 0x37
        dd gdt
idtr:   dw 0xfff
        dq 0xd000

image_end:
        resb 0xfff0 - (image_end - rom)
        bits 16
        jmp 0xf000:0
        align 16
