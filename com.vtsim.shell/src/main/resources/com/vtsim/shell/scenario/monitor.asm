; monitor.asm: a small hypervisor. Each scenario is this file with the scenario's own behind it.
;
; It starts in 64-bit mode at 1 MiB, takes the processor into VMX operation, and makes one virtual machine with 2 MiB of
; memory: guest-physical 0 is host-physical VM. The machine begins in 64-bit mode, at the code between guest and guest_end.
;
; A scenario brings: setup (called before the launch), on_exit (called at each exit, exit reason in RAX; it returns to resume the
; guest, or jumps to done), guest and guest_end. What it observes it leaves in quadwords, which the lines that begin
; with ";=" and ";?" speak of.

        bits 64
        default abs
        org 0x100000

; Where things are, host-physical
VMXON       equ 0x300000
VMCS        equ 0x301000
EPT         equ 0x302000
TASK        equ 0x305000
IDT         equ 0x306000
IO_BITMAP   equ 0x308000
MSR_BITMAP  equ 0x30a000
STACK       equ 0x320000
VM          equ 0x800000
; and guest-physical
G_PAGES     equ 0x1000
G_GDT       equ 0x4000
G_IDT       equ 0x5000
G_TASK      equ 0x6000
G_STACK     equ 0x8000
G_CODE      equ 0x8000
G_DATA      equ 0x10000

; Fields of the VMCS
PINBASED          equ 0x4000
PROCBASED         equ 0x4002
PROCBASED2        equ 0x401e
EXIT_CONTROLS     equ 0x400c
ENTRY_CONTROLS    equ 0x4012
ENTRY_EVENT       equ 0x4016
EXIT_REASON       equ 0x4402
EXIT_EVENT        equ 0x4404
EXIT_LENGTH       equ 0x440c
QUALIFICATION     equ 0x6400
GUEST_PHYSICAL    equ 0x2400
GUEST_RIP         equ 0x681e
GUEST_RFLAGS      equ 0x6820
BLOCKING          equ 0x4824
TIMER             equ 0x482e
; and of its controls
EXTERNAL_INTERRUPT_EXITING equ 1
INTERRUPT_WINDOW_EXITING   equ 4
ACKNOWLEDGE_ON_EXIT        equ 0x8000
PREEMPTION_TIMER           equ 0x40

start:
        cli
        mov     rsp, STACK
        lgdt    [host_gdtr]
        mov     ax, 0x20
        ltr     ax
        mov     ecx, 256
        xor     edi, edi
.gates: mov     rsi, unexpected
        call    host_gate
        inc     edi
        loop    .gates
        mov     edi, 0x51
        mov     rsi, host_isr
        call    host_gate
        lidt    [host_idtr]
        call    init_controller
        call    enter_vmx
        mov     rbx, VM
        call    build_guest
        call    build_ept
        mov     rax, VMCS
        call    new_vmcs
        call    setup
        call    save_host
        vmlaunch
        jmp     failed

; The interrupt controller: vectors 50h to 5Fh, everything masked but line 1.
init_controller:
        mov     al, 0x11
        out     0x20, al
        out     0xa0, al
        mov     al, 0x50
        out     0x21, al
        mov     al, 0x58
        out     0xa1, al
        mov     al, 4
        out     0x21, al
        mov     al, 2
        out     0xa1, al
        mov     al, 1
        out     0x21, al
        out     0xa1, al
        mov     al, 0xfd
        out     0x21, al
        mov     al, 0xff
        out     0xa1, al
; The keyboard controller: its interrupt on.
        mov     al, 0x60
        out     0x64, al
        mov     al, 0x41
        out     0x60, al
        ret

; Makes the device, the keyboard, interrupt on line 1 with the byte in AH.
ring:
        mov     al, 0xd2
        out     0x64, al
        mov     al, ah
        out     0x60, al
        ret

; What the controller has in service, in AL.
in_service:
        mov     al, 0x0b
        out     0x20, al
        in      al, 0x20
        and     eax, 0xff
        ret

; What it has requested, in AL.
requested:
        mov     al, 0x0a
        out     0x20, al
        in      al, 0x20
        and     eax, 0xff
        ret

enter_vmx:
        mov     ecx, 0x3a
        rdmsr
        test    al, 1
        jnz     .locked
        mov     eax, 5
        xor     edx, edx
        wrmsr
.locked:
        mov     rax, cr4
        or      eax, 0x2000
        mov     cr4, rax
        mov     rax, cr0
        or      eax, 0x20
        mov     cr0, rax
        mov     ecx, 0x480
        rdmsr
        mov     [VMXON], eax
        mov     [VMCS], eax
        mov     [VMCS + 0x10000], eax
        vmxon   [vmxon_pointer]
        jbe     failed
        ret

; Guest memory at RBX: paging structures, descriptor tables, code.
build_guest:
        lea     rax, [rbx + G_PAGES]
        mov     qword [rax], G_PAGES + 0x1000 + 3
        mov     qword [rax + 0x1000], G_PAGES + 0x2000 + 3
        mov     qword [rax + 0x2000], 0x83
        mov     qword [rax + 0x2008], 0x200083
        mov     qword [rax + 0x2010], 0x400083
        mov     rdx, 0x00af9b000000ffff
        mov     [rbx + G_GDT + 0x10], rdx
        mov     rdx, 0x00cf93000000ffff
        mov     [rbx + G_GDT + 0x18], rdx
        mov     rsi, guest
        lea     rdi, [rbx + G_CODE]
        mov     ecx, guest_end - guest
        cld
        rep movsb
        ret

; A gate of the guest's IDT: vector EDI, handler at RSI within the image; guest memory at RBX.
guest_gate:
        lea     rax, [rsi + G_CODE]
        sub     rax, guest
        mov     edx, edi
        shl     edx, 4
        lea     rdx, [rbx + rdx + G_IDT]
        jmp     put_gate
; A gate of the host's IDT: vector EDI, handler RSI.
host_gate:
        mov     rax, rsi
        mov     edx, edi
        shl     edx, 4
        add     rdx, IDT
put_gate:
        mov     [rdx], ax
        mov     dword [rdx + 2], 0x8e000010
        shr     rax, 16
        mov     [rdx + 6], ax
        mov     word [rdx + 4], 0x8e00
        mov     word [rdx + 2], 0x10
        mov     qword [rdx + 8], 0
        ret

; EPT: 2 MiB at guest-physical 0, readable, writable, executable, write-back.
build_ept:
        mov     qword [EPT], EPT + 0x1000 + 7
        mov     qword [EPT + 0x1000], EPT + 0x2000 + 7
        mov     qword [EPT + 0x2000], VM + 0xb7
        ret

; A VMCS at RAX with the fields of the table.
new_vmcs:
        mov     [vmcs_pointer], rax
        vmclear [vmcs_pointer]
        jbe     failed
        vmptrld [vmcs_pointer]
        jbe     failed
        mov     rsi, fields
.next:  mov     rdx, [rsi]
        cmp     rdx, -1
        je      .done
        vmwrite rdx, [rsi + 8]
        jbe     failed
        add     rsi, 16
        jmp     .next
.done:  ret

save_host:
        mov     rax, cr0
        mov     edx, 0x6c00
        vmwrite rdx, rax
        mov     rax, cr3
        mov     edx, 0x6c02
        vmwrite rdx, rax
        mov     rax, cr4
        mov     edx, 0x6c04
        vmwrite rdx, rax
        ret

exited:
        mov     [guest_rax], rax
        mov     [guest_rcx], rcx
        mov     [guest_rdx], rdx
        mov     [guest_rbx], rbx
        mov     [guest_rsi], rsi
        mov     [guest_rdi], rdi
        inc     qword [exits]
        mov     edx, EXIT_REASON
        vmread  rax, rdx
        call    on_exit
resume:
        mov     rax, [guest_rax]
        mov     rcx, [guest_rcx]
        mov     rdx, [guest_rdx]
        mov     rbx, [guest_rbx]
        mov     rsi, [guest_rsi]
        mov     rdi, [guest_rdi]
        vmresume
failed:
        mov     edx, 0x4400
        vmread  [error], rdx
        jmp     done
unexpected:
        mov     qword [error], 0xffff
done:
        inc     qword [finished]
.halt:  cli
        hlt
        jmp     .halt

; The guest goes on behind the instruction that exited.
skip:
        mov     edx, EXIT_LENGTH
        vmread  rcx, rdx
        mov     edx, GUEST_RIP
        vmread  rax, rdx
        add     rax, rcx
        vmwrite rdx, rax
        ret

; The guest gets an external interrupt with the vector in EAX at its next entry.
inject:
        or      eax, 0x80000000
        mov     edx, ENTRY_EVENT
        vmwrite rdx, rax
        ret

; The host's interrupt service routine for the device: found by the host vector in the host's IDT.
host_isr:
        push    rax
        in      al, 0x60
        movzx   eax, al
        mov     [host_data], rax
        inc     qword [host_isr_runs]
        pop     rax
        iretq

host_gdt:
        dq 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x0000893050000067, 0
host_gdtr:
        dw 0x2f
        dq host_gdt
host_idtr:
        dw 0xfff
        dq IDT
vmxon_pointer: dq VMXON
vmcs_pointer:  dq VMCS

fields:
        dq PINBASED, 0x16
        dq PROCBASED, 0x86006172               ; secondary controls, I/O bitmaps
        dq PROCBASED2, 2                       ; EPT
        dq EXIT_CONTROLS, 0x36ffb              ; 64-bit host
        dq ENTRY_CONTROLS, 0x13fb              ; 64-bit guest
        dq 0x2000, IO_BITMAP
        dq 0x2002, IO_BITMAP + 0x1000
        dq 0x201a, EPT + 0x1e                  ; write-back, four levels
        dq 0x2800, -1
        dq 0x0c02, 0x10
        dq 0x0c04, 0x18
        dq 0x0c0c, 0x20
        dq 0x6c0a, TASK
        dq 0x6c0c, host_gdt
        dq 0x6c0e, IDT
        dq 0x6c14, STACK
        dq 0x6c16, exited
        dq 0x6800, 0x80010033
        dq 0x6802, G_PAGES
        dq 0x6804, 0x2020
        dq 0x0802, 0x10
        dq 0x0804, 0x18
        dq 0x0806, 0x18
        dq 0x0800, 0x18
        dq 0x080e, 0x20
        dq 0x4800, 0xffffffff
        dq 0x4802, 0xffffffff
        dq 0x4804, 0xffffffff
        dq 0x4806, 0xffffffff
        dq 0x480e, 0x67
        dq 0x4814, 0xc093
        dq 0x4816, 0xa09b
        dq 0x4818, 0xc093
        dq 0x481a, 0xc093
        dq 0x481c, 0x10000
        dq 0x481e, 0x10000
        dq 0x4820, 0x10000
        dq 0x4822, 0x8b
        dq 0x6814, G_TASK
        dq 0x6816, G_GDT
        dq 0x4810, 0x1f
        dq 0x6818, G_IDT
        dq 0x4812, 0xfff
        dq 0x681a, 0x400
        dq 0x681c, G_STACK
        dq 0x681e, G_CODE
        dq 0x6820, 2
        dq -1

guest_rax: dq 0
guest_rcx: dq 0
guest_rdx: dq 0
guest_rbx: dq 0
guest_rsi: dq 0
guest_rdi: dq 0
; Observations every scenario has
exits:         dq 0
error:         dq 0
finished:      dq 0
host_isr_runs: dq 0
host_data:     dq 0
