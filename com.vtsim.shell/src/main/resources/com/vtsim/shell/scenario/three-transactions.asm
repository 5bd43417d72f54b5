;= S33a the processor reached a device by memory: the timer's identification reads {timer}h, and its counter holds what was written ({counter}h)
;? timer == 0x8086
;? counter == 0x12345678
;= S33b by I/O: the 8259's mask holds what was written ({mask}h)
;? mask == 0xf1
;= S33c by configuration: the host bridge reads {bridge}h, and the LPC bridge's PIRQA register went from {route_before}h to {route}h
;? bridge == 0x29c08086
;? route_before != 0x0b
;? route == 0x0b
;= S33d the same configuration space seen in memory at B0000000h: {mapped}h
;? mapped == 0x29c08086

; The monitor itself: no VM is launched. What lies above 1 GiB is mapped first: the timer and the window of configuration space.
TABLES equ 0x310000

setup:
        mov     rax, cr3
        mov     rax, [rax]
        and     rax, -4096
        mov     qword [rax + 0x18], TABLES + 3
        mov     qword [rax + 0x10], TABLES + 0x1003
        mov     eax, 0xfec0009b
        mov     [TABLES + 8 * 0x1f6], rax
        mov     eax, 0xb000009b
        mov     [TABLES + 0x1000 + 8 * 0x180], rax
        mov     rax, cr3
        mov     cr3, rax
; Memory
        mov     ebx, 0xfed00000
        mov     eax, [rbx]
        shr     eax, 16
        mov     [timer], rax
        mov     dword [rbx + 0x10], 0
        mov     dword [rbx + 0xf0], 0x12345678
        mov     eax, [rbx + 0xf0]
        mov     [counter], rax
; I/O
        mov     al, 0xf1
        out     0x21, al
        in      al, 0x21
        movzx   eax, al
        mov     [mask], rax
; Configuration
        mov     eax, 0x80000000
        call    address
        in      eax, dx
        mov     [bridge], rax
        mov     eax, 0x8000f860
        call    address
        in      al, dx
        movzx   eax, al
        mov     [route_before], rax
        mov     al, 0x0b
        out     dx, al
        in      al, dx
        movzx   eax, al
        mov     [route], rax
; Configuration space in memory: PCIEXBAR
        mov     eax, 0x80000064
        call    address
        xor     eax, eax
        out     dx, eax
        mov     eax, 0x80000060
        call    address
        mov     eax, 0xb0000001
        out     dx, eax
        mov     ebx, 0xb0000000
        mov     eax, [rbx]
        mov     [mapped], rax
        jmp     done

; The configuration address in EAX; DX names its data afterwards.
address:
        mov     dx, 0xcf8
        out     dx, eax
        mov     dx, 0xcfc
        ret

on_exit:
        jmp     done

timer: dq 0
counter: dq 0
mask: dq 0
bridge: dq 0
route_before: dq 0
route: dq 0
mapped: dq 0

guest:
        hlt
guest_end:
