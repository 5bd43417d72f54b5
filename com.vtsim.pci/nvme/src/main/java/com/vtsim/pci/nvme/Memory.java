package com.vtsim.pci.nvme;

import com.vtsim.api.pci.Upstream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The guest's memory as a command's data pointer describes it: all through the function's requester. Source: NVM Express Base Specification 1.4, Physical Region Page Entry and List. */
final class Memory {
    /** Bytes of the largest transfer. */
    static final int MOST = 1 << 17;
    private static final int PAGE = 4096;
    private static final int ENTRY = 8;
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final long[] pages = new long[MOST / PAGE + 1];
    private final byte[] list = new byte[PAGE];
    private Upstream upstream;
    private int count;
    private int length;

    /** @param upstream null where there is no host bridge */
    void attach(Upstream upstream) {
        this.upstream = upstream;
    }

    boolean read(long address, byte[] into, int offset, int bytes) {
        return upstream != null && upstream.read(address, into, offset, bytes);
    }

    boolean write(long address, byte[] from, int offset, int bytes) {
        return upstream != null && upstream.write(address, from, offset, bytes);
    }

    /** Follows the command's data pointer. @param bytes 1 to {@link #MOST} */
    Status find(Command command, int bytes) {
        length = bytes;
        count = 0;
        long first = command.prp1();
        if ((first & 3) != 0) {
            return command.wrong(Status.PRP_OFFSET_INVALID, 6);
        }
        pages[count++] = first;
        int rest = bytes - Math.min(bytes, PAGE - in(first));
        if (rest == 0) {
            return Status.SUCCESS;
        }
        return rest <= PAGE ? add(command, command.prp2()) : follow(command, command.prp2(), (rest + PAGE - 1) / PAGE);
    }

    private Status add(Command command, long page) {
        if (in(page) != 0) {
            return command.wrong(Status.PRP_OFFSET_INVALID, 8);
        }
        pages[count++] = page;
        return Status.SUCCESS;
    }

    /** The last entry of a page of the list points to the next one if there is more to come. */
    private Status follow(Command command, long at, int wanted) {
        if ((at & ENTRY - 1) != 0) {
            return command.wrong(Status.PRP_OFFSET_INVALID, 8);
        }
        long here = at;
        for (int left = wanted; left > 0; ) {
            int room = (PAGE - in(here)) / ENTRY;
            int take = Math.min(left, room);
            if (!read(here, list, 0, take * ENTRY)) {
                return command.wrong(Status.DATA_TRANSFER_ERROR, 8);
            }
            int data = left > room ? room - 1 : take;
            for (int i = 0; i < data; i++) {
                Status status = add(command, (long) LONG.get(list, i * ENTRY));
                if (status != Status.SUCCESS) {
                    return status;
                }
            }
            left -= data;
            if (left > 0) {
                here = (long) LONG.get(list, data * ENTRY);
                if (in(here) != 0) {
                    return command.wrong(Status.PRP_OFFSET_INVALID, 8);
                }
            }
        }
        return Status.SUCCESS;
    }

    /** Copies what {@link #find} found from the guest. @return false if a part of it could not be read */
    boolean fetch(byte[] into) {
        int done = 0;
        for (int i = 0; i < count; i++) {
            int bytes = Math.min(length - done, PAGE - in(pages[i]));
            if (!read(pages[i], into, done, bytes)) {
                return false;
            }
            done += bytes;
        }
        return true;
    }

    /** Copies to the guest where {@link #find} said. @return false if a part of it could not be written */
    boolean store(byte[] from) {
        int done = 0;
        for (int i = 0; i < count; i++) {
            int bytes = Math.min(length - done, PAGE - in(pages[i]));
            if (!write(pages[i], from, done, bytes)) {
                return false;
            }
            done += bytes;
        }
        return true;
    }

    private static int in(long address) {
        return (int) (address & PAGE - 1);
    }
}
