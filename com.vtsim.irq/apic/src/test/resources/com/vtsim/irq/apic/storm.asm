; Counts interrupts of four sources: the 8254 (line 0), the serial port's transmitter (4), a test device's edges (5) and its levels
; on the slave (10). The last two are counted by the sender too. Runs until "total" of all are in, then leaves its counts and halts.

        bits 16
        org 0x7c00

timer   equ 0x6000
serial  equ 0x6004
edges   equ 0x6008
levels  equ 0x600c
sent5   equ 0x6010
sent10  equ 0x6014
wrong   equ 0x6018
total   equ 0x601c
seed    equ 0x6020
limit   equ 0x6024

start:
        cli
        cld
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x7c00
        mov dword [0x80], on_timer
        mov dword [0x90], on_serial
        mov dword [0x94], on_edge
        mov dword [0xa8], on_level
        mov dword [0x9c], on_wrong
        mov dword [0xbc], on_wrong

        mov al, 0x34
        out 0x43, al
        mov al, 0x11
        out 0x20, al
        out 0xa0, al
        mov al, 0x20
        out 0x21, al
        mov al, 0x28
        out 0xa1, al
        mov al, 4
        out 0x21, al
        mov al, 2
        out 0xa1, al
        mov al, 1
        out 0x21, al
        out 0xa1, al
        mov al, 0xca            ; lines 0, 2, 4, 5
        out 0x21, al
        mov al, 0xfb            ; line 10
        out 0xa1, al
        mov dx, 0x4d1
        mov al, 4               ; line 10 is level-triggered
        out dx, al

        mov dx, 0x3fb
        mov al, 0x83
        out dx, al
        mov dx, 0x3f8
        mov al, 1
        out dx, al
        inc dx
        xor al, al
        out dx, al
        mov dx, 0x3fb
        mov al, 3
        out dx, al
        mov dx, 0x3fc
        mov al, 8
        out dx, al
        mov dx, 0x3f9
        mov al, 2
        out dx, al

        mov al, 60              ; about 20,000 a second
        out 0x40, al
        xor al, al
        out 0x40, al
        sti

work:
        imul eax, [seed], 1103515245
        add eax, 12345
        mov [seed], eax
        mov bx, ax
        and bx, 0x0ffc
        xor [bx+0x8000], eax
        test eax, 0x10000
        jz second
        mov eax, [sent5]
        cmp eax, [edges]
        jne second
        inc dword [sent5]
        mov dx, 0x2005
        mov al, 1
        out dx, al
second:
        mov eax, [sent10]
        cmp eax, [levels]
        jne check
        inc dword [sent10]
        mov dx, 0x200a
        mov al, 1
        out dx, al
check:
        mov eax, [total]
        cmp eax, [limit]
        jb work

; Let what is on its way arrive.
        mov ecx, 1000
drain:
        nop
        dec ecx
        jnz drain
        cli
        mov dx, 0xf4
        mov al, 0x10
        out dx, al
stop:
        hlt
        jmp stop

on_timer:
        push ax
        inc dword [timer]
        inc dword [total]
        mov al, 0x20
        out 0x20, al
        pop ax
        iret

on_serial:
        push ax
        push dx
        mov dx, 0x3fa
        in al, dx
        and al, 0x0f
        cmp al, 2
        je empty
        inc dword [wrong]
empty:
        inc dword [serial]
        inc dword [total]
        mov dx, 0x3f8
        mov al, '.'
        out dx, al
        mov al, 0x20
        out 0x20, al
        pop dx
        pop ax
        iret

on_edge:
        push ax
        push dx
        inc dword [edges]
        inc dword [total]
        mov dx, 0x2005
        xor al, al
        out dx, al
        mov al, 0x20
        out 0x20, al
        pop dx
        pop ax
        iret

on_level:
        push ax
        push dx
        inc dword [levels]
        inc dword [total]
        mov dx, 0x200a
        xor al, al
        out dx, al
        mov al, 0x20
        out 0xa0, al
        out 0x20, al
        pop dx
        pop ax
        iret

on_wrong:
        inc dword [wrong]
        iret
