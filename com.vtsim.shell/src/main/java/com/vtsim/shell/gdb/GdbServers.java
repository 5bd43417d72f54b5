package com.vtsim.shell.gdb;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.shell.session.Remote;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.felix.service.command.CommandProcessor;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;

/** The debugger's doors of all machines. Any thread. */
@Component(service = GdbServers.class)
public final class GdbServers {
    private final BundleContext context;
    private final CommandProcessor processor;
    private final Logger log;
    private final Map<String, GdbServer> servers = new TreeMap<>();

    /** Made by Declarative Services. */
    @Activate
    public GdbServers(BundleContext context, @Reference CommandProcessor processor, @Reference(service = LoggerFactory.class) Logger log) {
        this.context = context;
        this.processor = processor;
        this.log = log;
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void bindMachine(Machine machine) {
        log.trace("Machine {} can be debugged", machine.name());
    }

    void unbindMachine(Machine machine) {
        synchronized (servers) {
            GdbServer server = servers.remove(machine.name());
            if (server != null) {
                server.close();
            }
        }
    }

    @Deactivate
    void deactivate() {
        synchronized (servers) {
            servers.values().forEach(GdbServer::close);
            servers.clear();
        }
    }

    /** Opens a door. @return the port. @throws OperatorException if there is one already, or the port is taken */
    int serve(Machine machine, InetSocketAddress place, Description.Architecture architecture) {
        synchronized (servers) {
            GdbServer open = servers.get(machine.name());
            if (open != null) {
                throw new OperatorException("machine '" + machine.name() + "' is served already, on port " + open.port() + "; gdb:stop " + machine.name() + " ends that");
            }
            GdbServer server = new GdbServer(machine, place, architecture, text -> Remote.answer(context, processor, Map.of("machine", machine.name()), text), log);
            servers.put(machine.name(), server);
            return server.port();
        }
    }

    /** Closes a door. @throws OperatorException if there is none */
    void stop(String machine) {
        synchronized (servers) {
            GdbServer server = servers.remove(machine);
            if (server == null) {
                throw OperatorException.unknown("machine that is served", machine, servers.keySet());
            }
            server.close();
        }
    }

    /** What is open. */
    List<GdbCommands.Door> doors() {
        synchronized (servers) {
            List<GdbCommands.Door> doors = new ArrayList<>();
            servers.forEach((machine, server) -> doors.add(new GdbCommands.Door(machine, server.address().getHostAddress(), server.port(), server.client())));
            return doors;
        }
    }

    /** Whether a debugger stops this machine and lets it go on at the moment. */
    public boolean attached(Machine machine) {
        synchronized (servers) {
            GdbServer server = servers.get(machine.name());
            return server != null && !server.client().isEmpty();
        }
    }
}
