; A device that exists in the monitor only.
;= S22 the guest's timer is purely logical: {ticks} virtual interrupts with vector 40h, and the controller had none requested ({pending}h)
;? ticks == 3
;? pending == 0

setup:
        mov     edx, PINBASED
        mov     eax, 0x16 | PREEMPTION_TIMER
        vmwrite rdx, rax
        mov     edx, TIMER
        mov     eax, 100
        vmwrite rdx, rax
        mov     edi, 0x40
        mov     rsi, guest_isr
        jmp     guest_gate

on_exit:
        cmp     eax, 52
        jne     .end
        mov     edx, TIMER
        mov     eax, 100
        vmwrite rdx, rax
        mov     edx, GUEST_RFLAGS
        vmread  rax, rdx
        test    eax, 0x200
        jz      .later
        mov     eax, 0x40
        jmp     inject
.later: ret
.end:   mov     rax, [VM + G_DATA]
        mov     [ticks], rax
        call    requested
        mov     [pending], rax
        jmp     done

ticks: dq 0
pending: dq -1

guest:
        sti
.wait:  cmp     qword [G_DATA], 3
        jb      .wait
        cli
        vmcall
guest_isr:
        inc     qword [G_DATA]
        iretq
guest_end:
