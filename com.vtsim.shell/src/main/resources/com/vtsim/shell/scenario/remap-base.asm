; Where software finds the unit on a platform with the GM45 layout: from bus 0, device 0, function 0.
;@ gm45 vtd=true
;< devices
;= S31a the memory controller hub's space lies where its MCHBAR register says; of its remap base registers VC0 (+20h) is {vc0}h, the others are not in use ({me}h, {graphics}h, {vc1}h)
;? vc0 == 0xfed90001
;? me == 0
;? graphics == 0
;? vc1 == 0
;= S31b bit 0 enables: there lies a remapping unit (version {version}h), and its RTADDR_REG at +20h points to the root table ({pointer}h)
;? version == 0x10
;? pointer == 0x340000
;= S31c with bit 0 clear nothing is there ({gone}h)
;? gone == 0xffffffff

HUB         equ 0xfed10000

setup:
        xor     ebx, ebx
        mov     ecx, 0x48
        mov     edx, HUB + 1
        call    config_write
        mov     esi, HUB
        mov     rax, [rsi + 0x10]
        mov     [me], rax
        mov     rax, [rsi + 0x18]
        mov     [graphics], rax
        mov     rax, [rsi + 0x28]
        mov     [vc1], rax
        mov     rax, [rsi + 0x20]
        mov     [vc0], rax
        and     ax, 0xf000
        mov     rdi, rax
        mov     eax, [rdi]
        mov     [version], rax
        call    build_domains
        mov     qword [rdi + RTADDR], ROOT
        mov     rax, [rdi + RTADDR]
        mov     [pointer], rax
        mov     dword [rsi + 0x20], 0
        mov     eax, [rdi]
        mov     [gone], rax
        jmp     done

on_exit:
        jmp     done

me: dq -1
graphics: dq -1
vc0: dq 0
vc1: dq -1
version: dq 0
pointer: dq 0
gone: dq 0

guest:
        hlt
guest_end:
