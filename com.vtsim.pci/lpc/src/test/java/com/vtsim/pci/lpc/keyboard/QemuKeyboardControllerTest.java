package com.vtsim.pci.lpc.keyboard;

import com.vtsim.pci.lpc.PortScript;
import com.vtsim.pci.lpc.QemuPorts;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** The same port accesses here and on QEMU: see {@link QemuPorts}. */
class QemuKeyboardControllerTest extends QemuPorts {
    QemuKeyboardControllerTest() {
        super(new KeyboardController("i8042"));
    }

    /** The status is not compared: QEMU keeps A2 set after data and does not copy the system flag of the configuration byte. */
    @Test
    void controllerAndDeviceAnswers() throws IOException, InterruptedException {
        PortScript script = new PortScript().out(0x64, 0x60).out(0x60, 0x04);
        for (int command : new int[] {0xAA, 0xAB, 0xA9, 0x20}) {
            script.out(0x64, command).await(0x64, 1).in(0x60);
        }
        keyboard(script, 0xFF, 2);
        keyboard(script, 0xF2, 3);
        keyboard(script, 0xEE, 1);
        keyboard(script, 0xED, 1);
        keyboard(script, 0x02, 1);
        keyboard(script, 0xF0, 1);
        keyboard(script, 0x00, 2);
        keyboard(script, 0xF5, 1);
        keyboard(script, 0xF4, 1);
        mouse(script, 0xFF, 3);
        mouse(script, 0xF2, 2);
        mouse(script, 0xE8, 1);
        mouse(script, 0x03, 1);
        mouse(script, 0xF3, 1);
        mouse(script, 0x28, 1);
        mouse(script, 0xE9, 4);
        mouse(script, 0xF4, 1);
        same(script);
    }

    /** The identity of a translated keyboard. */
    @Test
    void translatedAnswers() throws IOException, InterruptedException {
        PortScript script = new PortScript().out(0x64, 0x60).out(0x60, 0x44);
        keyboard(script, 0xF2, 3);
        keyboard(script, 0xF0, 1);
        keyboard(script, 0x00, 2);
        same(script);
    }

    private static void keyboard(PortScript script, int command, int answers) {
        script.out(0x60, command);
        for (int i = 0; i < answers; i++) {
            script.await(0x64, 1).in(0x60);
        }
    }

    private static void mouse(PortScript script, int command, int answers) {
        script.out(0x64, 0xD4).out(0x60, command);
        for (int i = 0; i < answers; i++) {
            script.await(0x64, 1).in(0x60);
        }
    }
}
