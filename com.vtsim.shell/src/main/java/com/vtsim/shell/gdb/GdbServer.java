package com.vtsim.shell.gdb;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.OperatorException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.function.Function;
import org.osgi.service.log.Logger;

/** Waits for debuggers of one machine; one at a time. */
final class GdbServer implements AutoCloseable {
    /** Visitors that may wait for the one before them to be seen off; more are turned away by the host, who makes them try again for seconds. */
    private static final int WAITING = 32;

    private final Machine machine;
    private final Description.Architecture architecture;
    private final Function<String, String> shell;
    private final Logger log;
    private final ServerSocket server;
    private volatile Socket client;

    /** @param architecture null for what the machine is in when a debugger comes; @throws OperatorException if it cannot listen there */
    GdbServer(Machine machine, InetSocketAddress place, Description.Architecture architecture, Function<String, String> shell, Logger log) {
        this.machine = machine;
        this.architecture = architecture;
        this.shell = shell;
        this.log = log;
        try {
            server = new ServerSocket();
            server.setReuseAddress(true);
            server.bind(place, WAITING);
        } catch (IOException e) {
            throw new OperatorException("cannot listen on " + place.getAddress().getHostAddress() + ":" + place.getPort() + ": " + e.getMessage(), e);
        }
        thread("waits", this::serve);
    }

    private Thread thread(String what, Runnable work) {
        Thread thread = new Thread(work, "gdb " + machine.name() + " " + what);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    InetAddress address() {
        return server.getInetAddress();
    }

    int port() {
        return server.getLocalPort();
    }

    /** Who is there; empty for nobody. */
    String client() {
        Socket now = client;
        return now == null ? "" : now.getRemoteSocketAddress().toString().replaceFirst("^/", "");
    }

    private void serve() {
        while (!server.isClosed()) {
            try (Socket next = server.accept()) {
                next.setTcpNoDelay(true);
                client = next;
                if (server.isClosed()) {
                    return;
                }
                visit(next);
            } catch (IOException e) {
                log.debug("A debugger's connection has ended: {}", e.toString());
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                // The machine's defect or ours: it must not end the service for the next visitor.
                log.warn("A debugger's visit of {} has failed", machine.name(), e);
            } finally {
                client = null;
            }
        }
    }

    private void visit(Socket next) throws IOException, InterruptedException {
        Link link = new Link(next);
        Session session = new Session(new Target(machine), link, shell);
        thread("listens", () -> {
            try {
                link.receive(session::accept);
            } catch (IOException e) {
                log.debug("A debugger has gone: {}", e.toString());
            }
            session.accept(new Event.Gone());
        });
        session.serve(architecture);
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
            log.debug("A debugger's connection does not close: {}", e.toString());
        }
    }
}
