; Mixed integer work: multiplicative hash, shifts, rotates, branches that depend on data. ROUNDS × 15 instructions.
kernel: mov     ecx, ROUNDS
        mov     rax, 0x9E3779B97F4A7C15
        mov     rbx, 1
        xor     edx, edx
.next:  imul    rbx, rax
        add     rbx, 0x1234567
        mov     rsi, rbx
        shr     rsi, 29
        xor     rbx, rsi
        rol     ebx, 7
        test    bl, 4
        jz      .even
        add     edx, ebx
        jmp     .join
.even:  sub     edx, ebx
        lea     edx, [rdx + rdx*4 + 3]
.join:  movzx   edi, dl
        add     edx, edi
        cmp     edx, 0x40000000
        ja      .big
        inc     edx
.big:   dec     ecx
        jnz     .next
        ret
