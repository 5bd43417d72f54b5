package com.vtsim.shell.gdb;

import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.shell.Complete;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The {@code gdb:} family: machines under the GNU debugger. */
@Component(service = GdbCommands.class)
@GogoCommand(scope = "gdb", function = {"serve", "stop", "list"})
public final class GdbCommands {
    private static final Map<String, Description.Architecture> ARCHITECTURES = Map.of(
        "i8086", Description.Architecture.I8086, "i386", Description.Architecture.I386, "x86-64", Description.Architecture.X86_64);

    private final Machines machines;
    private final GdbServers servers;

    /** Made by Declarative Services. */
    @Activate
    public GdbCommands(@Reference Machines machines, @Reference GdbServers servers) {
        this.machines = machines;
        this.servers = servers;
    }

    /**
     * Where a debugger can come in.
     *
     * @param client who is there; empty for nobody
     */
    public record Door(String machine, String address, int port, String client) { }

    /** Lets a debugger in. */
    @Descriptor("let gdb debug a machine: target remote :PORT")
    public Door serve(
            @Descriptor("TCP port; 0 for any that is free") @Parameter(names = {"-p", "--port"}, absentValue = "1234") int port,
            @Descriptor("address of the host to listen on; who reaches it commands this shell") @Parameter(names = "--bind", absentValue = "") String bind,
            @Descriptor("what gdb takes the guest for: auto (the processor's mode when it comes), i8086, i386, x86-64")
            @Parameter(names = "--architecture", absentValue = "auto") String architecture,
            @Complete("machine") @Descriptor("name of a machine") String machine) {
        if (port < 0 || port > 0xFFFF) {
            throw new OperatorException("--port is 0 to 65535, not " + port);
        }
        if (!architecture.equals("auto") && !ARCHITECTURES.containsKey(architecture)) {
            throw OperatorException.unknown("architecture", architecture, List.of("auto", "i8086", "i386", "x86-64"));
        }
        InetAddress address = address(bind);
        int taken = servers.serve(machines.machine(machine), new InetSocketAddress(address, port), ARCHITECTURES.get(architecture));
        return new Door(machine, address.getHostAddress(), taken, "");
    }

    private static InetAddress address(String name) {
        try {
            return name.isEmpty() ? InetAddress.getLoopbackAddress() : InetAddress.getByName(name);
        } catch (UnknownHostException e) {
            throw new OperatorException("--bind " + name + " is no address of this host", e);
        }
    }

    /** Sends the debugger away. */
    @Descriptor("let no debugger in any more; one that is there is sent away, the machine stays as it is")
    public void stop(@Complete("machine") @Descriptor("name of a machine") String machine) {
        servers.stop(machine);
    }

    /** All doors. */
    @Descriptor("list the machines that gdb can debug, and who does")
    public List<Door> list() {
        return servers.doors();
    }
}
