package com.vtsim.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;

/** A guest that halts between the keys it echoes, at the other end of machine:console. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConsoleIT {
    /** 8259A: base 20h, IRQ4 alone; 16550A: eight data bits, receiver interrupt, OUT2. A q goes to the exit port. */
    private static final String ECHO = """
            bits 16
            org 0x7c00
            start: xor ax, ax
                mov ds, ax
                mov ss, ax
                mov sp, 0x7000
                mov word [0x90], key
                mov word [0x92], ax
                mov al, 0x11
                out 0x20, al
                mov al, 0x20
                out 0x21, al
                mov al, 4
                out 0x21, al
                mov al, 1
                out 0x21, al
                mov al, 0xef
                out 0x21, al
                mov dx, 0x3fb
                mov al, 3
                out dx, al
                mov dx, 0x3f9
                mov al, 1
                out dx, al
                mov dx, 0x3fc
                mov al, 0x0b
                out dx, al
                mov dx, 0x3f8
                mov al, '>'
                out dx, al
                sti
            again: hlt
                jmp again
            key: mov dx, 0x3f8
                in al, dx
                out dx, al
                cmp al, 'q'
                jne done
                mov dx, 0xf4
                out dx, al
            done: mov al, 0x20
                out 0x20, al
                iret
            """;

    private final BundleContext context = FrameworkUtil.getBundle(ConsoleIT.class).getBundleContext();

    @Test
    void keysWakeAGuestThatHaltedForGood(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("echo.asm"), ECHO);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayInputStream keys = new ByteArrayInputStream("world, q".getBytes(StandardCharsets.UTF_8));
        CommandProcessor processor = context.getService(context.getServiceReference(CommandProcessor.class));
        try (CommandSession session = processor.createSession(keys, out, out)) {
            session.execute("machine:create e --memory 16M --test-devices");
            try {
                session.execute("machine:load e asm " + file + " --mode real");
                session.execute("machine:send e 'hello\\x2c\\x20'");
                Object ended = session.execute("machine:console e");
                assertThat(ended.toString()).contains("POWER_OFF");
                assertThat(session.get("vtsim.exit")).as("twice the q and one").isEqualTo(2 * 'q' + 1);
                assertThat(out.toString(StandardCharsets.UTF_8)).contains(">hello, world, q");
            } finally {
                session.execute("machine:destroy e");
            }
        }
    }
}
