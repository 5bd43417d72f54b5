package com.vtsim.shell.family;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.vtsim.api.cpu.Virtualization;
import com.vtsim.api.machine.OperatorException;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * VM entries and exits as a file in the trace event format, which Perfetto's viewer opens: a track for each processor, on which the guest's time and the
 * monitor's follow each other, in virtual microseconds. The machine thread writes it.
 */
final class TransitionTrace {
    private static final int NANOSECONDS_OF_A_MICROSECOND = 3;

    private final Path file;
    private final JsonGenerator out;
    private final List<Track> tracks = new ArrayList<>();
    private long events;
    /** What went wrong first; nothing is written any more then. */
    private IOException failure;

    /** @throws OperatorException if the file cannot be written */
    TransitionTrace(String machine, Path file) {
        this.file = file;
        try {
            out = new JsonFactory().createGenerator(Files.newOutputStream(file), JsonEncoding.UTF8);
            out.writeStartObject();
            out.writeStringField("displayTimeUnit", "ns");
            out.writeArrayFieldStart("traceEvents");
            name("process_name", machine, 0);
        } catch (IOException e) {
            throw new OperatorException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    Path file() {
        return file;
    }

    /** @return events written, names of tracks not counted */
    long events() {
        return events;
    }

    private void name(String kind, String name, int track) throws IOException {
        out.writeStartObject();
        out.writeStringField("name", kind);
        out.writeStringField("ph", "M");
        out.writeNumberField("pid", 1);
        out.writeNumberField("tid", track);
        out.writeObjectFieldStart("args");
        out.writeStringField("name", name);
        out.writeEndObject();
        out.writeEndObject();
    }

    /** @return what hears of a processor's entries and exits; a VM that runs has begun now */
    Virtualization.Transitions processor(int index, Virtualization now, long time) {
        Track track = new Track(index);
        tracks.add(track);
        try {
            name("thread_name", "cpu" + index, index);
        } catch (IOException e) {
            throw new OperatorException("cannot write " + file + ": " + e.getMessage(), e);
        }
        if (now.operation() == Virtualization.Operation.NON_ROOT) {
            track.begin(time, vm(now.current()));
        }
        return track;
    }

    private static String vm(long vmcs) {
        return String.format("VM %x", vmcs);
    }

    /** Ends what is open and closes the file. */
    void end(long time) {
        tracks.forEach(track -> track.end(time));
        try {
            if (failure != null) {
                throw failure;
            }
            out.writeEndArray();
            out.writeEndObject();
            out.close();
        } catch (IOException e) {
            throw new OperatorException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    /** One processor's. */
    private final class Track implements Virtualization.Transitions {
        private final int index;
        private boolean open;

        Track(int index) {
            this.index = index;
        }

        private void event(String phase, long time, String name, Object... arguments) {
            if (failure != null) {
                return;
            }
            events++;
            try {
                out.writeStartObject();
                if (name != null) {
                    out.writeStringField("name", name);
                }
                out.writeStringField("cat", "vmx");
                out.writeStringField("ph", phase);
                out.writeNumberField("ts", BigDecimal.valueOf(time, NANOSECONDS_OF_A_MICROSECOND));
                out.writeNumberField("pid", 1);
                out.writeNumberField("tid", index);
                if (arguments.length > 0) {
                    out.writeObjectFieldStart("args");
                    for (int i = 0; i < arguments.length; i += 2) {
                        out.writeStringField((String) arguments[i], String.valueOf(arguments[i + 1]));
                    }
                    out.writeEndObject();
                }
                out.writeEndObject();
            } catch (IOException e) {
                failure = e;
            }
        }

        void begin(long time, String name, Object... arguments) {
            event("B", time, name, arguments);
            open = true;
        }

        void end(long time) {
            if (open) {
                event("E", time, null);
                open = false;
            }
        }

        @Override
        public void entered(long time, long vmcs, long rip) {
            end(time);
            begin(time, vm(vmcs), "rip", Long.toHexString(rip));
        }

        @Override
        public void exited(long time, boolean failed, int reason, String name, long qualification, long rip) {
            end(time);
            begin(time, failed ? "failed entry: " + name : name, "reason", reason, "qualification", Long.toHexString(qualification), "rip", Long.toHexString(rip));
        }
    }
}
