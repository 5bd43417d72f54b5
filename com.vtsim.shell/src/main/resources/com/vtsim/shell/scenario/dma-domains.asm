; Two functions of one device, each in a domain of its own.
;@ q35 vtd=true irq=apic
;+ edu1 com.vtsim.pci.edu vtsim.pci.address=00:03.0 dma.bits=64
;+ edu2 com.vtsim.pci.edu vtsim.pci.address=00:03.1 dma.bits=64
;< devices
;= S35a with the remapping off a device's write went to the monitor's memory as it was addressed ({hit}h): EPT has no say in it
;? hit == 0x1111111111111111
;= S35b with the remapping on the same write was blocked: the monitor's memory has {spared}h
;? spared == 0
;= S36 the remapping walks tables as paging does: entries {level3}h, {level2}h, {level1}h
;? level3 == 0x351003
;? level2 == 0x352003
;? level1 == 0x400003
;= S37 two functions of one device wrote to the same DMA address, and it was mapped differently: {own1}h at 400000h, {own2}h at 500000h
;? own1 == 0x1111111111111111
;? own2 == 0x2222222222222222
;= S38 root entry {root}h for the bus, context entry {context}h for device and function, page table, final address 400000h
;? root == 0x341001
;? context == 0x350001
;? own1 == 0x1111111111111111
;= S39 device 1 is in domain {domain1}, device 2 in domain {domain2}; neither reached the other's page, nor the memory at the address itself ({low_before}h, {low_after}h)
;? domain1 == 1
;? domain2 == 2
;? low_before == low_after
;= S8a the DMA targets of both devices were remapped into their own domains
;? own1 == 0x1111111111111111
;? own2 == 0x2222222222222222
;= S40 both tables changed and domain 1 alone was invalidated: device 1 went to its new page ({fresh1}h), device 2 still to its old one ({stale2}h)
;? fresh1 == 0x1111111111111111
;? stale2 == 0x2222222222222222
;= S41a two devices in domain 1 share its cached entries: what device 1 had cached served device 2 after the table had changed ({shared}h at the old page)
;? shared == 0x2222222222222222
;= S41b the same tables under domain ids 1 and 3 shared none: device 2 went to the new page ({apart2}h), device 1 still to the old one ({apart1}h)
;? apart1 == 0x1111111111111111
;? apart2 == 0x2222222222222222
;= S42a a page that is not present: fault reason {absent}
;? absent == 6
;= S42b a write to a page for reading only: fault reason {denied}
;? denied == 5
;= S42c an address above the guest address width: fault reason {beyond}
;? beyond == 4
;= S42d each recorded fault told the processor: {fault_interrupts} fault interrupts by vector 52h
;? fault_interrupts == 4

VICTIM      equ 0x330000
LEAF1       equ TABLE1 + 0x2000 + 8
LEAF2       equ TABLE2 + 0x2000 + 8

setup:
        mov     edi, 0x52
        mov     rsi, fault_isr
        call    host_gate
        call    devices_on
        mov     edx, VICTIM
        call    write1
        mov     rax, [VICTIM]
        mov     [hit], rax
        mov     qword [VICTIM], 0

        call    build_domains
        mov     qword [LEAF1], 0x400003
        mov     qword [LEAF1 + 8], 0x401001         ; DMA address 2000h, for reading only
        mov     qword [LEAF2], 0x500003
        call    remapping_on
        mov     edi, UNIT
        mov     dword [rdi + FEDATA], 0x52
        mov     dword [rdi + FEADDR], LOCAL_APIC
        mov     dword [rdi + FECTL], 0

        mov     rax, [0x1000]
        mov     [low_before], rax
        mov     edx, 0x1000
        call    write1
        mov     edx, 0x1000
        call    write2
        mov     rax, [0x1000]
        mov     [low_after], rax
        mov     rax, [0x400000]
        mov     [own1], rax
        mov     rax, [0x500000]
        mov     [own2], rax
        mov     rax, [ROOT]
        mov     [root], rax
        mov     rax, [CONTEXTS + DEVICE1 * 16]
        mov     [context], rax
        mov     rax, [TABLE1]
        mov     [level3], rax
        mov     rax, [TABLE1 + 0x1000]
        mov     [level2], rax
        mov     rax, [LEAF1]
        mov     [level1], rax
        movzx   eax, byte [CONTEXTS + DEVICE1 * 16 + 9]
        mov     [domain1], rax
        movzx   eax, byte [CONTEXTS + DEVICE2 * 16 + 9]
        mov     [domain2], rax

        mov     edx, VICTIM
        call    write1
        call    take
        mov     rax, [VICTIM]
        mov     [spared], rax
        mov     esi, WINDOW1
        mov     eax, 0x9000
        mov     edx, BUFFER + 8
        mov     ecx, INTO
        call    transfer
        call    take
        mov     [absent], rax
        mov     edx, 0x2000
        call    write1
        call    take
        mov     [denied], rax
        mov     rdx, 0x8000000000
        call    write1
        call    take
        mov     [beyond], rax

; Caches and domains
        mov     qword [LEAF1], 0x402003
        mov     qword [LEAF2], 0x502003
        mov     qword [0x500000], 0
        mov     eax, 1
        call    invalidate_domain
        mov     edx, 0x1000
        call    write1
        mov     edx, 0x1000
        call    write2
        mov     rax, [0x402000]
        mov     [fresh1], rax
        mov     rax, [0x500000]
        mov     [stale2], rax

        mov     qword [CONTEXTS + DEVICE2 * 16 + 8], 0x101
        mov     qword [CONTEXTS + DEVICE2 * 16], TABLE1 + 1
        call    invalidate_all
        mov     edx, 0x1000
        call    write1
        mov     qword [LEAF1], 0x403003
        mov     edx, 0x1000
        call    write2
        mov     rax, [0x402000]
        mov     [shared], rax

        mov     qword [CONTEXTS + DEVICE2 * 16 + 8], 0x301
        call    invalidate_all
        mov     edx, 0x1000
        call    write1
        mov     qword [LEAF1], 0x404003
        mov     qword [0x403000], 0
        mov     edx, 0x1000
        call    write1
        mov     edx, 0x1000
        call    write2
        mov     rax, [0x403000]
        mov     [apart1], rax
        mov     rax, [0x404000]
        mov     [apart2], rax
        jmp     done

; Takes the fault interrupt. The reason is in RAX afterwards.
take:
        sti
        nop
        nop
        cli
        jmp     fault

fault_isr:
        push    rdi
        inc     qword [fault_interrupts]
        mov     edi, LOCAL_APIC
        mov     dword [rdi + 0xb0], 0
        pop     rdi
        iretq

on_exit:
        jmp     done

hit: dq 0
spared: dq -1
low_before: dq 0
low_after: dq -1
own1: dq 0
own2: dq 0
root: dq 0
context: dq 0
level3: dq 0
level2: dq 0
level1: dq 0
domain1: dq 0
domain2: dq 0
absent: dq 0
denied: dq 0
beyond: dq 0
fault_interrupts: dq 0
fresh1: dq 0
stale2: dq 0
shared: dq 0
apart1: dq 0
apart2: dq 0

guest:
        hlt
guest_end:
