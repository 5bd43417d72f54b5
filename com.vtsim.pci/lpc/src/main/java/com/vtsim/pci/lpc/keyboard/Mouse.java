package com.vtsim.pci.lpc.keyboard;

import com.vtsim.pci.lpc.ByteQueue;

/**
 * A two-button PS/2 mouse: commands as IBM's "Personal System/2 Mouse Technical Reference" lists them.
 */
final class Mouse {
    private static final int ACK = 0xFA;
    private static final int RESEND = 0xFE;
    private static final int ERROR = 0xFC;
    private static final int BUFFER = 16;
    private static final int PACKET = 3;

    private final ByteQueue answers = new ByteQueue(BUFFER);
    private final ByteQueue packets = new ByteQueue(BUFFER * PACKET);
    private int command;
    private boolean enabled;
    private boolean remote;
    private boolean wrap;
    private boolean scaling;
    private int resolution;
    private int rate;
    private int buttons;
    private int dx;
    private int dy;
    private int last;

    Mouse() {
        reset();
    }

    void reset() {
        answers.clear();
        packets.clear();
        command = 0;
        wrap = false;
        buttons = 0;
        last = 0;
        defaults();
    }

    private void defaults() {
        enabled = false;
        remote = false;
        scaling = false;
        resolution = 2;
        rate = 100;
        dx = 0;
        dy = 0;
    }

    /** A byte from the controller. */
    void receive(int value) {
        packets.clear();
        if (wrap && value != 0xFF && value != 0xEC) {
            answers.add(value);
            return;
        }
        int awaited = command;
        command = 0;
        if (awaited != 0) {
            parameter(awaited, value);
            return;
        }
        switch (value) {
            case 0xE6, 0xE7 -> {
                scaling = value == 0xE7;
                answers.add(ACK);
            }
            case 0xE8, 0xF3 -> {
                command = value;
                answers.add(ACK);
            }
            case 0xE9 -> {
                answers.add(ACK);
                answers.add((remote ? 0x40 : 0) | (enabled ? 0x20 : 0) | (scaling ? 0x10 : 0)
                        | (buttons & 1) << 2 | (buttons & 2) >> 1 | (buttons & 4) >> 1);
                answers.add(resolution);
                answers.add(rate);
            }
            case 0xEA -> {
                remote = false;
                answers.add(ACK);
            }
            case 0xEB -> {
                answers.add(ACK);
                packet(answers);
            }
            case 0xEC, 0xEE -> {
                wrap = value == 0xEE;
                answers.add(ACK);
            }
            case 0xF0 -> {
                remote = true;
                answers.add(ACK);
            }
            case 0xF2 -> {
                answers.add(ACK);
                answers.add(0);
            }
            case 0xF4, 0xF5 -> {
                enabled = value == 0xF4;
                answers.add(ACK);
            }
            case 0xF6 -> {
                defaults();
                answers.add(ACK);
            }
            case 0xFE -> answers.add(last);
            case 0xFF -> {
                reset();
                answers.add(ACK);
                answers.add(0xAA);
                answers.add(0);
            }
            default -> answers.add(RESEND);
        }
    }

    private void parameter(int awaited, int value) {
        if (awaited == 0xE8 && value <= 3) {
            resolution = value;
        } else if (awaited == 0xF3 && (value == 10 || value == 20 || value == 40 || value == 60 || value == 80 || value == 100 || value == 200)) {
            rate = value;
        } else {
            answers.add(ERROR);
            return;
        }
        answers.add(ACK);
    }

    /** The mouse moves: counts to the right, counts up; buttons left 1, right 2, middle 4. */
    void move(int right, int up, int pressed) {
        dx = clamp(dx + right);
        dy = clamp(dy + up);
        buttons = pressed & 7;
        if (enabled && !remote && packets.room() >= PACKET) {
            packet(packets);
        }
    }

    private static int clamp(int counts) {
        return Math.max(-256, Math.min(255, counts));
    }

    private void packet(ByteQueue queue) {
        queue.add(8 | buttons | (dx < 0 ? 0x10 : 0) | (dy < 0 ? 0x20 : 0));
        queue.add(dx & 0xFF);
        queue.add(dy & 0xFF);
        dx = 0;
        dy = 0;
    }

    /** @return whether a byte waits for the controller */
    boolean ready() {
        return !answers.isEmpty() || command == 0 && !packets.isEmpty();
    }

    /** @return the next byte; {@link #ready} said there is one */
    int send() {
        last = answers.isEmpty() ? packets.remove() : answers.remove();
        return last;
    }

    String describe() {
        return "%s, %s mode, resolution %d, rate %d".formatted(enabled ? "enabled" : "disabled", remote ? "remote" : "stream", resolution, rate);
    }

    Saved save() {
        return new Saved(answers.save(), packets.save(), command, enabled, remote, wrap, scaling, resolution, rate, buttons, dx, dy, last);
    }

    void restore(Saved saved) {
        answers.restore(saved.answers);
        packets.restore(saved.packets);
        command = saved.command;
        enabled = saved.enabled;
        remote = saved.remote;
        wrap = saved.wrap;
        scaling = saved.scaling;
        resolution = saved.resolution;
        rate = saved.rate;
        buttons = saved.buttons;
        dx = saved.dx;
        dy = saved.dy;
        last = saved.last;
    }

    /**
     * State of the mouse.
     *
     * @param answers to commands, not yet sent
     * @param packets of movement, not yet sent
     * @param command that waits for its parameter, or 0
     * @param dx      counts not yet reported
     * @param dy      counts not yet reported
     * @param last    byte sent, for Resend
     */
    record Saved(byte[] answers, byte[] packets, int command, boolean enabled, boolean remote, boolean wrap, boolean scaling,
            int resolution, int rate, int buttons, int dx, int dy, int last) { }
}
