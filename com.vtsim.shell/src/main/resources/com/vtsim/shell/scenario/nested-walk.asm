; Four levels of the guest's own over four levels of EPT, all of 4 KiB, and nothing cached.
;= S30b every step of the guest's walk took an EPT walk of its own: the first instruction took {walk} reads (4 steps of 4 + 1, and 4 for the page)
;? walk == 24
;! reads walk guest_first

; The guest's page table, in its memory, and the last level of EPT
G_TABLE equ 0x9000
LEAVES  equ 0x310000

setup:
        mov     qword [VM + G_PAGES + 0x2000], G_TABLE + 3
        mov     ecx, 512
        xor     ebx, ebx
        mov     edx, VM + 0x37
.next:  mov     eax, ebx
        shl     eax, 12
        or      eax, 3
        mov     [VM + G_TABLE + rbx * 8], rax
        mov     [LEAVES + rbx * 8], rdx
        add     rdx, 0x1000
        inc     ebx
        loop    .next
        mov     qword [EPT + 0x2000], LEAVES + 7
        ret

on_exit:
        jmp     done

walk: dq 0

guest:
guest_first:
        nop
        vmcall
guest_end:
