package com.vtsim.cpu.engine;

import com.vtsim.cpu.isa.Form;
import com.vtsim.cpu.isa.OpcodeTable;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which processor it says it is, and what that has: the levels of the x86-64 psABI, each as the oldest processors with the whole level.
 * <p>
 * Both have what tells how this one works rather than what it can do: deadline timer, TSC adjustment, flaws it does not have, the x87's
 * deprecated fields.
 *
 * @sdm CPUID—CPU Identification
 */
public enum CpuModel {
    /** SSE4.2, POPCNT, CMPXCHG16B, AES; no XSAVE. Family 6, model 2Ch, stepping 2. */
    X86_64_V2("x86-64-v2", 0x0002_06C2, 0x1F, false),
    /** AVX2, FMA, BMI, MOVBE, and the features of later processors that VTSim has. Family 6, model 3Ch, stepping 3. */
    X86_64_V3("x86-64-v3", 0x0003_06C3, 0x28, true);

    /** What older processors execute in place of an instruction they do not know: they ignore its prefix, or take it as a hint. */
    private static final Map<String, String> OLDER = Map.of("LZCNT", "BSR", "TZCNT", "BSF", "WBNOINVD", "WBINVD", "PREFETCHW", "PREFETCHT0");

    /** How the operator names it. */
    public final String title;
    /** EDX after reset, and CPUID.01H:EAX. */
    public final int signature;
    /** Revision of the microcode update that firmware of such machines has loaded. */
    public final int microcode;
    /** Whether software recovers from some uncorrected errors, and these can be signalled to one processor alone. */
    public final boolean recoversFromErrors;
    private final Set<Feature> features;
    private final Map<String, Feature> byName = new HashMap<>();

    CpuModel(String title, int signature, int microcode, boolean third) {
        this.title = title;
        this.signature = signature;
        this.microcode = microcode;
        recoversFromErrors = third;
        features = third ? EnumSet.allOf(Feature.class) : EnumSet.complementOf(third());
        for (Feature feature : Feature.values()) {
            byName.put(feature.name(), feature);
        }
        byName.put("X87", Feature.FPU);
    }

    /** Those that are not in the second level. */
    private static EnumSet<Feature> third() {
        return EnumSet.of(Feature.FMA, Feature.MOVBE, Feature.XSAVE, Feature.AVX, Feature.F16C, Feature.RDRAND, Feature.FSGSBASE, Feature.BMI1,
            Feature.AVX2, Feature.SMEP, Feature.BMI2, Feature.ERMS, Feature.INVPCID, Feature.RDSEED, Feature.ADX, Feature.SMAP, Feature.CLFLUSHOPT,
            Feature.CLWB, Feature.SHA, Feature.UMIP, Feature.PKU, Feature.WAITPKG, Feature.LA57, Feature.RDPID, Feature.KL, Feature.SERIALIZE, Feature.XSAVEOPT,
            Feature.XSAVEC, Feature.XGETBV1, Feature.XSAVES, Feature.LZCNT, Feature.PREFETCHW, Feature.WBNOINVD, Feature.INTEL_PT, Feature.PTWRITE);
    }

    /** @return the model an operator means, or null */
    public static CpuModel of(String title) {
        return Arrays.stream(values()).filter(m -> m.title.equals(title)).findFirst().orElse(null);
    }

    /** @return the names of all models */
    public static List<String> titles() {
        return Arrays.stream(values()).map(m -> m.title).collect(Collectors.toList());
    }

    /** @return what it has, provided it works */
    Set<Feature> features() {
        return Collections.unmodifiableSet(features);
    }

    /** @return whether it has the feature */
    boolean has(Feature feature) {
        return features.contains(feature);
    }

    /** @return the feature that the opcode table files a form under, or null for what every model has */
    Feature feature(Form form) {
        return byName.get(form.feature());
    }

    /** @return the form that is executed where an instruction of this form stands; null where it is #UD */
    Form executed(Form form) {
        Feature feature = feature(form);
        if (feature == null || has(feature)) {
            return form;
        }
        String older = OLDER.get(form.mnemonic());
        return older == null ? null : OpcodeTable.instance().forms().stream().filter(f -> f.mnemonic().equals(older)).findFirst().orElseThrow();
    }
}
