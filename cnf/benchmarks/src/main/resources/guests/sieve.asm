; The sieve of Eratosthenes over 1,000,000 bytes, ROUNDS times; the number of primes is left in EBX (78,498).
kernel: mov     ebp, ROUNDS
.round: mov     edi, 0x400000
        mov     ecx, 1000000
        mov     al, 1
        rep stosb
        mov     esi, 2
.prime: cmp     byte [0x400000 + rsi], 0
        je      .no
        mov     eax, esi
        imul    eax, esi
        jmp     .test
.cross: mov     byte [0x400000 + rax], 0
        add     eax, esi
.test:  cmp     eax, 1000000
        jb      .cross
.no:    inc     esi
        cmp     esi, 1000
        jbe     .prime
        xor     ebx, ebx
        mov     esi, 2
.count: movzx   eax, byte [0x400000 + rsi]
        add     ebx, eax
        inc     esi
        cmp     esi, 1000000
        jb      .count
        dec     ebp
        jnz     .round
        ret
