; Floating point, x87: the sum of 1/k! style series in 80 bits by FDIV, FMUL and FADD, a square root and a comparison a round.
kernel: mov     ecx, ROUNDS
        fninit
        fldz                            ; sum
        fld1                            ; term
.round: fld     st0
        fmul    qword [rel factor]
        fadd    qword [rel offset]
        fsqrt
        fxch    st1
        fstp    st0
        fadd    st1, st0
        fld     st1
        fdiv    qword [rel divisor]
        fstp    qword [0x200000]
        fcomi   st0, st1
        ja      .next
        fxch    st1
        fxch    st1
.next:  dec     ecx
        jnz     .round
        ret
align 8
factor: dq 0x3FE8000000000000           ; 0.75
offset: dq 0x3FD5555555555555           ; a third
divisor: dq 0x40091EB851EB851F          ; 3.14
