; A device the guest sees in memory, and that exists in the monitor only.
;= S34b the monitor virtualised the device by its memory: an EPT violation (reason {reason}) at guest-physical {gpa}h, and the guest read {value}h
;? reason == 48
;? gpa == 0x200010
;? value == 0x12345678

setup:
        ret

on_exit:
        cmp     eax, 48
        jne     .end
        mov     [reason], rax
        mov     edx, GUEST_PHYSICAL
        vmread  [gpa], rdx
        mov     qword [guest_rax], 0x12345678
        mov     edx, GUEST_RIP
        vmread  rax, rdx
        add     rax, guest_next - guest_read
        vmwrite rdx, rax
        ret
.end:   mov     rax, [VM + G_DATA]
        mov     [value], rax
        jmp     done

reason: dq 0
gpa: dq 0
value: dq 0

guest:
        mov     ebx, 0x200010
guest_read:
        mov     eax, [rbx]
guest_next:
        mov     [G_DATA], rax
        vmcall
guest_end:
