package com.vtsim.cpu.trace;

import com.vtsim.cpu.engine.Cpu;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.StringJoiner;

/** The processor trace as its operator sees it. */
public final class TraceView {
    /** Bytes before the place of output that packets are looked for in: some boundaries are among them. */
    private static final int WINDOW = 16 << 10;

    private final Cpu cpu;

    private TraceView(Cpu cpu) {
        this.cpu = cpu;
    }

    /** @return how it is set up, and the latest packets in words, as far as the present region has them; empty where there is no processor trace */
    public static List<String> of(Cpu cpu, int packets) {
        return cpu.trace.present() ? new TraceView(cpu).lines(packets) : List.of();
    }

    private List<String> lines(int most) {
        List<String> lines = new ArrayList<>(List.of(state(), "output: " + cpu.trace.output().text()));
        filters(lines);
        List<String> packets = packets();
        lines.addAll(packets.subList(Math.max(0, packets.size() - most), packets.size()).stream().map(text -> "  " + text).toList());
        return lines;
    }

    private String state() {
        long control = cpu.trace.control();
        long status = cpu.trace.status();
        StringJoiner text = new StringJoiner(", ");
        text.add((control & ProcessorTrace.TRACE_EN) == 0 ? "off" : status >> 4 == 0 ? "on" : "enabled");
        String[] names = {"OS", "User", "CR3 filter", "TSC packets", "no return compression", "branches", "PTWRITE"};
        long[] bits = {ProcessorTrace.OS, ProcessorTrace.USER, ProcessorTrace.CR3_FILTER, ProcessorTrace.TSC_EN, ProcessorTrace.DIS_RETC,
            ProcessorTrace.BRANCH_EN, ProcessorTrace.PTW_EN};
        for (int i = 0; i < names.length; i++) {
            if ((control & bits[i]) != 0) {
                text.add(names[i]);
            }
        }
        String[] flags = {"FilterEn", "ContextEn", "TriggerEn", "", "Error", "Stopped"};
        for (int i = 0; i < flags.length; i++) {
            if ((status >> i & 1) != 0) {
                text.add(flags[i]);
            }
        }
        return "processor trace: " + text;
    }

    private void filters(List<String> lines) {
        if ((cpu.trace.control() & ProcessorTrace.CR3_FILTER) != 0) {
            lines.add(String.format("CR3: %x", cpu.trace.cr3Match()));
        }
        for (int i = 0; i < ProcessorTrace.RANGES; i++) {
            int use = cpu.trace.use(i);
            if (use != 0) {
                lines.add(String.format("range %d: %s %x to %x", i, use == ProcessorTrace.FILTER ? "traced," : "stops the trace,", cpu.trace.range(2 * i),
                    cpu.trace.range(2 * i + 1)));
            }
        }
    }

    private List<String> packets() {
        byte[] bytes = cpu.trace.output().latest(WINDOW);
        for (int i = 0; i + 16 <= bytes.length; i++) {
            if (boundary(bytes, i)) {
                return PacketText.of(Arrays.copyOfRange(bytes, i, bytes.length));
            }
        }
        return List.of();
    }

    private static boolean boundary(byte[] bytes, int at) {
        for (int i = 0; i < 16; i++) {
            if ((bytes[at + i] & 0xFF) != (i % 2 == 0 ? 0x02 : 0x82)) {
                return false;
            }
        }
        return true;
    }
}
