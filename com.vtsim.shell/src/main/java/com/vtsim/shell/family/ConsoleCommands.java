package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Stop;
import com.vtsim.shell.Complete;
import com.vtsim.shell.draw.Drawable;
import com.vtsim.shell.gdb.GdbServers;
import com.vtsim.shell.session.Exit;
import com.vtsim.shell.session.Terminals;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.apache.felix.gogo.jline.Shell;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.jline.terminal.Terminal;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Those of the {@code machine:} family that speak with a guest through its consoles. */
@Component(service = ConsoleCommands.class)
@GogoCommand(scope = "machine", function = {"console", "send"})
public final class ConsoleCommands {
    private static final String FIRST = "com1";

    private final Machines machines;
    private final GdbServers servers;

    /** Made by Declarative Services. */
    @Activate
    public ConsoleCommands(@Reference Machines machines, @Reference GdbServers servers) {
        this.machines = machines;
        this.servers = servers;
    }

    /** Attaches the terminal to the first serial port. */
    @Descriptor("be at a machine's serial port until Ctrl-] is pressed; the machine runs, and runs on afterwards")
    public Drawable console(CommandSession session, @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine) {
        return console(session, machine, FIRST);
    }

    /** Attaches the terminal to a console. */
    @Descriptor("be at a machine's console until Ctrl-] is pressed; the machine runs, and runs on afterwards")
    public Drawable console(CommandSession session, @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine,
            @Complete(Names.CONSOLE) @Descriptor("a console, such as com1") String console) {
        Machine attached = machines.machine(machine);
        Machine.Status before = attached.status();
        Attachment.input(attached, console, new byte[0]);
        try {
            Stop stop = session.get(Shell.VAR_TERMINAL) instanceof Terminal terminal ? attend(attached, console, Keys.of(terminal), terminal.output(), true)
                    : Terminals.interactive() ? attend(attached, console) : attend(attached, console, Keys.of(session.getKeyboard()), session.getConsole(), false);
            if (stop == null) {
                return new Notice(machine, "detached from " + console + "; it runs on in the background, machine:pause stops it");
            }
            Machine.Status after = attached.status();
            if (stop.exitStatus() >= 0) {
                session.put(Exit.STATUS, stop.exitStatus());
            }
            Ended ended = Ended.between(machine, stop, before, after);
            if (stop.cause() == Stop.Cause.FAILED) {
                throw new OperatorException(ended.line());
            }
            return ended;
        } catch (IOException e) {
            throw new OperatorException("the terminal is gone: " + e.getMessage(), e);
        }
    }

    /** At a terminal that no session has opened. */
    private Stop attend(Machine machine, String console) throws IOException {
        try (Terminal terminal = Terminals.system()) {
            return attend(machine, console, Keys.of(terminal), terminal.output(), true);
        }
    }

    private Stop attend(Machine machine, String console, Keys keys, OutputStream out, boolean greet) throws IOException {
        PrintStream printed = new PrintStream(out, true, StandardCharsets.UTF_8);
        if (greet) {
            printed.println(machine.name() + " " + console + ": Ctrl-] detaches");
        }
        Outlet outlet = new Outlet(machine, console, out, lastLine(machine, console));
        try (keys) {
            return new Attachment(machine, console, keys, () -> servers.attached(machine)).attend();
        } catch (InterruptedException e) {
            return null;
        } finally {
            outlet.close();
            if (outlet.midLine()) {
                printed.print("\r\n");
                printed.flush();
            }
        }
    }

    /** What stands on the line the guest is at, such as its prompt. */
    private static byte[] lastLine(Machine machine, String console) {
        String said = machine.transcripts().getOrDefault(console, "");
        return said.substring(said.lastIndexOf('\n') + 1).getBytes(StandardCharsets.UTF_8);
    }

    /** Types at a guest. */
    @Descriptor("type at a console of a machine, which need not run yet")
    public void send(
            @Complete(Names.CONSOLE) @Descriptor("the console") @Parameter(names = "--console", absentValue = FIRST) String console,
            @Complete(Names.MACHINE) @Descriptor("name of a machine") String machine,
            @Descriptor("what to type; \\n \\r \\t \\e \\\\ and \\xHH (a byte) are understood") String text) {
        Attachment.input(machines.machine(machine), console, Typed.bytes(text));
    }
}
