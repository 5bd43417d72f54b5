; ticks.asm: counts timer interrupts, and holds the count against a second clock that no interrupt controller has a part in.
;
; The 8254 interrupts 1000 times a second through the 8259. Meanwhile the guest keeps busy with a scribble in memory, and
; reports every hundredth interrupt over the serial port. At the end it reads from the ACPI timer how many periods of the
; 8254 have passed. If the numbers are equal, no interrupt was lost and none came twice.
;
; A boot sector in real mode: machine:load NAME asm cnf/guests/ticks.asm

        bits 16
        org 0x7c00

; Data, in a page apart from the code
began   equ 0x6000
ticks   equ 0x6004
periods equ 0x6008
next    equ 0x600c
seed    equ 0x6010

start:
        cli
        cld
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x7c00
        mov dword [ticks], 0
        mov dword [next], 100
        mov dword [seed], 1

; 16550A: 115200 baud, 8 bits, no parity; interrupts off
        mov dx, 0x3fb
        mov al, 0x80
        out dx, al
        mov dx, 0x3f8
        mov al, 1
        out dx, al
        inc dx
        xor al, al
        out dx, al
        mov dx, 0x3fb
        mov al, 3
        out dx, al

; LPC bridge 00:1f.0: ACPI registers at port 600h (PMBASE), and enabled (ACPI_CNTL)
        mov eax, 0x8000f840
        mov ebx, 0x601
        call config
        mov eax, 0x8000f844
        mov ebx, 0x80
        call config

; 8254, counter 0: mode 2. Its output goes high with this, which the 8259A would take for an interrupt: so this comes before it.
        mov al, 0x34
        out 0x43, al

; 8259A pair: vectors 20h and 28h, slave on line 2, edge-triggered; everything masked but line 0
        mov dword [0x80], tick
        mov al, 0x11
        out 0x20, al
        out 0xa0, al
        mov al, 0x20
        out 0x21, al
        mov al, 0x28
        out 0xa1, al
        mov al, 4
        out 0x21, al
        mov al, 2
        out 0xa1, al
        mov al, 1
        out 0x21, al
        out 0xa1, al
        mov al, 0xfe
        out 0x21, al
        mov al, 0xff
        out 0xa1, al

        mov si, hello
        call print

; The counter starts with its count: an interrupt every 1193 of 1193182 cycles a second.
        call clock
        mov [began], eax
        mov ax, 1193
        out 0x40, al
        mov al, ah
        out 0x40, al
        sti

work:
        imul eax, [seed], 1103515245
        add eax, 12345
        mov [seed], eax
        mov bx, ax
        and bx, 0x0ffc
        xor [bx+0x8000], eax
        mov eax, [ticks]
        cmp eax, [next]
        jb work
        mov eax, [next]
        add dword [next], 100
        call decimal
        mov si, taken
        call print
        cmp dword [next], 1000
        jbe work

; Right behind the next interrupt both clocks are read.
        mov eax, [ticks]
tickless:
        cmp eax, [ticks]
        je tickless
        cli
        call clock
        sub eax, [began]
        and eax, 0xffffff
        add eax, 1789
        xor edx, edx
        mov ecx, 3579
        div ecx
        mov [periods], eax

        mov si, counted
        call print
        mov eax, [ticks]
        call decimal
        mov si, passed
        call print
        mov eax, [periods]
        call decimal
        mov si, right
        mov eax, [periods]
        cmp eax, [ticks]
        je verdict
        mov si, wrong
verdict:
        call print
stop:
        hlt
        jmp stop

; The interrupt: one more, and the 8259 may send the next.
tick:
        push ax
        inc dword [ticks]
        mov al, 0x20
        out 0x20, al
        pop ax
        iret

; Writes ebx to the PCI configuration register that eax selects.
config:
        mov dx, 0xcf8
        out dx, eax
        mov dx, 0xcfc
        mov eax, ebx
        out dx, eax
        ret

; Reads the ACPI timer, 3579545 Hz, 24 bits: three of its cycles are one of the 8254, 3579 are a period.
clock:
        mov dx, 0x608
        in eax, dx
        and eax, 0xffffff
        ret

; Prints eax.
decimal:
        mov ecx, 10
        xor bx, bx
digit:
        xor edx, edx
        div ecx
        push dx
        inc bx
        test eax, eax
        jnz digit
shown:
        pop ax
        add al, '0'
        call put
        dec bx
        jnz shown
        ret

; Prints what si points to, up to a zero.
print:
        lodsb
        test al, al
        jz printed
        call put
        jmp print
printed:
        ret

; Sends al when the transmitter is empty.
put:
        mov ah, al
        mov dx, 0x3fd
busy:
        in al, dx
        test al, 0x20
        jz busy
        mov dx, 0x3f8
        mov al, ah
        out dx, al
        ret

hello:  db 'The guest counts timer interrupts.', 13, 10, 0
taken:  db ' interrupts', 13, 10, 0
counted: db 'Taken: ', 0
passed: db '. Periods of the timer passed: ', 0
right:  db '. None lost.', 13, 10, 0
wrong:  db '. WRONG.', 13, 10, 0
