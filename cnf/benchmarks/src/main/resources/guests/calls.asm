; Call-heavy: the Fibonacci number 27 by naive recursion, ROUNDS times.
kernel: mov     ebp, ROUNDS
.round: mov     edi, 27
        call    fibonacci
        dec     ebp
        jnz     .round
        ret
fibonacci:
        cmp     edi, 2
        jb      .small
        push    rbx
        push    rdi
        dec     edi
        call    fibonacci
        mov     ebx, eax
        pop     rdi
        sub     edi, 2
        call    fibonacci
        add     eax, ebx
        pop     rbx
        ret
.small: mov     eax, edi
        ret
