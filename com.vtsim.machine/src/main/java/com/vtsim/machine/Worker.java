package com.vtsim.machine;

import com.vtsim.api.machine.OperatorException;
import com.vtsim.api.machine.RunLimits;
import com.vtsim.api.machine.Stop;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;

/**
 * The machine's thread and its mailbox. The thread starts when there is something to do and ends after a second without;
 * the next task starts another, so that a machine at rest costs none.
 */
final class Worker {
    private static final long REST_SECONDS = 1;

    private final LinkedBlockingQueue<Runnable> mailbox = new LinkedBlockingQueue<>();
    private final Object life = new Object();
    private final String name;
    private final Chassis chassis;
    private final RunLoop loop;
    private Thread thread;
    private boolean closed;
    private volatile Run run;
    private volatile Stop lastStop;

    Worker(Settings settings, LongSupplier wallClock) {
        name = "vtsim-" + settings.name();
        chassis = new Chassis(settings, this::post);
        loop = new RunLoop(chassis, wallClock);
    }

    Chassis chassis() {
        return chassis;
    }

    RunLoop loop() {
        return loop;
    }

    /** Queues a task. Any thread. */
    void post(Runnable task) {
        synchronized (life) {
            mailbox.add(task);
            if (thread == null && !closed) {
                thread = new Thread(this::work, name);
                thread.setDaemon(true);
                thread.setContextClassLoader(Worker.class.getClassLoader()); // not the caller's: its bundle may go
                thread.start();
            }
        }
    }

    boolean here() {
        return Thread.currentThread() == thread;
    }

    /**
     * Runs something on the machine's thread and waits for it, however often the caller is interrupted. On the machine's
     * thread itself, and on a closed machine, it runs at once.
     */
    <T> T call(Callable<T> action) {
        return got(submit(action), Long.MAX_VALUE);
    }

    /** As {@link #call}, but gives up after a while: framework threads must not hang because a part does. */
    void callBriefly(Runnable action, long seconds) {
        got(submit(() -> {
            action.run();
            return null;
        }), seconds);
    }

    private <T> CompletableFuture<T> submit(Callable<T> action) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Runnable task = () -> {
            try {
                result.complete(action.call());
            } catch (Exception | Error e) {
                result.completeExceptionally(e);
            }
        };
        synchronized (life) {
            if (!closed && !here()) {
                post(task);
                return result;
            }
        }
        task.run();
        return result;
    }

    private static <T> T got(CompletableFuture<T> result, long seconds) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return result.get(seconds, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (TimeoutException e) {
                    throw new OperatorException("the machine does not answer: one of its parts hangs", e);
                } catch (ExecutionException e) {
                    throw rethrown(e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static RuntimeException rethrown(Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException e ? e : new OperatorException(String.valueOf(cause.getMessage()), cause);
    }

    /** Begins a run. @throws OperatorException if one is on */
    Run begin(RunLimits limits, boolean patient) {
        return call(() -> {
            if (closed()) {
                throw new OperatorException("machine " + chassis.settings.name() + " has been removed");
            }
            if (run != null) {
                throw new OperatorException("machine " + chassis.settings.name() + " is running already");
            }
            chassis.settle();
            Run begun = new Run(limits, chassis.clock.instructions(), chassis.clock.now(), patient);
            loop.begin(begun);
            run = begun;
            return begun;
        });
    }

    private boolean closed() {
        synchronized (life) {
            return closed;
        }
    }

    /** @return the run that is on, or null */
    Run run() {
        return run;
    }

    /** @return why the latest run ended; null if there was none */
    Stop lastStop() {
        return lastStop;
    }

    /** Takes over why the latest run ended. */
    void lastStop(Stop stop) {
        lastStop = stop;
    }

    /** Ends for good: the run stops and says why, the parts let go, the thread goes. */
    void close(String why, Runnable last) {
        callBriefly(() -> {
            Run open = run;
            if (open != null) {
                loop.cancel(open, Stop.of(Stop.Cause.PAUSED, why));
                ended(open);
            }
            synchronized (life) {
                closed = true;
            }
            last.run();
        }, 10);
    }

    private void work() {
        while (true) {
            Run now = run;
            Runnable task = mailbox.poll();
            if (task != null) {
                task.run();
            } else if (!chassis.settled()) {
                chassis.settle();
            } else if (now != null) {
                long wait = turn(now);
                ended(now);
                if (wait > 0) {
                    await(now, wait);
                }
            } else if (!rest()) {
                return;
            }
        }
    }

    private long turn(Run now) {
        try {
            return loop.turn(now);
        } catch (RuntimeException | Error e) {
            chassis.reports.add("machine", e.toString());
            loop.cancel(now, Stop.of(Stop.Cause.FAILED, "the backplane failed: " + e));
            return 0;
        }
    }

    private void ended(Run now) {
        if (now.ended.isDone() && run == now) {
            lastStop = now.ended.join();
            run = null;
        }
    }

    private void await(Run now, long nanos) {
        try {
            Runnable task = mailbox.poll(nanos, TimeUnit.NANOSECONDS);
            loop.awake(now);
            if (task != null) {
                task.run();
            }
        } catch (InterruptedException e) {
            // nobody has a reason to interrupt this thread; a part that did must not end the machine
            Thread.interrupted();
        }
    }

    private boolean rest() {
        try {
            Runnable task = mailbox.poll(REST_SECONDS, TimeUnit.SECONDS);
            if (task != null) {
                task.run();
                return true;
            }
        } catch (InterruptedException e) {
            return true;
        }
        synchronized (life) {
            if (mailbox.isEmpty()) {
                thread = null;
                return false;
            }
            return true;
        }
    }
}
