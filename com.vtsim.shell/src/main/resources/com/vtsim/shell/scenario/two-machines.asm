; Two virtual machines on one platform.
;= S3 both wrote to guest-physical 100000h: machine A's byte is {byte_a}h, machine B's {byte_b}h, and A read back its own ({seen}h)
;? byte_a == 0xaa
;? byte_b == 0xbb
;? seen == 0xaa
;= S2a the shape of a pure hypervisor: the monitor below, machines above, {exits} exits in all
;? exits == 3

VM_B        equ 0xa00000
EPT_B       equ 0x314000

setup:
        mov     rbx, VM_B
        call    build_guest
        mov     qword [EPT_B], EPT_B + 0x1000 + 7
        mov     qword [EPT_B + 0x1000], EPT_B + 0x2000 + 7
        mov     qword [EPT_B + 0x2000], VM_B + 0xb7
        mov     byte [VM + G_DATA], 0xaa
        mov     byte [VM_B + G_DATA], 0xbb
        ret

; A exits, B runs and exits, A goes on and exits.
on_exit:
        mov     rcx, [exits]
        cmp     rcx, 1
        je      .first
        cmp     rcx, 2
        je      .second
        movzx   eax, byte [VM + 0x100000]
        mov     [byte_a], rax
        movzx   eax, byte [VM_B + 0x100000]
        mov     [byte_b], rax
        movzx   eax, byte [VM + G_DATA + 8]
        mov     [seen], rax
        jmp     done
.first:
        call    skip
        mov     rax, VMCS + 0x10000
        call    new_vmcs
        mov     edx, 0x201a
        mov     eax, EPT_B + 0x1e
        vmwrite rdx, rax
        call    save_host
        vmlaunch
        jmp     failed
.second:
        mov     qword [vmcs_pointer], VMCS
        vmptrld [vmcs_pointer]
        ret

byte_a: dq 0
byte_b: dq 0
seen: dq 0

guest:
        mov     al, [G_DATA]
        mov     [0x100000], al
        vmcall
        mov     al, [0x100000]
        mov     [G_DATA + 8], al
        vmcall
guest_end:
