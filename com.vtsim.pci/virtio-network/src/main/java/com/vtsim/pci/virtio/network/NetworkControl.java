package com.vtsim.pci.virtio.network;

import com.vtsim.api.machine.StateException;
import com.vtsim.api.virtio.VirtioFunction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a driver sets by the control queue: which frames it wants, the card's address, how many pairs of queues it uses. Source: Virtual I/O Device (VIRTIO) 1.2, Control Virtqueue. */
final class NetworkControl {
    /** VIRTIO_NET_F_CTRL_VQ. */
    static final long CONTROL = 1L << 17;
    /** With VIRTIO_NET_F_CTRL_RX and VIRTIO_NET_F_CTRL_MAC_ADDR. */
    static final long FEATURES = CONTROL | 1L << 18 | 1L << 23;
    private static final int RECEIVE_MODE = 0x000;
    private static final int ALL_MULTICAST = 0x001;
    private static final int TABLE = 0x100;
    private static final int ADDRESS = 0x101;
    private static final int PAIRS = 0x400;
    private static final int LENGTH = 6;
    /** Addresses beside its own that a card listens to; with more it listens to all. */
    private static final int MOST_ADDRESSES = 64;
    private static final int MOST_BYTES = 1 << 14;
    private static final byte[] OK = {0};
    private static final byte[] ERROR = {1};

    private final byte[] built;
    private final int most;
    private final byte[] data = new byte[MOST_BYTES];
    private byte[] mac;
    private boolean promiscuous;
    private boolean overflown;
    private int pairs = 1;
    private List<byte[]> others = List.of();

    /** As saved. */
    record Saved(byte[] mac, boolean promiscuous, boolean overflown, int pairs, List<byte[]> others) { }

    /** @param mac the card's address; @param most pairs of queues it has */
    NetworkControl(byte[] mac, int most) {
        built = mac;
        this.mac = mac;
        this.most = most;
    }

    void reset() {
        restore(new Saved(built, false, false, 1, List.of()));
    }

    Saved save() {
        return new Saved(mac, promiscuous, overflown, pairs, others);
    }

    /** @throws StateException if it does not fit */
    void restore(Saved saved) {
        if (saved.mac().length != LENGTH || saved.pairs() < 1 || saved.pairs() > most || saved.others().stream().anyMatch(each -> each.length != LENGTH)) {
            throw new StateException("no state of a network card with " + most + " pairs of queues");
        }
        mac = saved.mac();
        promiscuous = saved.promiscuous();
        overflown = saved.overflown();
        pairs = saved.pairs();
        others = saved.others();
    }

    /** @return the card's address, not to be changed */
    byte[] mac() {
        return mac;
    }

    /** @return whether the driver wants a frame: those to the card, and to many */
    boolean isWanted(byte[] frame) {
        return (frame[0] & 1) != 0 || promiscuous || overflown || isTo(frame, mac) || others.stream().anyMatch(each -> isTo(frame, each));
    }

    private static boolean isTo(byte[] frame, byte[] address) {
        return Arrays.equals(frame, 0, LENGTH, address, 0, LENGTH);
    }

    /** @return the pair of queues of a frame's flow: of IPv4 by addresses and ports, of others by the sender */
    int pair(byte[] frame) {
        if (pairs == 1) {
            return 0;
        }
        boolean internet = frame.length >= 38 && frame[12] == 8 && frame[13] == 0;
        int hash = 0;
        for (int i = internet ? 26 : 6; i < (internet ? 38 : 12); i++) {
            hash = 31 * hash + frame[i];
        }
        return ((hash ^ hash >>> 16) & 0x7FFF_FFFF) % pairs;
    }

    /** Carries out the command in the chain. @return true */
    boolean carryOut(VirtioFunction function, int queue) {
        long length = function.readable();
        if (length < 2 || length > MOST_BYTES || function.writable() < 1) {
            function.fail("a control command of " + length + " bytes with room for " + function.writable());
            return true;
        }
        if (function.read(0, data, (int) length)) {
            boolean done = set((data[0] & 0xFF) << 8 | data[1] & 0xFF, (int) length - 2);
            if (function.write(0, done ? OK : ERROR, 1)) {
                function.give(queue, 1);
            }
        }
        return true;
    }

    private boolean set(int command, int length) {
        switch (command) {
            case RECEIVE_MODE -> {
                promiscuous = length >= 1 && data[2] != 0;
                return length >= 1;
            }
            case ALL_MULTICAST -> {
                return length >= 1; // it listens to all of them anyway
            }
            case ADDRESS -> {
                if (length != LENGTH || (data[2] & 1) != 0) {
                    return false;
                }
                mac = Arrays.copyOfRange(data, 2, 2 + LENGTH);
                return true;
            }
            case PAIRS -> {
                int wanted = length == 2 ? data[2] & 0xFF | (data[3] & 0xFF) << 8 : 0;
                pairs = wanted >= 1 && wanted <= most ? wanted : pairs;
                return wanted == pairs;
            }
            case TABLE -> {
                return table(length);
            }
            default -> {
                return false;
            }
        }
    }

    /** A count of addresses and those of one, then the same of many, which it listens to anyway. */
    private boolean table(int length) {
        long count = length < 4 ? -1 : data[2] & 0xFF | (data[3] & 0xFF) << 8 | (data[4] & 0xFF) << 16 | (data[5] & 0xFFL) << 24;
        if (count < 0 || count > (length - 4) / LENGTH) {
            return false;
        }
        overflown = count > MOST_ADDRESSES;
        List<byte[]> listed = new ArrayList<>();
        for (int i = 0; i < count && !overflown; i++) {
            listed.add(Arrays.copyOfRange(data, 6 + i * LENGTH, 6 + (i + 1) * LENGTH));
        }
        others = List.copyOf(listed);
        return true;
    }
}
