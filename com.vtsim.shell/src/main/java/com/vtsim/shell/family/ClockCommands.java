package com.vtsim.shell.family;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import com.vtsim.shell.Complete;
import java.time.Duration;
import java.util.Locale;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The {@code clock:} family: virtual time. */
@Component(service = ClockCommands.class)
@GogoCommand(scope = "clock", function = "show")
public final class ClockCommands {
    private final Machines machines;

    /** Made by Declarative Services. */
    @Activate
    public ClockCommands(@Reference Machines machines) {
        this.machines = machines;
    }

    /**
     * A machine's clock.
     *
     * @param time         virtual time since power-on
     * @param instructions retired since power-on
     * @param rate         in a virtual second while processors run
     * @param skipped      virtual time that passed while every processor was halted
     */
    public record Time(Duration time, String instructions, String rate, Duration skipped) { }

    /** Virtual time. */
    @Descriptor("show a machine's virtual time")
    public Time show(@Complete(Names.MACHINE) @Descriptor("name of a machine") String name) {
        Machine machine = machines.machine(name);
        return machine.call(() -> {
            long now = machine.clock().now();
            long instructions = machine.clock().instructions();
            long rate = machine.clock().rate();
            long busy = (long) (instructions / (rate / 1e9));
            return new Time(Duration.ofNanos(now), String.format(Locale.ROOT, "%,d", instructions), String.format(Locale.ROOT, "%,d MIPS", rate / 1_000_000),
                    Duration.ofNanos(Math.max(0, now - busy)));
        });
    }
}
