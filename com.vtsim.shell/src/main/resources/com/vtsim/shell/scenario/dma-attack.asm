; A device that means harm: it writes where it should not, forges interrupts, and floods the unit with faults.
;@ q35 vtd=true irq=apic
;+ edu1 com.vtsim.pci.edu vtsim.pci.address=00:03.0 dma.bits=64
;+ edu2 com.vtsim.pci.edu vtsim.pci.address=00:03.1 dma.bits=64
;< devices
;= S35d of {tries} writes all over a region that is not the device's, {altered} altered it; the last one to its own page arrived ({own}h)
;? tries == 64
;? altered == 0
;? own == 0x1111111111111111
;= S42e the flood of faults was one fault interrupt ({fault_interrupts}), and the unit noted that there were more faults than records (FSTS {status}h)
;? fault_interrupts == 1
;? status == 3
;= S37b interrupts it forged, in the old format and by another device's entry, came to nobody ({forged}); its own entry worked ({genuine})
;? forged == 0
;? genuine == 1

REGION      equ 0x380000
LEAF1       equ TABLE1 + 0x2000 + 8

setup:
        mov     edi, 0x52
        mov     rsi, fault_isr
        call    host_gate
        mov     edi, 0x61
        mov     rsi, genuine_isr
        call    host_gate
        mov     edi, 0x62
        mov     rsi, forged_isr
        call    host_gate
        mov     edi, 0x11
        mov     rsi, forged_isr
        call    host_gate
        mov     rax, 0x5a5a5a5a5a5a5a5a
        mov     edi, REGION
        mov     ecx, 0x8000
        cld
        rep stosq
        call    devices_on
        call    build_domains
        mov     qword [LEAF1], 0x400003
        mov     rax, 0x610001
        mov     [INTERRUPTS + 16], rax
        mov     qword [INTERRUPTS + 24], 0x40000 + DEVICE1
        mov     rax, 0x620001
        mov     [INTERRUPTS + 32], rax
        mov     qword [INTERRUPTS + 40], 0x40000 + DEVICE2
        call    remapping_on
        mov     qword [rdi + IRTA], INTERRUPTS + 7
        mov     dword [rdi + GCMD], 0x81000000
        mov     dword [rdi + GCMD], 0x82000000
        mov     dword [rdi + FEDATA], 0x52
        mov     dword [rdi + FEADDR], LOCAL_APIC
        mov     dword [rdi + FECTL], 0
; Writes all over
        mov     ebx, REGION
.next:  mov     edx, ebx
        call    write1
        inc     qword [tries]
        add     ebx, 0x1000
        cmp     ebx, REGION + 0x40000
        jne     .next
        mov     edx, 0x1000
        call    write1
        mov     rax, [0x400000]
        mov     [own], rax
        mov     rax, 0x5a5a5a5a5a5a5a5a
        mov     ebx, REGION
.look:  cmp     [rbx], rax
        je      .same
        inc     qword [altered]
.same:  add     ebx, 8
        cmp     ebx, REGION + 0x40000
        jne     .look
        call    listen
        mov     edi, UNIT
        mov     eax, [rdi + FSTS]
        and     eax, 0xff
        mov     [status], rax
; Interrupts: 4 bytes of the buffer, 1111_1111h, as the message
        mov     edx, LOCAL_APIC               ; the old format, vector 11h
        call    message1
        mov     edx, LOCAL_APIC + 0x50        ; entry 2: device 2's
        call    message1
        mov     edx, LOCAL_APIC + 0x30        ; entry 1: its own
        call    message1
        call    listen
        jmp     done

; Device 1 writes 4 bytes to the address EDX.
message1:
        mov     esi, WINDOW1
        mov     qword [rsi + 0x80], BUFFER
        mov     [rsi + 0x88], rdx
        mov     qword [rsi + 0x90], 4
        mov     qword [rsi + 0x98], OUT_OF
.busy:  mov     rax, [rsi + 0x98]
        test    al, 1
        jnz     .busy
        ret

listen: sti
        nop
        nop
        cli
        ret

fault_isr:
        inc     qword [fault_interrupts]
        jmp     ended
genuine_isr:
        inc     qword [genuine]
        jmp     ended
forged_isr:
        inc     qword [forged]
ended:  push    rdi
        mov     edi, LOCAL_APIC
        mov     dword [rdi + 0xb0], 0
        pop     rdi
        iretq

on_exit:
        jmp     done

tries: dq 0
altered: dq 0
own: dq 0
status: dq 0
fault_interrupts: dq 0
forged: dq 0
genuine: dq 0

guest:
        hlt
guest_end:
