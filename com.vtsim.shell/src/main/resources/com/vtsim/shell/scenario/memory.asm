; What a guest calls physical is not final.
;= S5b a guest's access to memory the monitor has not given it came to the monitor: exit reason {reason}, guest-physical {gpa}h, qualification {violation}h
;? reason == 48
;? gpa == 0x400010
;? violation == 0x582
;= S7 guest-physical 100000h became host-physical 900000h by EPT: the byte there is {landed}h
;? landed == 0x77
;= S27 guest and host both use 100000h: the guest's write landed elsewhere, and the host's byte is unchanged ({before}h, {after}h)
;? before == after
;? landed == 0x77
;= S28 EPT converts by a walk of several levels: entries {level4}h, {level3}h, {level2}h
;? level4 == 0x303007
;? level3 == 0x304007
;? level2 == 0x8000b7
;= S29 the guest's address 100000h is guest-physical, the monitor's 900000h host-physical; the monitor's own 100000h went through no EPT
;? landed == 0x77
;? before == after
;= S30 the guest's CR3 holds guest-physical {guest_cr3}h, and its entries too ({guest_entry}h); the table lies at host-physical 801000h, which only EPT entries name
;? guest_cr3 == 0x1000
;? guest_entry == 0x2003
;? table == 0x2003

setup:
        movzx   eax, byte [0x100000]
        mov     [before], rax
        mov     rax, [EPT]
        mov     [level4], rax
        mov     rax, [EPT + 0x1000]
        mov     [level3], rax
        mov     rax, [EPT + 0x2000]
        mov     [level2], rax
        ret

on_exit:
        mov     [reason], rax
        mov     edx, GUEST_PHYSICAL
        vmread  [gpa], rdx
        mov     edx, QUALIFICATION
        vmread  [violation], rdx
        movzx   eax, byte [0x900000]
        mov     [landed], rax
        movzx   eax, byte [0x100000]
        mov     [after], rax
        mov     rax, [VM + G_DATA]
        mov     [guest_cr3], rax
        mov     rax, [VM + G_DATA + 8]
        mov     [guest_entry], rax
        mov     rax, [VM + G_PAGES]
        and     al, 0xdf                    ; the guest's walk has set the accessed flag
        mov     [table], rax
        jmp     done

reason: dq 0
gpa: dq 0
violation: dq 0
landed: dq 0
before: dq 0
after: dq -1
level4: dq 0
level3: dq 0
level2: dq 0
guest_cr3: dq 0
guest_entry: dq 0
table: dq 0

guest:
        mov     byte [0x100000], 0x77
        mov     rax, cr3
        mov     [G_DATA], rax
        mov     rax, [rax]
        and     al, 0xdf
        mov     [G_DATA + 8], rax
        mov     byte [0x400010], 1
        vmcall
guest_end:
