package com.vtsim.irq.apic;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.pci.ChipsetRequester;
import com.vtsim.api.pci.PciHost;
import com.vtsim.api.pci.RequestTranslator;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.register.RegisterState;
import com.vtsim.irq.i8259.InterruptNumbers;

/**
 * The I/O APIC: 24 inputs. Levels are logical, so the polarity bit is only kept. Source: 82093AA I/O Advanced Programmable Interrupt Controller;
 * the EOI register as in the I/O Controller Hub. Machine thread only.
 */
final class IoApic implements MmioDevice {
    /** Where the window lies. */
    static final long BASE = 0xFEC0_0000L;
    private static final int INTR = 0, TIMER = 2;
    private static final int IOREGSEL = 0x00;
    private static final int IOWIN = 0x10;
    private static final int EOIR = 0x40;
    private static final long MESSAGES = 0xFEE0_0000L;
    private static final int ASSERTED_LEVEL = 0xC000;

    private final MessageBus bus;
    private final RegisterFile<IoApicRegister> registers = new RegisterFile<>(IoApicRegister.class, this::written);
    private long[] numbers = new long[IoApicRegister.INPUTS];
    private InterruptNumbers lines;
    private int select;
    private int pins;
    private Board board;
    private ChipsetRequester requester;

    /**
     * State of the I/O APIC.
     *
     * @param registers the indirect registers
     * @param select    IOREGSEL
     * @param pins      levels of the inputs
     */
    record IoState(RegisterState registers, int select, int pins) { }

    IoApic(MessageBus bus) {
        this.bus = bus;
    }

    void reset() {
        registers.reset(Reset.COLD);
        select = 0;
        requester = board == null ? null : requester(null);
    }

    @Override
    public long read(int offset, int size) {
        return switch (offset & ~3) {
            case IOREGSEL -> (offset & 3) == 0 ? select : 0;
            case IOWIN -> (offset & 3) == 0 && size >= 4 ? registers.load(4 * select, 4) : 0;
            default -> 0;
        };
    }

    @Override
    public void write(int offset, int size, long value) {
        switch (offset) {
            case IOREGSEL -> select = (int) value & 0xFF;
            case IOWIN -> registers.store(4 * select, 4, value & 0xFFFF_FFFFL);
            case EOIR -> ended((int) value & 0xFF);
            default -> { }
        }
    }

    private void written(IoApicRegister register, long old, long now, long written) {
        if (register == IoApicRegister.IOAPICID) {
            registers.set(IoApicRegister.IOAPICARB, now);
        } else if (register.ordinal() >= IoApicRegister.IOREDTBL0.ordinal()) {
            if (!IoApicRegister.TRIGGER.isSet(now)) {
                registers.set(register, IoApicRegister.REMOTE_IRR, 0);
            }
            level(register.ordinal() - IoApicRegister.IOREDTBL0.ordinal());
        }
    }

    /** An input has this level. @param number of the interrupt, where it rises */
    void pin(int input, boolean asserted, long number) {
        int bit = 1 << input;
        if (asserted == ((pins & bit) != 0)) {
            return;
        }
        pins ^= bit;
        if (asserted) {
            numbers[input] = number;
            bus.resume(number);
            long entry = registers.get(IoApicRegister.entryOf(input));
            // An edge on a masked input is not kept (82093AA, Interrupt Mask).
            if (!levelTriggered(entry) && !IoApicRegister.MASK.isSet(entry) && send(entry)) {
                delivered(input);
            }
        }
        level(input);
    }

    /** Takes the level of an input without an edge. */
    void settle(int input, boolean asserted) {
        pins = asserted ? pins | 1 << input : pins & ~(1 << input);
    }

    private static boolean levelTriggered(long entry) {
        return IoApicRegister.TRIGGER.isSet(entry) && IoApicRegister.DELMOD.of(entry) <= Delivery.LOWEST;
    }

    /** Sends a level-triggered interrupt that is due. */
    private void level(int input) {
        IoApicRegister register = IoApicRegister.entryOf(input);
        long entry = registers.get(register);
        boolean due = levelTriggered(entry) && (pins >> input & 1) != 0 && !IoApicRegister.MASK.isSet(entry) && !IoApicRegister.REMOTE_IRR.isSet(entry);
        if (due) {
            bus.resume(numbers[input]);
            // Set first: the interrupt may be acknowledged and ended before the message returns.
            registers.set(register, IoApicRegister.REMOTE_IRR, 1);
            if (send(entry)) {
                delivered(input);
            } else {
                registers.set(register, IoApicRegister.REMOTE_IRR, 0);
            }
        }
    }

    /** INTR of the 8259As has counted itself. */
    private void delivered(int input) {
        if (input != INTR && lines != null) {
            lines.delivered(input == TIMER ? 0 : input);
        }
    }

    /** Makes a message of an entry, which passes the remapping unit if there is one. (ICH9 datasheet, Front Side Bus Interrupt Delivery) */
    private boolean send(long entry) {
        int mode = (int) IoApicRegister.DELMOD.of(entry);
        long address = MESSAGES | IoApicRegister.DEST.of(entry) << 12 | IoApicRegister.EXTENDED.of(entry) << 4 | IoApicRegister.DESTMOD.of(entry) << 2;
        int data = (int) IoApicRegister.INTVEC.of(entry) | mode << 8 | (levelTriggered(entry) ? ASSERTED_LEVEL : 0);
        if (requester == null) {
            return bus.send(address, data);
        }
        RequestTranslator.Message message = requester.remap(address, data);
        return message != null && bus.send(message.address, message.data);
    }

    /** Looks for the unit that remaps its interrupts. @param lineNumbers the numbers of what the lines carry */
    void attach(Board newBoard, InterruptNumbers lineNumbers) {
        board = newBoard;
        lines = lineNumbers;
        numbers = board.tracer().numbers("inputs", IoApicRegister.INPUTS);
        boolean blocked = requester != null && requester.isOrphan();
        requester = requester(requester);
        for (int input = 0; blocked && !requester.isOrphan() && input < IoApicRegister.INPUTS; input++) {
            level(input);
        }
    }

    private ChipsetRequester requester(ChipsetRequester before) {
        return ChipsetRequester.of(board, ChipsetRequester.ioApic(board.find(PciHost.class)), before);
    }

    /** An EOI message, or a write to the EOI register: level-triggered inputs with this vector may ask again. */
    void ended(int vector) {
        for (int input = 0; input < IoApicRegister.INPUTS; input++) {
            IoApicRegister register = IoApicRegister.entryOf(input);
            long entry = registers.get(register);
            if (IoApicRegister.REMOTE_IRR.isSet(entry) && IoApicRegister.INTVEC.of(entry) == vector) {
                registers.set(register, IoApicRegister.REMOTE_IRR, 0);
                level(input);
            }
        }
    }

    /** @return a redirection entry */
    long entry(int input) {
        return registers.get(IoApicRegister.entryOf(input));
    }

    boolean asserted(int input) {
        return (pins >> input & 1) != 0;
    }

    RegisterFile<IoApicRegister> registers() {
        return registers;
    }

    IoState save() {
        return new IoState(registers.save(), select, pins);
    }

    void restore(IoState state) {
        registers.restore(state.registers);
        select = state.select & 0xFF;
        pins = state.pins;
    }
}
