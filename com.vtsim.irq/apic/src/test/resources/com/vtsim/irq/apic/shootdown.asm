; Four processors read a page whose mapping they change in turns. Who changes it tells the others by an interrupt, waits until each has
; dropped its translation, and only then spoils the page that was mapped before. Nobody may ever read what is spoilt.
PAGE equ 0x800000
TABLE equ 0x2000
POISON equ 0xdeadbeef
APIC equ 0xfee00000
OTHERS equ 4 - 1

        org 0x8000
        bits 16
        cli
        xor ax, ax
        mov ds, ax
        lgdt [gdtr]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp dword 0x08:start

        bits 32
first:
        mov dword [0x1000], 0x83
        mov dword [0x1004], 0x400083
        mov dword [0x1008], TABLE + 3
        mov dword [0x1fec], 0xfec0009b
        mov dword [TABLE], 0x300003
        lgdt [gdtr]
        mov dword [APIC + 0xf0], 0x1ff
        mov dword [APIC + 0x300], 0xc4500      ; INIT, start-up at 8000h: to all but this one
        mov dword [APIC + 0x300], 0xc4608
        jmp 0x08:start
start:
        mov ax, 0x10
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov eax, 0x10
        mov cr4, eax
        mov eax, 0x1000
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80010000
        mov cr0, eax
        mov esi, [APIC + 0x20]
        shr esi, 24
        lea esp, [esi + 1]
        shl esp, 12
        add esp, 0x20000
        lidt [idtr]
        mov dword [APIC + 0xf0], 0x1ff
        sti
        lock inc dword [ready]
together:
        cmp dword [ready], OTHERS + 1
        pause
        jne together

        mov edi, [rounds]
round:
        mov ecx, 20
look:
        mov eax, [PAGE]
        cmp eax, POISON
        jne fresh
        lock inc dword [stale]
fresh:
        dec ecx
        jnz look
        mov eax, 1
        xchg eax, [taken]
        test eax, eax
        jz change
        ; who has to wait goes on looking
        pause
        mov ecx, 1
        jmp look
change:
        mov ebx, [TABLE]
        and ebx, 0xfffff000
        mov edx, ebx
        xor edx, 0x1000
        mov [edx], edi
        mov dword [answers], 0
        lea eax, [edx + 3]
        mov [TABLE], eax
        invlpg [PAGE]
        mov dword [APIC + 0x300], 0xc4041
answered:
        cmp dword [answers], OTHERS
        pause
        jne answered
        mov dword [ebx], POISON
        ; time for the others to read what they should not
        mov ecx, 300
linger: dec ecx
        jnz linger
        lock inc dword [changes]
        mov dword [taken], 0
        pause
        dec edi
        jnz round
        lock inc dword [done]
finished:
        cmp dword [done], OTHERS + 1
        pause
        jne finished
        cli
        hlt

shootdown:
        cmp dword [lazy], 0
        jne keep
        invlpg [PAGE]
keep:
        lock inc dword [answers]
        mov dword [APIC + 0xb0], 0
        iretd

        align 64
rounds: dd 0
lazy:   dd 0
ready:  dd 0
taken:  dd 0
answers: dd 0
changes: dd 0
stale:  dd 0
done:   dd 0
        align 8
gdt:    dq 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdtr:   dw 0x17
        dd gdt
idtr:   dw 0x20f
        dd idt
        align 8
idt:    resb 0x41 * 8
        dw shootdown, 0x08, 0x8e00, 0
