; The host owns the device: its interrupt comes to the monitor, which services it and gives the guest a virtual one.
;= S6 the raw interrupt (vector 51h) came to the monitor; the guest got a virtual one (its handler of 31h ran {guest_isr_runs} time, that of 51h {guest_raw_runs})
;? guest_isr_runs == 1
;? guest_raw_runs == 0
;= S9 model A: the physical service routine ran in the monitor, {host_isr_runs} time, and took byte {host_data}h from the device
;? host_isr_runs == 1
;? host_data == 0x1e
;= S10 host and guest have their own tables: IDTR {host_table}h in the host, {guest_table}h in the guest
;? host_table == 0x306000
;? guest_table == 0x5000
;= S11 the virtual interrupt went in through the VM-entry interruption-information field ({injected}h)
;? injected == 0x80000031
;= S12 host vector {vector}h became guest vector 31h
;? vector == 0x51
;= S14 the interrupt stopped the VM and control came to the monitor: exit reason {reason}
;? reason == 1
;= S15 with acknowledge-on-exit the interruption information is {information}h and the controller has the line in service ({taken}h)
;? information == 0x80000051
;? taken == 2
;= S17 the physical service routine was found by host vector 51h in the host's IDT
;? host_isr_runs == 1
;= S18 the monitor did the guest's EOI on its virtual controller ({virtual_eois}) and its own on the physical one (in service afterwards: {after}h)
;? virtual_eois == 1
;? after == 0
;= S19 the guest found its service routine by guest vector 31h in its own IDT: {guest_isr_runs}
;? guest_isr_runs == 1
;= S20 the guest's EOI had no physical effect: in service before {taken}h, after it {still}h
;? still == 2
;= S21 vector 51h names the device in the host, 31h the virtual device in the guest; the byte the guest read ({guest_byte}h) is the one the monitor holds
;? guest_byte == 0x1e

setup:
        mov     edx, PINBASED
        mov     eax, 0x16 | EXTERNAL_INTERRUPT_EXITING
        vmwrite rdx, rax
        mov     edx, EXIT_CONTROLS
        mov     eax, 0x36ffb | ACKNOWLEDGE_ON_EXIT
        vmwrite rdx, rax
        bts     dword [IO_BITMAP + 0x20 / 8], 0x20 % 8       ; port 20h: the controller's commands
        bts     dword [IO_BITMAP + 0x60 / 8], 0              ; port 60h: the device
        mov     edi, 0x31
        mov     rsi, guest_isr
        call    guest_gate
        mov     edi, 0x51
        mov     rsi, guest_raw
        call    guest_gate
        mov     ah, 0x1e
        jmp     ring

on_exit:
        cmp     eax, 1
        je      .interrupt
        cmp     eax, 30
        je      .port
        mov     rax, [VM + G_DATA]
        mov     [guest_isr_runs], rax
        mov     rax, [VM + G_DATA + 8]
        mov     [guest_byte], rax
        mov     rax, [VM + G_DATA + 16]
        mov     [guest_raw_runs], rax
        mov     rax, [VM + G_DATA + 26]
        mov     [guest_table], rax
        sidt    [table]
        mov     rax, [table + 2]
        mov     [host_table], rax
        mov     al, 0x20
        out     0x20, al
        call    in_service
        mov     [after], rax
        jmp     done
.interrupt:
        mov     [reason], rax
        mov     edx, EXIT_EVENT
        vmread  rax, rdx
        mov     [information], rax
        and     eax, 0xff
        mov     [vector], rax
        call    in_service
        mov     [taken], rax
        int     0x51
        mov     eax, 0x31
        call    inject
        mov     [injected], rax
        ret
.port:
        mov     edx, QUALIFICATION
        vmread  rax, rdx
        shr     eax, 16
        cmp     eax, 0x60
        je      .device
        inc     qword [virtual_eois]
        call    in_service
        mov     [still], rax
        jmp     skip
.device:
        mov     rax, [host_data]
        mov     [guest_rax], rax
        jmp     skip

reason: dq 0
information: dq 0
vector: dq 0
taken: dq 0
still: dq 0
after: dq 0
injected: dq 0
virtual_eois: dq 0
guest_isr_runs: dq 0
guest_raw_runs: dq 0
guest_byte: dq 0
host_table: dq 0
guest_table: dq 0
table: dq 0, 0

guest:
        sidt    [G_DATA + 24]
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
guest_raw:
        inc     qword [G_DATA + 16]
        iretq
guest_end:
