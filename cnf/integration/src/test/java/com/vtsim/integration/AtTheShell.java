package com.vtsim.integration;

import com.vtsim.api.machine.Machine;
import com.vtsim.api.machine.Machines;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;

/** What tests share that make machines by the shell's commands: a session, a folder, and that no machine is left. */
abstract class AtTheShell {
    /** Counts in rax and in memory at 10_0100h, by a subroutine at 10_0080h that the call at 10_0016h enters. */
    static final String COUNTER = """
            bits 64
            org 0x100000
            start: mov rsp, 0x200000
                mov rbx, 0x100100
                xor eax, eax
            again: inc rax
                mov [rbx], rax
                call lower
                jmp again
            times 0x80 - ($ - $$) db 0x90
            lower: mov rcx, rax
                xor rcx, 0x55
                ret
            """;

    final BundleContext context = FrameworkUtil.getBundle(AtTheShell.class).getBundleContext();
    final Machines machines = context.getService(context.getServiceReference(Machines.class));
    CommandSession session;
    @TempDir
    Path folder;

    @BeforeEach
    void open() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        session = context.getService(context.getServiceReference(CommandProcessor.class)).createSession(new ByteArrayInputStream(new byte[0]), out, out);
    }

    @AfterEach
    void close() {
        for (Machine machine : machines.machines()) {
            machines.destroy(machine.name());
        }
        session.close();
    }
}
