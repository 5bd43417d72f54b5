; SIMD: packed integers of 16 bytes over 64 KiB (sums, comparisons, masks, shuffles, as string and image code has them), then packed floats.
kernel: mov     rax, cr4
        or      eax, 0x600
        mov     cr4, rax
        mov     ebp, ROUNDS
        movdqu  xmm7, [rel bytes]
        movdqu  xmm6, [rel order]
        movups  xmm5, [rel floats]
.round: mov     esi, 0x200000
        mov     ecx, 4096
.block: movdqu  xmm0, [rsi]
        paddb   xmm0, xmm7
        movdqa  xmm1, xmm0
        pcmpeqb xmm1, xmm7
        pmovmskb eax, xmm1
        pshufd  xmm2, xmm0, 0x1B
        pxor    xmm2, xmm0
        paddd   xmm3, xmm2
        psrld   xmm2, 3
        por     xmm2, xmm0
        punpcklbw xmm1, xmm0
        movdqu  [rsi], xmm2
        movaps  xmm4, xmm5
        mulps   xmm4, xmm5
        addps   xmm4, xmm5
        subps   xmm4, [rel floats]
        add     rsi, 16
        dec     ecx
        jnz     .block
        dec     ebp
        jnz     .round
        ret
align 16
bytes:  dq 0x0102030405060708, 0x1112131415161718
order:  dq 0x08090A0B0C0D0E0F, 0x0001020304050607
floats: dq 0x3FC000003F800000, 0x3F0000003F400000
