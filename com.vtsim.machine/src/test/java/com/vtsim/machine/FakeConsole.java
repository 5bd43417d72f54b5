package com.vtsim.machine;

import com.vtsim.api.machine.Console;
import java.nio.charset.StandardCharsets;

/** A console that a test prints on. */
final class FakeConsole extends FakePart implements Console {
    private Sink sink;
    String typed = "";

    FakeConsole(String name) {
        super(name, "console");
    }

    void print(String text) {
        print(text.getBytes(StandardCharsets.UTF_8));
    }

    void print(byte[] bytes) {
        for (byte b : bytes) {
            sink.accept(b & 0xFF);
        }
    }

    @Override
    public void output(Sink newSink) {
        sink = newSink;
    }

    @Override
    public void input(byte[] bytes) {
        typed += new String(bytes, StandardCharsets.UTF_8);
    }
}
