; ROUNDS exits and entries, and nothing else.
kernel: mov     ecx, ROUNDS
        xor     eax, eax
.next:  vmcall
        dec     ecx
        jnz     .next
        ret
