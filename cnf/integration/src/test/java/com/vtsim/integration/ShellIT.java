package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.vtsim.api.machine.Machine;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceReference;

/** The shell's commands as Gogo calls them. */
class ShellIT {

    private final BundleContext context = FrameworkUtil.getBundle(ShellIT.class).getBundleContext();
    private CommandSession session;

    @BeforeEach
    void open() {
        ServiceReference<CommandProcessor> reference = context.getServiceReference(CommandProcessor.class);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        session = context.getService(reference).createSession(new ByteArrayInputStream(new byte[0]), out, out);
    }

    @AfterEach
    void close() {
        session.close();
    }

    @Test
    void numbersMayBeHexadecimal() throws Exception {
        assertThat(session.execute("log:list --count 0x2 --all")).asInstanceOf(InstanceOfAssertFactories.LIST).hasSize(2);
    }

    @Test
    void aFamilyIsListedWithDescriptions() throws Exception {
        Object help = session.execute("vtsim:help");
        assertThat(session.format(help, Converter.INSPECT)).contains("log:file").contains("show where the log is written to");
        assertThat(session.format(session.execute("vtsim:help log"), Converter.INSPECT)).startsWith("log:file").contains("log:list").doesNotContain("exit");
    }

    @Test
    void recordsAreDrawnAsTables() throws Exception {
        assertThat(session.format(session.execute("log:level"), Converter.INSPECT)).startsWith("LOGGER").contains("ROOT");
    }

    @Test
    void anErrorIsThrown() {
        assertThatThrownBy(() -> session.execute("vtsim:help nonsense")).hasMessageContaining("no such command: nonsense");
        assertThatThrownBy(() -> session.execute("vtsim:exit 300")).hasMessage("an exit status is 0 to 255, not 300");
    }

    @Test
    void theExitStatusIsASessionVariable() throws Exception {
        session.execute("vtsim:exit 3");
        assertThat(session.get("vtsim.exit")).isEqualTo(3);
        assertThat(session.get("vtsim.exit.now")).isEqualTo(true);
    }

    /** Absent, started again and updated: the machines do not notice. */
    @Test
    void machinesRunOnWhileTheShellIsReplaced() throws Exception {
        Installed shell = Installed.of(context, "com.vtsim.shell");
        session.execute("machine:create s --memory 1M");
        try {
            Machine machine = context.getService(context.getServiceReferences(Machine.class, "(vtsim.machine=s)").iterator().next());
            machine.call(() -> {
                machine.memory().write(0x7C00, 2, 0xFEEB);
                return null;
            });
            session.execute("cpu:set s cs.base 0");
            session.execute("cpu:set s rip 7c00h");
            session.execute("machine:start s");
            shell.bundle().stop();
            assertThatThrownBy(() -> session.execute("machine:list")).hasMessageContaining("Command not found: machine:list");
            assertGoesOn(machine);
            shell.bundle().start();
            assertThat(session.format(session.execute("machine:list"), Converter.INSPECT)).contains("running");
            shell.update();
            assertThat(session.format(session.execute("machine:list"), Converter.INSPECT)).contains("running");
            assertGoesOn(machine);
        } finally {
            shell.putBack();
            session.execute("machine:destroy s");
        }
    }

    private static void assertGoesOn(Machine machine) {
        long before = machine.status().instructions();
        await().until(() -> machine.status().instructions() > before);
        assertThat(machine.status().running()).isTrue();
    }
}
