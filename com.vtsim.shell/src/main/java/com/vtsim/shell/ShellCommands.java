package com.vtsim.shell;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.shell.session.CommandTable;
import com.vtsim.shell.session.Exit;
import com.vtsim.shell.session.HelpText;
import org.apache.felix.gogo.jline.Shell;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.jline.terminal.Terminal;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** The commands about the shell itself. */
@Component(service = ShellCommands.class)
@GogoCommand(scope = "vtsim", function = {"help", "exit"})
public final class ShellCommands {

    private final BundleContext context;

    @Activate
    public ShellCommands(BundleContext context) {
        this.context = context;
    }

    /** All commands, a line each. */
    @Descriptor("list the commands")
    public HelpText help(CommandSession session) {
        return HelpText.overview(new CommandTable(context)).within(columns(session));
    }

    /** One command's parameters, or one family. */
    @Descriptor("show the parameters of a command, or the commands of a family")
    public HelpText help(CommandSession session, @Descriptor("name of the command or family") String command) {
        return HelpText.of(new CommandTable(context), command).within(columns(session));
    }

    /** Of the terminal; 0 where there is none. */
    private static int columns(CommandSession session) {
        return session.get(Shell.VAR_TERMINAL) instanceof Terminal terminal ? terminal.getWidth() : 0;
    }

    /** Ends the session with the status set so far. */
    @Descriptor("leave the shell")
    public void exit(CommandSession session) {
        session.put(Exit.ASKED, true);
    }

    /** Ends the session with that status. */
    @Descriptor("leave the shell with an exit status")
    public void exit(CommandSession session, @Descriptor("0 to 255") int status) {
        if (status < 0 || status > 255) {
            throw new OperatorException("an exit status is 0 to 255, not " + status);
        }
        session.put(Exit.STATUS, status);
        session.put(Exit.ASKED, true);
    }
}
