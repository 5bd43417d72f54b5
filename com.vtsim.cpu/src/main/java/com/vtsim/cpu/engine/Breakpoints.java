package com.vtsim.cpu.engine;

import com.vtsim.api.cpu.LogicalProcessor.Breakpoint;
import java.util.Map;
import java.util.TreeMap;

/**
 * Breakpoints of the debug registers, which the guest sees, and of the operator, which it does not.
 *
 * @sdm Debug Registers; Debug Exceptions
 */
public final class Breakpoints {
    private final Cpu cpu;
    private final Map<Integer, Breakpoint> operator = new TreeMap<>();
    private int number;
    private boolean guest;
    /** Whether the operator has some that instructions, data or ports meet, and some that VMX operation does. */
    private boolean watching;
    private boolean vmx;
    private long stoppedAt;
    private long stoppedRetired = -1;
    private boolean resumed;
    private String hit = "";
    private int hitNumber;

    Breakpoints(Cpu cpu) {
        this.cpu = cpu;
    }

    void changed() {
        guest = (cpu.system.dr[7] & 0xFF) != 0;
    }

    boolean any() {
        return guest || watching;
    }

    /** Adds an operator's breakpoint. @return its number */
    public int add(Breakpoint breakpoint) {
        operator.put(++number, breakpoint);
        operatorsChanged();
        cpu.execution.traps.registersChanged();
        return number;
    }

    /** @return false if there is none of that number */
    public boolean remove(int which) {
        boolean removed = operator.remove(which) != null;
        operatorsChanged();
        cpu.execution.traps.registersChanged();
        return removed;
    }

    private void operatorsChanged() {
        watching = operator.values().stream().anyMatch(b -> !ofVmx(b));
        vmx = operator.values().stream().anyMatch(Breakpoints::ofVmx);
    }

    private static boolean ofVmx(Breakpoint b) {
        return b.kind() == Breakpoint.Kind.VM_EXIT || b.kind() == Breakpoint.Kind.VMWRITE;
    }

    /** @return whether one of the operator's waits for a VM exit for this reason, or for a VMWRITE to this field */
    boolean operatorVmx(Breakpoint.Kind kind, int what, String text) {
        if (!vmx) {
            return false;
        }
        for (Map.Entry<Integer, Breakpoint> entry : operator.entrySet()) {
            if (entry.getValue().kind() == kind && entry.getValue().address() == what) {
                hitNumber = entry.getKey();
                hit = "breakpoint " + entry.getKey() + ": " + text;
                return true;
            }
        }
        return false;
    }

    /** @return the operator's, by number */
    public Map<Integer, Breakpoint> operators() {
        return Map.copyOf(operator);
    }

    /** @return what stopped the processor last */
    public String hit() {
        return hit;
    }

    /** @return number of the operator's breakpoint that stopped the processor last; 0 if none has */
    public int hitNumber() {
        return hitNumber;
    }

    /** A run begins: the instruction that stopped the last one goes on. */
    void resume(long retired) {
        resumed = stoppedRetired == retired;
    }

    private static boolean samePage(long a, long b) {
        return ((a ^ b) & -4096L) == 0;
    }

    private int kind(int register) {
        return (int) (cpu.system.dr[7] >>> 16 + 4 * register) & 3;
    }

    private int length(int register) {
        return switch ((int) (cpu.system.dr[7] >>> 18 + 4 * register) & 3) {
            case 0 -> 1;
            case 1 -> 2;
            case 2 -> 8;
            default -> 4;
        };
    }

    private boolean enabled(int register) {
        return (cpu.system.dr[7] >>> 2 * register & 3) != 0;
    }

    /** @return whether an instruction breakpoint lies in the page, or in one the next instruction may reach */
    boolean near(long linear) {
        if (guest) {
            for (int i = 0; i < 4; i++) {
                if (enabled(i) && kind(i) == 0 && samePage(cpu.system.dr[i], linear)) {
                    return true;
                }
            }
        }
        for (Breakpoint b : operator.values()) {
            if (b.kind() == Breakpoint.Kind.EXECUTE && samePage(b.address(), linear)) {
                return true;
            }
        }
        return false;
    }

    boolean operatorStop(long linear, long retired) {
        boolean goOn = resumed && stoppedAt == linear;
        resumed = false;
        for (Map.Entry<Integer, Breakpoint> entry : operator.entrySet()) {
            Breakpoint b = entry.getValue();
            if (b.kind() == Breakpoint.Kind.EXECUTE && b.address() == linear && !goOn) {
                stoppedAt = linear;
                stoppedRetired = retired;
                hitNumber = entry.getKey();
                hit = "breakpoint " + entry.getKey() + String.format(" at %016x", linear);
                return true;
            }
        }
        return false;
    }

    /** @return DR6 bits of the debug registers that name this instruction, 0 for none */
    long instruction(long linear) {
        if (!guest) {
            return 0;
        }
        long status = 0;
        boolean any = false;
        for (int i = 0; i < 4; i++) {
            if (kind(i) == 0 && length(i) == 1 && cpu.system.dr[i] == linear) {
                status |= 1L << i;
                any |= enabled(i);
            }
        }
        return any ? status : 0;
    }

    /** Has accesses to the pages that data breakpoints lie in looked at one by one. Nothing else of what is cached goes. */
    void watchPages() {
        for (int i = 0; i < 4 && guest; i++) {
            if (enabled(i) && (kind(i) & 1) != 0) {
                cpu.translation.watched(cpu.system.dr[i]);
            }
        }
        for (Breakpoint b : operator.values()) {
            if (b.kind() == Breakpoint.Kind.WRITE || b.kind() == Breakpoint.Kind.ACCESS) {
                cpu.translation.watched(b.address());
                cpu.translation.watched(b.address() + b.length() - 1);
            }
        }
    }

    /** @return whether a data breakpoint lies in the page */
    boolean dataNear(long linear) {
        if (guest) {
            for (int i = 0; i < 4; i++) {
                if (enabled(i) && (kind(i) & 1) != 0 && samePage(cpu.system.dr[i], linear)) {
                    return true;
                }
            }
        }
        for (Breakpoint b : operator.values()) {
            boolean data = b.kind() == Breakpoint.Kind.WRITE || b.kind() == Breakpoint.Kind.ACCESS;
            if (data && (samePage(b.address(), linear) || samePage(b.address() + b.length() - 1, linear))) {
                return true;
            }
        }
        return false;
    }

    /** @return DR6 bits of the data breakpoints that an access meets, 0 for none */
    long data(long linear, int size, boolean write) {
        if (!guest) {
            return 0;
        }
        long status = 0;
        boolean any = false;
        for (int i = 0; i < 4; i++) {
            long from = cpu.system.dr[i] & -(long) length(i);
            boolean meets = (kind(i) == 3 || kind(i) == 1 && write) && overlaps(from, length(i), linear, size);
            if (meets) {
                status |= 1L << i;
                any |= enabled(i);
            }
        }
        return any ? status : 0;
    }

    boolean operatorData(long linear, int size, boolean write) {
        for (Map.Entry<Integer, Breakpoint> entry : operator.entrySet()) {
            Breakpoint b = entry.getValue();
            boolean kind = b.kind() == Breakpoint.Kind.ACCESS || b.kind() == Breakpoint.Kind.WRITE && write;
            if (kind && overlaps(b.address(), b.length(), linear, size)) {
                hitNumber = entry.getKey();
                hit = "watchpoint " + entry.getKey() + String.format(": %s of %d bytes at %016x", write ? "write" : "read", size, linear);
                return true;
            }
        }
        return false;
    }

    /** @return DR6 bits of the I/O breakpoints that an access meets, 0 for none */
    long port(int port, int size) {
        if (!guest || (cpu.system.cr4 & SystemState.CR4_DE) == 0) {
            return 0;
        }
        long status = 0;
        boolean any = false;
        for (int i = 0; i < 4; i++) {
            if (kind(i) == 2 && overlaps(cpu.system.dr[i] & -(long) length(i), length(i), port, size)) {
                status |= 1L << i;
                any |= enabled(i);
            }
        }
        return any ? status : 0;
    }

    boolean operatorPort(int port, int size) {
        for (Map.Entry<Integer, Breakpoint> entry : operator.entrySet()) {
            Breakpoint b = entry.getValue();
            if (b.kind() == Breakpoint.Kind.PORT && overlaps(b.address(), b.length(), port, size)) {
                hitNumber = entry.getKey();
                hit = "port breakpoint " + entry.getKey() + String.format(": port %04x", port);
                return true;
            }
        }
        return false;
    }

    private static boolean overlaps(long a, int lengthOfA, long b, int lengthOfB) {
        return a < b + lengthOfB && b < a + lengthOfA;
    }
}
