; Other platforms have the base elsewhere: three units, each found its own way.
;@ q35
;+ vtd0 com.vtsim.vtd layout=client-vc0 base=fed91000 scope=00:02.0
;+ vtd1 com.vtsim.vtd layout=server base=fed92000 scope=00:1d.0
;+ vtd2 com.vtsim.vtd layout=fixed base=fed90000 scope=all
;+ vtbar com.vtsim.vtd.vtbar vtsim.pci.address=00:05.0
;< devices
;= S32a a client's base is VTC0BAR at MCHBAR + 5410h: {client}h, and there lies a unit (version {client_version}h)
;? client == 0xfed91001
;? client_version == 0x10
;= S32b a server's is VTBAR in configuration space of a function: {server}h, version {server_version}h
;? server == 0xfed92001
;? server_version == 0x10
;= S32c a unit at the fixed address FED9_0000h, which the ACPI DMAR table announces: version {fixed_version}h
;? fixed_version == 0x10

HUB         equ 0xfed10000
ECAM        equ 0xe0000000

setup:
        xor     ebx, ebx
        mov     ecx, 0x48
        mov     edx, HUB + 1
        call    config_write
        mov     esi, HUB
        mov     rax, [rsi + 0x5410]
        mov     [client], rax
        and     ax, 0xf000
        mov     eax, [rax]
        mov     [client_version], rax
        mov     ecx, 0x60
        mov     edx, ECAM + 1
        call    config_write
        mov     esi, ECAM + 0x28 * 0x1000
        mov     eax, [rsi + 0x180]
        mov     [server], rax
        and     ax, 0xf000
        mov     eax, [rax]
        mov     [server_version], rax
        mov     edi, UNIT
        mov     eax, [rdi]
        mov     [fixed_version], rax
        jmp     done

on_exit:
        jmp     done

client: dq 0
client_version: dq 0
server: dq 0
server_version: dq 0
fixed_version: dq 0

guest:
        hlt
guest_end:
