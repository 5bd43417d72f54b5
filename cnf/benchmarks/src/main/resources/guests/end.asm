
bits 16
times 0xFFF0 - ($ - rom) db 0x90
        jmp     start
times 0x10000 - ($ - rom) db 0x90
