package com.vtsim.shell.family;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jline.terminal.Attributes;
import org.jline.terminal.Terminal;
import org.jline.utils.NonBlockingReader;

/** What an operator types at a guest, or a pipe says in its place. One thread reads. */
interface Keys extends AutoCloseable {
    /** Nothing came in time. */
    int NOTHING = -2;
    /** Nothing will ever come. */
    int END = -1;

    /** @return a character, {@link #NOTHING} or {@link #END} */
    int read(long millis) throws IOException, InterruptedException;

    @Override
    void close();

    /** Keys of a terminal, which is raw until this is closed: no key means anything to the host, and none is echoed. */
    static Keys of(Terminal terminal) {
        Attributes before = terminal.enterRawMode();
        Attributes raw = terminal.getAttributes();
        raw.setLocalFlag(Attributes.LocalFlag.ISIG, false);
        terminal.setAttributes(raw);
        NonBlockingReader reader = terminal.reader();
        return new Keys() {
            @Override
            public int read(long millis) throws IOException {
                return reader.read(millis);
            }

            @Override
            public void close() {
                terminal.setAttributes(before);
            }
        };
    }

    /** Characters of a stream; a thread of its own waits for them, for as long as the stream stays open. */
    static Keys of(InputStream stream) {
        LinkedBlockingQueue<Integer> queue = new LinkedBlockingQueue<>(4096);
        Reader reader = new InputStreamReader(stream, StandardCharsets.UTF_8);
        Thread thread = new Thread(() -> {
            try {
                for (int next = reader.read(); next >= 0; next = reader.read()) {
                    queue.put(next);
                }
                queue.put(END);
            } catch (IOException e) {
                queue.offer(END);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }, "console input");
        thread.setDaemon(true);
        thread.start();
        return new Keys() {
            private boolean ended;

            @Override
            public int read(long millis) throws InterruptedException {
                Integer next = queue.poll(millis, TimeUnit.MILLISECONDS);
                ended |= next != null && next == END;
                return ended ? END : next == null ? NOTHING : next;
            }

            @Override
            public void close() {
                thread.interrupt();
            }
        };
    }
}
