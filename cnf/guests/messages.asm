; messages.asm: takes the interrupts of a timer (8254, line 0), of a serial port (com1, line 4), and messages of a PCI function (the educational
; device at 00:03.0), as many of each as the limits say, and then switches the power off. What it leaves in memory follows from the limits alone, whatever the moments
; at which the interrupts came: each handler scribbles by its own count, and the stack is cleared at the end.
;
; It uses what every PC has: the pair of 8259As for the lines, and the local APIC only to take messages and to end them. So the controller may be
; replaced under it by one without APICs: messages then wait.
;
; A flat image in long mode: machine:load NAME flat FILE --mode long --address 0x100000

        bits 64
        default abs
        org 0x100000

IDT     equ 0x110000
STACK   equ 0x120000
FIELD   equ 0x130000
EDU     equ 0xd0000000
EOI     equ 0xfee000b0
PM      equ 0x608

        jmp start
        align 16
; Limits, which the operator sets, and what was counted.
timer_limit:    dd 100
serial_limit:   dd 1000
message_limit:  dd 1000
timers:         dd 0
serials:        dd 0
messages:       dd 0
sent:           dd 0
wrong:          dd 0
first_tick:     dd 0
periods:        dd 0            ; of the 8254, between the first interrupt and the last, by the ACPI timer
done:           dd 0

start:
        cli
        cld
        mov     rsp, STACK
        lgdt    [gdtr]
        push    8
        push    here
        retfq
here:   xor     eax, eax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     ecx, 256
        xor     edi, edi
.gates: mov     rsi, on_wrong
        call    gate
        inc     edi
        loop    .gates
        mov     edi, 0x20
        mov     rsi, on_timer
        call    gate
        mov     edi, 0x24
        mov     rsi, on_serial
        call    gate
        mov     edi, 0x51
        mov     rsi, on_message
        call    gate
        lidt    [idtr]

; The device: registers at EDU, bus master, messages of vector 51h to the local APIC 0.
        mov     eax, 0x80001810
        mov     ebx, EDU
        call    config
        mov     eax, 0x80001804
        mov     ebx, 6
        call    config
        mov     eax, 0x80001844
        mov     ebx, 0xfee00000
        call    config
        mov     eax, 0x8000184c
        mov     ebx, 0x51
        call    config
        mov     eax, 0x80001840
        mov     ebx, 0x00010005
        call    config

; 8254 first: its output goes high with its mode, which the 8259A would take for an edge. Then the pair: vectors 20h and 28h, lines 0 and 4 open.
        mov     al, 0x34
        out     0x43, al
        mov     al, 0x11
        out     0x20, al
        out     0xa0, al
        mov     al, 0x20
        out     0x21, al
        mov     al, 0x28
        out     0xa1, al
        mov     al, 4
        out     0x21, al
        mov     al, 2
        out     0xa1, al
        mov     al, 1
        out     0x21, al
        out     0xa1, al
        mov     al, 0xee
        out     0x21, al
        mov     al, 0xff
        out     0xa1, al

; 16550A, as fast as it can be, interrupts when it has sent.
        mov     dx, 0x3fb
        mov     al, 0x83
        out     dx, al
        mov     dx, 0x3f8
        mov     al, 1
        out     dx, al
        inc     dx
        xor     eax, eax
        out     dx, al
        mov     dx, 0x3fb
        mov     al, 3
        out     dx, al
        mov     dx, 0x3fc
        mov     al, 8
        out     dx, al
        mov     dx, 0x3f9
        mov     al, 2
        out     dx, al

        mov     al, 120                 ; about 10,000 a second
        out     0x40, al
        xor     eax, eax
        out     0x40, al
        sti

; Sends the next message when the last has come.
work:   mov     eax, [sent]
        cmp     eax, [messages]
        jne     .wait
        cmp     eax, [message_limit]
        je      .wait
        inc     dword [sent]
        mov     rdi, EDU + 0x60
        mov     dword [rdi], 1
.wait:  pause
        mov     eax, [messages]
        cmp     eax, [message_limit]
        jne     work
        mov     eax, [serials]
        cmp     eax, [serial_limit]
        jne     work
        mov     eax, [timers]
        cmp     eax, [timer_limit]
        jne     work

; Let what might be on its way arrive, then leave nothing that depends on when it all happened.
        mov     ecx, 20000
drain:  loop    drain
        cli
        mov     rdi, STACK - 4096
        mov     ecx, 512
        xor     eax, eax
        rep     stosq
        mov     dword [first_tick], 0
        mov     dword [done], 1
        mov     dx, PM - 4              ; PM1 control: S5
        mov     ax, 0x3c00
        out     dx, ax
stop:   hlt
        jmp     stop

; Vector in EDI, handler in RSI.
gate:   mov     eax, edi
        shl     eax, 4
        mov     edx, 0x00080000
        mov     dx, si
        mov     [rax + IDT], edx
        mov     rdx, rsi
        mov     dx, 0x8e00
        mov     [rax + IDT + 4], edx
        mov     qword [rax + IDT + 8], 0
        ret

; Configuration address in EAX, value in EBX.
config: mov     dx, 0xcf8
        out     dx, eax
        mov     dx, 0xcfc
        mov     eax, ebx
        out     dx, eax
        ret

; The count in EAX, the source in EBX: scribbles.
scribble:
        imul    ecx, eax, 1103515245
        add     ecx, ebx
        mov     edx, ecx
        shr     edx, 8
        and     edx, 0x3fffc
        add     [rdx + FIELD], ecx
        ret

on_timer:
        push    rax
        push    rbx
        push    rcx
        push    rdx
        mov     dx, PM
        in      eax, dx
        cmp     dword [timers], 0
        jne     .later
        mov     [first_tick], eax
.later: mov     ebx, eax
        inc     dword [timers]
        mov     eax, [timers]
        cmp     eax, [timer_limit]
        jne     .go_on
        in      al, 0x21
        or      al, 1
        out     0x21, al
        mov     eax, ebx                ; 360 ticks of the ACPI timer are 120 of the 8254
        sub     eax, [first_tick]
        and     eax, 0xffffff
        add     eax, 180
        xor     edx, edx
        mov     ecx, 360
        div     ecx
        mov     [periods], eax
.go_on: mov     eax, [timers]
        mov     ebx, 1
        call    scribble
        mov     al, 0x20
        out     0x20, al
        pop     rdx
        pop     rcx
        pop     rbx
        pop     rax
        iretq

on_serial:
        push    rax
        push    rbx
        push    rcx
        push    rdx
        mov     dx, 0x3fa
        in      al, dx
        and     al, 0x0f
        cmp     al, 2
        je      .empty
        inc     dword [wrong]
.empty: inc     dword [serials]
        mov     eax, [serials]
        cmp     eax, [serial_limit]
        jae     .last
        mov     dx, 0x3f8
        mov     al, '.'
        out     dx, al
        jmp     .go_on
.last:  mov     dx, 0x3f9
        xor     eax, eax
        out     dx, al
.go_on: mov     eax, [serials]
        mov     ebx, 2
        call    scribble
        mov     al, 0x20
        out     0x20, al
        pop     rdx
        pop     rcx
        pop     rbx
        pop     rax
        iretq

on_message:
        push    rax
        push    rbx
        push    rcx
        push    rdx
        mov     rbx, EDU
        mov     eax, [rbx + 0x24]
        cmp     eax, 1
        je      .asked
        inc     dword [wrong]
.asked: mov     [rbx + 0x64], eax
        inc     dword [messages]
        mov     eax, [messages]
        cmp     eax, [sent]
        je      .known
        inc     dword [wrong]
.known: mov     ebx, 3
        call    scribble
        mov     ebx, EOI
        mov     dword [rbx], 0
        pop     rdx
        pop     rcx
        pop     rbx
        pop     rax
        iretq

on_wrong:
        inc     dword [wrong]
        iretq

        align 16
gdt:    dq 0
        dq 0x00af9b000000ffff
gdtr:   dw 15
        dq gdt
idtr:   dw 4095
        dq IDT
