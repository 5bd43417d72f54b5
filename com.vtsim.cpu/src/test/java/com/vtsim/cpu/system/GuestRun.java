package com.vtsim.cpu.system;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.PortDevice;
import com.vtsim.api.machine.Processor.Outcome;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.cpu.X86Processor;
import com.vtsim.cpu.isa.Assembler;
import com.vtsim.machine.Backplane;
import java.util.function.Consumer;

/** Runs the system guest from reset on a machine of a processor, a ROM and the port its text goes to. */
final class GuestRun {
    private static final long INSTRUCTIONS = 5_000_000;

    private GuestRun() { }

    /** The board's ROM and the port E9h. */
    private static final class Text implements Part, PortDevice {
        private final byte[] rom;
        final StringBuilder text = new StringBuilder();

        Text(byte[] rom) {
            this.rom = rom;
        }

        @Override
        public String name() {
            return "text";
        }

        @Override
        public String model() {
            return "text";
        }

        @Override
        public void attach(Board board) {
            board.memory().mapRom(0xF_0000, rom);
            board.memory().mapRom(0xFFFF_0000L, rom);
            board.ports().map(0xE9, 1, 1, this);
        }

        @Override
        public void reset(Reset kind) { }

        @Override
        public State save() {
            return new State("text", 1, java.util.Map.of());
        }

        @Override
        public void restore(State state) { }

        @Override
        public int read(int offset, int size) {
            return 0xE9;
        }

        @Override
        public void write(int offset, int size, int value) {
            text.append((char) (value & 0xFF));
        }
    }

    /** @return what the guest wrote until it halted */
    static String run(byte[] rom) {
        return run(rom, INSTRUCTIONS, processor -> { });
    }

    /**
     * @param slice   instructions to run at a time
     * @param between what to do with the processor after each slice
     */
    static String run(byte[] rom, long slice, Consumer<X86Processor> between) {
        Text text = new Text(rom);
        try (Backplane machine = Backplane.of("system", 16 << 20)) {
            X86Processor processor = new X86Processor("cpu0", 0);
            machine.add(text);
            machine.add(processor);
            machine.settle();
            machine.call(() -> {
                long left = INSTRUCTIONS / slice;
                while (left-- > 0 && processor.run(slice) == Outcome.BUDGET) {
                    between.accept(processor);
                }
                return null;
            });
            return text.text + (text.text.toString().endsWith("\n") ? "" : String.join("\n", processor.why()));
        }
    }

    /** @return the guest, assembled */
    static byte[] rom() {
        return Assembler.assemble(SystemGuest.source(), 0x10000).bytes();
    }

    /** Writes what the guest writes, or runs an image from a file: {@code GuestRun [image]}. */
    public static void main(String[] arguments) throws Exception {
        byte[] rom = arguments.length > 0 ? java.nio.file.Files.readAllBytes(java.nio.file.Path.of(arguments[0])) : rom();
        System.out.print(run(rom));
    }
}
