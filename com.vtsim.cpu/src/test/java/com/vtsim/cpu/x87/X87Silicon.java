package com.vtsim.cpu.x87;

import com.vtsim.cpu.HostProgram;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The host's processor as an oracle: compiles x87silicon.c and runs cases through it. */
final class X87Silicon {
    private final HostProgram program;

    private X87Silicon(HostProgram program) {
        this.program = program;
    }

    /** @return the oracle, or why there is none */
    static Object open(Path folder) throws IOException, InterruptedException {
        Object opened = HostProgram.open(folder, X87Silicon.class, "x87silicon");
        return opened instanceof HostProgram program ? new X87Silicon(program) : opened;
    }

    List<X87Case.Outcome> run(List<X87Case> cases) throws IOException, InterruptedException {
        ByteBuffer buffer = ByteBuffer.allocate(cases.size() * X87Case.SIZE).order(ByteOrder.LITTLE_ENDIAN);
        for (X87Case test : cases) {
            test.write(buffer);
        }
        ByteBuffer answer = program.run(buffer);
        List<X87Case.Outcome> outcomes = new ArrayList<>(cases.size());
        for (int i = 0; i < cases.size(); i++) {
            outcomes.add(X87Case.Outcome.read(answer));
        }
        return outcomes;
    }
}
