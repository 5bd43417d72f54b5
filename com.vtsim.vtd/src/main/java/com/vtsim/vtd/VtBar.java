package com.vtsim.vtd;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.pci.ConfigSpace;
import com.vtsim.api.pci.ConfigState;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.register.Layout;
import com.vtsim.api.register.Register;
import com.vtsim.api.register.RegisterBlocks;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.vtd.RemappingUnit;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * The function of a server's root complex with the base register of its remapping unit, VTBAR at 180h.
 * Source: Intel Xeon Processor Datasheet, Volume 2, Integrated I/O Address Mapping and VT-d.
 */
@Component(configurationPid = "com.vtsim.vtd.vtbar", configurationPolicy = ConfigurationPolicy.REQUIRE, service = {Part.class, PciFunction.class, RegisterBlocks.class})
public final class VtBar implements PciFunction, RegisterBlocks {
    private static final String MODEL = "vtbar";
    private static final int VERSION = 1;

    private final String name;
    private final PciAddress address;
    private final RegisterFile<Own> registers = new RegisterFile<>(Own.class, this::written);
    private final ConfigSpace config;
    private BaseRegister base;

    /** Its register. */
    private enum Own implements Register {
        VTBAR(Layout.at(0x180, 4).rw(0xFFFF_F001).title("VT-d Base Address"));

        private final Layout layout;

        Own(Layout layout) {
            this.layout = layout;
        }

        @Override
        public Layout layout() {
            return layout;
        }
    }

    /** A configuration of the function. */
    public @interface Config {
        /** @return the machine's name */
        String vtsim_machine();

        /** @return the part's name */
        String vtsim_name() default "vtbar";

        /** @return bus:device.function */
        String vtsim_pci_address() default "00:05.0";
    }

    private record BarState(ConfigState config) { }

    /** Made from a configuration. */
    @Activate
    public VtBar(Config config) {
        this(config.vtsim_name(), config.vtsim_pci_address());
    }

    /** @param address bus:device.function */
    VtBar(String name, String address) {
        this.name = name;
        this.address = PciAddress.parse(address);
        config = new ConfigSpace(this, new ConfigSpace.Identity(0x8086, 0x2024, 0, 0x08_80_00, 0x8086, 0), registers);
    }

    private void written(Own register, long old, long now, long written) {
        if (base != null) {
            base.value(now);
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String model() {
        return MODEL;
    }

    @Override
    public PciAddress address() {
        return address;
    }

    @Override
    public int configRead(int offset, int size) {
        return config.read(offset, size);
    }

    @Override
    public void configWrite(int offset, int size, int value) {
        config.write(offset, size, value);
    }

    /** Takes the unit of this layout; the register shows what the unit has, which it keeps and carries over. */
    @Override
    public void attach(Board board) {
        config.attach(board);
        base = board.findAll(RemappingUnit.class).stream().filter(RemappingHardware.class::isInstance).map(RemappingHardware.class::cast)
                .map(RemappingHardware::baseRegister).filter(each -> each.layout() == BaseRegister.Layout.SERVER).findFirst().orElse(null);
        if (base != null) {
            registers.set(Own.VTBAR, base.value());
        }
    }

    @Override
    public void reset(Reset kind) {
        config.reset(kind);
        if (base != null) {
            base.reset();
            registers.set(Own.VTBAR, base.value());
        }
    }

    @Override
    public State save() {
        return State.of(MODEL, VERSION, new BarState(config.save()));
    }

    @Override
    public void restore(State state) {
        config.restore(state.as(BarState.class, MODEL, VERSION).config());
    }

    @Override
    public List<Block> registerBlocks() {
        return List.of(new Block("VT-d Base", "configuration", 0, config.dump()));
    }
}
