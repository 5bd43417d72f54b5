; VMX is off: nobody stands between software and devices.
;= S1 with VMX off a write to the 8259 took effect at once (mask {mask}h), and the device's interrupt came straight to the running software ({host_isr_runs} time, no exit: {exits})
;? mask == 0xf1
;? host_isr_runs == 1
;? exits == 0
;= S1 memory and I/O answered directly too: a byte written at 90000h was there ({memory}h), and the 8259 answered its own port ({mask}h), with nobody in between
;? memory == 0x5a
;? exits == 0

setup:
        vmxoff
        mov     rax, cr4
        and     eax, 0xffffdfff
        mov     cr4, rax
        mov     al, 0xf1
        out     0x21, al
        in      al, 0x21
        movzx   eax, al
        mov     [mask], rax
        mov     byte [0x90000], 0x5a
        movzx   eax, byte [0x90000]
        mov     [memory], rax
        mov     ah, 0x1e
        call    ring
        mov     ecx, 500000
        sti
.wait:  loop    .wait
        cli
        jmp     done

on_exit:
        jmp     done

mask: dq 0
memory: dq 0

guest:
        hlt
guest_end:
