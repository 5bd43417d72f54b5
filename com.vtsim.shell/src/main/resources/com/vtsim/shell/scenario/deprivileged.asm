; VMX is off: the VMM is ring 0, the guest a program in ring 3. What it may not do traps, and the VMM stands in for the device.
;= S6 the device's interrupt entered the VMM ({a_host} time, from ring {a_interrupted}), which kept its byte in a virtual device and gave the guest a virtual interrupt ({a_guest} time): the guest read {a_byte}h, by {a_traps} traps
;? a_host == 1
;? a_interrupted == 3
;? a_guest == 1
;? a_byte == 0x1e
;? a_traps == 2
;= S6 the raw interrupt never reached the guest: the VMM had ended it at the 8259 ({a_host_eois}), the guest's own EOI went to the virtual one ({a_virtual_eois})
;? a_host_eois == 1
;? a_virtual_eois == 1
;? a_in_service == 0
;= S9 model A: the device is the host's, its ISR ran in the VMM (ring {a_host_ring})
;? a_host_ring == 0
;= S9 model B: the device's ports are given to the guest, its ISR ran there (ring {b_ring}), read {b_byte}h from the device and ended the interrupt itself; the VMM only forwarded (reads {b_host_reads}, traps {b_traps})
;? b_ring == 3
;? b_byte == 0x30
;? b_host_reads == 0
;? b_traps == 0
;? b_guest == 1
;? b_in_service == 0
;= S10 two tables: the host's vector {host_vector}h found the VMM's ISR in the IDT, the guest's vector {guest_vector}h the guest's in a table of its own; behind the host's number the guest's table has nothing ({guest_table_51})
;? host_vector == 0x51
;? guest_vector == 0x31
;? guest_table_51 == 0
;? guest_took_31 == 2

U_STACK   equ 0x180000

setup:
        vmxoff
        mov     rax, cr4
        and     eax, 0xffffdfff
        mov     cr4, rax
; The first 2 MiB are the guest's too.
        mov     rax, cr3
        or      qword [rax], 4
        mov     rax, [rax]
        and     rax, -4096
        or      qword [rax], 4
        mov     rax, [rax]
        and     rax, -4096
        or      qword [rax], 4
        mov     rax, cr3
        mov     cr3, rax
        lgdt    [own_gdtr]
        mov     ax, 0x20
        ltr     ax
        mov     qword [TASK + 4], STACK - 0x1000
        mov     word [TASK + 0x66], 0xffff
        mov     edi, 0x51
        mov     rsi, device_isr
        call    host_gate
        mov     edi, 13
        mov     rsi, trapped
        call    host_gate

; Model A.
        mov     ah, 0x1e
        call    ring
        mov     qword [goal], 1
        call    run_guest
        mov     rax, [forwarded]
        mov     [a_host], rax
        mov     rax, [interrupted]
        mov     [a_interrupted], rax
        mov     rax, [guest_runs]
        mov     [a_guest], rax
        mov     rax, [guest_byte]
        mov     [a_byte], rax
        mov     rax, [traps]
        mov     [a_traps], rax
        mov     rax, [host_eois]
        mov     [a_host_eois], rax
        mov     rax, [virtual_eois]
        mov     [a_virtual_eois], rax
        call    in_service
        mov     [a_in_service], rax

; Model B: the permission map opens ports 20h and 60h.
        mov     qword [model_b], 1
        mov     rdi, TASK + 0x68
        mov     ecx, 17
        mov     al, 0xff
        rep     stosb
        mov     byte [TASK + 0x68 + 4], 0xfe
        mov     byte [TASK + 0x68 + 12], 0xfe
        mov     word [TASK + 0x66], 0x68
        mov     qword [traps], 0
        mov     qword [host_reads], 0
        mov     ah, 0x30
        call    ring
        mov     qword [goal], 2
        call    run_guest
        mov     rax, [guest_runs]
        dec     rax
        mov     [b_guest], rax
        mov     rax, [guest_byte]
        mov     [b_byte], rax
        mov     rax, [guest_ring]
        mov     [b_ring], rax
        mov     rax, [traps]
        mov     [b_traps], rax
        mov     rax, [host_reads]
        mov     [b_host_reads], rax
        call    in_service
        mov     [b_in_service], rax
        mov     rax, [guest_table + (0x51 - 0x30) * 8]
        mov     [guest_table_51], rax
        jmp     done

on_exit:
        jmp     done

; The guest, until it halts.
run_guest:
        mov     [vmm_stack], rsp
        push    0x3b
        push    U_STACK
        push    0x202
        push    0x33
        push    program
        iretq

; The host's ISR for vector 51h.
device_isr:
        push    rax
        push    rbx
        inc     qword [forwarded]
        mov     qword [host_vector], 0x51
        mov     rax, [rsp + 24]
        and     eax, 3
        mov     [interrupted], rax
        mov     eax, cs
        and     eax, 3
        mov     [a_host_ring], rax
        cmp     qword [model_b], 0
        jne     .forward
        in      al, 0x60
        movzx   eax, al
        mov     [virtual_data], rax
        inc     qword [host_reads]
        mov     al, 0x20
        out     0x20, al
        inc     qword [host_eois]
; The guest goes on in the ISR that its own table has for its own vector; its stack gets what to come back to.
.forward:
        mov     rbx, [rsp + 40]
        sub     rbx, 16
        mov     rax, [rsp + 32]
        mov     [rbx], rax
        mov     rax, [rsp + 16]
        mov     [rbx + 8], rax
        mov     [rsp + 40], rbx
        mov     rax, [guest_vector]
        mov     rax, [guest_table + rax * 8 - 0x30 * 8]
        mov     [rsp + 16], rax
        pop     rbx
        pop     rax
        iretq

; What the guest may not do: IN AL, imm8 reads the virtual device, OUT imm8, AL ends at the virtual 8259, HLT ends the guest.
trapped:
        push    rax
        push    rbx
        mov     rbx, [rsp + 24]
        cmp     byte [rbx], 0xf4
        je      .halt
        inc     qword [traps]
        cmp     byte [rbx], 0xe4
        jne     .out
        mov     rax, [virtual_data]
        mov     [rsp + 8], rax
        jmp     .next
.out:   inc     qword [virtual_eois]
.next:  add     qword [rsp + 24], 2
        pop     rbx
        pop     rax
        add     rsp, 8
        iretq
.halt:  mov     rsp, [vmm_stack]
        ret

; Ring 3 from here.
program:
        mov     rax, [guest_runs]
        cmp     rax, [goal]
        jne     program
        hlt
guest_isr:
        push    rax
        in      al, 0x60
        movzx   eax, al
        mov     [guest_byte], rax
        mov     al, 0x20
        out     0x20, al
        mov     eax, cs
        and     eax, 3
        mov     [guest_ring], rax
        inc     qword [guest_runs]
        inc     qword [guest_took_31]
        pop     rax
        popfq
        ret

        align 8
own_gdt:
        dq 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x0000893050000078, 0, 0x00affb000000ffff, 0x00cff3000000ffff
own_gdtr:
        dw 0x3f
        dq own_gdt
; From vector 30h on.
guest_table:
        dq 0, guest_isr
        times 62 dq 0
vmm_stack:      dq 0
model_b:        dq 0
goal:           dq 0
forwarded:      dq 0
interrupted:    dq 0
virtual_data:   dq 0
host_reads:     dq 0
host_eois:      dq 0
virtual_eois:   dq 0
traps:          dq 0
guest_runs:     dq 0
guest_byte:     dq 0
guest_ring:     dq 0
guest_took_31:  dq 0
host_vector:    dq 0
guest_vector:   dq 0x31
guest_table_51: dq 0xff
a_host:         dq 0
a_interrupted:  dq 0
a_guest:        dq 0
a_byte:         dq 0
a_traps:        dq 0
a_host_eois:    dq 0
a_virtual_eois: dq 0
a_in_service:   dq 0xff
a_host_ring:    dq 0xff
b_guest:        dq 0
b_byte:         dq 0
b_ring:         dq 0
b_traps:        dq 0
b_host_reads:   dq 0xff
b_in_service:   dq 0xff

guest:
        hlt
guest_end:
