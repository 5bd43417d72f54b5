package com.vtsim.pci.lpc.flash;

import com.vtsim.api.disk.DiskFile;
import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * The flash chips that a board boots from, in files of the host. The first ends at 4 GiB, where the processor starts after reset, each other
 * one where the one before it begins. One that is read-only ({@code ro:} before its file) is seen as a ROM, the last 128 KiB of the first
 * also below 1 MiB; one that is not is programmed and erased by command, and its file keeps what firmware stores (its variables).
 * The content belongs to the files, not to snapshots.
 */
@Component(configurationPid = FlashMemory.PID, configurationPolicy = ConfigurationPolicy.REQUIRE, service = Part.class)
public final class FlashMemory implements Part {
    /** The factory PID. */
    static final String PID = "com.vtsim.pci.lpc.flash";
    /** {@link #model}. */
    static final String MODEL = "flash";

    private static final int VERSION = 1;
    private static final long TOP = 1L << 32;
    private static final long LOW_TOP = 1L << 20;
    private static final int LOW_LARGEST = 128 << 10;
    private static final long LARGEST = 16 << 20;

    private final String name;
    private final List<FlashChip> chips = new ArrayList<>();

    /** Configuration of factory PID {@code com.vtsim.pci.lpc.flash}. */
    @interface Config {
        /** {@link Part#MACHINE}. */
        String vtsim_machine();

        /** {@link Part#NAME}. */
        String vtsim_name() default "flash";

        /** A file for each chip, from 4 GiB downwards; {@code ro:} before it makes it a ROM. Empty ones are left out. */
        String[] files() default {};
    }

    /**
     * What the chips that can be written are doing; their content is in their files.
     *
     * @param mode   of each, by {@link FlashChip.Mode}'s order
     * @param status the status register of each
     */
    record FlashState(int[] mode, int[] status) { }

    /** Made from its configuration. @throws OperatorException if a file cannot be used */
    @Activate
    public FlashMemory(Config config) {
        this(config.vtsim_name(), config.files());
    }

    /** For machines put together in plain Java. */
    public FlashMemory(String name, String... files) {
        this.name = name;
        long length = 0;
        try {
            for (String file : files) {
                if (!file.isBlank()) {
                    chips.add(new FlashChip(DiskFile.named(file.strip(), FlashChip.BLOCK)));
                    length += chips.get(chips.size() - 1).length();
                }
            }
            if (length > LARGEST) {
                throw new OperatorException("flash " + name + " has " + length + " bytes in all; 16 MiB below 4 GiB are what a board has room for");
            }
        } catch (OperatorException e) {
            detach();
            throw e;
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
    public void attach(Board board) {
        long end = TOP;
        for (FlashChip chip : chips) {
            String failure = chip.open();
            if (!failure.isEmpty()) {
                throw new OperatorException("flash " + name + ": " + failure);
            }
            byte[] content = chip.content();
            end -= content.length;
            if (!chip.isReadOnly()) {
                board.memory().map(end, content.length, chip);
                continue;
            }
            board.memory().mapRom(end, content);
            if (chip == chips.get(0)) {
                byte[] low = Arrays.copyOfRange(content, Math.max(0, content.length - LOW_LARGEST), content.length);
                board.memory().mapRom(LOW_TOP - low.length, low);
            }
        }
    }

    @Override
    public void detach() {
        chips.forEach(FlashChip::close);
    }

    @Override
    public void reset(Reset kind) {
        chips.forEach(FlashChip::reset);
    }

    private List<FlashChip> written() {
        return chips.stream().filter(chip -> !chip.isReadOnly()).toList();
    }

    @Override
    public State save() {
        return State.of(MODEL, VERSION, new FlashState(written().stream().mapToInt(chip -> chip.mode().ordinal()).toArray(),
            written().stream().mapToInt(FlashChip::status).toArray()));
    }

    @Override
    public void restore(State state) {
        FlashState saved = state.as(FlashState.class, MODEL, VERSION);
        List<FlashChip> mine = written();
        if (saved.mode.length != mine.size() || saved.status.length != mine.size()) {
            throw new StateException("the state is that of " + saved.mode.length + " chips that can be written, here are " + mine.size());
        }
        FlashChip.Mode[] modes = FlashChip.Mode.values();
        if (Arrays.stream(saved.mode).anyMatch(mode -> mode < 0 || mode >= modes.length)) {
            throw new StateException("a flash chip has modes 0 to " + (modes.length - 1) + ", not " + Arrays.toString(saved.mode));
        }
        for (int i = 0; i < mine.size(); i++) {
            mine.get(i).restore(modes[saved.mode[i]], saved.status[i]);
        }
    }
}
