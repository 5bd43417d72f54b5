package com.vtsim.vtd;

import com.vtsim.api.pci.PciAddress;
import com.vtsim.api.vtd.RemappingUnit.Cached;
import com.vtsim.api.vtd.RemappingUnit.Fault;
import com.vtsim.api.vtd.RemappingUnit.Step;
import java.util.ArrayList;
import java.util.List;

/** What the operator is shown of faults and caches. Changes nothing. */
final class Survey {
    private static final long PAGE = ~0xFFFL;

    private final TableMemory memory;
    private final Caches caches;
    private final FaultLog log;
    private final DmaRemapper dma;

    Survey(TableMemory memory, Caches caches, FaultLog log, DmaRemapper dma) {
        this.memory = memory;
        this.caches = caches;
        this.log = log;
        this.dma = dma;
    }

    List<Fault> faults() {
        List<Fault> faults = new ArrayList<>();
        if (log.isAdvanced()) {
            for (int i = 0; i < log.advancedSize() && memory.holds(log.advancedRecord(i)); i++) {
                long high = memory.read(log.advancedRecord(i) + 8);
                if ((high & FaultLog.F) != 0) {
                    faults.add(fault(i, memory.read(log.advancedRecord(i)), high));
                }
            }
            return faults;
        }
        for (int i = 0; i < log.size(); i++) {
            long high = log.high(i);
            if ((high & FaultLog.F) != 0) {
                faults.add(fault(i, log.low(i), high));
            }
        }
        return faults;
    }

    private Fault fault(int index, long low, long high) {
        int source = (int) high & 0xFFFF;
        int code = (int) (high >> 32) & 0xFF;
        boolean interrupt = code >= 0x20 && code < 0x30;
        int pasid = (high >> 31 & 1) != 0 ? (int) (high >> 40) & 0xF_FFFF : -1;
        String entry = "";
        if (!interrupt) {
            List<Step> steps = dma.walk(source, pasid, low).steps();
            entry = steps.isEmpty() ? "" : line(steps.get(steps.size() - 1));
        }
        return new Fault(index, source, pasid, interrupt ? "interrupt" : kind(high), code, FaultReason.words(code),
                interrupt ? low >>> 48 : low, entry);
    }

    private static String kind(long high) {
        if ((high & FaultLog.PAGE_REQUEST) != 0) {
            return "page request";
        }
        String access = (high & FaultLog.T) != 0 ? "read" : "write";
        return (high & FaultLog.TRANSLATION) != 0 ? "translation for " + access : (high & FaultLog.TRANSLATED) != 0 ? "translated " + access : access;
    }

    private static String line(Step step) {
        StringBuilder text = new StringBuilder(step.table()).append(String.format(" at %x:", step.address()));
        step.entry().forEach(half -> text.append(String.format(" %016x", half)));
        return text.append(" (").append(step.meaning()).append(')').toString();
    }

    private static String process(int pasid) {
        return pasid < 0 ? "" : String.format("PASID %x ", pasid);
    }

    List<Cached> cached() {
        List<Cached> all = new ArrayList<>();
        TranslationCache context = caches.context;
        for (int line = 0; line < context.capacity(); line++) {
            if (context.holds(line)) {
                all.add(new Cached("context", context.domain(line) == Caches.NO_DOMAIN ? -1 : context.domain(line), PciAddress.of((int) context.key(line)).toString(),
                        String.format("%016x %016x", context.first(line), context.second(line))));
            }
        }
        TranslationCache pasid = caches.pasid;
        for (int line = 0; line < pasid.capacity(); line++) {
            if (pasid.holds(line)) {
                all.add(new Cached("PASID", pasid.domain(line), String.format("%s PASID %x", PciAddress.of((int) (pasid.key(line) >>> 20)), pasid.key(line) & 0xF_FFFF),
                        String.format("%016x %016x %016x", pasid.first(line), pasid.second(line), pasid.third(line))));
            }
        }
        TranslationCache iotlb = caches.iotlb;
        for (int line = 0; line < iotlb.capacity(); line++) {
            if (iotlb.holds(line)) {
                int level = (int) iotlb.key(line) & 3;
                all.add(new Cached("IOTLB", iotlb.domain(line), process(iotlb.pasid(line)) + String.format("%x", iotlb.key(line) >>> 2 << Caches.shift(level)),
                        String.format("%x %s%s%s %s", iotlb.first(line) & PAGE, (iotlb.first(line) & Caches.READ) != 0 ? "R" : "-",
                                (iotlb.first(line) & Caches.WRITE) != 0 ? "W" : "-",
                                (iotlb.first(line) & Caches.NESTED) != 0 ? " nested" : "", SecondStage.size(level))));
            }
        }
        TranslationCache structure = caches.structure;
        for (int line = 0; line < structure.capacity(); line++) {
            if (structure.holds(line)) {
                int level = (int) structure.key(line) & 7;
                all.add(new Cached("paging structure", structure.domain(line), process(structure.pasid(line)) + String.format("%x", structure.key(line) >>> 3 << Caches.shift(level + 1)),
                        String.format("level %d table at %x", level, structure.first(line))));
            }
        }
        TranslationCache interrupt = caches.interrupt;
        for (int line = 0; line < interrupt.capacity(); line++) {
            if (interrupt.holds(line)) {
                all.add(new Cached("interrupt entry", -1, String.format("%x", interrupt.key(line)),
                        String.format("%016x %016x", interrupt.first(line), interrupt.second(line))));
            }
        }
        return all;
    }
}
