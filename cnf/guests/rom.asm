; An expansion ROM for the test endpoint: firmware that runs it says so on the debug port. The last byte makes the sum of all zero (PCI Local Bus
; Specification, PCI Expansion ROM Header; PCI Firmware Specification, Option ROMs); the test computes it.
bits 16
org 0
    db 0x55, 0xAA, 2
    jmp start
    times 0x18-($-$$) db 0
    dw pcir
    dw 0
start:
    push ax
    push dx
    push si
    mov si, text
    mov dx, 0x402
.next:
    mov al, [cs:si]
    inc si
    test al, al
    jz .done
    out dx, al
    jmp .next
.done:
    pop si
    pop dx
    pop ax
    retf
text: db "the ROM has run", 10, 0
align 4
pcir:
    db "PCIR"
    dw 0x1234, 0x11EA, 0
    dw 0x18
    db 0, 0x00, 0xFF, 0x00
    dw 2, 0
    db 0, 0x80
    dw 0
    times 1024-($-$$) db 0
