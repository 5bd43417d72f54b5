package com.vtsim.benchmarks;

import com.vtsim.api.ept.Ept;
import com.vtsim.api.ept.EptAccess;
import com.vtsim.api.machine.MemorySpace;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** A walk of the EPT paging structures, as a processor asks for one when it has nothing cached: a page after the other. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class EptBenchmark {
    private static final long TABLES = 0x8_0000;
    private static final int RIGHTS = 7, LARGE_WRITE_BACK = 0xB0, WRITE_BACK = 0x30;

    /** Levels of the walk. */
    @Param({"4", "5"})
    public int levels;

    /** Whether the last level is that of 4 KiB; else one less, 2 MiB. */
    @Param({"true", "false"})
    public boolean small;

    private Bench machine;
    private Ept ept;
    private final EptAccess access = new EptAccess();
    private long at;

    /** Makes structures that map the first 2 MiB to themselves. */
    @Setup
    public void build() {
        machine = new Bench(Guest.NOTHING.rom(1));
        ept = machine.board.find(Ept.class).orElseThrow();
        machine.board.call(() -> {
            MemorySpace memory = machine.board.memory();
            for (int i = 0; i < levels - 2; i++) {
                memory.write(TABLES + 4096L * i, 8, TABLES + 4096L * (i + 1) | RIGHTS);
            }
            long directory = TABLES + 4096L * (levels - 2);
            memory.write(directory, 8, small ? directory + 4096 | RIGHTS : LARGE_WRITE_BACK | RIGHTS);
            for (int i = 0; i < 512; i++) {
                memory.write(directory + 4096 + 8L * i, 8, 4096L * i | WRITE_BACK | RIGHTS);
            }
            return null;
        });
        access.eptp = TABLES | levels - 1 << 3 | 6;
        access.read = true;
        access.linearValid = true;
    }

    /** Takes the machine apart. */
    @TearDown
    public void close() {
        machine.close();
    }

    /** One walk. */
    @Benchmark
    public long walk() {
        at = at + 4104 & 0x1F_FFF8;
        access.guestPhysical = at;
        ept.translate(access);
        return access.hostPhysical;
    }
}
