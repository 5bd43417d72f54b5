; The source's figure 1 from end to end: one monitor, two virtual machines, each with a device of its own in a domain of its own.
; Each machine programs its device with guest-physical addresses; the device reads and writes the machine's memory, and its interrupt comes
; through the interrupt remapping table to the monitor, which gives the machine a virtual one.
;@ q35 vtd=true irq=apic
;+ edu1 com.vtsim.pci.edu vtsim.pci.address=00:03.0 dma.bits=64
;+ edu2 com.vtsim.pci.edu vtsim.pci.address=00:03.1 dma.bits=64
;< devices
;= S8b machine A's device copied {copy_a}h within machine A, machine B's {copy_b}h within machine B, by the same DMA addresses
;? copy_a == 0xaaaaaaaaaaaaaaaa
;? copy_b == 0xbbbbbbbbbbbbbbbb
;= S3b memory: the same guest-physical address is host-physical {page_a}h and {page_b}h
;? page_a == 0x8000b7
;? page_b == 0xa000b7
;= S8c memory access and DMA agree: device 1's domain leads to {leaf_a}h, device 2's to {leaf_b}h
;? leaf_a == 0x810003
;? leaf_b == 0xa10003
;= S6b interrupts: device 1's message became host vector {vector_a}h, device 2's {vector_b}h by the remapping table; each machine's own handler ran once ({isr_a}, {isr_b})
;? vector_a == 0x61
;? vector_b == 0x62
;? isr_a == 1
;? isr_b == 1
;= S5c the three classes in one machine: {exits} exits in all, {interrupts} of them device interrupts
;? interrupts == 2
;= S35c told to write to the monitor's memory, machine B's device was blocked: {spared}h, fault reason {reason}
;? spared == 0
;? reason == 5

VM_B        equ 0xa00000
EPT_B       equ 0x314000
VICTIM      equ 0x330000
G_WINDOW    equ 0x200000
LEAF_A      equ TABLE1 + 0x2000 + G_DATA / 0x1000 * 8
LEAF_B      equ TABLE2 + 0x2000 + G_DATA / 0x1000 * 8

setup:
        call    devices_on
        call    build_domains
; Of each machine's memory its device reaches one page, under its guest-physical address.
        mov     qword [LEAF_A], VM + G_DATA + 3
        mov     qword [LEAF_B], VM_B + G_DATA + 3
; Interrupts: entry 1 for device 1 alone, entry 2 for device 2 alone.
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
        mov     ebx, DEVICE1
        mov     edx, LOCAL_APIC + 0x30                ; remappable format, index 1
        call    messages
        mov     ebx, DEVICE2
        mov     edx, LOCAL_APIC + 0x50                ; index 2
        call    messages
; The machines
        mov     qword [VM + G_DATA], 0
        mov     rax, 0xaaaaaaaaaaaaaaaa
        mov     [VM + G_DATA + 8], rax
        mov     rbx, VM
        mov     rsi, guest_isr
        mov     edi, 0x31
        call    guest_gate
        mov     rbx, VM_B
        call    build_guest
        mov     rsi, guest_isr
        mov     edi, 0x31
        call    guest_gate
        mov     rax, 0xbbbbbbbbbbbbbbbb
        mov     [VM_B + G_DATA + 8], rax
        mov     qword [EPT_B], EPT_B + 0x1000 + 7
        mov     qword [EPT_B + 0x1000], EPT_B + 0x2000 + 7
        mov     qword [EPT_B + 0x2000], VM_B + 0xb7
; Each has its device's window at guest-physical 200000h, uncached.
        mov     eax, WINDOW1 + 0x87
        mov     [EPT + 0x2008], rax
        mov     eax, WINDOW2 + 0x87
        mov     [EPT_B + 0x2008], rax
; The field's controls for both machines
interception:
        mov     edx, PINBASED
        mov     eax, 0x16 | EXTERNAL_INTERRUPT_EXITING
        vmwrite rdx, rax
        mov     edx, EXIT_CONTROLS
        mov     eax, 0x36ffb | ACKNOWLEDGE_ON_EXIT
        vmwrite rdx, rax
        ret

; The function EBX sends its interrupts as messages to address EDX.
messages:
        mov     ecx, 0x44
        call    config_write
        mov     ecx, 0x40
        mov     edx, 0x10000
        jmp     config_write

on_exit:
        cmp     eax, 1
        je      .interrupt
        cmp     qword [vmcs_pointer], VMCS
        jne     .second
; Machine A is done: machine B begins.
        mov     rax, VMCS + 0x10000
        call    new_vmcs
        mov     edx, 0x201a
        mov     eax, EPT_B + 0x1e
        vmwrite rdx, rax
        call    interception
        call    save_host
        vmlaunch
        jmp     failed
.interrupt:
        inc     qword [interrupts]
        mov     edx, EXIT_EVENT
        vmread  rax, rdx
        and     eax, 0xff
        mov     edi, LOCAL_APIC
        mov     dword [rdi + 0xb0], 0
        cmp     eax, 0x61
        jne     .b
        mov     [vector_a], rax
        jmp     .give
.b:     mov     [vector_b], rax
.give:  mov     eax, 0x31
        jmp     inject
.second:
        mov     rax, [VM + G_DATA + 0x100]
        mov     [copy_a], rax
        mov     rax, [VM_B + G_DATA + 0x100]
        mov     [copy_b], rax
        mov     rax, [VM + G_DATA]
        mov     [isr_a], rax
        mov     rax, [VM_B + G_DATA]
        mov     [isr_b], rax
        mov     rax, [EPT + 0x2000]
        mov     [page_a], rax
        mov     rax, [EPT_B + 0x2000]
        mov     [page_b], rax
        mov     rax, [LEAF_A]
        mov     [leaf_a], rax
        mov     rax, [LEAF_B]
        mov     [leaf_b], rax
        mov     edx, VICTIM
        call    write2
        call    fault
        mov     [reason], rax
        mov     rax, [VICTIM]
        mov     [spared], rax
        jmp     done

copy_a: dq 0
copy_b: dq 0
page_a: dq 0
page_b: dq 0
leaf_a: dq 0
leaf_b: dq 0
vector_a: dq 0
vector_b: dq 0
isr_a: dq 0
isr_b: dq 0
interrupts: dq 0
reason: dq 0
spared: dq -1

; Both machines run this: the device reads the word at G_DATA + 8 and writes it to G_DATA + 100h, then interrupts.
guest:
        mov     ebx, G_WINDOW
        sti
        mov     qword [rbx + 0x80], G_DATA + 8
        mov     qword [rbx + 0x88], BUFFER
        mov     qword [rbx + 0x90], 8
        mov     qword [rbx + 0x98], INTO
.read:  mov     rax, [rbx + 0x98]
        test    al, 1
        jnz     .read
        mov     qword [rbx + 0x80], BUFFER
        mov     qword [rbx + 0x88], G_DATA + 0x100
        mov     qword [rbx + 0x98], OUT_OF | AND_RING
.wait:  cmp     qword [G_DATA], 0
        je      .wait
        vmcall
guest_isr:
        push    rbx
        mov     ebx, G_WINDOW
        mov     dword [rbx + 0x64], 0x100
        inc     qword [G_DATA]
        pop     rbx
        iretq
guest_end:
