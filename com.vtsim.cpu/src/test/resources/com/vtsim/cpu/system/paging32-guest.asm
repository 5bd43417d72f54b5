; Tries accesses to pages of every combination of rights in 32-bit protected mode and writes what came of each to port E9h: see PagingGuestTest.
; PagingGuest fills in what differs between entries of 32 bits and those of 64 (PAE). Runs from reset; copies itself to 10000h, where it has RAM.
BASE equ 0x10000
TARGET equ 0x400000             ; the page that is accessed, by its own page table
;;; layout

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
;;; tables
        mov dword [es:0xc000], 0x300007     ; the page that OTHER means
        mov dword [es:0x6004], 0x8000       ; ESP0
        mov dword [es:0x6008], 0x10         ; SS0
        lgdt [gdtr - BASE]
        mov eax, ALWAYS
        mov cr4, eax
        mov eax, 0x1000
        mov cr3, eax
;;; execute disable on
        mov eax, 0x80000011
        mov cr0, eax
        jmp dword 0x08:wide

        bits 32
wide:
        mov ax, 0x10
        mov ss, ax
        mov esp, 0x9000
        ; the user's, since a return to it would clear others
        mov ax, 0x23
        mov ds, ax
        mov es, ax
        mov ax, 0x28
        ltr ax
        ; gates: page fault, and 40h for what went well
        mov edi, 0xd000
        mov eax, page_fault
        mov ebx, 14
        call gate
        mov eax, went_well
        mov ebx, 0x40
        call gate
        mov eax, other_fault
        mov ebx, 13
        call gate
        mov ebx, 6
        call gate
        lidt [idtr]
        ; what the user runs, and what lies in the target
        mov esi, user_code
        mov edi, USER
        mov ecx, 0x40
        rep movsb
        mov dword [FRAME], 0x40cd

; ---------------------------------------------------------------- rights
; The setting: bits 0 AC, 1 SMAP, 2 SMEP, 3 WP, 5:4 access (3 is left out), 6 CPL 3.
setting_loop:
        mov eax, [setting]
        and eax, 0x30
        cmp eax, 0x30
        je next_setting
        mov eax, [setting]
        call print2
        mov al, ':'
        out 0xe9, al
        call apply
        ; The combination: R/W, U/S and, where entries have it, XD of the page; then the same of the table.
        mov dword [combination], 0
page:
        mov eax, [combination]
        call entry
        or eax, FRAME
        mov [PTE], eax
;;; high of page
        mov eax, [combination]
        shr eax, RIGHTS
        call entry
        or eax, 0x5000
        mov [PDE], eax
;;; high of table
        mov esi, TARGET
        invlpg [esi]
        call access
        call print2
        mov eax, [PTE]
        shr eax, 5
        and eax, 3
        mov ecx, [PDE]
        shr ecx, 3
        and ecx, 4
        or eax, ecx
        call print1
        inc dword [combination]
        cmp dword [combination], 1 << 2 * RIGHTS
        jb page
        mov al, 10
        out 0xe9, al
next_setting:
        inc dword [setting]
        cmp dword [setting], 0x80
        jb setting_loop

; ---------------------------------------------------------------- reserved and ignored bits
        mov dword [setting], 0
        call apply
        call reserved
;;; execute disable off
        ; the end, as QEMU's port for it and then Bochs's want it
        out 0xf4, al
        mov esi, shutdown
        mov ecx, 8
        mov edx, 0x8900
        rep outsb
        cli
        hlt

reserved:
;;; entries
        ret

; flips each bit of the entry at EBX but those of addresses that lead nowhere; ECX is a mask of the bits 12 to 31 that mean something
bits_of:
        mov [meaning], ecx
        mov eax, [ebx]
        mov [kept], eax
        mov eax, [ebx + 4]
        mov [kept + 4], eax
        xor ebp, ebp
flip:
        cmp ebp, 12
        jb wanted
        cmp ebp, 52
        jae wanted
        cmp ebp, 32
        jae unwanted
        bt [meaning], ebp
        jnc unwanted
wanted:
        btc [ebx], ebp
        mov esi, OTHER
        call fresh_read
        call print2
        mov eax, [kept]
        mov [ebx], eax
;;; high kept
        mov eax, cr3
        mov cr3, eax
unwanted:
        inc ebp
        cmp ebp, BITS
        jb flip
        mov al, 10
        out 0xe9, al
        ret

; ---------------------------------------------------------------- what both use
; control registers as the setting says
apply:
        mov ecx, [setting]
        mov eax, cr0
        btr eax, 16
        bt ecx, 3
        jnc apply_wp
        bts eax, 16
apply_wp:
        mov cr0, eax
        mov eax, ALWAYS
        bt ecx, 2
        jnc apply_smep
        bts eax, 20
apply_smep:
        bt ecx, 1
        jnc apply_smap
        bts eax, 21
apply_smap:
        mov cr4, eax
        ret

; an entry with the rights in EAX; EDX is its upper half
entry:
        mov ecx, eax
        and eax, 3
        lea eax, [eax*2 + 1]
        xor edx, edx
        bt ecx, 2
        jnc entry_end
        bts edx, 31
entry_end:
        ret

; does what the setting says; AL is the error code, FFh where all went well
access:
        mov [saved], esp
        mov ecx, [setting]
        mov eax, ecx
        shr eax, 4
        and eax, 3
        bt ecx, 6
        jc access_user
        bt ecx, 0
        jnc access_flags
        pushfd
        or dword [esp], 0x40000
        popfd
access_flags:
        cmp eax, 1
        jb access_read
        je access_write
        mov eax, TARGET
        jmp eax
access_write:
        mov eax, 0x40cd
        mov [esi], eax
        int 0x40
access_read:
        mov eax, [esi]
        int 0x40
access_user:
        shl eax, 4
        add eax, USER
        push 0x23
        push USER + 0x1000
        push 2
        bt ecx, 0
        jnc access_go
        or dword [esp], 0x40000
access_go:
        push 0x1b
        push eax
        iretd

fresh_read:
        mov [saved], esp
        mov eax, cr3
        mov cr3, eax
        mov eax, [esi]
        int 0x40

page_fault:
        pop eax
        jmp back
other_fault:
        mov eax, 0xee
        jmp back
went_well:
        mov eax, 0xff
back:
        mov esp, [saved]
        push 2
        popfd
        ret

        align 16
user_code:
        mov eax, [esi]
        int 0x40
        align 16
        mov edx, 0x40cd
        mov [esi], edx
        int 0x40
        align 16
        mov edx, TARGET
        jmp edx

; a gate for vector EBX to EAX in the table at EDI, open to users
gate:
        mov [edi + ebx * 8], ax
        mov word [edi + ebx * 8 + 2], 0x08
        mov word [edi + ebx * 8 + 4], 0xee00
        mov edx, eax
        shr edx, 16
        mov [edi + ebx * 8 + 6], dx
        ret

print2:
        push eax
        shr eax, 4
        call print1
        pop eax
print1:
        push eax
        and eax, 15
        mov al, [eax + digits]
        out 0xe9, al
        pop eax
        ret

digits: db "0123456789ABCDEF"
shutdown: db "Shutdown"
        align 8
saved:  dd 0
setting: dd 0
combination: dd 0
meaning: dd 0
kept:   dq 0
gdt:    dq 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cffb000000ffff, 0x00cff3000000ffff
        dq 0x0000890060000067, 0
gdtr:   dw 0x37
        dd gdt
idtr:   dw 0x7ff
        dd 0xd000

image_end:
        resb 0xfff0 - (image_end - rom)
        bits 16
        jmp 0xf000:0
        align 16
