package com.vtsim.cpu.integer;

import com.vtsim.cpu.HostProgram;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The host's processor as an oracle: compiles silicon.c and runs cases through it. */
public final class Silicon {
    private final HostProgram program;

    private Silicon(HostProgram program) {
        this.program = program;
    }

    /** @return the oracle, or why there is none */
    public static Object open(Path folder) throws IOException, InterruptedException {
        Object opened = HostProgram.open(folder, Silicon.class, "silicon");
        return opened instanceof HostProgram program ? new Silicon(program) : opened;
    }

    /** @return what came of each; all cases have x87 and vector state, or none */
    public List<SiliconCase.Outcome> run(List<SiliconCase> cases) throws IOException, InterruptedException {
        boolean extended = cases.get(0).state != null;
        int size = SiliconCase.SIZE + (extended ? SiliconCase.STATE : 0);
        ByteBuffer buffer = ByteBuffer.allocate(cases.size() * size).order(ByteOrder.LITTLE_ENDIAN);
        for (SiliconCase test : cases) {
            test.write(buffer);
        }
        ByteBuffer answer = extended ? program.run(buffer, "x") : program.run(buffer);
        List<SiliconCase.Outcome> outcomes = new ArrayList<>(cases.size());
        for (int i = 0; i < cases.size(); i++) {
            outcomes.add(SiliconCase.Outcome.read(answer, extended));
        }
        return outcomes;
    }
}
