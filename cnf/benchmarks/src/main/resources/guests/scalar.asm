; Floating point, SSE2 scalar: a logistic map and a Newton step in doubles, loads and stores between.
kernel: mov     rax, cr4
        or      eax, 0x600
        mov     cr4, rax
        mov     ecx, ROUNDS
        movsd   xmm0, [rel half]
        movsd   xmm1, [rel rate]
        movsd   xmm2, [rel one]
        movsd   xmm5, [rel two]
.round: movapd  xmm3, xmm2
        subsd   xmm3, xmm0
        mulsd   xmm0, xmm1
        mulsd   xmm0, xmm3
        movsd   [0x200000], xmm0
        movapd  xmm4, xmm5
        divsd   xmm4, xmm0
        addsd   xmm4, xmm0
        mulsd   xmm4, [rel half]
        sqrtsd  xmm6, xmm4
        addsd   xmm7, xmm6
        cvttsd2si eax, xmm7
        cvtsi2sd xmm8, eax
        comisd  xmm7, xmm8
        jae     .next
        xorpd   xmm7, xmm7
.next:  dec     ecx
        jnz     .round
        ret
align 8
half:   dq 0x3FE0000000000000
rate:   dq 0x400F333333333333           ; 3.9
one:    dq 0x3FF0000000000000
two:    dq 0x4000000000000000
