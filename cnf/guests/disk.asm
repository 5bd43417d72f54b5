; disk.asm: writes numbered pages to an NVMe disk for as long as it runs, and says which of them are flushed.
;
; Page n of the disk is filled with the double word n. After every 16 pages the guest has the disk flush and says "flushed" and the number of the
; last page in hexadecimal: whatever becomes of VTSim afterwards, these pages are on the host. It begins anew when the 16 MiB of the disk are full.
;
; Flat, in protected mode; the controller is at 00:04.0: machine:load NAME asm cnf/guests/disk.asm --mode protected

        bits 32
        org 0x100000

registers   equ 0xc0000000
admin_sq    equ 0x200000
admin_cq    equ 0x201000
io_sq       equ 0x202000
io_cq       equ 0x203000
page        equ 0x204000
entries     equ 16
pages       equ 4096

start:
        mov esp, 0x1ff000
        cld
        mov edi, admin_sq
        xor eax, eax
        mov ecx, 0x4000 / 4
        rep stosd

; 16550A: 115200 baud, 8 bits, no parity
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

; Function 00:04.0: region 0, then memory space and bus master
        mov eax, 0x80002010
        mov ebx, registers
        call config
        mov eax, 0x80002014
        xor ebx, ebx
        call config
        mov eax, 0x80002004
        mov ebx, 6
        call config

; The controller: admin queues, enabled, ready
        mov esi, registers
        mov dword [esi+0x24], (entries - 1) << 16 | entries - 1
        mov dword [esi+0x28], admin_sq
        mov dword [esi+0x2c], 0
        mov dword [esi+0x30], admin_cq
        mov dword [esi+0x34], 0
        mov dword [esi+0x14], 0x00460001
.ready: test dword [esi+0x1c], 1
        jz .ready

; Create I/O completion queue 1 and submission queue 1
        mov dword [admin_sq], 0x05
        mov dword [admin_sq+24], io_cq
        mov dword [admin_sq+40], (entries - 1) << 16 | 1
        mov dword [admin_sq+44], 1
        mov dword [admin_sq+64], 0x01
        mov dword [admin_sq+64+24], io_sq
        mov dword [admin_sq+64+40], (entries - 1) << 16 | 1
        mov dword [admin_sq+64+44], 1 << 16 | 1
        mov dword [esi+0x1000], 2
.made:  test dword [admin_cq+16+12], 0x10000
        jz .made

        xor ebp, ebp            ; page
.next:  mov edi, page
        mov eax, ebp
        mov ecx, 4096 / 4
        rep stosd
        mov eax, 0x01           ; write
        call command
        lea eax, [ebp+1]
        test eax, 15
        jnz .more
        mov eax, 0x00           ; flush
        call command
        mov edi, flushed
        call print
        mov ebx, ebp
        call number
        mov edi, line
        call print
.more:  inc ebp
        cmp ebp, pages
        jb .next
        xor ebp, ebp
        jmp .next

; Opcode in EAX, for page EBP; returns when it is complete, and stops if it failed.
command:
        mov edi, [tail]
        shl edi, 6
        add edi, io_sq
        mov [edi], eax
        mov dword [edi+4], 1
        mov dword [edi+24], page
        mov eax, ebp
        shl eax, 3
        mov [edi+40], eax
        mov dword [edi+48], 7   ; eight blocks
        mov eax, [tail]
        mov edx, eax
        inc eax
        and eax, entries - 1
        mov [tail], eax
        mov [esi+0x1008], eax
        shl edx, 4
        add edx, io_cq
.wait:  mov eax, [edx+12]
        shr eax, 16
        xor eax, [phase]
        test eax, 1
        jz .wait
        cmp ax, 1
        ja .failed
        mov eax, [tail]
        test eax, eax
        jnz .same
        xor dword [phase], 1
.same:  mov [esi+0x100c], eax
        ret
.failed:
        mov edi, failed
        call print
        cli
        hlt

config: mov dx, 0xcf8
        out dx, eax
        mov dx, 0xcfc
        mov eax, ebx
        out dx, eax
        ret

; EBX as eight hexadecimal digits
number: mov ecx, 8
.digit: rol ebx, 4
        mov eax, ebx
        and eax, 15
        mov al, [digits+eax]
        call put
        loop .digit
        ret

print:  mov al, [edi]
        inc edi
        test al, al
        jz .end
        call put
        jmp print
.end:   ret

put:    push eax
        mov dx, 0x3fd
.busy:  in al, dx
        test al, 0x20
        jz .busy
        pop eax
        mov dx, 0x3f8
        out dx, al
        ret

tail    dd 0
phase   dd 0
digits  db "0123456789abcdef"
flushed db "flushed ", 0
line    db 13, 10, 0
failed  db "failed", 13, 10, 0
