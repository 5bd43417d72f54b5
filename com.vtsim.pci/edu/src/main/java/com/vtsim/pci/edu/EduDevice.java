package com.vtsim.pci.edu;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.pci.ConfigSpace;
import com.vtsim.api.pci.ConfigState;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.api.pci.Upstream;
import com.vtsim.api.register.RegisterBlocks;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.register.RegisterState;
import java.util.Arrays;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * The educational device 1234:11e8: computes factorials, raises interrupts, copies between memory and 4 KiB of its own by DMA.
 * Source: EDU device (its public documentation). What the documentation leaves open is chosen here: a factorial takes 1 µs, a transfer
 * 1 µs and a nanosecond a byte; a transfer outside of the device's buffer is reported and does not take place, but ends as others do.
 */
@Component(configurationPid = "com.vtsim.pci.edu", configurationPolicy = ConfigurationPolicy.REQUIRE, service = {Part.class, PciFunction.class, RegisterBlocks.class})
public final class EduDevice implements PciFunction, RegisterBlocks {
    /** Where the device's buffer lies among its DMA addresses. */
    static final long BUFFER = 0x4_0000;
    private static final int BUFFER_LENGTH = 4096;
    private static final String MODEL = "edu";
    private static final int VERSION = 1;
    private static final int REGION = 1 << 20;
    private static final int WORDS_ONLY_BELOW = 0x80;
    private static final int DMA_DONE = 0x100;
    private static final int FACTORIAL_DONE = 1;
    private static final long STEP = 1000;
    private static final long IDLE = -1;

    private final String name;
    private final PciAddress address;
    private final long mask;
    private final byte[] buffer = new byte[BUFFER_LENGTH];
    private final RegisterFile<EduRegister> registers = new RegisterFile<>(EduRegister.class, this::written);
    private final RegisterFile<MsiRegister> msi = new RegisterFile<>(MsiRegister.class, (register, old, now, written) -> drive(false));
    private final ConfigSpace config;
    private long computed = IDLE;
    private long transferred = IDLE;
    private Board board;
    private Upstream upstream;
    private Clock.Timer computation;
    private Clock.Timer transfer;

    /** A configuration of the device. */
    public @interface Config {
        /** @return the machine's name */
        String vtsim_machine();

        /** @return the part's name */
        String vtsim_name() default "edu";

        /** @return bus:device.function */
        String vtsim_pci_address() default "00:03.0";

        /** @return bits of a DMA address, 1–64 */
        int dma_bits() default 28;
    }

    private record EduState(ConfigState config, RegisterState registers, byte[] buffer, long computed, long transferred) { }

    /** Made from a configuration. */
    @Activate
    public EduDevice(Config config) {
        this(config.vtsim_name(), config.vtsim_pci_address(), config.dma_bits());
    }

    /**
     * @param name    the part's name
     * @param address bus:device.function
     * @param dmaBits bits of a DMA address, 1–64
     */
    public EduDevice(String name, String address, int dmaBits) {
        if (dmaBits < 1 || dmaBits > 64) {
            throw new IllegalArgumentException("dma.bits is 1 to 64, not " + dmaBits);
        }
        this.name = name;
        this.address = PciAddress.parse(address);
        mask = -1L >>> 64 - dmaBits;
        config = new ConfigSpace(this, new ConfigSpace.Identity(0x1234, 0x11E8, 0x10, 0x00_FF_00, 0x1AF4, 0x1100), msi)
                .memory(0, REGION, false, new Region()).capability(0x05, MsiRegister.AT).pin(1);
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

    private void written(EduRegister register, long old, long now, long written) {
        switch (register) {
            case LIVENESS -> registers.set(register, ~now);
            case FACTORIAL -> compute(old);
            case IRQ_RAISE -> raise(written);
            case IRQ_ACK -> {
                registers.clear(EduRegister.IRQ_STATUS, written);
                drive(false);
            }
            case DMA_SOURCE, DMA_DESTINATION, DMA_COUNT -> {
                if (transferred != IDLE) {
                    registers.set(register, old);
                }
            }
            case DMA_COMMAND -> command(old, now);
            default -> { }
        }
    }

    private void compute(long old) {
        if (computed != IDLE) {
            registers.set(EduRegister.FACTORIAL, old);
            return;
        }
        registers.set(EduRegister.STATUS, EduRegister.COMPUTING, 1);
        computed = board.clock().now() + STEP;
        computation.at(computed);
    }

    /** Modulo 2<sup>32</sup>, as 32 bits hold it: 0 from 34! on. */
    private void finishComputation() {
        computed = IDLE;
        int product = 1;
        long value = registers.get(EduRegister.FACTORIAL);
        for (long factor = Math.min(value, 34); factor > 1; factor--) {
            product *= (int) factor;
        }
        registers.set(EduRegister.FACTORIAL, value > 33 ? 0 : product);
        registers.set(EduRegister.STATUS, EduRegister.COMPUTING, 0);
        if (registers.isSet(EduRegister.STATUS, EduRegister.INTERRUPT_WHEN_COMPUTED)) {
            raise(FACTORIAL_DONE);
        }
    }

    private void command(long old, long now) {
        if (transferred != IDLE) {
            registers.set(EduRegister.DMA_COMMAND, old);
        } else if (EduRegister.START.isSet(now)) {
            transferred = board.clock().now() + STEP + Math.min(registers.get(EduRegister.DMA_COUNT) & 0xFFFF_FFFFL, BUFFER_LENGTH);
            transfer.at(transferred);
        }
    }

    private void finishTransfer() {
        transferred = IDLE;
        boolean toMemory = registers.isSet(EduRegister.DMA_COMMAND, EduRegister.TO_MEMORY);
        long inside = registers.get(toMemory ? EduRegister.DMA_SOURCE : EduRegister.DMA_DESTINATION) - BUFFER;
        long outside = registers.get(toMemory ? EduRegister.DMA_DESTINATION : EduRegister.DMA_SOURCE);
        long count = registers.get(EduRegister.DMA_COUNT);
        if (inside < 0 || count < 0 || count > BUFFER_LENGTH || inside > BUFFER_LENGTH - count) {
            board.report(String.format("transfer of %d bytes at %x is outside of the device's buffer 40000-40fff", count, inside + BUFFER));
        } else if (upstream != null) {
            if ((outside & ~mask) != 0) {
                board.report(String.format("DMA address %x is cut to %d bits", outside, Long.bitCount(mask)));
            }
            if (toMemory) {
                upstream.write(outside & mask, buffer, (int) inside, (int) count);
            } else {
                upstream.read(outside & mask, buffer, (int) inside, (int) count);
            }
        }
        registers.set(EduRegister.DMA_COMMAND, EduRegister.START, 0);
        if (registers.isSet(EduRegister.DMA_COMMAND, EduRegister.INTERRUPT_WHEN_DONE)) {
            raise(DMA_DONE);
        }
    }

    private void raise(long bits) {
        registers.raise(EduRegister.IRQ_STATUS, bits);
        if (registers.get(EduRegister.IRQ_STATUS) != 0) {
            drive(true);
        }
    }

    /** The pin follows the status unless messages are enabled; a message is sent for each cause. */
    private void drive(boolean cause) {
        boolean messages = msi.isSet(MsiRegister.MC, MsiRegister.ENABLE);
        config.interrupt(!messages && registers.get(EduRegister.IRQ_STATUS) != 0);
        if (messages && cause && upstream != null) {
            upstream.message(msi.get(MsiRegister.MUA) << 32 | msi.get(MsiRegister.MA), (int) msi.get(MsiRegister.MD));
        }
    }

    @Override
    public void attach(Board newBoard) {
        board = newBoard;
        upstream = board.find(PciHost.class).map(host -> host.upstream(this)).orElse(null);
        computation = board.clock().timer("factorial", this::finishComputation);
        transfer = board.clock().timer("transfer", this::finishTransfer);
        if (computed != IDLE) {
            computation.at(computed);
        }
        if (transferred != IDLE) {
            transfer.at(transferred);
        }
        config.attach(board);
    }

    @Override
    public void reset(Reset kind) {
        registers.reset(kind);
        config.reset(kind);
        Arrays.fill(buffer, (byte) 0);
        computed = IDLE;
        transferred = IDLE;
        if (computation != null) {
            computation.cancel();
            transfer.cancel();
        }
    }

    @Override
    public State save() {
        return State.of(MODEL, VERSION, new EduState(config.save(), registers.save(), buffer, computed, transferred));
    }

    @Override
    public void restore(State state) {
        EduState saved = state.as(EduState.class, MODEL, VERSION);
        if (saved.buffer().length != BUFFER_LENGTH) {
            throw new StateException("state of edu has a buffer of " + saved.buffer().length + " bytes, expected " + BUFFER_LENGTH);
        }
        RegisterState before = registers.save();
        registers.restore(saved.registers());
        try {
            config.restore(saved.config());
        } catch (StateException e) {
            registers.restore(before);
            throw e;
        }
        System.arraycopy(saved.buffer(), 0, buffer, 0, BUFFER_LENGTH);
        computed = saved.computed();
        transferred = saved.transferred();
    }

    @Override
    public List<Block> registerBlocks() {
        return List.of(new Block("EDU", "memory", config.base(0), registers.dump()), new Block("EDU configuration", "configuration", 0, config.dump()));
    }

    /** Region 0: below 80h double words only, from there double or quad words; all else reads ones. */
    private final class Region implements MmioDevice {
        private boolean takes(int offset, int size) {
            return registers.at(offset) != null && (size == 4 || size == 8 && offset >= WORDS_ONLY_BELOW);
        }

        @Override
        public long read(int offset, int size) {
            return takes(offset, size) ? registers.load(offset, size) : -1L >>> 64 - 8 * size;
        }

        @Override
        public void write(int offset, int size, long value) {
            if (takes(offset, size)) {
                registers.store(offset, size, value);
            }
        }
    }
}
