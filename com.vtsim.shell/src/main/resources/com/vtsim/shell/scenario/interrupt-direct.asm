; External interrupts are the guest's: no exit, its own IDT.
;= S13 the service routine ran wholly in the guest ({guest_isr_runs} time); the monitor saw {exits} exit, the guest's last word
;? guest_isr_runs == 1
;? exits == 1
;? host_isr_runs == 0
;= S25 the interrupt was delivered through the guest's IDT with vector 51h, the controller's; in service afterwards: {after}h
;? after == 0
;= S26b while the guest had IF = 0 the interrupt pended (requested {pended}h, runs before STI: {early})
;? early == 0
;? pended == 2

setup:
        mov     edi, 0x51
        mov     rsi, guest_isr
        call    guest_gate
        mov     ah, 0x1e
        jmp     ring

on_exit:
        mov     rax, [VM + G_DATA]
        mov     [guest_isr_runs], rax
        mov     rax, [VM + G_DATA + 16]
        mov     [early], rax
        mov     rax, [VM + G_DATA + 24]
        mov     [pended], rax
        call    in_service
        mov     [after], rax
        jmp     done

guest_isr_runs: dq 0
early: dq -1
pended: dq 0
after: dq -1

guest:
        mov     ecx, 500000
.spin:  loop    .spin
        mov     rax, [G_DATA]
        mov     [G_DATA + 16], rax
        mov     al, 0x0a
        out     0x20, al
        in      al, 0x20
        movzx   eax, al
        mov     [G_DATA + 24], rax
        sti
.wait:  cmp     qword [G_DATA], 0
        je      .wait
        vmcall
guest_isr:
        push    rax
        in      al, 0x60
        mov     al, 0x20
        out     0x20, al
        inc     qword [G_DATA]
        pop     rax
        iretq
guest_end:
