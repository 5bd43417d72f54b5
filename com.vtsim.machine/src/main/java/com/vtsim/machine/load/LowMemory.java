package com.vtsim.machine.load;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * What a PC's firmware has left below 1 MiB for software that goes back to real mode or asks the BIOS data area where low
 * memory ends: an interrupt vector table, the data area, and handlers. The services of a BIOS are not there: each fails the
 * way a BIOS fails a call it does not know (carry set, AH = 86h); interrupt lines are ended and otherwise ignored.
 */
final class LowMemory {
    /** First address that is firmware's: its extended data area up to {@link Ram#LOW_END}. */
    static final long END = Ram.LOW_END - 1024;
    /** First address of the area for firmware and its tables below 1 MiB. */
    static final long FIRMWARE = 0xE_0000;

    private static final int VECTORS = 256;
    private static final int DATA = 0x400;
    private static final int DATA_END = 0x500;
    private static final int COM1 = 0x3F8;
    private static final long HANDLERS = 0xF_E000;
    private static final int HANDLER_SEGMENT = 0xF000;
    private static final int HANDLER_OFFSET = 0xE000;

    /** push bp; mov bp,sp; or byte [bp+6],1; pop bp; mov ah,86h; iret. */
    private static final byte[] SERVICE = code(0x55, 0x89, 0xE5, 0x80, 0x4E, 0x06, 0x01, 0x5D, 0xB4, 0x86, 0xCF);
    /** push ax; mov al,20h; out 20h,al; pop ax; iret. */
    private static final byte[] MASTER = code(0x50, 0xB0, 0x20, 0xE6, 0x20, 0x58, 0xCF);
    /** push ax; mov al,20h; out a0h,al; out 20h,al; pop ax; iret. */
    private static final byte[] SLAVE = code(0x50, 0xB0, 0x20, 0xE6, 0xA0, 0xE6, 0x20, 0x58, 0xCF);

    private LowMemory() { }

    /** Takes the vectors and the data area, unless the image wants that memory. @return what lies above RAM's part: the handlers */
    static List<Image.Segment> in(Ram ram) {
        byte[] low = new byte[DATA_END];
        ByteBuffer bytes = ByteBuffer.wrap(low).order(ByteOrder.LITTLE_ENDIAN);
        for (int vector = 0; vector < VECTORS; vector++) {
            bytes.putShort(4 * vector, (short) (HANDLER_OFFSET + handler(vector))).putShort(4 * vector + 2, (short) HANDLER_SEGMENT);
        }
        bytes.putShort(DATA, (short) COM1);
        bytes.putShort(DATA + 0x0E, (short) (END >> 4));
        // Equipment: a coprocessor, one serial port.
        bytes.putShort(DATA + 0x10, (short) 0x0202);
        bytes.putShort(DATA + 0x13, (short) (END >> 10));
        if (ram.place("BIOS data area", low, 1, 0, low.length) == null) {
            return List.of();
        }
        return List.of(new Image.Segment("BIOS handlers", HANDLERS,
            ByteBuffer.allocate(SERVICE.length + MASTER.length + SLAVE.length).put(SERVICE).put(MASTER).put(SLAVE).array()));
    }

    private static int handler(int vector) {
        if (vector >= 0x08 && vector < 0x10) {
            return SERVICE.length;
        }
        return vector >= 0x70 && vector < 0x78 ? SERVICE.length + MASTER.length : 0;
    }

    private static byte[] code(int... bytes) {
        byte[] code = new byte[bytes.length];
        for (int i = 0; i < code.length; i++) {
            code[i] = (byte) bytes[i];
        }
        return code;
    }
}
