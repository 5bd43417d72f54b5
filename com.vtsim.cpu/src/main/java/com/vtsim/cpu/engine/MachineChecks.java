package com.vtsim.cpu.engine;

import com.vtsim.api.irq.LocalApicPort;
import com.vtsim.api.machine.MemorySpace;
import java.util.ArrayList;
import java.util.List;

/**
 * The machine-check architecture of one logical processor: its banks, what is logged in them, and whom an error is signalled to.
 * <p>
 * Errors come from poisoned lines of RAM, when the processor reads one, and from the operator. Bank 0 is the instruction fetch unit's, bank 1
 * the data cache unit's (page walks included), the others are the operator's alone. The registers live in {@link Msrs}, as all without a home of their own do.
 *
 * @sdm Machine-Check Architecture
 */
public final class MachineChecks implements MemorySpace.PoisonListener {
    /** Banks of a processor. */
    public static final int BANKS = 4;
    /** Vector of #MC. */
    public static final int VECTOR = 18;
    /** Banks of the instruction fetch unit and of the data cache unit. */
    public static final int FETCH_UNIT = 0, DATA_UNIT = 1;

    static final int MCG_CAP = 0x179, MCG_STATUS = 0x17A, MCG_CTL = 0x17B, MCG_EXT_CTL = 0x4D0, CTL2 = 0x280, CTL = 0x400, STATUS = 0x401, ADDR = 0x402,
        MISC = 0x403;
    /** IA32_MCG_STATUS: the restart and the error instruction pointer are valid, a machine check is in progress, it was signalled locally. */
    public static final long RIPV = 1, EIPV = 1 << 1, MCIP = 1 << 2, LMCE_S = 1 << 3;
    static final long MCG_STATUS_DEFINED = RIPV | EIPV | MCIP | LMCE_S;
    /** IA32_FEATURE_CONTROL: local machine checks may be turned on. */
    static final long FEATURE_LMCE = 1 << 20;
    /** IA32_MCi_STATUS. */
    public static final long VAL = 1L << 63, OVER = 1L << 62, UC = 1L << 61, EN = 1L << 60, MISCV = 1L << 59, ADDRV = 1L << 58, PCC = 1L << 57,
        S = 1L << 56, AR = 1L << 55;
    /** MCA error codes: data load and instruction fetch at cache level 0. */
    public static final int DATA_LOAD = 0x134, INSTRUCTION_FETCH = 0x150;
    /** IA32_MCG_CAP: MCG_CTL is there; corrected errors interrupt; software recovers; local machine checks. */
    private static final long CTL_P = 1 << 8, CMCI_P = 1 << 10, SER_P = 1 << 24, LMCE_P = 1 << 27;
    /** IA32_MCi_CTL2: the interrupt is enabled; its threshold. */
    private static final long CMCI_EN = 1 << 30, THRESHOLD = 0x7FFF;
    /** Corrected error count in IA32_MCi_STATUS. */
    private static final int COUNT_SHIFT = 38;
    private static final long COUNT = 0x7FFFL << COUNT_SHIFT;
    /** IA32_MCi_MISC: a physical address, valid from bit 6 on. */
    private static final long LINE_ADDRESS = 2 << 6 | 6;

    private final Cpu cpu;
    private MachineChecks[] peers = {};
    private boolean fetching;
    private String latest = "";

    MachineChecks(Cpu cpu) {
        this.cpu = cpu;
    }

    /** The other processors, which a machine check is signalled to unless it is a local one. */
    public void peers(MachineChecks[] others) {
        peers = others;
    }

    // Registers

    private boolean recovers() {
        return cpu.cpuid.model.recoversFromErrors;
    }

    private boolean interrupts() {
        LocalApicPort apic = cpu.system.localApic();
        return recovers() && apic != null && apic.hasCorrectedErrors();
    }

    /** @return IA32_MCG_CAP */
    long capabilities() {
        return CTL_P | BANKS | (recovers() ? SER_P | LMCE_P : 0) | (interrupts() ? CMCI_P : 0);
    }

    /** @return bits of IA32_FEATURE_CONTROL that machine checks add */
    long featureBits() {
        return recovers() ? FEATURE_LMCE : 0;
    }

    /** @return whether IA32_MCG_EXT_CTL is there and firmware lets it be used */
    boolean localIsThere() {
        return recovers() && (cpu.msrs.rested(0x3A) & FEATURE_LMCE) != 0;
    }

    /** @return whether IA32_MCi_CTL2 are there */
    boolean countsAreThere() {
        return interrupts();
    }

    private long get(int bank, int register) {
        return cpu.msrs.rested(register + 4 * bank);
    }

    private void set(int bank, int register, long value) {
        cpu.msrs.rest(register + 4 * bank, value);
    }

    // Poison

    /** The next byte is read as an instruction's. */
    void fetches(boolean on) {
        fetching = on;
    }

    /** Throws the machine check of a read that meets poison; nothing is logged until it is delivered, for who looks ahead may not get there. */
    @Override
    public void met(long line) {
        int bank = fetching ? FETCH_UNIT : DATA_UNIT;
        fetching = false;
        if (!cpu.execution.running()) {
            return;
        }
        if (!enabled(bank)) {
            log(bank, status(bank) & ~EN, line, LINE_ADDRESS);
            return;
        }
        GuestFault fault = cpu.fault(VECTOR, GuestFault.NO_CODE);
        fault.information = line | bank;
        throw fault;
    }

    private boolean enabled(int bank) {
        return cpu.msrs.rested(MCG_CTL) != 0 && (get(bank, CTL) & 1) != 0;
    }

    private long status(int bank) {
        return VAL | UC | EN | MISCV | ADDRV | (recovers() ? S | AR : PCC) | (bank == FETCH_UNIT ? INSTRUCTION_FETCH : DATA_LOAD);
    }

    /**
     * Logs and signals what {@link #met} has thrown.
     *
     * @param information of the fault
     * @return whether #MC is to be delivered; else the processor has shut down
     */
    boolean raise(long information) {
        record(information);
        return takes();
    }

    /** The same where the processor reports the error otherwise: a VM entry that fails, or a VMX abort. */
    public void record(long information) {
        int bank = (int) information & 1;
        log(bank, status(bank), information & -MemorySpace.LINE, LINE_ADDRESS);
        boolean local = isLocal();
        long restart = recovers() ? RIPV : 0;
        if (!local) {
            for (MachineChecks peer : peers) {
                peer.signal(restart);
            }
        }
        begin(restart | EIPV | (local ? LMCE_S : 0));
    }

    private boolean isLocal() {
        return localIsThere() && cpu.msrs.rested(MCG_EXT_CTL) != 0;
    }

    // From outside

    /**
     * An error from outside: logged, and signalled as its bits ask for. VAL is set, EN as the bank's first enable bit says.
     *
     * @param bank    0–3
     * @param status  IA32_MCi_STATUS
     * @param address IA32_MCi_ADDR, logged where ADDRV is set
     * @param misc    IA32_MCi_MISC, logged where MISCV is set
     */
    public void inject(int bank, long status, long address, long misc) {
        long logged = status & ~EN | VAL | (enabled(bank) ? EN : 0);
        log(bank, logged, address, misc);
        boolean fatal = (logged & PCC) != 0 || !recovers();
        if ((logged & (UC | EN)) != (UC | EN) || !fatal && (logged & S) == 0) {
            return;
        }
        boolean local = !fatal && (logged & AR) != 0 && isLocal();
        long restart = fatal ? 0 : RIPV;
        if (!local) {
            for (MachineChecks peer : peers) {
                peer.signal(restart);
            }
        }
        signal(restart | (local ? LMCE_S : 0));
    }

    /** A machine check is to be taken at the next instruction boundary. */
    private void signal(long flags) {
        begin(flags);
        cpu.execution.raise(Event.MACHINE_CHECK);
    }

    /** A second one while the first is in progress stops the processor. */
    private void begin(long flags) {
        if ((cpu.msrs.rested(MCG_STATUS) & MCIP) != 0) {
            die("a machine check while IA32_MCG_STATUS.MCIP is 1");
        }
        cpu.msrs.rest(MCG_STATUS, flags | MCIP);
    }

    /** @return whether #MC is to be delivered; else the processor has shut down */
    boolean takes() {
        if ((cpu.system.cr4 & SystemState.CR4_MCE) == 0) {
            die("a machine check while CR4.MCE is 0");
        }
        return !cpu.execution.dead();
    }

    private void die(String why) {
        if (!cpu.execution.dead()) {
            cpu.execution.die();
            cpu.execution.deliveries.chain().stopped(VECTOR, why);
            cpu.reports.accept(why + ": the processor shut down");
        }
    }

    // The banks

    /** @sdm Machine-Check Overwrite Rules; Overwrite Rules for UC, CE, and UCR Errors */
    private void log(int bank, long status, long address, long misc) {
        long before = get(bank, STATUS);
        boolean corrected = (status & UC) == 0;
        latest = "bank " + bank + ": " + describe(status, address);
        boolean held = (before & VAL) != 0;
        boolean replaces = !held || !corrected && ((before & UC) == 0 || (status & PCC) != 0 && (before & PCC) == 0);
        long over = held && !(corrected && (before & UC) == 0 && interrupts()) ? OVER : 0;
        if (replaces) {
            set(bank, STATUS, status & ~COUNT | over | before & COUNT);
            set(bank, ADDR, (status & ADDRV) != 0 ? address : 0);
            set(bank, MISC, (status & MISCV) != 0 ? misc : 0);
        } else {
            // What was first stays; that software has to act on the second too is not lost.
            set(bank, STATUS, before | over | (corrected ? 0 : status & (S | AR)));
        }
        boolean noAction = recovers() && (status & (UC | PCC | S)) == UC;
        if ((corrected || noAction) && interrupts()) {
            count(bank, corrected);
        }
    }

    private void count(int bank, boolean corrected) {
        long control = cpu.msrs.rested(CTL2 + bank);
        long status = get(bank, STATUS);
        long counted = (status & COUNT) >>> COUNT_SHIFT;
        if (corrected && counted < THRESHOLD) {
            counted++;
            set(bank, STATUS, status & ~COUNT | counted << COUNT_SHIFT);
        }
        if ((control & CMCI_EN) != 0 && (!corrected || counted == (control & THRESHOLD))) {
            cpu.system.localApic().correctedErrors();
        }
    }

    /** @return an error in words */
    private static String describe(long status, long address) {
        String kind = (status & UC) == 0 ? "corrected" : (status & PCC) != 0 ? "uncorrected, the processor's context corrupt" : (status & S) == 0
            ? "uncorrected, no action required" : (status & AR) == 0 ? "uncorrected, action optional" : "uncorrected, action required";
        int code = (int) status & 0xFFFF;
        String what = code == DATA_LOAD ? "data load" : code == INSTRUCTION_FETCH ? "instruction fetch" : String.format("MCA error code %04x", code);
        return String.format("%s error: %s%s (status %016x%s)", kind, what, (status & ADDRV) != 0 ? String.format(" at physical %x", address) : "", status,
            (status & EN) == 0 ? ", not enabled" : "");
    }

    /** @return the latest error in words; empty if there was none */
    public String latest() {
        return latest;
    }

    /** @return IA32_MCG_STATUS and each bank that holds an error, in words */
    public List<String> banks() {
        List<String> lines = new ArrayList<>();
        lines.add(String.format("IA32_MCG_CAP %x, IA32_MCG_STATUS %x", capabilities(), cpu.msrs.rested(MCG_STATUS)));
        for (int bank = 0; bank < BANKS; bank++) {
            long status = get(bank, STATUS);
            long count = (status & COUNT) >>> COUNT_SHIFT;
            lines.add("bank " + bank + ": " + ((status & VAL) == 0 ? "empty" : describe(status, get(bank, ADDR)) + (count > 0 ? ", " + count + " corrected" : "")
                + ((status & OVER) != 0 ? ", others were lost" : "")));
        }
        return lines;
    }
}
