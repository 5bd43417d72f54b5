; A boot sector that loads a Linux kernel by its boot protocol on any PC BIOS with INT 13h extensions. `PIECES` is where whoever
; builds the disk puts what to load: first sector, number of sectors, destination; a piece of no sectors is the last. The kernel's
; setup goes to 9000:0000; its header on the disk says all else.

bits 16
org 0x7C00
BUFFER  equ 0x10000
PIECES  equ 0x7D80
        cli
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     ss, ax
        mov     sp, 0x7C00
        sti
        cld
        mov     [drive], dl
        mov     bp, PIECES
piece:  mov     eax, [bp]
        mov     [sector], eax
        mov     eax, [bp + 8]
        mov     [to], eax
chunk:  mov     eax, [bp + 4]
        or      eax, eax
        jz      last
        cmp     eax, 64
        jbe     few
        mov     eax, 64
few:    sub     [bp + 4], eax
        mov     [count], ax
        mov     si, packet
        mov     ah, 0x42
        mov     dl, [drive]
        int     0x13
        jc      stop
        ; INT 15h, function 87h, copies to where real mode does not reach: 32-bit base of the descriptor in two parts.
        mov     eax, [to]
        mov     [target + 2], ax
        shr     eax, 16
        mov     [target + 4], al
        mov     [target + 7], ah
        mov     si, table
        mov     cx, 64 * 256
        mov     ah, 0x87
        int     0x15
        jc      stop
        add     dword [to], 64 * 512
        add     dword [sector], 64
        jmp     chunk
last:   add     bp, 12
        cmp     dword [bp + 4], 0
        jne     piece
        ; Loaded: a letter to COM1, so that the BIOS's time can be told from the kernel's.
        mov     dx, 0x3F8
        mov     al, 0x4C
        out     dx, al
        cli
        mov     ax, 0x9000
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     ss, ax
        mov     sp, 0xE000
        jmp     0x9020:0
stop:   hlt
        jmp     stop

drive:  db 0
align 4
to:     dd 0
packet: db 16, 0
count:  dw 0
        dw 0, BUFFER / 16
sector: dd 0, 0
table:  dq 0, 0
        dw 0xFFFF, 0
        db 1, 0x93, 0, 0
target: dw 0xFFFF, 0
        db 0, 0x93, 0, 0
        dq 0, 0
