; The device is assigned to the guest; the monitor intercepts its interrupt and does nothing but inject it.
;= S9 model B: the guest's service routine took byte {guest_byte}h from the physical device; the monitor's ran {host_isr_runs} times
;? guest_byte == 0x1e
;? host_isr_runs == 0
;= S23 host vector {vector}h, guest vector 31h: the guest ran the real service routine, the real EOI included (in service before {taken}h, after {after}h)
;? vector == 0x51
;? guest_isr_runs == 1
;? taken == 2
;? after == 0
;= S24 the monitor only injected: {exits} exits, the interrupt and the guest's last word
;? exits == 2

setup:
        mov     edx, PINBASED
        mov     eax, 0x16 | EXTERNAL_INTERRUPT_EXITING
        vmwrite rdx, rax
        mov     edx, EXIT_CONTROLS
        mov     eax, 0x36ffb | ACKNOWLEDGE_ON_EXIT
        vmwrite rdx, rax
        mov     edi, 0x31
        mov     rsi, guest_isr
        call    guest_gate
        mov     ah, 0x1e
        jmp     ring

on_exit:
        cmp     eax, 1
        jne     .end
        mov     edx, EXIT_EVENT
        vmread  rax, rdx
        and     eax, 0xff
        mov     [vector], rax
        call    in_service
        mov     [taken], rax
        mov     eax, 0x31
        jmp     inject
.end:   mov     rax, [VM + G_DATA]
        mov     [guest_isr_runs], rax
        mov     rax, [VM + G_DATA + 8]
        mov     [guest_byte], rax
        call    in_service
        mov     [after], rax
        jmp     done

vector: dq 0
taken: dq 0
after: dq -1
guest_isr_runs: dq 0
guest_byte: dq 0

guest:
        sti
.wait:  cmp     qword [G_DATA], 0
        je      .wait
        vmcall
guest_isr:
        push    rax
        in      al, 0x60
        movzx   eax, al
        mov     [G_DATA + 8], rax
        mov     al, 0x20
        out     0x20, al
        inc     qword [G_DATA]
        pop     rax
        iretq
guest_end:
