package com.vtsim.machine;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.Recorder;
import java.util.Optional;
import java.util.concurrent.Callable;

/** The past of a machine as its operator has it. */
final class RecorderView implements Recorder {
    private final Worker worker;
    private final Past past;
    private final Travel travel;

    RecorderView(Worker worker, Past past, Travel travel) {
        this.worker = worker;
        this.past = past;
        this.travel = travel;
    }

    @Override
    public void begin(long bytes) {
        settled(() -> {
            past.begin(bytes);
            return null;
        });
    }

    @Override
    public void end() {
        settled(() -> {
            past.end();
            return null;
        });
    }

    @Override
    public Optional<Recorded> recorded() {
        return settled(past::recorded);
    }

    @Override
    public void go(long instructions) {
        moved(() -> {
            travel.go(instructions);
            return null;
        });
    }

    @Override
    public Optional<Hit> back() {
        return moved(travel::back);
    }

    @Override
    public boolean before(String processor, long retired) {
        return moved(() -> travel.before(processor, retired));
    }

    private <T> T settled(Callable<T> action) {
        return worker.call(() -> {
            worker.chassis().settle();
            return action.call();
        });
    }

    private <T> T moved(Callable<T> way) {
        return settled(() -> {
            String name = worker.chassis().settings.name();
            if (worker.run() != null) {
                throw new OperatorException("machine " + name + " is running; pause it first");
            }
            if (!past.on()) {
                throw new OperatorException("the past of machine " + name + " is not recorded; machine:record begins it");
            }
            return way.call();
        });
    }
}
