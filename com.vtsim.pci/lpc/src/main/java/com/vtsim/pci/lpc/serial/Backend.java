package com.vtsim.pci.lpc.serial;

import com.vtsim.api.machine.OperatorException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.function.Consumer;

/** Where a serial port's characters go on the host beside the console, and where they come from. */
interface Backend {
    /** Of a configuration's value: the console alone. */
    String CONSOLE = "console";
    /** Of a configuration's value: what follows is a path. */
    String FILE = "file:";
    /** Of a configuration's value: what follows is a port. */
    String TCP = "tcp:";

    /** Takes a character; never waits. */
    void write(int value);

    /** Lets go of file, socket and threads. */
    void close();

    /** Refuses what {@link #open} would not understand. */
    static void check(String name, String backend) {
        boolean number = backend.startsWith(TCP) && backend.substring(TCP.length()).matches("[0-9]{1,5}")
                && Integer.parseInt(backend.substring(TCP.length())) <= 0xFFFF;
        if (!backend.equals(CONSOLE) && !(backend.startsWith(FILE) && backend.length() > FILE.length()) && !number) {
            throw new OperatorException(name + ": backend is '" + backend + "', expected console, file:PATH or tcp:PORT");
        }
    }

    /**
     * @param input takes what comes in, on a thread of its own
     * @return null for the console alone
     */
    static Backend open(String name, String backend, Consumer<byte[]> input) {
        try {
            if (backend.startsWith(FILE)) {
                return new ToFile(Path.of(backend.substring(FILE.length())));
            }
            return backend.startsWith(TCP) ? new OverTcp(name, Integer.parseInt(backend.substring(TCP.length())), input) : null;
        } catch (IOException e) {
            throw new OperatorException(name + ": cannot open " + backend + ": " + e.getMessage(), e);
        }
    }

    /** Appends to a file. */
    final class ToFile implements Backend {
        private final OutputStream stream;

        ToFile(Path path) throws IOException {
            stream = new BufferedOutputStream(Files.newOutputStream(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND));
        }

        @Override
        public void write(int value) {
            try {
                stream.write(value);
                if (value == '\n') {
                    stream.flush();
                }
            } catch (IOException e) {
                throw new OperatorException("cannot write the serial port's file: " + e.getMessage(), e);
            }
        }

        @Override
        public void close() {
            try {
                stream.close();
            } catch (IOException e) {
                throw new OperatorException("cannot write the serial port's file: " + e.getMessage(), e);
            }
        }
    }

    /** One client at a time on the loopback address; what the guest says while there is none is dropped. */
    final class OverTcp implements Backend {
        private static final int QUEUE = 65_536;

        private final ServerSocket server;
        private final Consumer<byte[]> input;
        private final ArrayBlockingQueue<Integer> queue = new ArrayBlockingQueue<>(QUEUE);
        private volatile Socket client;

        OverTcp(String name, int port, Consumer<byte[]> input) throws IOException {
            this.input = input;
            server = new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
            thread(name + " reads tcp", this::serve);
            thread(name + " writes tcp", this::send);
        }

        private static void thread(String name, Runnable work) {
            Thread thread = new Thread(work, name);
            thread.setDaemon(true);
            thread.start();
        }

        /** The port it listens on. */
        int port() {
            return server.getLocalPort();
        }

        private void serve() {
            byte[] buffer = new byte[4096];
            while (!server.isClosed()) {
                try (Socket next = server.accept()) {
                    client = next;
                    for (int n = next.getInputStream().read(buffer); n >= 0; n = next.getInputStream().read(buffer)) {
                        input.accept(Arrays.copyOf(buffer, n));
                    }
                } catch (IOException e) {
                    // The client has gone, or close() has closed the server: the loop's condition tells.
                    client = null;
                }
                client = null;
            }
        }

        private void send() {
            try {
                while (!server.isClosed()) {
                    int value = queue.take();
                    Socket to = client;
                    if (to != null && value >= 0) {
                        try {
                            to.getOutputStream().write(value);
                        } catch (IOException e) {
                            client = null;
                        }
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void write(int value) {
            if (client != null) {
                queue.offer(value);
            }
        }

        @Override
        public void close() {
            try {
                server.close();
                Socket open = client;
                if (open != null) {
                    open.close();
                }
            } catch (IOException e) {
                throw new OperatorException("cannot close the serial port's socket: " + e.getMessage(), e);
            } finally {
                queue.clear();
                queue.offer(-1);
            }
        }
    }
}
