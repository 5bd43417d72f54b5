package com.vtsim.pci.endpoint;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.Clock;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.pci.AddressTranslation;
import com.vtsim.api.pci.AlternativeRouting;
import com.vtsim.api.pci.ConfigSpace;
import com.vtsim.api.pci.ConfigState;
import com.vtsim.api.pci.ErrorReporting;
import com.vtsim.api.pci.MsiX;
import com.vtsim.api.pci.PageRequests;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciExpress;
import com.vtsim.api.pci.PciFunction;
import com.vtsim.api.pci.PciHost;
import com.vtsim.api.pci.PowerManagement;
import com.vtsim.api.pci.ProcessAddressSpaces;
import com.vtsim.api.pci.SerialNumber;
import com.vtsim.api.pci.TestEndpoint;
import com.vtsim.api.pci.Upstream;
import com.vtsim.api.pci.VirtualFunctions;
import com.vtsim.api.register.RegisterBlocks;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.register.RegisterState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * The test endpoint 1234:11ea. Software (or the operator) has it read or write memory with any address, PASID and address type; it asks for translations
 * and pages as the specification has it, keeps them until they are invalidated, or misbehaves if told to. A transfer takes 1 µs; one that waits for a page
 * goes on when the response comes. Source for the services: PCI Express Base Specification, Address Translation Services.
 */
@Component(configurationPid = "com.vtsim.pci.endpoint", configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = {Part.class, PciFunction.class, TestEndpoint.class, RegisterBlocks.class})
public final class TestCard implements TestEndpoint, RegisterBlocks {
    private static final String MODEL = "endpoint";
    private static final int VERSION = 2;
    private static final int BUFFER = 0x1000;
    private static final int WINDOW = 0x2000;
    private static final long STEP = 1000;
    private static final long LATENESS = 100_000;
    private static final long IDLE = -1;
    private static final int NO_GROUP = -1;

    private static final int LEAST_ROM = 4096;
    private static final int MOST_ROM = 1 << 24;
    private static final int FUNCTIONS = 8;
    private static final int ALTERNATIVE_FUNCTIONS = 256;

    private final String name;
    private final PciAddress address;
    /** 0 for the physical function, then the virtual ones. */
    private final int number;
    private final List<TestCard> virtual = new ArrayList<>();
    private final VirtualFunctions virtualFunctions;
    private int appeared;
    private PciHost host;
    private final byte[] buffer = new byte[BUFFER];
    private final RegisterFile<EndpointRegister> registers = new RegisterFile<>(EndpointRegister.class, this::written);
    private final MsiX messages = new MsiX(2, 2);
    private final AddressTranslation translationServices = new AddressTranslation(32, this::forgetTranslations);
    private final PageRequests pageRequests = new PageRequests(32, true, this::forgetPages);
    private final ProcessAddressSpaces spaces = new ProcessAddressSpaces(20, true, true);
    private final PowerManagement power = new PowerManagement();
    private final ConfigSpace config;
    private final DeviceCache cache = new DeviceCache();
    private final Conversation conversation = new Conversation(cache, translationServices, pageRequests, spaces, this::count);
    private long due = IDLE;
    private int waitsFor = NO_GROUP;
    /** Tags of invalidations that it has still to complete, and when. */
    private int owed;
    private long owedAt = IDLE;
    private Board board;
    private Upstream upstream;
    private Clock.Timer turn;
    private Clock.Timer answer;

    /** A configuration of the endpoint. */
    public @interface Config {
        /** @return the machine's name */
        String vtsim_machine();

        /** @return the part's name */
        String vtsim_name() default "endpoint";

        /** @return bus:device.function */
        String vtsim_pci_address() default "00:05.0";

        /** @return whether it speaks ATS and PRI */
        boolean ats() default true;

        /** @return whether it speaks PASID */
        boolean pasid() default true;

        /** @return how many virtual functions it can have (SR-IOV): as many as there are function numbers after its own, which is 255 as function 0 behind a port (with ARI) and 7 on bus 0 */
        int virtual_functions() default 0;

        /** @return file of the host with the image of its expansion ROM; empty: it has none */
        String rom() default "";
    }

    private record CardState(ConfigState config, RegisterState registers, byte[] buffer, long due, int waitsFor, int owed, long owedAt, int nextGroup, List<DeviceCache.Entry> cache, List<CardState> virtual) { }

    /** Made from a configuration. */
    @Activate
    public TestCard(Config config) {
        this(config.vtsim_name(), config.vtsim_pci_address(), config.ats(), config.pasid(), config.virtual_functions(), image(config.rom()));
    }

    /**
     * @param name    the part's name
     * @param address bus:device.function
     * @param ats     whether it speaks ATS and PRI
     * @param pasid   whether it speaks PASID
     * @param total   how many virtual functions it can have; they follow it by function number, above 7 with ARI
     */
    public TestCard(String name, String address, boolean ats, boolean pasid, int total) {
        this(name, address, ats, pasid, total, null);
    }

    /** @param rom image of its expansion ROM, or null */
    TestCard(String name, String address, boolean ats, boolean pasid, int total, byte[] rom) {
        this(name, PciAddress.parse(address), ats, pasid, total, null, 0);
        if (rom != null) {
            int size = Math.max(LEAST_ROM, Integer.highestOneBit(rom.length * 2 - 1));
            byte[] whole = Arrays.copyOf(rom, size);
            Arrays.fill(whole, rom.length, size, (byte) 0xFF);
            config.rom(whole);
        }
    }

    private static byte[] image(String path) {
        if (path.isBlank()) {
            return null;
        }
        try {
            byte[] image = Files.readAllBytes(Path.of(path));
            if (image.length == 0 || image.length > MOST_ROM) {
                throw new OperatorException("the ROM " + path + " has " + image.length + " bytes; 1 to " + MOST_ROM + " are possible");
            }
            return image;
        } catch (IOException e) {
            throw new OperatorException("the ROM " + path + " cannot be read: " + e.getMessage());
        }
    }

    private TestCard(String name, PciAddress address, boolean ats, boolean pasid, int total, TestCard physical, int number) {
        this.name = name;
        this.address = address;
        this.number = number;
        boolean alternative = address.bus() != 0 && address.device() == 0 && address.function() == 0;
        int most = (alternative ? ALTERNATIVE_FUNCTIONS : FUNCTIONS) - 1 - address.function();
        if (total < 0 || total > most) {
            throw new IllegalArgumentException("virtual.functions is 0 to " + most + " at " + address + ", not " + total);
        }
        if (physical == null) {
            config = new ConfigSpace(this, new ConfigSpace.Identity(0x1234, 0x11EA, 0x01, 0x00_FF_00, 0x1AF4, 0x1100))
                    .memory(0, WINDOW, false, new Region()).memory(2, messages.windowSize(), false, messages.window());
        } else {
            config = new ConfigSpace(this, new ConfigSpace.Identity(0xFFFF, 0xFFFF, 0x01, 0x00_FF_00, 0x1AF4, 0x1100)).command(0x0004, 0)
                    .memory(0, WINDOW, new Region(), () -> physical.virtualBase(0, number)).memory(2, messages.windowSize(), messages.window(), () -> physical.virtualBase(2, number));
        }
        config.add(physical == null && address.bus() != 0 ? power.waking() : power).add(PciExpress.at(address)).add(messages).add(ErrorReporting.endpoint());
        if (physical == null) {
            config.add(new SerialNumber(0x5654_5349_4D00_0000L | address.sourceId()));
        }
        if (ats) {
            config.add(translationServices).add(pageRequests);
        }
        if (pasid) {
            config.add(spaces);
        }
        virtualFunctions = total == 0 ? null : new VirtualFunctions(total, 1, 1, 0x11EB, this::virtualChanged).memory(0, WINDOW).memory(2, messages.windowSize());
        if (virtualFunctions != null) {
            if (alternative) {
                config.add(new AlternativeRouting(0));
            }
            config.add(virtualFunctions);
        }
        for (int i = 1; i <= total; i++) {
            virtual.add(new TestCard(name + "." + i, PciAddress.of(address.sourceId() + i), ats, pasid, 0, this, i));
        }
    }

    private long virtualBase(int index, int which) {
        return which <= appeared ? virtualFunctions.base(index, which) : 0;
    }

    /** Those that appear do so as after a reset. */
    private void virtualChanged() {
        int present = Math.min(virtualFunctions.present(), virtual.size());
        for (int i = appeared; i < present; i++) {
            virtual.get(i).reset(Reset.COLD);
        }
        boolean other = present != appeared;
        appeared = present;
        virtual.forEach(each -> each.config.remap());
        if (other && host != null) {
            host.appear(this, virtual.subList(0, appeared));
        }
    }

    private void written(EndpointRegister register, long old, long now, long written) {
        boolean busy = due != IDLE || waitsFor != NO_GROUP;
        if (register == EndpointRegister.CONTROL) {
            if (busy) {
                registers.set(register, old);
            } else if (EndpointRegister.START.isSet(now)) {
                registers.set(EndpointRegister.STATUS, EndpointRegister.BUSY.in(1));
                schedule();
            }
        } else if (busy && register != EndpointRegister.BEHAVIOUR) {
            registers.set(register, old);
        }
    }

    private void schedule() {
        due = board.clock().now() + STEP;
        turn.at(due);
    }

    /** The time of a transfer has come. */
    private void transfer() {
        due = IDLE;
        long control = registers.get(EndpointRegister.CONTROL);
        int length = (int) Math.min(registers.get(EndpointRegister.LENGTH), BUFFER);
        int mode = (int) EndpointRegister.MODE.of(control);
        Order order = new Order(Mode.values()[Math.min(mode, 2)], EndpointRegister.WITH_PASID.isSet(control) ? (int) registers.get(EndpointRegister.PASID) : -1,
                EndpointRegister.EXECUTE.isSet(control), EndpointRegister.PRIVILEGED.isSet(control), EndpointRegister.WRITE.isSet(control), registers.get(EndpointRegister.ADDRESS));
        Conversation.Result result = conversation.carryOut(order, buffer, length);
        if (result.group() != NO_GROUP) {
            waitsFor = result.group();
        } else {
            finish(result);
        }
    }

    private void finish(Conversation.Result result) {
        boolean failed = !result.completed();
        registers.set(EndpointRegister.STATUS, EndpointRegister.FAILED.in(failed ? 1 : 0) | (long) result.code() << 8);
        registers.set(EndpointRegister.CONTROL, EndpointRegister.START, 0);
        count(failed ? EndpointRegister.FAILURES : EndpointRegister.TRANSFERS);
        if (failed && !registers.isSet(EndpointRegister.CONTROL, EndpointRegister.WRITE)) {
            config.readFailed(false);
        }
        if (registers.isSet(EndpointRegister.CONTROL, EndpointRegister.INTERRUPT)) {
            messages.raise(0);
        }
    }

    private void count(EndpointRegister counter) {
        registers.set(counter, registers.get(counter) + 1);
    }

    private void forgetTranslations() {
        cache.clear();
    }

    private void forgetPages() {
        if (waitsFor != NO_GROUP) {
            waitsFor = NO_GROUP;
            finish(Conversation.Result.PAGE_REFUSED);
        }
    }

    // What the remapping unit sees

    @Override
    public boolean invalidate(int pasid, long first, long length, boolean global) {
        count(EndpointRegister.INVALIDATIONS);
        if (registers.isSet(EndpointRegister.BEHAVIOUR, EndpointRegister.HANGS)) {
            return false;
        }
        if (!registers.isSet(EndpointRegister.BEHAVIOUR, EndpointRegister.KEEPS)) {
            cache.drop(pasid, first, length, global);
        }
        return true;
    }

    @Override
    public boolean invalidate(int tag, int pasid, long first, long length, boolean global) {
        boolean done = invalidate(pasid, first, length, global);
        if (!done || !registers.isSet(EndpointRegister.BEHAVIOUR, EndpointRegister.LATE)) {
            return done;
        }
        owed |= 1 << tag;
        owedAt = board.clock().now() + LATENESS;
        answer.at(owedAt);
        return false;
    }

    /** The time of a late completion has come. */
    private void complete() {
        int tags = owed;
        owed = 0;
        owedAt = IDLE;
        if (upstream != null) {
            int stray = registers.isSet(EndpointRegister.BEHAVIOUR, EndpointRegister.STRAY) ? Integer.lowestOneBit(~tags) : 0;
            upstream.invalidated(tags | stray, 1);
        }
    }

    @Override
    public void pageResponse(int pasid, int group, int code) {
        if (code == RESPONSE_FAILURE) {
            pageRequests.failed();
        }
        if (conversation.answered(group, code)) {
            return;
        }
        if (group != waitsFor) {
            pageRequests.unexpected();
            return;
        }
        waitsFor = NO_GROUP;
        if (code == RESPONSE_SUCCESS) {
            schedule();
        } else {
            finish(Conversation.Result.PAGE_REFUSED);
        }
    }

    // What the operator sees

    @Override
    public String carryOut(Order order, byte[] data) {
        Conversation.Result result = conversation.carryOut(order, data, data.length);
        return result.words();
    }

    @Override
    public List<Translated> translations() {
        return cache.show();
    }

    @Override
    public String wake() {
        return power.wake() ? "the root port has been told" : address.bus() == 0 ? "it cannot: it is not behind a root port" : "noted; software has not enabled the event";
    }

    @Override
    public String pretend(boolean uncorrectable, int error) {
        ErrorReporting.Severity sent = config.detected(uncorrectable, error, 0x0000_0001, (upstream == null ? 0 : upstream.sourceId()) << 16, 0, 0);
        return sent == null ? "recorded, not reported: masked, or reporting is not enabled" : switch (sent) {
            case CORRECTABLE -> "reported as correctable";
            case NONFATAL -> "reported as non-fatal";
            case FATAL -> "reported as fatal";
        };
    }

    // The part

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

    @Override
    public void attach(Board newBoard) {
        board = newBoard;
        host = board.find(PciHost.class).orElse(null);
        upstream = host == null ? null : host.upstream(this);
        conversation.attach(upstream);
        turn = board.clock().timer("transfer" + number, this::transfer);
        if (due != IDLE) {
            turn.at(due);
        }
        answer = board.clock().timer("answer" + number, this::complete);
        if (owedAt != IDLE) {
            answer.at(owedAt);
        }
        if (virtualFunctions != null) {
            appeared = Math.min(virtualFunctions.present(), virtual.size());
            if (host != null) {
                host.appear(this, virtual.subList(0, appeared));
            }
        }
        config.attach(board);
        virtual.forEach(each -> each.attach(board));
    }

    @Override
    public void reset(Reset kind) {
        due = IDLE;
        waitsFor = NO_GROUP;
        owed = 0;
        owedAt = IDLE;
        registers.reset(kind);
        config.reset(kind);
        conversation.reset();
        Arrays.fill(buffer, (byte) 0);
        if (turn != null) {
            turn.cancel();
            answer.cancel();
        }
    }

    @Override
    public State save() {
        return State.of(MODEL, VERSION, state());
    }

    private CardState state() {
        return new CardState(config.save(), registers.save(), buffer, due, waitsFor, owed, owedAt, conversation.nextGroup(), cache.save(), virtual.stream().map(TestCard::state).toList());
    }

    @Override
    public void restore(State state) {
        restore(state.as(CardState.class, MODEL, VERSION));
    }

    private void restore(CardState saved) {
        if (saved.virtual().size() != virtual.size()) {
            throw new StateException("state of endpoint has " + saved.virtual().size() + " virtual functions, expected " + virtual.size());
        }
        if (saved.buffer().length != BUFFER) {
            throw new StateException("state of endpoint has a buffer of " + saved.buffer().length + " bytes, expected " + BUFFER);
        }
        RegisterState before = registers.save();
        registers.restore(saved.registers());
        try {
            config.restore(saved.config());
        } catch (StateException e) {
            registers.restore(before);
            throw e;
        }
        System.arraycopy(saved.buffer(), 0, buffer, 0, BUFFER);
        due = saved.due();
        waitsFor = saved.waitsFor();
        owed = saved.owed();
        owedAt = saved.owedAt();
        conversation.nextGroup(saved.nextGroup());
        cache.restore(saved.cache());
        for (int i = 0; i < virtual.size(); i++) {
            virtual.get(i).restore(saved.virtual().get(i));
        }
    }

    @Override
    public List<Block> registerBlocks() {
        return List.of(new Block("Test endpoint", "memory", config.base(0), registers.dump()), new Block("Test endpoint configuration", "configuration", 0, config.dump()));
    }

    /** Region 0: registers, then the buffer. */
    private final class Region implements MmioDevice {
        @Override
        public long read(int offset, int size) {
            if (offset < BUFFER) {
                return registers.load(offset, size);
            }
            long value = 0;
            for (int i = size - 1; i >= 0; i--) {
                value = value << 8 | buffer[offset - BUFFER + i] & 0xFF;
            }
            return value;
        }

        @Override
        public void write(int offset, int size, long value) {
            if (offset < BUFFER) {
                registers.store(offset, size, value);
                return;
            }
            for (int i = 0; i < size; i++) {
                buffer[offset - BUFFER + i] = (byte) (value >> 8 * i);
            }
        }
    }
}
