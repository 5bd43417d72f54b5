package com.vtsim.api.machine;

import java.util.ArrayList;
import java.util.List;

/** Takes the place of an interrupt controller and notes the messages that reach it. */
public final class HeardMessages extends StatelessPart implements MessageTarget {
    /** Address and data in hexadecimal, {@code fee01000 4041}. */
    public final List<String> heard = new ArrayList<>();
    /** Data alone. */
    public final List<Integer> data = new ArrayList<>();

    /** A part named as interrupt controllers are. */
    public HeardMessages() {
        super("irq");
    }

    @Override
    public void message(long address, int value) {
        heard.add(String.format("%x %x", address, value));
        data.add(value);
    }
}
