/*
 * What client.c runs in its virtual machines. Each is copied to 8000h and entered there with RSP 7000h.
 * A write to port F4h ends it.
 */
    .intel_syntax noprefix
    .section .rodata
    .macro guest name
    .balign 16
    .globl \name\()_begin
\name\()_begin:
    .endm
    .macro end name
    .globl \name\()_end
\name\()_end:
    .endm

    .code16
guest real
    mov bx, 0x1200
    in al, 0x10
    add al, bl
    mov bl, al
    out 0x11, al
    mov ax, 0xBEEF
    mov dx, 0x1234
    out dx, ax
    mov ax, 0x3000                  /* 3000:0000 is memory, F000:0010 of ES is in the first 2 MiB as well */
    mov ds, ax
    mov word ptr [0], 0x77
    add bh, byte ptr [0]
    mov cx, 3
    push cs
    pop ds
    mov si, 0x8000 + real_text - real_begin
    mov dx, 0x40
    cld
    rep outsb
    hlt
real_text: .ascii "abc"
end real

    .code32
guest protected
    mov ebx, 0x1000
    mov eax, dword ptr [0xD0000000]
    add ebx, eax
    mov word ptr [0xD0000010], 0xCAFE
    mov byte ptr [0xD0000013], 0x5A
    mov eax, 0xFFFFFFFF
    out 0x80, eax
    mov eax, cr0
    and eax, 1
    out 0xF4, al
end protected

    .code64
guest long
    mov rax, 0x123456789ABC
    mov ecx, 7
    mul rcx
    mov rbx, rax
    mov rdi, 0xE0000008
    mov qword ptr [rdi], rax
    mov rax, qword ptr [rdi]
    shr rax, 32
    out 0x81, eax
    mov ecx, 0xC0000080
    rdmsr
    shr eax, 10
    and eax, 1
    out 0xF4, al
end long

    /* The 8254's channel 0, at about 1 kHz, through the 8259A at vectors 20h-27h: five ticks. */
    .code16
guest pit
    xor ax, ax
    mov ds, ax
    mov word ptr [0x20 * 4], 0x8000 + pit_tick - pit_begin
    mov word ptr [0x20 * 4 + 2], ax
    mov al, 0x11
    out 0x20, al
    mov al, 0x20
    out 0x21, al
    mov al, 4
    out 0x21, al
    mov al, 1
    out 0x21, al
    mov al, 0xFE
    out 0x21, al
    mov al, 0x34
    out 0x43, al
    mov al, 0xA9
    out 0x40, al
    mov al, 0x04
    out 0x40, al
    xor bx, bx
pit_wait:
    sti
    hlt
    cli
    cmp bx, 5
    jb pit_wait
    mov al, bl
    out 0xF4, al
pit_tick:
    inc bx
    mov al, 0x20
    out 0x20, al
    iret
end pit

    /* A gate of 16 bytes at 10000h for a vector, and the IDT. Spoils RAX, RDI, RDX. */
    .macro gate vector, handler, begin
    mov rdi, 0x10000 + \vector * 16
    mov eax, 0x8000 + \handler - \begin
    mov edx, eax
    and eax, 0xFFFF
    or eax, 0x100000
    mov dword ptr [rdi], eax
    mov eax, edx
    and eax, 0xFFFF0000
    or eax, 0x8E00
    mov dword ptr [rdi + 4], eax
    mov qword ptr [rdi + 8], 0
    .endm
    .macro tables
    mov rdi, 0x11000
    mov qword ptr [rdi], 0
    mov rax, 0x00AF9B000000FFFF
    mov qword ptr [rdi + 16], rax
    mov rax, 0x00CF93000000FFFF
    mov qword ptr [rdi + 24], rax
    mov word ptr [rdi + 0x100], 0xFFF
    mov qword ptr [rdi + 0x102], 0x10000
    lidt [rdi + 0x100]
    mov word ptr [rdi + 0x110], 0x1F
    mov qword ptr [rdi + 0x112], 0x11000
    lgdt [rdi + 0x110]
    .endm

    /* The local APIC's timer, periodic, at vector 40h, through its page of memory: five ticks. */
    .code64
guest apic
    tables
    gate 0x40, apic_tick, apic_begin
    mov ebp, 0xFEE00000
    mov dword ptr [rbp + 0xF0], 0x1FF
    mov dword ptr [rbp + 0x3E0], 0xB
    mov dword ptr [rbp + 0x320], 0x20040
    mov dword ptr [rbp + 0x380], 100000
    xor ebx, ebx
apic_wait:
    sti
    hlt
    cli
    cmp ebx, 5
    jb apic_wait
    mov dword ptr [rbp + 0x380], 0
    mov eax, dword ptr [rbp + 0x30]
    and eax, 0xFF
    out 0x50, al
    mov dword ptr [rbp + 0x80], 0x30
    mov rax, cr8
    out 0x51, al
    mov al, bl
    out 0xF4, al
apic_tick:
    inc ebx
    mov dword ptr [rbp + 0xB0], 0
    iretq
end apic

    /* The same in x2APIC mode, through MSRs. */
guest x2apic
    tables
    gate 0x41, x2apic_tick, x2apic_begin
    mov ecx, 0x1B
    rdmsr
    or eax, 0xC00
    wrmsr
    xor edx, edx
    mov ecx, 0x80F
    mov eax, 0x1FF
    wrmsr
    mov ecx, 0x83E
    mov eax, 0xB
    wrmsr
    mov ecx, 0x832
    mov eax, 0x20041
    wrmsr
    mov ecx, 0x838
    mov eax, 100000
    wrmsr
    xor ebx, ebx
x2apic_wait:
    sti
    hlt
    cli
    cmp ebx, 5
    jb x2apic_wait
    mov al, bl
    out 0xF4, al
x2apic_tick:
    inc ebx
    xor eax, eax
    xor edx, edx
    mov ecx, 0x80B
    wrmsr
    iretq
end x2apic

    /* Interrupts to itself: by the interrupt-command register, the second held back by the task priority until CR8 lets it through. */
guest self
    tables
    gate 0x51, self_first, self_begin
    gate 0x62, self_second, self_begin
    mov ebp, 0xFEE00000
    mov dword ptr [rbp + 0xF0], 0x1FF
    xor ebx, ebx
    sti
    mov dword ptr [rbp + 0x300], 0x40051
    nop
    mov rax, 7
    mov cr8, rax
    mov dword ptr [rbp + 0x300], 0x40062
    nop
    mov eax, ebx
    out 0x52, eax                   /* the first alone has come */
    mov eax, dword ptr [rbp + 0x230]
    out 0x53, eax                   /* the second is requested: bit 2 of IRR 60h-7Fh */
    xor eax, eax
    mov cr8, rax
    nop
    mov eax, ebx
    out 0xF4, eax
self_first:
    add ebx, 1
    mov dword ptr [rbp + 0xB0], 0
    iretq
self_second:
    add ebx, 0x100
    mov dword ptr [rbp + 0xB0], 0
    iretq
end self

    /* Counts at 9000h for ever, and interrupts of vector 71h at 9008h; ends at the 20th. */
guest posted
    tables
    gate 0x71, posted_arrived, posted_begin
    mov ebp, 0xFEE00000
    mov dword ptr [rbp + 0xF0], 0x1FF
    mov esi, 0x9000
    sti
posted_wait:
    inc qword ptr [rsi]
    cmp qword ptr [rsi + 8], 20
    jb posted_wait
    mov rbx, qword ptr [rsi + 8]
    mov al, bl
    out 0xF4, al
posted_arrived:
    inc qword ptr [rsi + 8]
    mov dword ptr [rbp + 0xB0], 0
    iretq
end posted

    .macro x2apic_on
    mov ecx, 0x1B
    rdmsr
    or eax, 0xC00
    wrmsr
    xor edx, edx
    mov ecx, 0x80F
    mov eax, 0x1FF
    wrmsr
    .endm

    /* Sends 20 interrupts of vector 72h to virtual processor 1, each when the one before has been counted at 9008h. */
guest sender
    x2apic_on
    mov esi, 0x9000
    xor ebx, ebx
sender_next:
    inc qword ptr [rsi]
    cmp qword ptr [rsi + 8], rbx
    jne sender_next
    cmp ebx, 20
    je sender_done
    inc ebx
    mov ecx, 0x830
    mov eax, 0x4072
    mov edx, 1
    wrmsr
    jmp sender_next
sender_done:
    mov al, bl
    out 0xF4, al
end sender

    /* Counts them, until 9010h says that it is over. */
guest receiver
    tables
    gate 0x72, receiver_arrived, receiver_begin
    x2apic_on
    mov esi, 0x9000
    mov qword ptr [rsi + 24], 1
    sti
receiver_wait:
    cmp qword ptr [rsi + 16], 0
    je receiver_wait
    mov eax, dword ptr [rsi + 8]
    out 0xF4, al
receiver_arrived:
    inc qword ptr [rsi + 8]
    xor eax, eax
    xor edx, edx
    mov ecx, 0x80B
    wrmsr
    iretq
end receiver
    .section .note.GNU-stack, "", @progbits
