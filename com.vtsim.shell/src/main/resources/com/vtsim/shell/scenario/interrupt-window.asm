; A guest that cannot take an interrupt: the monitor waits for the window.
;= S26c the guest had IF = 0 (blocked: {blocked}); the interrupt-window exit (reason {window}) came when it set IF, and the injection then went in
;? blocked == 1
;? window == 7
;? guest_isr_runs == 1

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
        cmp     eax, 7
        je      .window
        cmp     eax, 1
        jne     .end
        int     0x51
        mov     al, 0x20
        out     0x20, al
        mov     edx, GUEST_RFLAGS
        vmread  rax, rdx
        test    eax, 0x200
        setz    [blocked]
        mov     edx, PROCBASED
        mov     eax, 0x86006172 | INTERRUPT_WINDOW_EXITING
        vmwrite rdx, rax
        ret
.window:
        mov     [window], rax
        mov     edx, PROCBASED
        mov     eax, 0x86006172
        vmwrite rdx, rax
        mov     eax, 0x31
        jmp     inject
.end:   mov     rax, [VM + G_DATA]
        mov     [guest_isr_runs], rax
        jmp     done

blocked: dq 0
window: dq 0
guest_isr_runs: dq 0

guest:
        mov     ecx, 500000
.spin:  loop    .spin
        sti
.wait:  cmp     qword [G_DATA], 0
        je      .wait
        vmcall
guest_isr:
        inc     qword [G_DATA]
        iretq
guest_end:
