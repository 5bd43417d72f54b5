; A host system that has work of its own, and contains the monitor.
;= S2b the shape of a host system with a monitor in it: between {runs} runs of the guest the host did its own work ({work} items) and took its own interrupt ({host_isr_runs})
;? runs == 4
;? work == 4
;? host_isr_runs == 1
;= S5a the device's interrupt came to the monitor, not to the guest (its handler of 51h ran {guest_isr_runs} times)
;? guest_isr_runs == 0

setup:
        mov     edi, 0x51
        mov     rsi, guest_isr
        call    guest_gate
        mov     edx, PINBASED
        mov     eax, 0x16 | EXTERNAL_INTERRUPT_EXITING
        vmwrite rdx, rax
        ret

on_exit:
        cmp     eax, 1
        je      .interrupt
        inc     qword [runs]
        inc     qword [work]
        cmp     qword [runs], 2
        jne     .on
        mov     ah, 0x1e
        call    ring
.on:    cmp     qword [runs], 4
        jb      skip
        mov     rax, [VM + G_DATA]
        mov     [guest_isr_runs], rax
        jmp     done
.interrupt:
        sti
        nop
        cli
        mov     al, 0x20
        out     0x20, al
        ret

runs: dq 0
work: dq 0
guest_isr_runs: dq -1

guest:
        sti
.next:  vmcall
        mov     ecx, 200000
.spin:  loop    .spin
        jmp     .next
guest_isr:
        inc     qword [G_DATA]
        iretq
guest_end:
