package com.vtsim.pci.nvme;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** A submission queue entry. One is used for all. Source: NVM Express Base Specification 1.4, Submission Queue Entry. */
final class Command {
    static final int LENGTH = 64;
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    final byte[] bytes = new byte[LENGTH];
    /** Out: double word 0 of the completion. */
    int result;
    /** Out: the first byte of the entry that is at fault, for the error log; FFFFh if none is. */
    int culprit;

    int opcode() {
        return bytes[0] & 0xFF;
    }

    /** @return fused operation (1:0) and kind of data pointer (7:6): 0 is a single command with PRPs */
    int form() {
        return bytes[1] & 0xC3;
    }

    /** @return whether its data pointer is a scatter gather list descriptor */
    boolean hasList() {
        return (bytes[1] & 0xC0) != 0;
    }

    int id() {
        return dword(0) >>> 16;
    }

    int namespace() {
        return dword(1);
    }

    long prp1() {
        return (long) LONG.get(bytes, 24);
    }

    long prp2() {
        return (long) LONG.get(bytes, 32);
    }

    /** @param index 0–15 */
    int dword(int index) {
        return (int) INT.get(bytes, 4 * index);
    }

    /** @return command double words 10 and 11 */
    long startingBlock() {
        return (long) LONG.get(bytes, 40);
    }

    /** @return command double words 12 and 13 */
    long offset() {
        return (long) LONG.get(bytes, 48);
    }

    /** Takes note of the field at fault. @param dword 0–15; @return {@code status} */
    Status wrong(Status status, int dword) {
        culprit = 4 * dword;
        return status;
    }
}
