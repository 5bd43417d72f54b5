package com.vtsim.pci.lpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.vtsim.api.machine.Part;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** The same port accesses here and on the installed QEMU give the same bytes; without QEMU the tests are skipped. */
public abstract class QemuPorts {
    private final Bench bench = new Bench();
    private final Part device;
    @TempDir
    private Path folder;

    /** Tests of a device, on a board with a processor and 16 MiB. */
    protected QemuPorts(Part device) {
        this.device = device;
    }

    @BeforeEach
    void qemuIsThere() {
        assumeTrue(PortScript.qemuIsInstalled(), "qemu-system-x86_64 is not installed");
        bench.attach(device);
    }

    /** Runs the script on both, and compares what they read. */
    protected final void same(PortScript script) throws IOException, InterruptedException {
        assertThat(script.on(bench)).isEqualTo(script.onQemu(folder));
    }
}
