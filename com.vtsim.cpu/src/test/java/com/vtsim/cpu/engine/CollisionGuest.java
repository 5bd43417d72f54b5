package com.vtsim.cpu.engine;

import com.vtsim.api.irq.StatelessController;
import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.State;
import java.util.Map;

/**
 * A 32-bit guest in which two causes are made to meet. Its handlers note in which order they ran, each with the address it returns to: a handler
 * that returns to the start of another was called before that one's first instruction, so its event was taken second.
 */
final class CollisionGuest {
    private CollisionGuest() { }

    /** 4-MByte pages: the first is there, the second is not; AT is where the causes meet. */
    private static final String GUEST = """
            lgdt    [gdtr]
            lidt    [idtr]
            mov     esp, 0x9000
            mov     ax, 0x40
            ltr     ax
            sti
            %s
            hlt
    common: mov     edi, [log]
            mov     eax, [esp]
            mov     [edi], eax
            mov     eax, [esp + 8]
            mov     [edi + 4], eax
            mov     eax, [esp + 4]
            mov     [edi + 8], eax
            add     edi, 12
            mov     [log], edi
            and     dword [esp + 16], -0x101
            ; RF is not set for an instruction breakpoint, which is in DR3 here: the handler has to.
            mov     eax, dr6
            test    al, 8
            jz      other
            or      dword [esp + 16], 0x10000
    other:  mov     eax, 0xffff0ff0
            mov     dr6, eax
            pop     eax
            add     esp, 4
            cmp     eax, 3
            jb      back
            cmp     eax, 32
            je      back
            hlt
    back:   iretd
    log:    dd 0xa000
            align 8
    gdt:    dq 0, 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
            ; 20: code, 28: data of 4 MiB; 30: code for execution only, not present; 38: data of DPL 3, not present
            dq 0x00c09a00000003ff, 0x00c09200000003ff, 0x00cf18000000ffff, 0x00cf72000000ffff
            ; 40: the task; 48: one to switch to; 50: the same, not present and too short; 58: too short; 60: busy and too short
            dq 0x0000890160000067, 0x0000890161000067, 0x0000090161000010, 0x0000890161000010, 0x00008b0161000010
            ; 68 and 70: code and data of user mode; 78: an LDT at 400000h
            dq 0x00cffa000000ffff, 0x00cff2000000ffff, 0x0000824000000017
    gdtr:   dw 0x7f
            dd gdt
    idtr:   dw 0x107
            dd idt
            align 8
    """;
    private static final int PORT = 0x80;
    /** Linear and physical address of the device in memory. */
    static final long DEVICE = 0xFE80_0000L;

    /**
     * Raises NMI (1), INTR (2) and INIT (4) during the OUT that asks for them, or, with bit 3, during the next read of the device in memory: a far
     * pointer to the other task.
     */
    private static final class Pins extends StatelessController implements PortDevice {
        private final SmallMachine machine;
        private int prepared;

        Pins(SmallMachine machine) {
            this.machine = machine;
        }

        @Override
        public void attach(Board board) {
            board.ports().map(PORT, 1, 1, this);
            board.memory().map(DEVICE, 4096, new MmioDevice() {
                @Override
                public long read(int offset, int size) {
                    raise(prepared);
                    prepared = 0;
                    return offset == 4 ? 0x48 : 0;
                }

                @Override
                public void write(int offset, int size, long value) { }
            });
        }

        @Override
        public int read(int port, int size) {
            return 0;
        }

        @Override
        public void write(int port, int size, int value) {
            if ((value & 8) != 0) {
                prepared = value;
            } else {
                raise(value);
            }
        }

        private void raise(int value) {
            if ((value & 1) != 0) {
                machine.cpu.nmi();
            }
            if ((value & 2) != 0) {
                machine.cpu.intr(true);
            }
            if ((value & 4) != 0) {
                machine.cpu.init();
            }
        }

        @Override
        public int acknowledge(int processor) {
            machine.cpu.intr(false);
            return 0x20;
        }
    }

    private static String tables() {
        StringBuilder text = new StringBuilder("idt:\n");
        for (int i = 0; i <= 0x20; i++) {
            text.append("dw stub").append(i).append(" - 0x10000, 0x10, 0x8e00, 1\n");
        }
        for (int i = 0; i <= 0x20; i++) {
            boolean code = i == 8 || i >= 10 && i <= 14 || i == 17;
            text.append("stub").append(i).append(": ").append(code ? "" : "push dword 0\n").append("push dword ").append(i).append("\njmp common\n");
        }
        return text.toString();
    }

    static SmallMachine guest(String body) {
        SmallMachine m = SmallMachine.flat(GUEST.formatted(body.replace("; ", "\n")) + tables());
        State state = m.board().call(m.cpu::save);
        m.board().add(new Pins(m));
        m.board().settle();
        m.board().call(() -> {
            m.cpu.restore(state);
            m.memory().write(0x1000, 4, 0x87);
            m.memory().write(0x1000 + (DEVICE >>> 22) * 4, 4, DEVICE | 0x83);
            m.cpu.register("cr3", 0x1000);
            m.cpu.register("cr4", SystemState.CR4_PSE | SystemState.CR4_DE);
            m.cpu.register("cr0", 0x8000_0031L);
            return null;
        });
        return m;
    }

    /** @return handlers as {@code vector@return address}, by label where it has one */
    static String run(SmallMachine m) {
        m.runToHalt();
        StringBuilder text = new StringBuilder();
        for (long at = 0xA000; at < m.peek(m.symbol("log"), 4); at += 12) {
            long ip = m.peek(at + 4, 4);
            String name = m.program.symbols().entrySet().stream().filter(e -> e.getValue() == ip && !e.getKey().equals("common"))
                .map(Map.Entry::getKey).findFirst().orElse(Long.toHexString(ip));
            text.append(text.isEmpty() ? "" : " ").append(Long.toHexString(m.peek(at, 4))).append('@').append(name);
        }
        return text.toString();
    }

    static void breakpoint(SmallMachine m, int number, long address, long control) {
        m.reg("dr" + number, address);
        m.reg("dr7", m.reg("dr7") | 2L << 2 * number | control << 16 + 4 * number);
    }

    static final String STEP = "pushfd; or dword [esp], 0x100; popfd; ";

    /** @return error codes of the handlers, in order */
    static String codes(SmallMachine m) {
        StringBuilder text = new StringBuilder();
        for (long at = 0xA000; at < m.peek(m.symbol("log"), 4); at += 12) {
            text.append(text.isEmpty() ? "" : " ").append(Long.toHexString(m.peek(at + 8, 4)));
        }
        return text.toString();
    }
}
