package com.vtsim.pci.virtio;

import static com.vtsim.api.register.Layout.at;

import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.pci.Capability;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;
import com.vtsim.api.register.RegisterFile;

/** A vendor-specific capability that says where a structure of the device lies. Source: Virtual I/O Device (VIRTIO) 1.2, Virtio Structure PCI Capabilities. */
final class Structure extends Capability {
    static final int COMMON = 1;
    static final int NOTIFY = 2;
    static final int ISR = 3;
    static final int DEVICE = 4;
    /** The window through which configuration space reaches the others. */
    static final int ACCESS = 5;
    private static final int VENDOR_SPECIFIC = 0x09;

    private final RegisterFile<?> registers;

    private enum Row implements Register {
        CAP_LEN(at(0x02, 1).ro(0xFF).title("cap_len")),
        CFG_TYPE(at(0x03, 1).ro(0xFF).title("cfg_type")),
        BAR(at(0x04, 1).ro(0xFF).title("bar")),
        ID(at(0x05, 1).ro(0xFF).title("id")),
        OFFSET(at(0x08, 4).ro(0xFFFF_FFFF).title("offset")),
        LENGTH(at(0x0C, 4).ro(0xFFFF_FFFF).title("length")),
        MULTIPLIER(at(0x10, 4).ro(0xFFFF_FFFF).title("notify_off_multiplier"));

        private final Layout layout;

        Row(Layout layout) {
            this.layout = layout;
        }

        @Override
        public Layout layout() {
            return layout;
        }
    }

    private enum AccessRow implements Register {
        CAP_LEN(at(0x02, 1).constant(0x14).title("cap_len")),
        CFG_TYPE(at(0x03, 1).constant(ACCESS).title("cfg_type")),
        BAR(at(0x04, 1).rw(0xFF).title("bar")),
        ID(at(0x05, 1).ro(0xFF).title("id")),
        OFFSET(at(0x08, 4).rw(0xFFFF_FFFF).title("offset")),
        LENGTH(at(0x0C, 4).rw(0xFFFF_FFFF).title("length")),
        DATA(at(0x10, 4).rw(0xFFFF_FFFF).title("pci_cfg_data"));

        private final Layout layout;

        AccessRow(Layout layout) {
            this.layout = layout;
        }

        @Override
        public Layout layout() {
            return layout;
        }
    }

    private Structure(String name, RegisterFile<?> registers, int length) {
        super(name, VENDOR_SPECIFIC, length);
        this.registers = registers;
    }

    /**
     * @param type   {@link #COMMON} to {@link #DEVICE}
     * @param bar    index of the base address
     * @param offset from it, in bytes
     * @param length in bytes
     */
    static Structure of(String name, int type, int bar, int offset, int length) {
        RegisterFile<Row> file = new RegisterFile<>(Row.class, (register, old, now, written) -> { });
        int bytes = type == NOTIFY ? 0x14 : 0x10;
        file.strap(Row.CAP_LEN, bytes);
        file.strap(Row.CFG_TYPE, type);
        file.strap(Row.BAR, bar);
        file.strap(Row.OFFSET, offset);
        file.strap(Row.LENGTH, length);
        file.strap(Row.MULTIPLIER, type == NOTIFY ? PciVirtio.NOTIFY_STRIDE : 0);
        return new Structure(name, file, bytes);
    }

    /** @param bar index of the base address; @param window what lies there; reads through it have no side effects */
    static Structure access(int bar, int size, MmioDevice window) {
        Access access = new Access(bar, size, window);
        access.file = new RegisterFile<>(AccessRow.class, access);
        return new Structure("VIRTIO-ACCESS", access.file, 0x14);
    }

    /** Reads and writes of pci_cfg_data are those of the window. */
    private static final class Access implements RegisterFile.Device<AccessRow> {
        private final int bar;
        private final int size;
        private final MmioDevice window;
        private RegisterFile<AccessRow> file;

        Access(int bar, int size, MmioDevice window) {
            this.bar = bar;
            this.size = size;
            this.window = window;
        }

        @Override
        public void written(AccessRow register, long old, long now, long written) {
            if (register == AccessRow.DATA && file != null && isPossible()) {
                window.write((int) file.get(AccessRow.OFFSET), (int) file.get(AccessRow.LENGTH), now);
            }
        }

        @Override
        public void refresh(AccessRow register) {
            if (register == AccessRow.DATA && file != null && isPossible()) {
                file.set(AccessRow.DATA, window.read((int) file.get(AccessRow.OFFSET), (int) file.get(AccessRow.LENGTH)));
            }
        }

        private boolean isPossible() {
            long offset = file.get(AccessRow.OFFSET);
            long length = file.get(AccessRow.LENGTH);
            return file.get(AccessRow.BAR) == bar && (length == 1 || length == 2 || length == 4) && offset % length == 0 && offset + length <= size;
        }
    }

    @Override
    protected RegisterFile<?> registers() {
        return registers;
    }
}
