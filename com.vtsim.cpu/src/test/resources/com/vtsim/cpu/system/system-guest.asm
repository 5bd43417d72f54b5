; The frame of the system guest: see SystemGuest. Runs from reset; copies itself to 10000h, where it has RAM.
BASE equ 0x10000
STACK equ 0x9000
USER_STACK equ 0xa000

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

; ---------------------------------------------------------------- real mode
real:
        mov ax, cs
        mov ds, ax
        call fix16_registers
        ; every vector of the real-mode table
        xor di, di
        mov es, di
        mov cx, 32
        mov si, real_table - BASE
fill_ivt:
        movsw
        mov word [es:di], 0x1000
        add di, 2
        loop fill_ivt
        mov ax, 0x1000
        mov es, ax
        jmp real0

fix16_registers:
        pop bx
        xor ax, ax
        mov ss, ax
        mov sp, STACK
        mov ax, 0x1000
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        lidt [idtr_real - BASE]
        push word 2
        popf
        jmp bx

; prints DS:SI
puts16:
        push ax
puts16_next:
        mov al, [cs:si]
        inc si
        or al, al
        jz puts16_end
        out 0xe9, al
        jmp puts16_next
puts16_end:
        pop ax
        ret

; prints AX
hex16:
        push cx
        push dx
        mov dx, ax
        mov cx, 4
hex16_next:
        rol dx, 4
        mov al, dl
        and al, 15
        cmp al, 10
        sbb al, 0x69
        das
        out 0xe9, al
        loop hex16_next
        mov al, ' '
        out 0xe9, al
        pop dx
        pop cx
        ret

ok16:
        pushf
        cld
        push ax
        mov si, text_ok - BASE
        call puts16
        pop ax
        call hex16
        pop ax
        call hex16
        mov ax, sp
        call hex16
        jmp end16

text_ok: db "ok ", 0
text_fault: db "E", 0
resume16: dw 0
start16: dw 0
idtr_real:
        dw 0x3ff
        dd 0

;;; real stubs
; frame: vector, ip, cs, flags
real_fault:
        cli
        push ax
        push si
        push bp
        mov bp, sp
        mov si, text_fault - BASE
        call puts16
        mov ax, [bp + 6]
        call hex16
        mov ax, [bp + 8]
        sub ax, [cs:start16 - BASE]
        call hex16
        mov ax, [bp + 10]
        call hex16
        mov ax, [bp + 12]
        call hex16
        mov ax, bp
        call hex16
        pushf
        pop ax
        call hex16
end16:
        mov al, 10
        out 0xe9, al
        mov ax, 0x1000
        mov ds, ax
        call fix16_registers
        jmp [resume16 - BASE]

;;; real cases

        ; on to protected mode
        lgdt [gdtr - BASE]
        lidt [idtr - BASE]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp dword 0x08:protected

; ---------------------------------------------------------------- protected mode
        bits 32
protected:
        mov ax, 0x10
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        mov ss, ax
        mov esp, STACK
        call fix32_rest
        jmp prot0

fix32:
        pop ebx
        mov ax, 0x10
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        mov ss, ax
        mov esp, STACK
        push ebx
fix32_rest:
        push dword 2
        popfd
        lgdt [gdtr]
        lidt [idtr]
        mov byte [gdt + 0x3d], 0x89
        mov byte [gdt + 0x45], 0x89
        mov byte [gdt + 0x4d], 0x81
        mov ax, 0x38
        ltr ax
        xor eax, eax
        lldt ax
        clts
        mov eax, cr0
        and eax, 0x7ffaffff
        mov cr0, eax
        xor eax, eax
        mov cr4, eax
        mov ecx, 0
        mov edx, 0
        mov ebx, 0
        mov edi, 0
        mov ebp, 0
        ret

puts32:
        push eax
puts32_next:
        lodsb
        or al, al
        jz puts32_end
        out 0xe9, al
        jmp puts32_next
puts32_end:
        pop eax
        ret

hex32:
        push ecx
        push edx
        mov edx, eax
        mov ecx, 8
hex32_next:
        rol edx, 4
        mov al, dl
        and al, 15
        cmp al, 10
        sbb al, 0x69
        das
        out 0xe9, al
        loop hex32_next
        mov al, ' '
        out 0xe9, al
        pop edx
        pop ecx
        ret

ok32:
        pushfd
        cld
        push eax
        mov esi, text_ok
        call puts32
        pop eax
        call hex32
        pop eax
        call hex32
        mov eax, esp
        call hex32
        mov eax, ss
        call hex32
        mov eax, cs
        call hex32
        jmp end32

; frame: vector, code, eip, cs, eflags, and what lies above
fault32:
        cli
        pushad
        mov edx, ds
        mov ebx, es
        mov eax, ss
        mov ecx, eax
        mov ax, 0x10
        mov ds, ax
        mov es, ax
        mov ebp, esp
        cmp cx, 0x10
        je fault32_flat
        movzx ebp, bp
fault32_flat:
        mov esi, text_fault
        call puts32
        mov eax, [ebp + 32]
        call hex32
        mov eax, [ebp + 36]
        call hex32
        mov eax, [ebp + 40]
        sub eax, [start]
        cmp eax, 0xfff
        jbe fault32_near
        mov eax, -1
fault32_near:
        call hex32
        mov eax, [ebp + 44]
        call hex32
        mov eax, [ebp + 48]
        call hex32
        mov al, '|'
        out 0xe9, al
        mov eax, ebp
        call hex32
        mov eax, ecx
        call hex32
        mov eax, edx
        call hex32
        mov eax, ebx
        call hex32
        mov eax, gs
        call hex32
        pushfd
        pop eax
        call hex32
        test byte [ebp + 50], 2
        jnz fault32_outer
        mov eax, cs
        xor eax, [ebp + 44]
        test al, 3
        jz fault32_end
fault32_outer:
        mov al, '|'
        out 0xe9, al
        mov eax, [ebp + 52]
        call hex32
        mov eax, [ebp + 56]
        call hex32
fault32_end:
        test byte [ebp + 50], 2
        jz end32
        mov eax, [ebp + 60]
        call hex32
        mov eax, [ebp + 64]
        call hex32
        mov eax, [ebp + 68]
        call hex32
        mov eax, [ebp + 72]
        call hex32
end32:
        mov al, 10
        out 0xe9, al
        call fix32
        mov word [tss1 + 102], 0x68
        jmp [resume]

        align 4
resume: dd 0, 0
start: dd 0, 0

; what tests call: writes the top of its stack
show_stack:
        mov eax, [esp + 4]
        sub eax, [cs:start]
        call hex32
        mov eax, [esp + 8]
        call hex32
        mov eax, [esp + 12]
        call hex32
        mov eax, [esp + 16]
        call hex32
        mov eax, [esp + 20]
        call hex32
        mov eax, [esp + 24]
        call hex32
        mov eax, esp
        call hex32
        mov eax, ss
        call hex32
        mov eax, cs
        call hex32
        ret

gate_target:
        mov al, '('
        out 0xe9, al
        call show_stack
        mov al, ')'
        out 0xe9, al
        db 0xca, 8, 0
gate_plain:
        mov al, '('
        out 0xe9, al
        call show_stack
        mov al, ')'
        out 0xe9, al
        retf

        bits 16
gate_target16:
        mov al, '['
        out 0xe9, al
        mov bp, sp
        mov ax, [bp]
        sub ax, [cs:start - BASE]
        call dword 0x08:far_hex16
        mov ax, [bp + 2]
        call dword 0x08:far_hex16
        mov ax, [bp + 4]
        call dword 0x08:far_hex16
        mov ax, [bp + 6]
        call dword 0x08:far_hex16
        mov ax, [bp + 8]
        call dword 0x08:far_hex16
        mov al, ']'
        out 0xe9, al
        retf 2
        bits 32
far_hex16:
        movzx eax, ax
        call hex32
        retf

; the second task
task2:
        mov al, '<'
        out 0xe9, al
        mov ax, 0x10
        mov ds, ax
        pushfd
        pop eax
        and eax, 0xfffff
        call hex32
        str ax
        call hex32
        mov eax, cr0
        and eax, 0x8
        call hex32
        mov eax, [tss2]
        call hex32
        mov eax, [gdt + 0x3c]
        call hex32
        mov eax, [gdt + 0x44]
        call hex32
        mov eax, [tss1 + 0x20]
        sub eax, [start]
        call hex32
        mov eax, [tss1 + 0x24]
        call hex32
        mov eax, ecx
        call hex32
        mov al, '>'
        out 0xe9, al
        iretd
        mov al, '+'
        out 0xe9, al
        jmp task2

; where user tests go
to_user:
        pop ebx
        push dword 0x23
        push dword USER_STACK
        pushfd
        push dword 0x1b
        push ebx
        iretd

; virtual-8086 mode: EAX = linear address of the code, in 1000:xxxx
v86:
        pop ebx
        push dword 0x20002
        push ebx
        jmp v86_flags
v86_3:
        pop ebx
        push dword 0x23002
        push ebx
v86_flags:
        pop ebx
        pop ecx
        or ecx, 0x20000
        sub eax, BASE
        push dword 0x4444       ; gs
        push dword 0x3333       ; fs
        push dword 0x2222       ; ds
        push dword 0x1111       ; es
        push dword 0x0a00       ; ss
        push dword 0x1000       ; esp
        push ecx
        push dword 0x1000
        push eax
        iretd
; virtual-8086 mode extensions: vectors 0 to 1fh go to the program's handlers
vme:
        mov eax, 1
        mov cr4, eax
        mov word [gdt + 0x38], 0xa7
        mov byte [gdt + 0x3d], 0x89
        mov ax, 0x38
        ltr ax
        mov word [tss1 + 102], 0x88
        mov dword [tss1 + 0x68], 0
        mov dword [tss1 + 0x78], 0xffffffff
        mov dword [0x40], 0x10000000 + v86_handler - BASE
        ret
        bits 16
v86_handler:
        mov bp, sp
        mov ax, [bp]
        mov bx, [bp + 2]
        mov cx, [bp + 4]
        ud2
        bits 32

        align 8
gdt:
        dq 0
        dq 0x00cf9a000000ffff   ; 08 code
        dq 0x00cf92000000ffff   ; 10 data
        dq 0x00cffa000000ffff   ; 18 user code
        dq 0x00cff2000000ffff   ; 20 user data
        dq 0x00009a010000ffff   ; 28 16-bit code at 10000
        dq 0x000092000000ffff   ; 30 16-bit data
        dw 0x67                 ; 38 TSS
        dw tss1 - BASE
        db 1, 0x89, 0, 0
        dw 0x67                 ; 40 second TSS
        dw tss2 - BASE
        db 1, 0x89, 0, 0
        dw 0x2b                 ; 48 16-bit TSS
        dw tss16 - BASE
        db 1, 0x81, 0, 0
        dq 0x00cf12000000ffff   ; 50 data, not present
        dq 0x00cf1a000000ffff   ; 58 code, not present
        dq 0x00cf90000000ffff   ; 60 read-only data
        dq 0x00cf98000000ffff   ; 68 execute-only code
        dq 0x00cf9e000000ffff   ; 70 conforming code
        dq 0x00cfb2000000ffff   ; 78 data, DPL 1
        dw 0x27                 ; 80 LDT
        dw ldt - BASE
        db 1, 0x82, 0, 0
        dw gate_target - BASE   ; 88 call gate, two parameters
        dw 0x08, 0xec02, 1
        dw gate_target - BASE   ; 90 the same, DPL 0
        dw 0x08, 0x8c02, 1
        dw gate_target - BASE   ; 98 the same, not present
        dw 0x08, 0x6c02, 1
        dw 0, 0x40, 0xe500, 0   ; a0 task gate
        dq 0x004096000000ffff   ; a8 data, expand-down, above FFFFh
        dw gate_target16 - BASE ; b0 16-bit call gate, one parameter
        dw 0x28, 0xe401, 0
        dq 0x00cfba000000ffff   ; b8 code, DPL 1
        dq 0x00cfb2000000ffff   ; c0 data, DPL 1
        dw gate_plain - BASE    ; c8 call gate to DPL 1
        dw 0xb8, 0xec00, 1
        dq 0x00409a01000000ff   ; d0 code of 256 bytes
        dq 0x00af9a000000ffff   ; d8 64-bit code
        dw 0x67                 ; e0 TSS, busy
        dw tss2 - BASE
        db 1, 0x8b, 0, 0
        dw gate_plain - BASE    ; e8 call gate to null
        dw 0, 0xec00, 1
        dw gate_plain - BASE    ; f0 call gate to data
        dw 0x10, 0xec00, 1
        dw gate_plain - BASE    ; f8 call gate beyond its segment
        dw 0xd0, 0xec00, 1
        dq 0x000089000000002b   ; 100 TSS, too short
        dw gate_plain - BASE    ; 108 call gate to conforming code
        dw 0x70, 0xec00, 1
        dq 0x004096000000ffff   ; 110 spare
        dw gate_plain - BASE    ; 118 call gate to code that is not present
        dw 0x58, 0xec00, 1
        dw 0x67                 ; 120 64-bit TSS
        dw tss64 - BASE
        db 1, 0x89, 0, 0
        dq 0
        dq 0x00affa000000ffff   ; 130 64-bit user code
        dw gate64 - BASE        ; 138 64-bit call gate
        dw 0xd8, 0xec00, 1
        dq 0
        dq 0x00cf9a000000ffff   ; 148 code 32-bit ring 0
        dw gate64 - BASE        ; 150 64-bit call gate to 32-bit code
        dw 0x08, 0xec00, 1
        dq 0
        dw 0x27                 ; 160 64-bit LDT
        dw ldt - BASE
        db 1, 0x82, 0, 0
        dq 0
        dw 0x67                 ; 170 TSS, upper type wrong
        dw tss64 - BASE
        db 1, 0x89, 0, 0
        dq 0x0000010000000000
gdt_end:
        align 8
ldt:
        dq 0x00cff2000000ffff   ; 04 data, DPL 3
        dq 0x00cf92000000ffff   ; 0c data, DPL 0
        dq 0x00cf9a000000ffff   ; 14 code
        dq 0x00cf12000000ffff   ; 1c not present
        dq 0x00cff2000000ffff
gdtr:
        dw gdt_end - gdt - 1
        dd gdt
        dd 0
idtr:
        dw 0x7ff
        dd idt
        dd 0
idtr_short:
        dw 0x7
        dd idt
        dd 0

        align 8
tss1:
        dd 0, 0x8800, 0x10, 0x8400, 0xc1, 0, 0, 0
        dd 0, 0, 0, 0, 0, 0, 0, 0
        dd 0, 0, 0, 0, 0, 0, 0, 0
        dd 0
        dd 0x680000
tss1_map:
        dd 0, 0, 0, 0, 0, 0, 0, 0
        dd 0, 0, 0, 0, 0, 0, 0, 0
        align 8
tss2:
        dd 0, 0x8800, 0x10, 0x8400, 0xc1, 0, 0, 0
        dd task2, 2, 0, 0x11111111, 0, 0, 0x8000, 0
        dd 0, 0, 0x10, 0x08, 0x10, 0x10, 0x10, 0x10
        dd 0
        dd 0x680000
        align 8
tss16:
        dw 0, 0x8800, 0x10, 0x8400, 0xc1, 0, 0
        dw task16 - BASE, 2, 0xaaaa, 0xcccc, 0xdddd, 0xbbbb, 0x8000, 0xeeee, 0x5555, 0x6666
        dw 0x10, 0x28, 0x30, 0x10, 0, 0
        align 8
tss64:
        dd 0
        dq 0x8800
        dq 0x8400
        dq 0
        dq 0
        dq 0x8608
        dq 0x8700
        dq 0, 0, 0, 0, 0
        dq 0
        dw 0, 0x68

        bits 16
; frame of a 16-bit gate: ip, cs, flags, and sp, ss from an outer level
gate16:
        mov bp, sp
        mov al, '['
        out 0xe9, al
        mov ax, [bp]
        sub ax, [cs:start - BASE]
        call dword 0x08:far_hex16
        mov ax, [bp + 2]
        call dword 0x08:far_hex16
        mov ax, [bp + 4]
        call dword 0x08:far_hex16
        mov ax, [bp + 6]
        call dword 0x08:far_hex16
        mov ax, [bp + 8]
        call dword 0x08:far_hex16
        mov al, ']'
        out 0xe9, al
        jmp dword 0x08:end32
task16:
        mov al, '{'
        out 0xe9, al
        call dword 0x08:task16_show
        mov al, '}'
        out 0xe9, al
        iret
        bits 32
task16_show:
        pushad
        movzx ebp, sp
        pushfd
        pop eax
        and eax, 0xfffff
        call hex32
        movzx eax, word [ebp + 24]
        call hex32
        movzx eax, word [ebp + 0]
        call hex32
        str ax
        movzx eax, ax
        call hex32
        movzx eax, word [tss16]
        call hex32
        movzx eax, sp
        call hex32
        mov eax, fs
        call hex32
        popad
        retf

        align 8
idt:
;;; idt
        align 8
;;; stubs

;;; protected cases

        ; on to long mode
        jmp long_mode

; ---------------------------------------------------------------- 64-bit mode
        align 8
idtr64:
        dw 0xfff
        dd idt64
        dd 0
long_mode:
        call fix32
        ; page tables at 70000h: 1 GiB of 2-MiB pages, user
        mov edi, 0x70000
        xor eax, eax
        mov ecx, 0x1000
        rep stosd
        mov dword [0x70000], 0x71007
        mov dword [0x71000], 0x72007
        mov dword [0x72000], 0x87
        mov dword [0x72008], 0x200087
        ; 4-KiB pages from 400000h: 400000h present, 401000h not, 402000h supervisor, 403000h read-only
        mov dword [0x72010], 0x73007
        mov dword [0x73000], 0x60007
        mov dword [0x73010], 0x61003
        mov dword [0x73018], 0x62005
        mov eax, 0x20
        mov cr4, eax
        mov eax, 0x70000
        mov cr3, eax
        mov ecx, 0xc0000080
        mov eax, 0x101
        xor edx, edx
        wrmsr
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        jmp 0xd8:in_long_mode
        bits 64
in_long_mode:
        mov ax, 0x10
        mov ss, ax
        mov rsp, STACK
        call fix64_rest
        jmp long0

fix64:
        pop rbx
        mov ax, 0x10
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        mov ss, ax
        mov rsp, STACK
        push rbx
fix64_rest:
        push 2
        popfq
        lgdt [gdtr]
        lidt [idtr64]
        mov byte [gdt + 0x125], 0x89
        mov ax, 0x120
        ltr ax
        xor eax, eax
        lldt ax
        clts
        mov eax, 0x20
        mov cr4, rax
        mov ecx, 0xc0000080
        mov eax, 0x501
        xor edx, edx
        wrmsr
        mov ebx, 0
        mov ecx, 0
        mov edx, 0
        mov ebp, 0
        ret

puts64:
        push rax
puts64_next:
        lodsb
        or al, al
        jz puts64_end
        out 0xe9, al
        jmp puts64_next
puts64_end:
        pop rax
        ret

; prints RAX
hex64:
        push rcx
        push rdx
        mov rdx, rax
        mov ecx, 16
hex64_next:
        rol rdx, 4
        mov al, dl
        and al, 15
        add al, '0'
        cmp al, '9'
        jbe hex64_digit
        add al, 7
hex64_digit:
        out 0xe9, al
        loop hex64_next
        mov al, ' '
        out 0xe9, al
        pop rdx
        pop rcx
        ret

ok64:
        pushfq
        cld
        push rax
        mov esi, text_ok
        call puts64
        pop rax
        call hex64
        pop rax
        call hex64
        mov rax, rsp
        call hex64
        mov eax, ss
        call hex64
        mov eax, cs
        call hex64
        jmp end64

; frame: 16 registers' worth no, only rax … below; vector, code, rip, cs, rflags, rsp, ss
fault64:
        push rax
        push rcx
        push rdx
        push rbx
        push rbp
        push rsi
        mov rbp, rsp
        mov esi, text_fault
        call puts64
        mov rax, [rbp + 48]
        call hex64
        mov rax, [rbp + 56]
        call hex64
        mov rax, [rbp + 64]
        mov ecx, [start]
        sub rax, rcx
        cmp rax, 0xfff
        jbe fault64_near
        mov rax, -1
fault64_near:
        call hex64
        mov rax, [rbp + 72]
        call hex64
        mov rax, [rbp + 80]
        call hex64
        mov rax, [rbp + 88]
        call hex64
        mov rax, [rbp + 96]
        call hex64
        mov al, '|'
        out 0xe9, al
        mov rax, rbp
        call hex64
        mov eax, ss
        call hex64
        mov eax, cs
        call hex64
        pushfq
        pop rax
        call hex64
        mov rax, cr2
        call hex64
end64:
        xor eax, eax
        mov cr2, rax
        mov al, 10
        out 0xe9, al
        call fix64
        mov eax, [resume]
        jmp rax

to_user64:
        pop rbx
        push 0x23
        push USER_STACK
        pushfq
        push 0x133
        push rbx
        iretq

gate64:
        mov al, '('
        out 0xe9, al
        mov rax, [rsp]
        mov ecx, [start]
        sub rax, rcx
        call hex64
        mov rax, [rsp + 8]
        call hex64
        mov rax, [rsp + 16]
        call hex64
        mov rax, [rsp + 24]
        call hex64
        mov rax, rsp
        call hex64
        mov eax, ss
        call hex64
        mov al, ')'
        out 0xe9, al
        o64 retf

;;; long cases
        mov dx, 0x8900
        mov esi, text_shutdown
        mov ecx, 8
        rep outsb
        mov dx, 0xf4
        mov al, 0
        out dx, al
        cli
stop:
        hlt
        jmp stop
text_shutdown: db "Shutdown"

        align 16
idt64:
;;; idt64
        align 16
;;; stubs64
image_end:
        resb 0xfff0 - (image_end - rom)
        bits 16
        jmp 0xf000:0
        align 16
