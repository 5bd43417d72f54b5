; The guest writes the mask register of an 8259 that the monitor shows it.
;= S4 the guest's write to the 8259 was intercepted (exit reason {reason}, port {port}h); the monitor updated the physical 8259 (mask {physical}h); the guest read back {guest_mask}h
;? reason == 30
;? port == 0x21
;? physical == 0xab
;? guest_mask == 0xab
;= S5c the guest's I/O access came to the monitor by the I/O bitmap, {accesses} times
;? accesses == 2
;= S34 the monitor virtualised the device by its I/O addresses: qualification {qualification}h for the write
;? qualification == 0x210040

setup:
        bts     dword [IO_BITMAP + 0x20 / 8], 0x21 % 8
        ret

on_exit:
        cmp     eax, 30
        jne     .end
        mov     [reason], rax
        inc     qword [accesses]
        mov     edx, QUALIFICATION
        vmread  rax, rdx
        test    al, 8
        jnz     .read
        mov     [qualification], rax
        shr     eax, 16
        mov     [port], rax
        movzx   eax, byte [guest_rax]
        mov     [virtual_mask], rax
        out     0x21, al
        jmp     skip
.read:
        mov     rax, [virtual_mask]
        mov     [guest_rax], rax
        jmp     skip
.end:
        in      al, 0x21
        movzx   eax, al
        mov     [physical], rax
        mov     rax, [VM + G_DATA]
        mov     [guest_mask], rax
        jmp     done

reason: dq 0
port: dq 0
accesses: dq 0
qualification: dq 0
virtual_mask: dq 0
physical: dq 0
guest_mask: dq 0

guest:
        mov     al, 0xab
        out     0x21, al
        xor     eax, eax
        in      al, 0x21
        movzx   eax, al
        mov     [G_DATA], rax
        vmcall
guest_end:
