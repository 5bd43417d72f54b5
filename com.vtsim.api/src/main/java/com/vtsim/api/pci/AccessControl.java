package com.vtsim.api.pci;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;
import com.vtsim.api.register.RegisterFile;

/**
 * Access control services of a port: whether requests between functions below it may be turned around without the root complex. Here none ever
 * is: every request goes to the root complex. Machine thread only. Source: PCI Express Base Specification, Access Control Services Extended Capability.
 */
public final class AccessControl extends Capability {
    /** Source validation: a request whose requester is not below the port is an ACS violation. */
    public static final int SOURCE_VALIDATION = 0x01;
    /** Translation blocking: a translated request is an ACS violation. */
    public static final int TRANSLATION_BLOCKING = 0x02;
    private static final int SERVICES = 0x5F;

    private final RegisterFile<Row> registers = new RegisterFile<>(Row.class, (register, old, now, written) -> { });

    private enum Row implements Register {
        CAP(at(0x04, 2).constant(SERVICES).title("ACS Capability")),                                  // V, B, R, C, U, T
        CTL(at(0x06, 2).rw(SERVICES).title("ACS Control"));

        private final Layout layout;

        Row(Layout layout) {
            this.layout = layout;
        }

        @Override
        public Layout layout() {
            return layout;
        }
    }

    /** With source validation, translation blocking, request and completion redirection, upstream forwarding, direct translated. */
    public AccessControl() {
        super("ACS", 0x000D, 1, 8);
    }

    @Override
    protected RegisterFile<?> registers() {
        return registers;
    }

    /** @param service one of the constants; @return whether software has enabled it */
    public boolean enables(int service) {
        return (registers.get(Row.CTL) & service) != 0;
    }
}
