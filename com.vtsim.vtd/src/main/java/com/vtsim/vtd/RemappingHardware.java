package com.vtsim.vtd;

import com.vtsim.api.machine.Board;
import com.vtsim.api.machine.MemorySpace;
import com.vtsim.api.machine.MessageTarget;
import com.vtsim.api.machine.MmioDevice;
import com.vtsim.api.machine.Part;
import com.vtsim.api.machine.Reset;
import com.vtsim.api.machine.State;
import com.vtsim.api.machine.StateException;
import com.vtsim.api.machine.Tracer;
import com.vtsim.api.pci.HubRegisters;
import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.pci.PciHost;
import com.vtsim.api.pci.RequestTranslator;
import com.vtsim.api.register.RegisterBlocks;
import com.vtsim.api.register.RegisterFile;
import com.vtsim.api.register.RegisterState;
import com.vtsim.api.vtd.RemappingUnit;
import java.util.ArrayList;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/**
 * A remapping hardware unit: its registers, and what a write to them does.
 * Source: Intel Virtualization Technology for Directed I/O, Architecture Specification.
 */
@Component(configurationPid = "com.vtsim.vtd", configurationPolicy = ConfigurationPolicy.REQUIRE,
        service = {Part.class, RequestTranslator.class, RemappingUnit.class, RegisterBlocks.class, HubRegisters.class})
public final class RemappingHardware implements RemappingUnit, RegisterBlocks, HubRegisters {
    private static final String MODEL = "vt-d";
    private static final int VERSION = 3;
    private static final long GRANULARITY_GLOBAL = 1;
    private static final long GRANULARITY_DOMAIN = 2;
    private static final long GRANULARITY_SINGLE = 3;

    private final String name;
    private final Capability capability;
    private final Scope scope;
    private final Firmware firmware;
    private final BaseRegister base;
    private final RegisterFile<VtdRegister> registers = new RegisterFile<>(VtdRegister.class, this::written);
    private final EventMessage faultEvent = new EventMessage(registers, VtdRegister.FECTL);
    private final EventMessage completionEvent = new EventMessage(registers, VtdRegister.IECTL);
    private final FaultLog log;
    private final Caches caches;
    private final TableMemory tables;
    private final DeviceTlbs devices = new DeviceTlbs();
    private final EventMessage pageEvent = new EventMessage(registers, VtdRegister.PECTL);
    private final StaleWatch stale = new StaleWatch();
    private final DmaRemapper dma;
    private final InterruptRemapper interrupts;
    private final InvalidationQueue queue;
    private final PageRequestQueue pages;
    private final MemoryTypes types;
    private final Survey survey;
    private final DomainMap map;
    private final Lint lint;
    private Tracer tracer;
    private MemorySpace memory;
    private final Members members;

    /** A configuration of a remapping unit. */
    public @interface Config {
        /** @return the machine's name */
        String vtsim_machine();

        /** @return the part's name */
        String vtsim_name() default "vtd0";

        /** @return host-physical base of the register window, hexadecimal, a multiple of 4096 */
        String base() default "fed90000";

        /**
         * @return where software finds and moves the window: {@code fixed} (nowhere but in the ACPI DMAR table), a register in the hub's space
         *         ({@code gm45-me}, {@code gm45-graphics}, {@code gm45-vc0}, {@code gm45-vc1}, {@code client-graphics}, {@code client-vc0}), or
         *         {@code server} (VTBAR of a function that {@code com.vtsim.vtd.vtbar} makes)
         */
        String layout() default "fixed";

        /** @return {@code all}, or functions as {@code 00:02.0, 00:1c.0}; a bridge stands for everything behind it */
        String scope() default "all";

        /** @return {@code gm45}, {@code client}, {@code server}, {@code scalable} or {@code scalable-second} */
        String profile() default "client";

        /** @return fault recording registers, 1–256; 0 for the profile's own number */
        int records() default 0;

        /** @return whether not-present entries are cached too (CAP.CM) */
        boolean caching_mode() default false;

        /** @return entries of the IOTLB, a power of two; the other caches have a quarter */
        int cache() default 1024;

        /** @return which cached entry makes room: {@code LRU} or {@code FIFO} */
        String replacement() default "LRU";

        /** @return reserved memory regions as {@code base-limit@functions}, separated by semicolons: {@code 7d800000-7fffffff@00:02.0} */
        String reserved() default "";

        /** @return whether the ACPI DMAR table asks the system not to use x2APIC mode */
        boolean x2apic_opt_out() default false;

        /** @return NUMA proximity domain, or -1 to name none */
        int proximity() default -1;

        /** @return microseconds of virtual time that a device has to answer an invalidation, 1 to 60,000,000 */
        int invalidation_timeout() default InvalidationQueue.TIMEOUT;
    }

    /** What firmware adds to what the unit is. */
    record Firmware(boolean x2apicOptOut, int proximity) {
        static final Firmware PLAIN = new Firmware(false, -1);
    }

    private record UnitState(long base, RegisterState registers, RegisterState memoryTypes, FaultLog.LogState log, Caches.CacheState caches, InvalidationQueue.QueueState queue,
            long rootTable, long interruptTable) { }

    /** Made from a configuration. */
    @Activate
    public RemappingHardware(Config config) {
        this(config.vtsim_name(), BaseRegister.Layout.named(config.layout()), Long.parseUnsignedLong(config.base(), 16), Scope.parse(config.scope(), config.reserved()),
                Capability.of(config.profile(), config.records(), config.caching_mode()),
                new Caches(config.cache(), TranslationCache.Replacement.valueOf(config.replacement())), new Firmware(config.x2apic_opt_out(), config.proximity()));
        queue.timeout(config.invalidation_timeout());
    }

    /**
     * For machines put together in plain Java: at FED9_0000h, with every device.
     *
     * @param profile {@code gm45}, {@code client}, {@code server}, {@code scalable} or {@code scalable-second}
     */
    public RemappingHardware(String name, String profile) {
        this(name, BaseRegister.Layout.FIXED, 0xFED9_0000L, Scope.parse("all", ""), Capability.of(profile, 0, false), new Caches(1024, TranslationCache.Replacement.LRU));
    }

    /** As firmware announces most units. */
    RemappingHardware(String name, BaseRegister.Layout layout, long base, Scope scope, Capability capability, Caches caches) {
        this(name, layout, base, scope, capability, caches, Firmware.PLAIN);
    }

    /** @param base host-physical base of the register window */
    RemappingHardware(String name, BaseRegister.Layout layout, long base, Scope scope, Capability capability, Caches caches, Firmware firmware) {
        this.firmware = firmware;
        this.name = name;
        this.base = new BaseRegister(layout, base, capability.windowLength(), new Window());
        this.scope = scope;
        members = new Members(scope);
        this.capability = capability;
        this.caches = caches;
        tables = new TableMemory(capability);
        log = new FaultLog(registers, tables, faultEvent, capability.records());
        types = new MemoryTypes(capability);
        dma = new DmaRemapper(registers, capability, tables, caches, log, stale, types);
        interrupts = new InterruptRemapper(registers, capability, tables, caches, log, stale);
        queue = new InvalidationQueue(registers, tables, capability, caches, log, completionEvent, dma, devices);
        pages = new PageRequestQueue(registers, capability, tables, dma, devices, pageEvent);
        survey = new Survey(tables, caches, log, dma);
        map = new DomainMap(capability, tables, dma);
        lint = new Lint(scope, tables, dma, interrupts, map, log);
        registers.strap(VtdRegister.VER, capability.version());
        registers.strap(VtdRegister.CAP, capability.cap());
        registers.strap(VtdRegister.ECAP, capability.ecap());
        if (!capability.extended(Capability.QI)) {
            registers.strap(VtdRegister.IECTL, 0);
        }
        if (!capability.extended(Capability.PRS)) {
            registers.strap(VtdRegister.PECTL, 0);
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
    public long registerBase() {
        return base.base();
    }

    BaseRegister baseRegister() {
        return base;
    }

    @Override
    public int hubOffset() {
        return base.layout().offset();
    }

    @Override
    public int hubLength() {
        return 8;
    }

    @Override
    public MmioDevice hubRegisters() {
        return base;
    }

    @Override
    public Announcement announcement() {
        return new Announcement(registerBase(), capability.windowLength(), scope.isAll(), scope.functions(), capability.hostAddressWidth(),
                capability.extended(Capability.IR), scope.reserved(), firmware.x2apicOptOut(), capability.extended(Capability.DT), firmware.proximity());
    }

    @Override
    public boolean owns(int sourceId) {
        return members.has(sourceId);
    }

    @Override
    public boolean translate(Request request) {
        boolean good = dma.translate(request);
        if (tracer.wants("vtd.dma")) {
            tracer.event("vtd.dma", String.format("%s %s %x -> %s", PciAddress.of(request.sourceId), request.write ? "write" : "read", request.address,
                    good ? Long.toHexString(request.hostPhysical) : "blocked"));
        }
        return good;
    }

    @Override
    public boolean remap(Message message) {
        long before = message.address;
        boolean good = interrupts.remap(message);
        if (tracer.wants("vtd.interrupt")) {
            tracer.event("vtd.interrupt", String.format("%s %x -> %s", PciAddress.of(message.sourceId), before,
                    good ? String.format("%x data %x", message.address, message.data) : "not delivered"));
        }
        return good;
    }

    @Override
    public boolean translation(Translation translation) {
        boolean good = dma.translation(translation);
        if (tracer.wants("vtd.dma")) {
            tracer.event("vtd.dma", String.format("%s asks for %x -> %s", PciAddress.of(translation.sourceId), translation.address,
                    good ? String.format("%x %s%s", translation.hostPhysical, translation.readable ? "R" : "-", translation.writable ? "W" : "-") : "status " + translation.status));
        }
        return good;
    }

    @Override
    public boolean pageRequest(PageRequest request) {
        return pages.take(request, memory);
    }

    @Override
    public void invalidated(int sourceId, int tags, int count) {
        if (dma.isEnabled() && capability.extended(Capability.DT)) {
            queue.completed(sourceId, tags, count);
        }
    }

    private void written(VtdRegister register, long old, long now, long written) {
        switch (register) {
            case GCMD -> command(now);
            case CCMD -> contextCommand(now);
            case IOTLB -> iotlbCommand(now);
            case FSTS -> {
                log.settle();
                queue.run();
            }
            case FECTL -> faultEvent.written();
            case IECTL -> {
                ifQueue(register, now);
                completionEvent.written();
            }
            case IQA, IEDATA, IEADDR, IEUADDR -> ifQueue(register, now);
            case ICS -> {
                if (!registers.isSet(register, VtdRegister.IWC)) {
                    completionEvent.settle();
                }
            }
            case PQH, PQT, PQA, PEDATA, PEADDR, PEUADDR -> ifPages(register, now);
            case PECTL -> {
                ifPages(register, now);
                pageEvent.written();
            }
            case PRSTS -> {
                if (now == 0) {
                    pageEvent.settle();
                }
            }
            case IQT -> {
                ifQueue(register, now);
                queue.run();
            }
            case IRTA -> registers.set(register, !capability.extended(Capability.IR) ? 0 : capability.extended(Capability.EIM) ? now : VtdRegister.EIME.with(now, 0));
            case AFLOG -> registers.set(register, capability.has(Capability.AFL) ? now : 0);
            case PMEN -> protect(now);
            default -> { }
        }
    }

    /** What belongs to the queue is reserved without one. */
    private void ifQueue(VtdRegister register, long value) {
        registers.set(register, capability.extended(Capability.QI) ? value : 0);
    }

    private void ifPages(VtdRegister register, long value) {
        registers.set(register, capability.extended(Capability.PRS) ? value : 0);
    }

    private void protect(long value) {
        boolean there = capability.has(Capability.PLMR);
        registers.set(VtdRegister.PMEN, there ? VtdRegister.PRS.with(value, VtdRegister.EPM.of(value)) : 0);
    }

    /** Enables follow at once; one-shot commands are done at once and acknowledged. */
    private void command(long value) {
        boolean queued = capability.extended(Capability.QI);
        boolean remaps = capability.extended(Capability.IR);
        boolean wasQueued = registers.isSet(VtdRegister.GSTS, VtdRegister.QIE);
        boolean wasTranslating = registers.isSet(VtdRegister.GSTS, VtdRegister.TE);
        boolean wasRemapping = registers.isSet(VtdRegister.GSTS, VtdRegister.IRE);
        copy(VtdRegister.TE.mask(), value);
        copy(queued ? VtdRegister.QIE.mask() : 0, value);
        if (capability.has(Capability.AFL)) {
            copy(VtdRegister.EAFL.mask(), value);
            if (VtdRegister.SFL.isSet(value)) {
                log.advanced(registers.get(VtdRegister.AFLOG));
                registers.raise(VtdRegister.GSTS, VtdRegister.SFL.mask());
            }
        }
        copy(remaps ? VtdRegister.IRE.mask() | VtdRegister.CFI.mask() : 0, value);
        if (VtdRegister.SRTP.isSet(value)) {
            dma.rootTable(registers.get(VtdRegister.RTADDR));
            if (capability.has(Capability.ESRTPS)) {
                caches.clearDma();
            }
            registers.raise(VtdRegister.GSTS, VtdRegister.SRTP.mask());
        }
        if (VtdRegister.SIRTP.isSet(value) && remaps) {
            interrupts.table(registers.get(VtdRegister.IRTA));
            if (capability.has(Capability.ESIRTPS)) {
                caches.interrupt.clear();
            }
            registers.raise(VtdRegister.GSTS, VtdRegister.SIRTP.mask());
        }
        withdrawn(wasTranslating && !VtdRegister.TE.isSet(value), wasRemapping && !VtdRegister.IRE.isSet(value));
        registers.set(VtdRegister.GCMD, value & ~(VtdRegister.SRTP.mask() | VtdRegister.SFL.mask() | VtdRegister.SIRTP.mask() | VtdRegister.WBF.mask()));
        if (registers.isSet(VtdRegister.GSTS, VtdRegister.QIE) != wasQueued) {
            registers.set(VtdRegister.IQH, 0);
            queue.stop();
            queue.run();
        }
    }

    /** What ends with an enable. Source: VT-d specification, Global Command Register; Primary Fault Logging. */
    private void withdrawn(boolean translation, boolean remapping) {
        if (translation && capability.extended(Capability.SMTS)) {
            caches.clearDma();
        }
        if (remapping && capability.has(Capability.ESIRTPS)) {
            caches.interrupt.clear();
        }
        if ((registers.get(VtdRegister.GSTS) & (VtdRegister.TE.mask() | VtdRegister.IRE.mask())) == 0) {
            log.rewind();
        }
    }

    private void copy(long mask, long value) {
        registers.set(VtdRegister.GSTS, registers.get(VtdRegister.GSTS) & ~mask | value & mask);
    }

    private void contextCommand(long value) {
        if (!VtdRegister.ICC.isSet(value)) {
            return;
        }
        long done = dma.isLegacy() ? VtdRegister.CIRG.of(value) : 0;
        int domain = (int) VtdRegister.CCMD_DID.of(value);
        if (done == GRANULARITY_GLOBAL) {
            caches.context.clear();
        } else if (done == GRANULARITY_DOMAIN) {
            caches.dropContexts(domain);
        } else if (done == GRANULARITY_SINGLE) {
            caches.dropContexts(domain, (int) VtdRegister.SID.of(value), (int) VtdRegister.FM.of(value));
        }
        registers.set(VtdRegister.CCMD, VtdRegister.ICC.with(VtdRegister.CAIG.with(value, done), 0));
    }

    private void iotlbCommand(long value) {
        if (!VtdRegister.IVT.isSet(value)) {
            return;
        }
        long done = dma.isLegacy() ? VtdRegister.IIRG.of(value) : 0;
        int domain = (int) VtdRegister.IOTLB_DID.of(value);
        long where = registers.get(VtdRegister.IVA);
        if (done == GRANULARITY_SINGLE && !capability.has(Capability.PSI)) {
            done = GRANULARITY_DOMAIN;
        } else if (done == GRANULARITY_SINGLE && VtdRegister.AM.of(where) > Capability.MAMV.of(capability.cap())) {
            done = 0;
        }
        if (done == GRANULARITY_GLOBAL) {
            caches.clearTranslations();
        } else if (done == GRANULARITY_DOMAIN) {
            caches.dropDomain(domain);
        } else if (done == GRANULARITY_SINGLE) {
            caches.dropPages(domain, where & ~0xFFFL, (int) VtdRegister.AM.of(where), VtdRegister.IH.isSet(where));
        }
        registers.set(VtdRegister.IOTLB, VtdRegister.IVT.with(VtdRegister.IAIG.with(value, done), 0));
    }

    @Override
    public void attach(Board board) {
        tracer = board.tracer();
        MessageTarget target = board.find(MessageTarget.class).orElse(null);
        faultEvent.attach(target);
        completionEvent.attach(target);
        pageEvent.attach(target);
        memory = board.memory();
        devices.attach(board.find(PciHost.class).orElse(null));
        dma.attach(board.memory());
        interrupts.attach(board.memory(), target);
        queue.attach(board);
        members.attach(board, this);
        base.attach(board);
    }

    /** Sticky status and fault records outlive a warm reset. */
    @Override
    public void reset(Reset kind) {
        registers.reset(kind);
        types.registers().reset(kind);
        log.reset(kind);
        queue.reset();
        caches.clear();
        dma.rootTable(0);
        interrupts.table(0);
        base.reset();
    }

    @Override
    public State save() {
        return State.of(MODEL, VERSION, new UnitState(base.value(), registers.save(), types.registers().save(), log.save(), caches.save(), queue.save(), dma.rootTable(),
                interrupts.table()));
    }

    @Override
    public void restore(State state) {
        UnitState saved = state.as(UnitState.class, MODEL, VERSION);
        if (!log.fits(saved.log())) {
            throw new StateException("state of " + MODEL + " has " + saved.log().high().length + " fault records, this unit has " + log.size());
        }
        caches.check(saved.caches());
        queue.check(saved.queue());
        registers.restore(saved.registers());
        types.registers().restore(saved.memoryTypes());
        queue.restore(saved.queue());
        registers.set(VtdRegister.VER, capability.version());
        registers.set(VtdRegister.CAP, capability.cap());
        registers.set(VtdRegister.ECAP, capability.ecap());
        log.restore(saved.log());
        caches.restore(saved.caches());
        if (base.layout() != BaseRegister.Layout.FIXED) {
            base.value(saved.base());
        }
        dma.rootTable(saved.rootTable());
        interrupts.table(saved.interruptTable());
    }

    @Override
    public List<Block> registerBlocks() {
        List<RegisterFile.Value> values = new ArrayList<>(registers.dump());
        if (capability.extended(Capability.MTS)) {
            values.addAll(types.registers().dump());
        }
        for (int i = 0; i < log.size(); i++) {
            int at = capability.recordsAt() + i * FaultLog.RECORD;
            values.add(new RegisterFile.Value("FRCD" + i + "_LO", at, 8, log.low(i), "Fault Recording " + i + ", address"));
            values.add(new RegisterFile.Value("FRCD" + i + "_HI", at + 8, 8, log.high(i), "Fault Recording " + i + ", requester and reason"));
        }
        return List.of(new Block("DMA Remapping " + name, "memory", registerBase(), values));
    }

    @Override
    public Walk walk(int sourceId, int pasid, long dmaAddress) {
        return dma.walk(sourceId, pasid, dmaAddress);
    }

    @Override
    public List<Fault> faults() {
        return survey.faults();
    }

    @Override
    public List<Tally> tallies() {
        return log.tallies();
    }

    @Override
    public List<Cached> cached() {
        return survey.cached();
    }

    @Override
    public List<Domain> domains() {
        return map.domains();
    }

    @Override
    public List<Finding> lint() {
        return lint.run();
    }

    @Override
    public int interruptEntries() {
        return interrupts.size();
    }

    @Override
    public Walk walkInterrupt(int index, int sourceId) {
        return interrupts.walk(index, sourceId);
    }

    @Override
    public void watchStale(boolean on) {
        stale.turn(on);
    }

    @Override
    public boolean watchesStale() {
        return stale.isOn();
    }

    @Override
    public List<Stale> stale() {
        return stale.list();
    }

    /** The register window. */
    private final class Window implements MmioDevice {
        @Override
        public long read(int offset, int size) {
            int record = offset - capability.recordsAt();
            if (record >= 0 && record < log.size() * FaultLog.RECORD) {
                return log.read(record, size);
            }
            return types.has(offset) ? types.registers().load(offset, size) : registers.load(offset, size);
        }

        @Override
        public void write(int offset, int size, long value) {
            int record = offset - capability.recordsAt();
            if (record >= 0 && record < log.size() * FaultLog.RECORD) {
                log.write(record, size, value);
            } else if (types.has(offset)) {
                types.registers().store(offset, size, value);
            } else {
                registers.store(offset, size, value);
            }
        }
    }
}
