; Without acknowledge-on-exit the interrupt stays in the controller until the monitor takes it by its own IDT.
;= S16 exit reason {reason}, no vector ({information}h), the request still pending ({pending}h); with IF set the host's IDT took it: {host_isr_runs} time
;? reason == 1
;? information == 0
;? pending == 2
;? before == 0
;? host_isr_runs == 1
;= S26a the guest had IF = 0 (RFLAGS {flags}h), and the interrupt made it exit all the same
;? masked == 0

setup:
        mov     edx, PINBASED
        mov     eax, 0x16 | EXTERNAL_INTERRUPT_EXITING
        vmwrite rdx, rax
        mov     ah, 0x1e
        jmp     ring

on_exit:
        mov     [reason], rax
        mov     edx, EXIT_EVENT
        vmread  [information], rdx
        mov     edx, GUEST_RFLAGS
        vmread  rax, rdx
        mov     [flags], rax
        and     eax, 0x200
        mov     [masked], rax
        call    requested
        mov     [pending], rax
        mov     rax, [host_isr_runs]
        mov     [before], rax
        sti
        nop
        cli
        mov     al, 0x20
        out     0x20, al
        jmp     done

reason: dq 0
information: dq 0
pending: dq 0
before: dq 0
flags: dq 0
masked: dq -1

guest:
.wait:  jmp     .wait
guest_end:
