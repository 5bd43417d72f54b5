; devices.asm: what scenarios with DMA devices share: configuration space, two devices, a remapping unit.
;
; The educational device moves bytes between memory and a buffer of its own: source at +80h, destination at +88h, count at +90h, command at +98h.

UNIT        equ 0xfed90000
LOCAL_APIC  equ 0xfee00000
; Functions of bus 0, device 3: bits 7:3 device, 2:0 function
DEVICE1     equ 0x18
DEVICE2     equ 0x19
WINDOW1     equ 0xc0000000
WINDOW2     equ 0xc0200000
BUFFER      equ 0x40000
; Commands of the device
INTO        equ 1
OUT_OF      equ 3
AND_RING    equ 4
; Tables of the unit: root, contexts of bus 0, and for each domain three levels of a page each
ROOT        equ 0x340000
CONTEXTS    equ 0x341000
INTERRUPTS  equ 0x342000
TABLE1      equ 0x350000
TABLE2      equ 0x358000
; Registers of the unit
GCMD        equ 0x18
RTADDR      equ 0x20
CCMD        equ 0x28
FSTS        equ 0x34
FECTL       equ 0x38
FEDATA      equ 0x3c
FEADDR      equ 0x40
IRTA        equ 0xb8
FAULT       equ 0x400
IOTLB       equ 0x508

; Writes EDX to register ECX in configuration space of the function EBX.
config_write:
        push    rdx
        mov     eax, ebx
        shl     eax, 8
        add     eax, ecx
        or      eax, 0x80000000
        mov     edx, 0xcf8
        out     dx, eax
        pop     rax
        mov     edx, 0xcfc
        out     dx, eax
        ret

; Gives the function EBX its window at ESI, and lets it be bus master.
device_on:
        mov     ecx, 0x10
        mov     edx, esi
        call    config_write
        mov     ecx, 4
        mov     edx, 6
        jmp     config_write

; The device with its window at RSI moves 8 bytes from RAX to RDX by the command RCX.
transfer:
        mov     [rsi + 0x80], rax
        mov     [rsi + 0x88], rdx
        mov     qword [rsi + 0x90], 8
        mov     [rsi + 0x98], rcx
.busy:  mov     rax, [rsi + 0x98]
        test    al, 1
        jnz     .busy
        ret

; Both devices on, with 1111…h and 2222…h in their buffers. For this the remapping has to be off.
devices_on:
        mov     ebx, DEVICE1
        mov     esi, WINDOW1
        call    device_on
        mov     eax, ones
        mov     edx, BUFFER
        mov     ecx, INTO
        call    transfer
        mov     ebx, DEVICE2
        mov     esi, WINDOW2
        call    device_on
        mov     eax, twos
        mov     edx, BUFFER
        mov     ecx, INTO
        jmp     transfer

; The device writes its buffer to DMA address RDX.
write1: mov     esi, WINDOW1
        jmp     write
write2: mov     esi, WINDOW2
write:  mov     eax, BUFFER
        mov     ecx, OUT_OF
        jmp     transfer

; Device 1 in domain 1 with TABLE1, device 2 in domain 2 with TABLE2; nothing is mapped.
build_domains:
        mov     qword [ROOT], CONTEXTS + 1
        mov     qword [CONTEXTS + DEVICE1 * 16 + 8], 0x101      ; domain 1, 3 levels
        mov     qword [CONTEXTS + DEVICE1 * 16], TABLE1 + 1
        mov     qword [CONTEXTS + DEVICE2 * 16 + 8], 0x201      ; domain 2
        mov     qword [CONTEXTS + DEVICE2 * 16], TABLE2 + 1
        mov     qword [TABLE1], TABLE1 + 0x1000 + 3
        mov     qword [TABLE1 + 0x1000], TABLE1 + 0x2000 + 3
        mov     qword [TABLE2], TABLE2 + 0x1000 + 3
        mov     qword [TABLE2 + 0x1000], TABLE2 + 0x2000 + 3
        ret

remapping_on:
        mov     edi, UNIT
        mov     qword [rdi + RTADDR], ROOT
        mov     dword [rdi + GCMD], 0x40000000
        mov     dword [rdi + GCMD], 0x80000000
        ret

; Drops the cached translations of the domain in EAX.
invalidate_domain:
        mov     edi, UNIT
        shl     rax, 32
        mov     rdx, 0xa000000000000000
        or      rax, rdx
        mov     [rdi + IOTLB], rax
        ret

; Drops all context entries and translations.
invalidate_all:
        mov     edi, UNIT
        mov     rax, 0xa000000000000000
        mov     [rdi + CCMD], rax
        mov     rax, 0x9000000000000000
        mov     [rdi + IOTLB], rax
        ret

; The reason of the fault recorded, in RAX, 0 if there is none. It is cleared.
fault:
        mov     edi, UNIT
        mov     rax, [rdi + FAULT + 8]
        btr     rax, 63
        jc      .there
        xor     eax, eax
        ret
.there: shr     rax, 32
        and     eax, 0xff
        mov     dword [rdi + FAULT + 12], 0x80000000
        mov     dword [rdi + FSTS], 0x71
        ret

ones:   dq 0x1111111111111111
twos:   dq 0x2222222222222222
