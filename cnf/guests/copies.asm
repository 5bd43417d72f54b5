; copies.asm: keeps the educational DMA device behind a root port busy, and holds each byte that it moved against the original.
;
; Blocks of 1 KiB go from SOURCE into the device's buffer and from there to COPY, again and again. A device that reads all ones
; has been taken out: the guest waits for the link to come up, sets the card up anew, and repeats the block. A device that was
; only replaced by a newer version of itself must not be noticed at all.
;
; Flat, protected mode, at 10_0000h. Counters for the one who watches: whole rounds, wrong blocks, cards set up; who sets the
; word behind them ends it after a whole round.

        bits 32
        org 0x100000

rounds  equ 0x6000
wrong   equ 0x6004
cards   equ 0x6008
enough  equ 0x600c
bar     equ 0xc0000000
SOURCE  equ 0x200000
COPY    equ 0x210000
BUFFER  equ 0x40000
BLOCK   equ 1024
BLOCKS  equ 64
PORT    equ 0x8000e000          ; 00:1c.0
CARD    equ 0x80010000          ; 01:00.0

start:
        cld
        mov dword [rounds], 0
        mov dword [wrong], 0
        mov dword [cards], 0
        mov dword [enough], 0

; Root port: buses, a memory window, no others; forwards memory and requests
        mov eax, PORT | 0x18
        mov ebx, 0x00010100
        call config
        mov eax, PORT | 0x20
        mov ebx, 0xc000c000
        call config
        mov eax, PORT | 0x24
        mov ebx, 0x0000fff0
        call config
        mov eax, PORT | 0x04
        mov ebx, 6
        call config
        call setup

round:
        xor esi, esi            ; block
.next:
        mov eax, esi
        shl eax, 10
        add eax, SOURCE
        mov ebx, BUFFER
        mov ecx, 1
        call transfer
        jc .again
        mov eax, BUFFER
        mov ebx, esi
        shl ebx, 10
        add ebx, COPY
        mov ecx, 3
        call transfer
        jc .again
        call compare
        inc esi
        cmp esi, BLOCKS
        jb .next
        inc dword [rounds]
        cmp dword [enough], 0
        jne .end
        call clear
        jmp round
.again: call setup
        jmp .next
.end:   cli
        hlt

; Waits for the link and for a card that answers, and sets it up
setup:
        mov eax, PORT | 0x50
        call read
        test eax, 0x20000000    ; link active
        jz setup
        mov eax, CARD
        call read
        cmp eax, 0x11e81234
        jne setup
        mov eax, CARD | 0x10
        mov ebx, bar
        call config
        mov eax, CARD | 0x04
        mov ebx, 6
        call config
        cmp dword [bar], 0x010000ed
        jne setup
        inc dword [cards]
        ret

; eax source, ebx destination, ecx command; carry if the card has gone
transfer:
        mov [bar+0x80], eax
        mov dword [bar+0x84], 0
        mov [bar+0x88], ebx
        mov dword [bar+0x8c], 0
        mov dword [bar+0x90], BLOCK
        mov dword [bar+0x94], 0
        mov [bar+0x98], ecx
.wait:  cmp dword [bar], 0x010000ed
        jne .gone
        test dword [bar+0x98], 1
        jnz .wait
        cmp dword [bar], 0x010000ed
        jne .gone
; A card that was taken out and put in again reads 0 here until it is set up
        cmp dword [bar+0x90], BLOCK
        jne .gone
        clc
        ret
.gone:  stc
        ret

compare:
        push esi
        mov edi, esi
        shl esi, 10
        mov edi, esi
        add esi, SOURCE
        add edi, COPY
        mov ecx, BLOCK / 4
        repe cmpsd
        je .same
        inc dword [wrong]
.same:  pop esi
        ret

; The copy, so that the next round proves something
clear:
        mov edi, COPY
        mov ecx, BLOCKS * BLOCK / 4
        xor eax, eax
        rep stosd
        ret

; Writes ebx to configuration register eax
config:
        mov dx, 0xcf8
        out dx, eax
        mov dx, 0xcfc
        mov eax, ebx
        out dx, eax
        ret

; Reads configuration register eax
read:
        mov dx, 0xcf8
        out dx, eax
        mov dx, 0xcfc
        in eax, dx
        ret
