package com.vtsim.pci.lpc.keyboard;

import com.vtsim.pci.lpc.ByteQueue;

/**
 * A PS/2 keyboard: commands as IBM's "Personal System/2 Hardware Interface Technical Reference, Keyboards" lists them.
 * What it sends goes into a buffer of 16 bytes that the controller empties.
 */
final class Keyboard {
    /** A command was taken. */
    static final int ACK = 0xFA;

    private static final int RESEND = 0xFE;
    private static final int BAT_PASSED = 0xAA;
    private static final int BREAK = 0xF0;
    private static final int BUFFER = 16;
    private static final int OVERRUN = 0x00;
    private static final int OVERRUN_SET_1 = 0xFF;

    private final ByteQueue answers = new ByteQueue(BUFFER);
    private final ByteQueue keys = new ByteQueue(BUFFER);
    private final ByteQueue typing = new ByteQueue(4096);
    private int command;
    private int set;
    private boolean scanning;
    private int leds;
    private int typematic;
    private int last;
    private boolean overrun;

    Keyboard() {
        reset();
    }

    void reset() {
        defaults();
        answers.clear();
        keys.clear();
        typing.clear();
        command = 0;
        scanning = true;
        leds = 0;
        last = 0;
        overrun = false;
    }

    private void defaults() {
        set = 2;
        typematic = 0x2B;
    }

    /** A byte from the controller. */
    void receive(int value) {
        keys.clear();
        overrun = false;
        int awaited = command;
        command = 0;
        if (value < 0xED && awaited != 0) {
            parameter(awaited, value);
            return;
        }
        switch (value) {
            case 0xED, 0xF0, 0xF3 -> {
                command = value;
                answer(ACK);
            }
            case 0xFB, 0xFC, 0xFD -> {
                command = value;
                answer(ACK);
            }
            case 0xEE -> answer(0xEE);
            case 0xF2 -> {
                answer(ACK);
                answer(0xAB);
                answer(0x83);
            }
            case 0xF4 -> {
                scanning = true;
                answer(ACK);
            }
            case 0xF5 -> {
                defaults();
                scanning = false;
                answer(ACK);
            }
            case 0xF6 -> {
                defaults();
                scanning = true;
                answer(ACK);
            }
            case 0xF7, 0xF8, 0xF9, 0xFA -> answer(ACK);
            case 0xFE -> answers.add(last);
            case 0xFF -> {
                reset();
                answer(ACK);
                answer(BAT_PASSED);
            }
            default -> answer(RESEND);
        }
    }

    private void parameter(int awaited, int value) {
        switch (awaited) {
            case 0xED -> leds = value & 7;
            case 0xF3 -> typematic = value & 0x7F;
            case 0xF0 -> {
                if (value > 3) {
                    answer(RESEND);
                    return;
                }
                answer(ACK);
                if (value == 0) {
                    answer(set);
                } else {
                    set = value;
                }
                return;
            }
            default -> { }
        }
        answer(ACK);
    }

    private void answer(int value) {
        answers.add(value);
    }

    /** A key goes down or up. @param code set 1 make code, with E0h in bits 15:8 for the keys that have it */
    void key(int code, boolean down) {
        if (!scanning) {
            return;
        }
        int length = (code > 0xFF ? 1 : 0) + (down || set == 1 ? 1 : 2);
        if (keys.room() <= length) {
            if (!overrun) {
                overrun = true;
                keys.add(set == 1 ? OVERRUN_SET_1 : OVERRUN);
            }
            return;
        }
        if (code > 0xFF && set != 3) {
            keys.add(code >> 8);
        }
        int low = code & 0x7F;
        if (set == 1) {
            keys.add(down ? low : low | 0x80);
        } else {
            if (!down) {
                keys.add(BREAK);
            }
            keys.add(set == 2 ? Keys.set2(low) : Keys.set3(low));
        }
    }

    /** Types characters of ASCII as fast as the guest takes them; what the keyboard has no key for is left out. */
    void type(byte[] characters) {
        for (byte c : characters) {
            typing.add(c & 0xFF);
        }
    }

    private void strike(int character) {
        int key = Keys.ascii(character);
        if (key == 0) {
            return;
        }
        int modifier = (key & Keys.WITH_SHIFT) != 0 ? Keys.SHIFT : (key & Keys.WITH_CONTROL) != 0 ? Keys.CONTROL : 0;
        if (modifier != 0) {
            key(modifier, true);
        }
        key(key & 0x7F, true);
        key(key & 0x7F, false);
        if (modifier != 0) {
            key(modifier, false);
        }
    }

    /** @return whether a byte waits for the controller */
    boolean ready() {
        while (scanning && keys.isEmpty() && !typing.isEmpty()) {
            strike(typing.remove());
        }
        return !answers.isEmpty() || command == 0 && !keys.isEmpty();
    }

    /** @return the next byte; {@link #ready} said there is one */
    int send() {
        last = answers.isEmpty() ? keys.remove() : answers.remove();
        overrun &= !keys.isEmpty();
        return last;
    }

    String describe() {
        return "set %d, scanning %s, LEDs %x, typematic %02x".formatted(set, scanning ? "on" : "off", leds, typematic);
    }

    Saved save() {
        return new Saved(answers.save(), keys.save(), typing.save(), command, set, scanning, leds, typematic, last, overrun);
    }

    void restore(Saved saved) {
        answers.restore(saved.answers);
        keys.restore(saved.keys);
        typing.restore(saved.typing);
        command = saved.command;
        set = saved.set;
        scanning = saved.scanning;
        leds = saved.leds;
        typematic = saved.typematic;
        last = saved.last;
        overrun = saved.overrun;
    }

    /**
     * State of the keyboard.
     *
     * @param answers  to commands, not yet sent
     * @param keys     scan codes not yet sent
     * @param typing   characters the operator typed ahead
     * @param command  that waits for its parameter, or 0
     * @param set      of scan codes, 1–3
     * @param last     byte sent, for Resend
     */
    record Saved(byte[] answers, byte[] keys, byte[] typing, int command, int set, boolean scanning, int leds, int typematic,
            int last, boolean overrun) {
        Saved {
            if (set < 1 || set > 3) {
                throw new IllegalArgumentException("there is no scan code set " + set);
            }
        }
    }
}
