package com.vtsim.shell.gdb;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Packets over a connection: framing, checksums, escapes and acknowledgements. One thread receives, another sends.
 * What is no packet is passed over.
 */
final class Link {
    /** Most bytes of a packet's content as they travel. */
    static final int MOST = 0x1_0000;
    private static final int INTERRUPT = 3;
    private static final int ESCAPE = '}';
    private static final int FLIP = 0x20;

    private final InputStream in;
    private final OutputStream out;
    private byte[] last = new byte[0];
    private volatile boolean acknowledging = true;

    Link(Socket socket) throws IOException {
        this(socket.getInputStream(), socket.getOutputStream());
    }

    Link(InputStream in, OutputStream out) {
        this.in = new BufferedInputStream(in);
        this.out = out;
    }

    /** From now on neither side acknowledges. */
    void trust() {
        acknowledging = false;
    }

    /** Receives until the other side has gone. */
    void receive(Consumer<Event> to) throws IOException {
        for (int next = in.read(); next >= 0; next = in.read()) {
            switch (next) {
                case '$' -> packet(to);
                case INTERRUPT -> to.accept(new Event.Interrupt());
                case '-' -> again();
                default -> { } // acknowledged, or noise
            }
        }
    }

    private void packet(Consumer<Event> to) throws IOException {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        int sum = 0;
        int next = in.read();
        while (next >= 0 && next != '#') {
            if (next == '$') { // the beginning of another, whose predecessor was cut off
                data.reset();
                sum = 0;
            } else {
                sum += next;
                if (data.size() <= MOST) {
                    data.write(next);
                }
            }
            next = in.read();
        }
        int claimed = Character.digit(in.read(), 16) << 4 | Character.digit(in.read(), 16);
        if (next < 0) {
            return;
        }
        boolean good = claimed == (sum & 0xFF) && data.size() <= MOST;
        if (acknowledging) {
            write(new byte[] {(byte) (good ? '+' : '-')});
        }
        if (good || !acknowledging && data.size() <= MOST) {
            to.accept(new Event.Packet(unescaped(data.toByteArray())));
        }
    }

    private static byte[] unescaped(byte[] data) {
        int length = 0;
        for (int i = 0; i < data.length; i++) {
            boolean escape = data[i] == ESCAPE && i + 1 < data.length;
            data[length++] = escape ? (byte) (data[++i] ^ FLIP) : data[i];
        }
        return Arrays.copyOf(data, length);
    }

    /** Sends text of ASCII letters. */
    void send(String text) throws IOException {
        send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Sends a packet of any bytes. */
    void send(byte[] data) throws IOException {
        ByteArrayOutputStream packet = new ByteArrayOutputStream(data.length + 4);
        packet.write('$');
        int sum = 0;
        for (byte b : data) {
            int value = b & 0xFF;
            if (value == '#' || value == '$' || value == ESCAPE || value == '*') {
                packet.write(ESCAPE);
                sum += ESCAPE;
                value ^= FLIP;
            }
            packet.write(value);
            sum += value;
        }
        packet.writeBytes(String.format("#%02x", sum & 0xFF).getBytes(StandardCharsets.US_ASCII));
        write(packet.toByteArray());
    }

    private synchronized void write(byte[] bytes) throws IOException {
        if (bytes.length > 1) {
            last = bytes;
        }
        out.write(bytes);
        out.flush();
    }

    private synchronized void again() throws IOException {
        if (acknowledging && last.length > 0) {
            out.write(last);
            out.flush();
        }
    }
}
