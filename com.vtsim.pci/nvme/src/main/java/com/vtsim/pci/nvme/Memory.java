package com.vtsim.pci.nvme;

import com.vtsim.api.pci.Upstream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The guest's memory as a command's data pointer describes it: all through the function's requester. Source: NVM Express Base Specification 1.4, Physical Region Page Entry and List; Scatter Gather List. */
final class Memory {
    /** Bytes of the largest transfer. */
    static final int MOST = 1 << 17;
    private static final int PAGE = 4096;
    private static final int ENTRY = 8;
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /** Descriptors of the longest scatter gather list: more are an invalid number. */
    private static final int MOST_DESCRIPTORS = 1024;
    private static final int DESCRIPTOR = 16;
    private static final int DATA_POINTER = 24;
    private static final int BIT_BUCKET = 1;
    private static final int SEGMENT = 2;
    private static final int LAST_SEGMENT = 3;
    private static final long NOWHERE = -1;

    private final long[] places = new long[MOST_DESCRIPTORS];
    private final int[] lengths = new int[MOST_DESCRIPTORS];
    private final byte[] list = new byte[MOST_DESCRIPTORS * DESCRIPTOR];
    private Upstream upstream;
    private int count;

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

    /** As {@link #find(Command, int, boolean)}, for PRPs. */
    Status find(Command command, int bytes) {
        return find(command, bytes, true);
    }

    /**
     * Follows the command's data pointer.
     *
     * @param bytes  1 to {@link #MOST}
     * @param toHost the data goes to the guest: a bit bucket takes a part of it
     */
    Status find(Command command, int bytes, boolean toHost) {
        count = 0;
        if (command.hasList()) {
            return segments(command, bytes, toHost);
        }
        long first = command.prp1();
        if ((first & 3) != 0) {
            return command.wrong(Status.PRP_OFFSET_INVALID, 6);
        }
        int here = Math.min(bytes, PAGE - in(first));
        add(first, here);
        int rest = bytes - here;
        if (rest == 0) {
            return Status.SUCCESS;
        }
        return rest <= PAGE ? page(command, command.prp2(), rest) : follow(command, command.prp2(), rest);
    }

    private void add(long place, int length) {
        places[count] = place;
        lengths[count++] = length;
    }

    private Status page(Command command, long page, int bytes) {
        if (in(page) != 0) {
            return command.wrong(Status.PRP_OFFSET_INVALID, 8);
        }
        add(page, Math.min(bytes, PAGE));
        return Status.SUCCESS;
    }

    /** The last entry of a page of the list points to the next one if there is more to come. */
    private Status follow(Command command, long at, int bytes) {
        if ((at & ENTRY - 1) != 0) {
            return command.wrong(Status.PRP_OFFSET_INVALID, 8);
        }
        long here = at;
        for (int left = bytes; left > 0; ) {
            int wanted = (left + PAGE - 1) / PAGE;
            int room = (PAGE - in(here)) / ENTRY;
            int take = Math.min(wanted, room);
            if (!read(here, list, 0, take * ENTRY)) {
                return command.wrong(Status.DATA_TRANSFER_ERROR, 8);
            }
            int data = wanted > room ? room - 1 : take;
            for (int i = 0; i < data; i++) {
                Status status = page(command, (long) LONG.get(list, i * ENTRY), left);
                if (status != Status.SUCCESS) {
                    return status;
                }
                left -= Math.min(left, PAGE);
            }
            if (left > 0) {
                here = (long) LONG.get(list, data * ENTRY);
                if (in(here) != 0) {
                    return command.wrong(Status.PRP_OFFSET_INVALID, 8);
                }
            }
        }
        return Status.SUCCESS;
    }

    /** The descriptor in the command, and the segments that it leads to, one by one. A list may describe more than the command moves. */
    private Status segments(Command command, int bytes, boolean toHost) {
        System.arraycopy(command.bytes, DATA_POINTER, list, 0, DESCRIPTOR);
        int descriptors = 1;
        int seen = 0;
        int left = bytes;
        for (boolean last = false; descriptors > 0; ) {
            int here = descriptors;
            descriptors = 0;
            seen += here;
            for (int i = 0; i < here; i++) {
                int at = i * DESCRIPTOR;
                long length = LittleEndian.dword(list, at + 8) & 0xFFFF_FFFFL;
                int type = list[at + 15] >> 4 & 0xF;
                if ((list[at + 15] & 0xF) != 0 || type > LAST_SEGMENT) {
                    return command.wrong(Status.SGL_TYPE_INVALID, 6);
                } else if (type < SEGMENT) {
                    left -= piece(type == BIT_BUCKET ? NOWHERE : (long) LONG.get(list, at), type == BIT_BUCKET && !toHost ? 0 : (int) Math.min(left, length));
                } else {
                    Status status = last || length == 0 || length % DESCRIPTOR != 0 ? Status.INVALID_SGL_SEGMENT
                            : i != here - 1 || length / DESCRIPTOR > MOST_DESCRIPTORS - seen ? Status.INVALID_SGL_COUNT
                            : read((long) LONG.get(list, at), list, 0, (int) length) ? Status.SUCCESS : Status.DATA_TRANSFER_ERROR;
                    if (status != Status.SUCCESS) {
                        return command.wrong(status, 6);
                    }
                    last = type == LAST_SEGMENT;
                    descriptors = (int) length / DESCRIPTOR;
                }
            }
        }
        return left > 0 ? command.wrong(Status.SGL_LENGTH_INVALID, 6) : Status.SUCCESS;
    }

    private int piece(long place, int bytes) {
        if (bytes > 0) {
            add(place, bytes);
        }
        return bytes;
    }

    /** Copies what {@link #find} found from the guest. @return false if a part of it could not be read */
    boolean fetch(byte[] into) {
        int done = 0;
        for (int i = 0; i < count; i++) {
            if (!read(places[i], into, done, lengths[i])) {
                return false;
            }
            done += lengths[i];
        }
        return true;
    }

    /** Copies to the guest where {@link #find} said. @return false if a part of it could not be written */
    boolean store(byte[] from) {
        int done = 0;
        for (int i = 0; i < count; i++) {
            if (places[i] != NOWHERE && !write(places[i], from, done, lengths[i])) {
                return false;
            }
            done += lengths[i];
        }
        return true;
    }

    private static int in(long address) {
        return (int) (address & PAGE - 1);
    }
}
