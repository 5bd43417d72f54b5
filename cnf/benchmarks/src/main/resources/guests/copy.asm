; Memory: 64 KiB copied by an 8-byte loop, unrolled by two, ROUNDS times, then by REP MOVSQ as often.
kernel: mov     ebp, ROUNDS
.round: mov     esi, 0x200000
        mov     edi, 0x300008
        mov     ecx, 4096
.pair:  mov     rax, [rsi]
        mov     rdx, [rsi + 8]
        mov     [rdi], rax
        mov     [rdi + 8], rdx
        add     rsi, 16
        add     rdi, 16
        dec     ecx
        jnz     .pair
        dec     ebp
        jnz     .round
        mov     ebp, ROUNDS
.rep:   mov     esi, 0x200000
        mov     edi, 0x300008
        mov     ecx, 8192
        rep movsq
        dec     ebp
        jnz     .rep
        ret
